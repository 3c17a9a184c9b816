/* SPDX-License-Identifier: MIT */
#include "common/rpc/stats.h"

#include <stdio.h>
#include <stdlib.h>

#include "common/base/clock.h"
#include "common/base/error.h"

int stats_init(struct stats *stats, const struct contract *contract) {
	*stats = (struct stats) {
		.contract = contract,
		.methods = calloc(contract->method_count + 1, sizeof(*stats->methods)),
		.spans = calloc(STATS_SPANS, sizeof(*stats->spans)),
		.started_ms = clock_wall_ms(),
	};
	if (stats->methods && stats->spans)
		return 0;
	stats_deinit(stats);
	return failed_here(-ENOMEM);
}

void stats_deinit(struct stats *stats) {
	free(stats->methods);
	free(stats->spans);
	stats->methods = NULL;
	stats->spans = NULL;
}

static unsigned bucket_of(uint64_t duration_us) {
	unsigned bucket = duration_us ? 64u - (unsigned)__builtin_clzll(duration_us) : 0;

	return bucket < STATS_LATENCY_BUCKETS ? bucket : STATS_LATENCY_BUCKETS - 1;
}

void stats_count(struct stats *stats, const struct stats_call *call) {
	struct method_stats *method = &stats->methods[call->method - stats->contract->methods];
	struct span *span = &stats->spans[stats->next_span++ % STATS_SPANS];

	method->by_status[call->status]++;
	method->latency[bucket_of(call->duration_us)]++;
	method->latency_sum_us += call->duration_us;
	method->bytes_in += call->bytes_in;
	method->bytes_out += call->bytes_out;
	*span = (struct span) {
		.trace = *call->trace,
		.method = call->method,
		/* Cut once: rounded apart, a call would seem to begin after those it made. */
		.started_ms = (clock_wall_us() - call->duration_us) / 1000,
		.duration_us = call->duration_us,
		.status = call->status,
	};
	snprintf(span->caller, sizeof(span->caller), "%s", call->caller);
}
