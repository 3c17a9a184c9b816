/* SPDX-License-Identifier: MIT */
#include "services/reporting/coverage.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/base/clock.h"
#include "common/base/file.h"
#include "common/units/units.h"

static struct day local_day_of(uint64_t ms) {
	time_t seconds = (time_t)(ms / 1000);
	struct tm local;

	localtime_r(&seconds, &local);
	return day_of(local.tm_year + 1900, local.tm_mon + 1, local.tm_mday);
}

/* A node is late when nothing was heard of it since before the window ended; of a window that still
 * runs, since before yesterday. */
static bool is_late(const struct scope *scope, uint64_t as_of_ms) {
	int32_t yesterday = local_day_of(clock_wall_ms()).number - 1;
	int32_t needed = scope->as_of.number < yesterday ? scope->as_of.number : yesterday;

	return as_of_ms == 0 || local_day_of(as_of_ms).number < needed;
}

static bool is_covered(const struct report *report, const char *service, const char *origin) {
	for (size_t i = 0; i < report->coverage_count; i++)
		if (strcmp(report->coverage[i].service, service) == 0 &&
		    strcmp(report->coverage[i].origin, origin) == 0)
			return true;
	return false;
}

static size_t count_watermarks(const struct counts *counts) {
	size_t count = 0;

	for (size_t i = 0; i < COUNTED_SERVICES; i++)
		count += counts->evaluations[i]->n_watermarks;
	return count;
}

/* A commune that counts nowhere in the report and from whose node nothing was heard. */
static bool is_missing(const struct report *report, const UnitEntry *unit) {
	if (unit->kind != UNIT__KIND__COMMUNE_COMMITTEE || strcmp(unit->code, report->node) == 0 ||
	    !unit_code_is_below(unit->code, report->node) || is_covered(report, "dossiers", unit->code))
		return false;
	for (size_t i = 0; i < report->form_count; i++)
		if (strcmp(report->form[i].node, unit->code) == 0)
			return false;
	return true;
}

static void add_missing(
    struct report *report, struct report_coverage *coverage, const char *code, const char *name) {
	coverage[report->coverage_count++] = (struct report_coverage) {
		.service = "dossiers",
		.origin = code,
		.origin_name = name,
		.late = true,
	};
}

int coverage_fill(const struct counts *counts, const struct scope *scope, struct report *report) {
	AUTO(heap_freep) struct rpc_keyring_entry *peers = NULL;
	struct arena *arena = counts->call->arena;
	struct report_coverage *coverage;
	size_t peer_count = 0;
	int r = node_peers(service_node(counts->call->service), &peers, &peer_count);

	if (r < 0 && r != -ENOENT)
		return failed_below(r);
	coverage = arena_alloc(arena,
	    (count_watermarks(counts) + peer_count + counts->tree.count + 1) * sizeof(*coverage));
	if (!coverage)
		return failed_here(-ENOMEM);
	report->coverage = coverage;
	for (size_t i = 0; i < COUNTED_SERVICES; i++) {
		const Evaluation *evaluation = counts->evaluations[i];

		for (size_t j = 0; j < evaluation->n_watermarks; j++) {
			const Watermark *mark = evaluation->watermarks[j];

			if (mark->stream != STREAM__STREAM_RECORDS)
				continue;
			coverage[report->coverage_count++] = (struct report_coverage) {
				.service = counts->services[i],
				.origin = mark->origin,
				.origin_name = tree_name(&counts->tree, mark->origin),
				.as_of_ms = mark->as_of_ms,
				.sequence = mark->sequence,
				/* Only dossiers come in daily; of other registers silence is ordinary. */
				.late =
				    strcmp(counts->services[i], "dossiers") == 0 && is_late(scope, mark->as_of_ms),
			};
		}
	}
	for (size_t i = 0; i < peer_count; i++) {
		const char *code = arena_copy_text(arena, peers[i].code, strlen(peers[i].code));

		if (!code)
			return failed_here(-ENOMEM);
		if (!is_covered(report, "dossiers", code))
			add_missing(report, coverage, code, tree_name(&counts->tree, code));
	}
	for (size_t i = 0; i < counts->tree.count; i++) {
		const UnitEntry *unit = counts->tree.units[i];

		if (is_missing(report, unit))
			add_missing(report, coverage, unit->code, unit->name);
	}
	return 0;
}
