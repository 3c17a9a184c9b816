/* SPDX-License-Identifier: MIT */
/* Following logs: marks, events, and keeping events of others. The same in every service. */
#include "common/service/service.h"

#include <string.h>

#include "common/base/log.h"
#include "common/store/event_log.h"

#define READ_BYTES     (256u << 10) /* events a reply, when the asker names no number */
#define READ_BYTES_MAX (512u << 10)

static int fill_marks(
    struct service_call *call, const struct event_mark *marks, size_t count, Mark ***ret_marks) {
	Mark **messages = arena_alloc(call->arena, (count + 1) * sizeof(*messages));

	if (!messages)
		return failed_here(-ENOMEM);
	for (size_t i = 0; i < count; i++) {
		messages[i] = event_mark_message(&marks[i], call->arena);
		if (!messages[i])
			return failed_here(-ENOMEM);
	}
	*ret_marks = messages;
	return 0;
}

int service_marks(
    struct service_call *call, const ProtobufCMessage *request, ProtobufCMessage *reply) {
	const MarksRequest *asked = (const MarksRequest *)request;
	MarksReply *result = (MarksReply *)reply;
	struct event_mark *marks;
	size_t count;
	int r = event_marks_load(call->txn, asked->stream, call->arena, &marks, &count);

	if (r == 0)
		r = fill_marks(call, marks, count, &result->marks);
	if (r < 0)
		return failed_below(r);
	result->n_marks = count;
	return 0;
}

int service_read_events(
    struct service_call *call, const ProtobufCMessage *request, ProtobufCMessage *reply) {
	const ReadEventsRequest *asked = (const ReadEventsRequest *)request;
	ReadEventsReply *result = (ReadEventsReply *)reply;
	struct event_mark *after = arena_alloc(call->arena, (asked->n_after + 1) * sizeof(*after));
	size_t max_bytes = asked->max_bytes ? asked->max_bytes : READ_BYTES;
	bool more = false;
	int r;

	if (!after)
		return failed_here(-ENOMEM);
	for (size_t i = 0; i < asked->n_after; i++) {
		strncpy(after[i].origin, asked->after[i]->origin, KEY_ORIGIN_SIZE);
		after[i].epoch = asked->after[i]->epoch;
		after[i].sequence = asked->after[i]->sequence;
	}
	r = event_log_read(call->txn, asked->stream, after, asked->n_after,
	    max_bytes < READ_BYTES_MAX ? max_bytes : READ_BYTES_MAX, call->arena, &result->events,
	    &result->n_events, &more);
	result->more = more;
	return r < 0 ? failed_below(r) : 0;
}

static int keep_one(struct service_call *call, Stream stream, const ProtobufCBinaryData *bytes,
    ApplyEventsReply *result) {
	const struct schema *schema = service_plan_of(call->service)->schema;
	Event *event = NULL;
	int r = event_log_keep(call->txn, stream, bytes->data, bytes->len, &event);

	switch (r) {
	case EVENT_LOG_OK: break;
	case EVENT_LOG_REPEATED: result->repeated_events++; return 0;
	case EVENT_LOG_GAP:
		return service_refuse(call, RPC_ABORTED, FAULT__REASON__BROKEN_CHAIN, "sequence", NULL);
	case EVENT_LOG_FORK:
		log_warn("log-fork", "two histories of one origin in stream %d", (int)stream);
		return service_refuse(call, RPC_DATA_LOSS, FAULT__REASON__BROKEN_CHAIN, "previous", NULL);
	case EVENT_LOG_MALFORMED:
		return service_refuse(call, RPC_INVALID_ARGUMENT, FAULT__REASON__MALFORMED, "events", NULL);
	default: return failed_below(r);
	}
	result->applied++;
	r = register_apply(call->txn, schema, event);
	if (r == STORE_NOT_FOUND) {
		event_log_hold(call->txn, event, "not a record that this version accepts");
		log_warn("event-held", "event %llu of %s, type %d, is kept without effect",
		    (unsigned long long)event->sequence, event->origin, (int)event->type);
		result->held++;
		return 0;
	}
	return r < 0 ? failed_below(r) : 0;
}

/* The marks of the origins that were sent: what the sender may take as delivered. */
int service_apply_events(
    struct service_call *call, const ProtobufCMessage *request, ProtobufCMessage *reply) {
	const ApplyEventsRequest *sent = (const ApplyEventsRequest *)request;
	ApplyEventsReply *result = (ApplyEventsReply *)reply;
	struct event_mark *marks;
	size_t count;
	int r = 0;

	for (size_t i = 0; i < sent->n_events && r == 0; i++)
		r = keep_one(call, sent->stream, &sent->events[i], result);
	if (r == 0)
		r = event_marks_load(call->txn, sent->stream, call->arena, &marks, &count);
	if (r == 0)
		r = fill_marks(call, marks, count, &result->marks);
	if (r == 0)
		result->n_marks = count;
	return r < 0 ? failed_below(r) : r;
}
