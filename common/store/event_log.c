/* SPDX-License-Identifier: MIT */
#include "common/store/event_log.h"

#include <sodium.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/base/message.h"
#include "common/store/checkpoint.h"
#include "common/store/event_clock.h"
#include "common/store/log_entry.h"

struct key event_log_key(const char *origin, Stream stream, uint32_t epoch, uint64_t sequence) {
	struct key key = event_mark_key(origin, stream);

	key_add_u32(&key, epoch);
	key_add_u64(&key, sequence);
	return key;
}

/* RFC 9162 keeps leaves and nodes apart by a first byte; the chain uses the leaf's. */
void event_hash(const uint8_t *bytes, size_t size, uint8_t ret_hash[EVENT_HASH_SIZE]) {
	static const uint8_t leaf = 0;
	crypto_generichash_state state;

	crypto_generichash_init(&state, NULL, 0, EVENT_HASH_SIZE);
	crypto_generichash_update(&state, &leaf, 1);
	crypto_generichash_update(&state, bytes, size);
	crypto_generichash_final(&state, ret_hash, EVENT_HASH_SIZE);
}

static void put_event(struct store_txn *txn, struct event_mark *mark, ProtobufCBinaryData event,
    ProtobufCBinaryData personal) {
	struct key key = event_log_key(mark->origin, mark->stream, mark->epoch, mark->sequence);

	event_hash(event.data, event.len, mark->head);
	log_entry_put(txn, &key,
	    &(struct log_entry) { .hash = mark->head, .event = event, .personal = personal });
	event_mark_put(txn, mark);
}

/* The fields behind a new salt, so that who knows the commitment cannot try names. */
static ProtobufCBinaryData salted(struct store_txn *txn, ProtobufCBinaryData fields) {
	ProtobufCBinaryData personal = { .len = 0 };
	uint8_t *bytes;

	if (fields.len == 0)
		return personal;
	bytes = arena_alloc_raw(txn->arena, PERSONAL_SALT_SIZE + fields.len);
	if (!bytes) {
		store_fail(txn, failed_here(-ENOMEM));
		return personal;
	}
	randombytes_buf(bytes, PERSONAL_SALT_SIZE);
	memcpy(bytes + PERSONAL_SALT_SIZE, fields.data, fields.len);
	return (ProtobufCBinaryData) { PERSONAL_SALT_SIZE + fields.len, bytes };
}

void event_log_append(struct store_txn *txn, const struct event_draft *draft) {
	ProtobufCBinaryData personal = salted(txn, draft->personal);
	uint8_t commitment[EVENT_HASH_SIZE];
	ProtobufCBinaryData packed;
	Event event = EVENT__INIT;
	struct event_mark mark;

	if (event_mark_load(txn, store_node(txn->store), draft->stream, &mark) < 0)
		return;
	event.origin = mark.origin;
	event.stream = draft->stream;
	event.epoch = store_epoch(txn->store);
	event.sequence = mark.sequence + 1;
	event.clock = event_clock_next(mark.clock, clock_wall_ms());
	event.actor = (char *)(uintptr_t)(draft->actor ? draft->actor : "");
	event.type = draft->type;
	event.body = draft->body;
	if (mark.sequence)
		event.previous = (ProtobufCBinaryData) { EVENT_HASH_SIZE, mark.head };
	if (personal.len) {
		personal_commitment(personal, commitment);
		event.personal = (ProtobufCBinaryData) { EVENT_HASH_SIZE, commitment };
	}
	packed.len = event__get_packed_size(&event);
	packed.data = arena_alloc_raw(txn->arena, packed.len);
	if (!packed.data) {
		store_fail(txn, failed_here(-ENOMEM));
		return;
	}
	event__pack(&event, packed.data);
	mark.epoch = event.epoch;
	mark.sequence = event.sequence;
	mark.clock = event.clock;
	put_event(txn, &mark, packed, personal);
	if (draft->type != RECORD_TYPE__RECORD_CHECKPOINT && checkpoint_is_due(txn->store, &mark))
		checkpoint_append(txn, &mark);
}

/* An event from before the mark: the same again, or another history. */
static int compare_with_held(
    struct store_txn *txn, const Event *event, const uint8_t *bytes, size_t size) {
	struct key key = event_log_key(event->origin, event->stream, event->epoch, event->sequence);
	uint8_t hash[EVENT_HASH_SIZE];
	struct store_value value;
	struct log_entry held;
	int r = store_get(txn, TABLE_LOG, &key, &value);

	if (r < 0)
		return failed_below(r);
	if (r == STORE_NOT_FOUND || log_entry_read(value, &held) != STORE_OK)
		return EVENT_LOG_FORK;
	event_hash(bytes, size, hash);
	return memcmp(hash, held.hash, EVENT_HASH_SIZE) == 0 ? EVENT_LOG_REPEATED : EVENT_LOG_FORK;
}

static bool follows(const Event *event, const struct event_mark *mark) {
	if (event->sequence == 1)
		return event->epoch > mark->epoch && event->previous.len == 0;
	return event->epoch == mark->epoch && event->sequence == mark->sequence + 1 &&
	       event->previous.len == EVENT_HASH_SIZE &&
	       memcmp(event->previous.data, mark->head, EVENT_HASH_SIZE) == 0;
}

