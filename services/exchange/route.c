/* SPDX-License-Identifier: MIT */
#include "services/exchange/route.h"

#include <stdio.h>
#include <string.h>

#include "common/base/clock.h"

#define CHUNK_BYTES (128u << 10) /* of events in one step */
#define STEP_MEMORY ((size_t)64 << 20)

const struct route routes[] = {
	{ "staffing", STREAM__STREAM_UNITS, ROUTE_DOWN, "staffing" },
	{ "dossiers", STREAM__STREAM_PROCEDURES, ROUTE_DOWN, "dossiers" },
	{ "staffing", STREAM__STREAM_UNITS, ROUTE_HERE, "dossiers" },
	{ "staffing", STREAM__STREAM_UNITS, ROUTE_HERE, "documents" },
	{ "staffing", STREAM__STREAM_UNITS, ROUTE_HERE, "reporting" },
	{ "dossiers", STREAM__STREAM_RECORDS, ROUTE_UP, "dossiers" },
	{ "staffing", STREAM__STREAM_RECORDS, ROUTE_UP, "staffing" },
	{ "documents", STREAM__STREAM_RECORDS, ROUTE_UP, "documents" },
	{ "reporting", STREAM__STREAM_RECORDS, ROUTE_UP, "reporting" },
};
const size_t route_count = LENGTH_OF(routes);

bool route_is_open(const char *service, Stream stream, enum route_way way) {
	for (size_t i = 0; i < route_count; i++)
		if (routes[i].way == way && routes[i].stream == stream &&
		    strcmp(routes[i].service, service) == 0)
			return true;
	return false;
}

/* One following: the two ends and the memory of its current step. */
struct following {
	const struct route *route;
	const struct route_end *source;
	const struct route_end *follower;
	const struct trace *trace;
	struct arena *arena;
	RouteState *state;
};

static int ask(struct following *following, const struct route_end *end, const char *method,
    const ProtobufCMessage *request, const ProtobufCMessage **ret_reply) {
	char name[64];
	struct rpc_request call = { .method = name, .message = request, .trace = following->trace };
	struct rpc_reply reply;
	int r;

	snprintf(name, sizeof(name), "%s/%s", end->gate ? "Exchange" : "Replica", method);
	r = rpc_client_call(end->client, &call, following->arena, &reply);
	if (r < 0)
		return failed_below(r);
	following->state->status = reply.status;
	following->state->reason = reply.fault ? reply.fault->reason : FAULT__REASON__UNSPECIFIED;
	*ret_reply = reply.message;
	return 0;
}

/* Asks for marks; *ret_marks is null when the other end refused. */
static int ask_marks(
    struct following *following, const struct route_end *end, const MarksReply **ret_marks) {
	MarksRequest request = MARKS_REQUEST__INIT;
	const ProtobufCMessage *reply = NULL;
	int r;

	request.service = (char *)(uintptr_t)end->service;
	request.stream = following->route->stream;
	r = ask(following, end, "Marks", &request.base, &reply);
	*ret_marks = (const MarksReply *)reply;
	return r;
}

static uint64_t behind(const MarksReply *source, Mark *const *marks, size_t count) {
	uint64_t sum = 0;

	for (size_t i = 0; i < source->n_marks; i++) {
		const Mark *head = source->marks[i];
		uint64_t have = 0;

		for (size_t j = 0; j < count; j++)
			if (strcmp(marks[j]->origin, head->origin) == 0 && marks[j]->epoch == head->epoch)
				have = marks[j]->sequence;
		sum += head->sequence > have ? head->sequence - have : 0;
	}
	return sum;
}

static int read_events(struct following *following, Mark **after, size_t after_count,
    const ReadEventsReply **ret_events) {
	ReadEventsRequest request = READ_EVENTS_REQUEST__INIT;
	const ProtobufCMessage *reply = NULL;
	int r;

	request.service = (char *)(uintptr_t)following->source->service;
	request.stream = following->route->stream;
	request.after = after;
	request.n_after = after_count;
	request.max_bytes = CHUNK_BYTES;
	r = ask(following, following->source, "ReadEvents", &request.base, &reply);
	*ret_events = (const ReadEventsReply *)reply;
	return r;
}

static int hand_over(struct following *following, const ReadEventsReply *events,
    const ApplyEventsReply **ret_applied) {
	ApplyEventsRequest request = APPLY_EVENTS_REQUEST__INIT;
	const ProtobufCMessage *reply = NULL;
	int r;

	request.service = (char *)(uintptr_t)following->follower->service;
	request.stream = following->route->stream;
	request.events = events->events;
	request.n_events = events->n_events;
	r = ask(following, following->follower, "ApplyEvents", &request.base, &reply);
	*ret_applied = (const ApplyEventsReply *)reply;
	return r;
}

/* One step from the follower's marks. Return: 1 to go on, 0 at the end or when an end refused, or a
 * negative errno. */
static int step(struct following *following) {
	const ApplyEventsReply *applied;
	const ReadEventsReply *events;
	const MarksReply *source;
	const MarksReply *marks;
	int r = ask_marks(following, following->follower, &marks);

	if (r < 0 || !marks)
		return r;
	r = ask_marks(following, following->source, &source);
	if (r < 0 || !source)
		return r;
	following->state->behind = behind(source, marks->marks, marks->n_marks);
	if (following->state->behind == 0)
		return 0;
	r = read_events(following, marks->marks, marks->n_marks, &events);
	if (r < 0 || !events || events->n_events == 0)
		return r;
	r = hand_over(following, events, &applied);
	if (r < 0 || !applied)
		return r;
	following->state->moved += applied->applied;
	following->state->behind = behind(source, applied->marks, applied->n_marks);
	/* A source that sends the same again must not keep us. */
	return following->state->behind > 0 && applied->applied > 0;
}

int route_follow(const struct route *route, const struct route_end *source,
    const struct route_end *follower, const struct trace *trace, uint64_t until_ms,
    RouteState *ret_state) {
	struct arena arena;
	struct following following = {
		.route = route,
		.source = source,
		.follower = follower,
		.trace = trace,
		.arena = &arena,
		.state = ret_state,
	};
	int r;

	route_state__init(ret_state);
	arena_init(&arena, STEP_MEMORY);
	do {
		arena_reset(&arena);
		r = step(&following);
	} while (r > 0 && clock_monotonic_ms() < until_ms);
	arena_deinit(&arena);
	return r < 0 ? failed_below(r) : 0;
}
