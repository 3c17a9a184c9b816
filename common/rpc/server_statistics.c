/* SPDX-License-Identifier: MIT */
/* What a server counted, as messages. */
#include <string.h>

#include "common/base/message.h"
#include "common/rpc/server_internal.h"

uint64_t rpc_server_last_heard_ms(const struct rpc_server *server, const char *peer) {
	struct caller *caller;

	HASH_FIND_STR(server->connections.callers, peer, caller);
	return caller ? caller->last_heard_ms : 0;
}

/* Counters without the zeros at their end. */
static size_t used(const uint64_t *counters, size_t count) {
	while (count && counters[count - 1] == 0)
		count--;
	return count;
}

static int fill_methods(
    const struct stats *stats, struct arena *arena, NodeStatistics *statistics) {
	size_t count = stats->contract->method_count;

	statistics->methods = arena_alloc(arena, (count + 1) * sizeof(MethodStatistics *));
	for (size_t i = 0; statistics->methods && i < count; i++) {
		struct method_stats *counted = &stats->methods[i];
		MethodStatistics *method;

		if (!used(counted->by_status, RPC_STATUS_COUNT))
			continue;
		method = (MethodStatistics *)message_new(&method_statistics__descriptor, arena);
		if (!method)
			return failed_here(-ENOMEM);
		method->method = (char *)(uintptr_t)stats->contract->methods[i].name;
		method->by_status = counted->by_status;
		method->n_by_status = used(counted->by_status, RPC_STATUS_COUNT);
		method->latency = counted->latency;
		method->n_latency = used(counted->latency, STATS_LATENCY_BUCKETS);
		method->latency_sum_us = counted->latency_sum_us;
		method->bytes_in = counted->bytes_in;
		method->bytes_out = counted->bytes_out;
		statistics->methods[statistics->n_methods++] = method;
	}
	return statistics->methods ? 0 : failed_here(-ENOMEM);
}

static int compare_codes(const struct caller *left, const struct caller *right) {
	return strcmp(left->code, right->code);
}

static void add_connections(struct rpc_server *server, NodeStatistics *statistics) {
	pthread_mutex_lock(&server->lock);
	for (const struct connection *each = server->connections.oldest; each; each = each->newer) {
		PeerStatistics *peer = statistics->peers[each->caller->place];

		peer->credit += each->flow.may_send;
		peer->queued_bytes += each->outbox.bytes;
	}
	pthread_mutex_unlock(&server->lock);
}

static int fill_peers(struct rpc_server *server, struct arena *arena, NodeStatistics *statistics) {
	size_t count = HASH_COUNT(server->connections.callers);

	statistics->peers = arena_alloc(arena, (count + 1) * sizeof(PeerStatistics *));
	if (!statistics->peers)
		return failed_here(-ENOMEM);
	HASH_SORT(server->connections.callers, compare_codes);
	for (struct caller *caller = server->connections.callers; caller; caller = caller->hh.next) {
		PeerStatistics *peer = (PeerStatistics *)message_new(&peer_statistics__descriptor, arena);

		if (!peer)
			return failed_here(-ENOMEM);
		peer->node = caller->code;
		peer->connections = caller->connections;
		peer->last_heard_ms = caller->last_heard_ms;
		peer->by_status = caller->by_status;
		peer->n_by_status = used(caller->by_status, RPC_STATUS_COUNT);
		peer->bytes_in = caller->bytes_in;
		peer->bytes_out = caller->bytes_out;
		peer->calls_in_hand = (uint32_t)caller->in_hand;
		peer->hellos = caller->hellos;
		peer->program = caller->program;
		peer->other_contract = caller->other_contract;
		caller->place = statistics->n_peers;
		statistics->peers[statistics->n_peers++] = peer;
	}
	add_connections(server, statistics);
	return 0;
}

int rpc_server_statistics(
    struct rpc_server *server, struct arena *arena, NodeStatistics *ret_statistics) {
	int r = fill_methods(&server->stats, arena, ret_statistics);

	if (r == 0)
		r = fill_peers(server, arena, ret_statistics);
	ret_statistics->started_ms = server->stats.started_ms;
	ret_statistics->calls_in_hand = (uint32_t)server->in_hand;
	ret_statistics->calls_max = RPC_CALLS_MAX;
	ret_statistics->frames_dropped = server->stats.frames_dropped;
	ret_statistics->late = server->stats.late;
	ret_statistics->violations = server->stats.violations;
	return r < 0 ? failed_below(r) : 0;
}

int rpc_server_trace(const struct rpc_server *server, const char *trace, struct arena *arena,
    TraceReply *ret_trace) {
	const struct stats *stats = &server->stats;

	ret_trace->spans = arena_alloc(arena, STATS_SPANS * sizeof(Span *));
	if (!ret_trace->spans)
		return failed_here(-ENOMEM);
	for (size_t i = 0; i < STATS_SPANS; i++) {
		struct span *kept = &stats->spans[(stats->next_span + i) % STATS_SPANS];
		char text[TRACE_TEXT_SIZE];
		Span *span;

		if (!kept->method || (trace && strcmp(kept->trace.id, trace) != 0))
			continue;
		span = (Span *)message_new(&span__descriptor, arena);
		if (!span)
			return failed_here(-ENOMEM);
		span->trace = arena_copy_text(arena, trace_text(&kept->trace, text), TRACE_TEXT_SIZE - 1);
		span->parent = kept->trace.parent;
		span->method = (char *)(uintptr_t)kept->method->name;
		span->caller = kept->caller;
		span->started_ms = kept->started_ms;
		span->duration_us = kept->duration_us;
		span->status = kept->status;
		ret_trace->spans[ret_trace->n_spans++] = span;
	}
	return 0;
}