/* Not message_unpack: a type that this version does not know is held, not refused. */
static int unpack_event(
    struct store_txn *txn, const uint8_t *bytes, size_t size, Event **ret_event) {
	Event *event = event__unpack(&txn->arena->allocator, size, bytes);
	size_t origin_length = event ? strlen(event->origin) : 0;

	if (!event && txn->arena->refused) {
		store_fail(txn, failed_here(-ENOMEM));
		return txn->error;
	}
	if (origin_length == 0 || origin_length > KEY_ORIGIN_SIZE ||
	    !message_is_text(event->origin, origin_length) ||
	    !message_is_text(event->actor, strlen(event->actor)))
		return EVENT_LOG_MALFORMED;
	*ret_event = event;
	return EVENT_LOG_OK;
}

int event_log_keep(
    struct store_txn *txn, Stream stream, const uint8_t *bytes, size_t size, Event **ret_event) {
	struct event_mark mark;
	Event *event = NULL;
	int r = unpack_event(txn, bytes, size, &event);

	if (r)
		return r < 0 ? failed_below(r) : r;
	if (event->stream != stream || stream == STREAM__STREAM_UNSPECIFIED || event->sequence == 0)
		return EVENT_LOG_MALFORMED;
	r = event_mark_load(txn, event->origin, stream, &mark);
	if (r < 0)
		return failed_below(r);
	if (event->epoch < mark.epoch ||
	    (event->epoch == mark.epoch && event->sequence <= mark.sequence))
		return compare_with_held(txn, event, bytes, size);
	if (!follows(event, &mark)) {
		bool next = event->epoch == mark.epoch && event->sequence == mark.sequence + 1;

		return next ? EVENT_LOG_FORK : EVENT_LOG_GAP;
	}
	mark.epoch = event->epoch;
	mark.sequence = event->sequence;
	mark.clock = event->clock;
	put_event(txn, &mark, (ProtobufCBinaryData) { size, (uint8_t *)(uintptr_t)bytes },
	    (ProtobufCBinaryData) { 0, NULL });
	*ret_event = event;
	return txn->error ? txn->error : EVENT_LOG_OK;
}

void event_log_hold(struct store_txn *txn, const Event *event, const char *reason) {
	struct key key = event_log_key(event->origin, event->stream, event->epoch, event->sequence);

	store_put(txn, TABLE_HELD, &key, reason, strlen(reason));
}

struct reading {
	ProtobufCBinaryData *events;
	size_t count;
	size_t capacity;
	size_t bytes;
	size_t max_bytes;
	struct arena *arena;
};

static int add_event(struct reading *reading, struct store_value value) {
	struct log_entry entry;

	if (log_entry_read(value, &entry) != STORE_OK)
		return failed_here(-EBADMSG);
	if (reading->count == reading->capacity) {
		size_t capacity = reading->capacity ? reading->capacity * 2 : 256;
		ProtobufCBinaryData *events = arena_alloc_raw(reading->arena, capacity * sizeof(*events));

		if (!events)
			return failed_here(-ENOMEM);
		if (reading->count)
			memcpy(events, reading->events, reading->count * sizeof(*events));
		reading->events = events;
		reading->capacity = capacity;
	}
	reading->events[reading->count++] = entry.event;
	reading->bytes += value.size;
	return 0;
}

static int read_log(struct store_cursor *cursor, const struct event_mark *log,
    const struct event_mark *after, struct reading *reading, bool *ret_more) {
	struct key prefix = event_mark_key(log->origin, log->stream);
	struct key start = event_log_key(
	    log->origin, log->stream, after ? after->epoch : 0, after ? after->sequence + 1 : 0);
	int r = 0;

	if (after && after->epoch == log->epoch && after->sequence >= log->sequence)
		return 0;
	for (r = store_cursor_seek(cursor, &start);
	     r == STORE_OK && store_cursor_has_prefix(cursor, &prefix); r = store_cursor_next(cursor)) {
		if (reading->count && reading->bytes + cursor->value.size > reading->max_bytes) {
			*ret_more = true;
			return 0;
		}
		r = add_event(reading, cursor->value);
		if (r < 0)
			return failed_below(r);
	}
	return r < 0 ? failed_below(r) : 0;
}

int event_log_read(struct store_txn *txn, Stream stream, const struct event_mark *after,
    size_t after_count, size_t max_bytes, struct arena *arena, ProtobufCBinaryData **ret_events,
    size_t *ret_count, bool *ret_more) {
	AUTO(store_cursor_close) struct store_cursor cursor = STORE_CURSOR_NULL;
	struct reading reading = { .max_bytes = max_bytes, .arena = arena };
	struct event_mark *logs;
	bool more = false;
	size_t count;
	int r = event_marks_load(txn, stream, arena, &logs, &count);

	if (r == 0)
		r = store_cursor_open(txn, TABLE_LOG, &cursor);
	for (size_t i = 0; i < count && r == 0 && !more; i++) {
		const struct event_mark *known = NULL;

		for (size_t j = 0; j < after_count && !known; j++)
			if (strcmp(after[j].origin, logs[i].origin) == 0)
				known = &after[j];
		r = read_log(&cursor, &logs[i], known, &reading, &more);
	}
	if (r < 0)
		return failed_below(r);
	*ret_events = reading.events;
	*ret_count = reading.count;
	*ret_more = more;
	return 0;
}
