/* SPDX-License-Identifier: MIT */
/* Node/Check: answered as soon as the service can serve. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/service/service.h"
#include "common/store/event_log.h"

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

static int fill_registers(struct service_call *call, const struct schema *schema, Health *health) {
	health->registers =
	    arena_alloc(call->arena, (schema->register_count + 1) * sizeof(RegisterSize *));
	if (!health->registers)
		return failed_here(-ENOMEM);
	for (size_t i = 0; i < schema->register_count; i++) {
		RegisterSize *size = arena_alloc(call->arena, sizeof(*size));

		if (!size)
			return failed_here(-ENOMEM);
		register_size__init(size);
		size->name = (char *)(uintptr_t)schema->registers[i]->name;
		size->records = register_count(call->txn, schema->registers[i]);
		health->registers[health->n_registers++] = size;
	}
	return 0;
}

static int fill_marks(struct service_call *call, Health *health) {
	struct event_mark *marks;
	size_t count;
	int r = event_log_marks(call->txn, STREAM__STREAM_UNSPECIFIED, call->arena, &marks, &count);

	if (r < 0)
		return failed_below(r);
	health->watermarks = arena_alloc(call->arena, (count + 1) * sizeof(Watermark *));
	if (!health->watermarks)
		return failed_here(-ENOMEM);
	for (size_t i = 0; i < count; i++) {
		Watermark *mark = arena_alloc(call->arena, sizeof(*mark));

		if (!mark)
			return failed_here(-ENOMEM);
		watermark__init(mark);
		mark->service = health->service;
		mark->origin = marks[i].origin;
		mark->stream = marks[i].stream;
		mark->epoch = marks[i].epoch;
		mark->sequence = marks[i].sequence;
		mark->as_of_ms = event_clock_ms(marks[i].clock);
		health->watermarks[health->n_watermarks++] = mark;
	}
	return 0;
}

int service_check(
    struct service_call *call, const ProtobufCMessage *request, ProtobufCMessage *reply) {
	const struct service_plan *plan = service_plan_of(call->service);
	Health *health = (Health *)reply;
	uint64_t map_bytes;
	int r = 0;

	(void)request;
	health->service = (char *)(uintptr_t)plan->name;
	health->node = service_node(call->service)->settings.code;
	health->version = (char *)(uintptr_t)CCHC_VERSION;
	health->resident_bytes = resident_bytes();
	if (!plan->schema)
		return 0;
	store_size(service_store(call->service), &health->store_bytes, &map_bytes);
	health->held_events = store_count(call->txn, TABLE_HELD);
	r = fill_registers(call, plan->schema, health);
	if (r == 0)
		r = fill_marks(call, health);
	return r < 0 ? failed_below(r) : 0;
}
