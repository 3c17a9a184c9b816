/* SPDX-License-Identifier: MIT */
/* What a service says of itself: Node/State, Node/Statistics, Node/Trace. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cchc/node.pb-c.h"
#include "common/service/keeper.h"
#include "common/service/service.h"
#include "common/store/event_mark.h"

static uint64_t resident_bytes(void) {
	FILE *stream = fopen("/proc/self/statm", "re");
	unsigned long pages = 0;

	if (!stream)
		return 0;
	if (fscanf(stream, "%*u %lu", &pages) != 1)
		pages = 0;
	fclose(stream);
	return (uint64_t)pages * (uint64_t)sysconf(_SC_PAGESIZE);
}

static int fill_registers(
    struct service_call *call, const struct schema *schema, NodeState *state) {
	state->registers =
	    arena_alloc(call->arena, (schema->register_count + 1) * sizeof(RegisterSize *));
	if (!state->registers)
		return failed_here(-ENOMEM);
	for (size_t i = 0; i < schema->register_count; i++) {
		RegisterSize *size = arena_alloc(call->arena, sizeof(*size));

		if (!size)
			return failed_here(-ENOMEM);
		register_size__init(size);
		size->name = (char *)(uintptr_t)schema->registers[i]->name;
		size->records = register_count(call->txn, schema->registers[i]);
		state->registers[state->n_registers++] = size;
	}
	return 0;
}

int service_state(
    struct service_call *call, const ProtobufCMessage *request, ProtobufCMessage *reply) {
	const struct service_plan *plan = service_plan_of(call->service);
	NodeState *state = (NodeState *)reply;
	struct keeper_state kept;
	struct store_size size;
	int r = 0;

	(void)request;
	state->service = (char *)(uintptr_t)plan->name;
	state->node = service_node(call->service)->settings.code;
	state->version = (char *)(uintptr_t)CCHC_VERSION;
	state->resident_bytes = resident_bytes();
	if (!plan->schema)
		return 0;
	store_size(service_store(call->service), &size);
	state->store_bytes = size.used_bytes;
	state->store_free_bytes = size.free_bytes;
	state->store_max_bytes = size.map_bytes;
	kept = keeper_state(service_keeper(call->service));
	state->oldest_reader_ms = kept.oldest_reader_us / 1000;
	state->scrubbed_ms = kept.scrubbed_ms;
	state->scrub_findings = kept.scrub_findings;
	state->held_events = store_count(call->txn, TABLE_HELD);
	r = fill_registers(call, plan->schema, state);
	if (r == 0)
		r = event_marks_watermarks(
		    call->txn, plan->name, call->arena, &state->watermarks, &state->n_watermarks);
	return r < 0 ? failed_below(r) : 0;
}

int service_statistics(
    struct service_call *call, const ProtobufCMessage *request, ProtobufCMessage *reply) {
	NodeStatistics *statistics = (NodeStatistics *)reply;

	(void)request;
	statistics->service = (char *)(uintptr_t)service_plan_of(call->service)->name;
	statistics->node = service_node(call->service)->settings.code;
	statistics->resident_bytes = resident_bytes();
	return rpc_server_statistics(service_server(call->service), call->arena, statistics);
}

int service_trace(
    struct service_call *call, const ProtobufCMessage *request, ProtobufCMessage *reply) {
	const char *asked = ((const TraceRequest *)request)->trace;
	TraceReply *traced = (TraceReply *)reply;
	char id[TRACE_ID_SIZE];
	int r;

	if (*asked && !trace_read_id(asked, id))
		return service_refuse(call, RPC_INVALID_ARGUMENT, FAULT__REASON__MALFORMED, "trace", asked);
	r = rpc_server_trace(service_server(call->service), *asked ? id : NULL, call->arena, traced);
	for (size_t i = 0; r == 0 && i < traced->n_spans; i++) {
		traced->spans[i]->service = (char *)(uintptr_t)service_plan_of(call->service)->name;
		traced->spans[i]->node = service_node(call->service)->settings.code;
	}
	return r < 0 ? failed_below(r) : 0;
}
