/* SPDX-License-Identifier: MIT */
#include "common/store/event_log.h"

#include <sodium.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/base/message.h"

enum { MARK_SIZE = 4 + 8 + 8 + EVENT_HASH_SIZE, MARK_KEY_SIZE = KEY_ORIGIN_SIZE + 1 };

static struct key log_prefix(const char *origin, Stream stream) {
	struct key key = KEY_EMPTY;

	key_add_origin(&key, origin);
	key_add_u8(&key, (uint8_t)stream);
	return key;
}

struct key event_log_key(const char *origin, Stream stream, uint32_t epoch, uint64_t sequence) {
	struct key key = log_prefix(origin, stream);

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

static void put_mark(struct store_txn *txn, const struct event_mark *mark) {
	struct key key = log_prefix(mark->origin, mark->stream);
	struct key value = KEY_EMPTY;

	key_add_u32(&value, mark->epoch);
	key_add_u64(&value, mark->sequence);
	key_add_u64(&value, mark->clock);
	key_add_bytes(&value, mark->head, EVENT_HASH_SIZE);
	store_put(txn, TABLE_MARKS, &key, value.bytes, value.size);
}

static void read_mark(const uint8_t *key, const uint8_t *value, struct event_mark *mark) {
	memcpy(mark->origin, key, KEY_ORIGIN_SIZE);
	mark->origin[KEY_ORIGIN_SIZE] = '\0';
	mark->stream = (Stream)key[KEY_ORIGIN_SIZE];
	mark->epoch = key_u32_at(value, 0);
	mark->sequence = key_u64_at(value, 4);
	mark->clock = key_u64_at(value, 12);
	memcpy(mark->head, value + 20, EVENT_HASH_SIZE);
}

int event_log_mark(
    struct store_txn *txn, const char *origin, Stream stream, struct event_mark *ret_mark) {
	struct key key = log_prefix(origin, stream);
	struct store_value value;
	int r = store_get(txn, TABLE_MARKS, &key, &value);

	memset(ret_mark, 0, sizeof(*ret_mark));
	memcpy(ret_mark->origin, key.bytes, KEY_ORIGIN_SIZE);
	ret_mark->stream = stream;
	if (r < 0)
		return failed_below(r);
	if (r == STORE_OK && value.size == MARK_SIZE)
		read_mark(key.bytes, value.bytes, ret_mark);
	return 0;
}

static void put_event(
    struct store_txn *txn, struct event_mark *mark, const uint8_t *bytes, size_t size) {
	struct key key = event_log_key(mark->origin, mark->stream, mark->epoch, mark->sequence);
	uint8_t *value = arena_alloc_raw(txn->arena, EVENT_HASH_SIZE + size);

	if (!value) {
		store_fail(txn, failed_here(-ENOMEM));
		return;
	}
	event_hash(bytes, size, mark->head);
	memcpy(value, mark->head, EVENT_HASH_SIZE);
	memcpy(value + EVENT_HASH_SIZE, bytes, size);
	store_put(txn, TABLE_LOG, &key, value, EVENT_HASH_SIZE + size);
	put_mark(txn, mark);
}

void event_log_append(struct store_txn *txn, const struct event_draft *draft) {
	uint64_t now = clock_wall_ms() << 16;
	Event event = EVENT__INIT;
	struct event_mark mark;
	uint8_t *bytes;
	size_t size;

	if (event_log_mark(txn, store_node(txn->store), draft->stream, &mark) < 0)
		return;
	event.origin = mark.origin;
	event.stream = draft->stream;
	event.epoch = store_epoch(txn->store);
	event.sequence = mark.sequence + 1;
	/* Never back: a clock that was set back must not reorder what happened. */
	event.clock = now > mark.clock ? now : mark.clock + 1;
	event.actor = (char *)(uintptr_t)(draft->actor ? draft->actor : "");
	event.type = draft->type;
	event.body = (ProtobufCBinaryData) { draft->size, (uint8_t *)(uintptr_t)draft->body };
	if (mark.sequence)
		event.previous = (ProtobufCBinaryData) { EVENT_HASH_SIZE, mark.head };
	size = event__get_packed_size(&event);
	bytes = arena_alloc_raw(txn->arena, size);
	if (!bytes) {
		store_fail(txn, failed_here(-ENOMEM));
		return;
	}
	event__pack(&event, bytes);
	mark.epoch = event.epoch;
	mark.sequence = event.sequence;
	mark.clock = event.clock;
	put_event(txn, &mark, bytes, size);
}

/* An event from before the mark: the same again, or another history. */
static int compare_with_held(
    struct store_txn *txn, const Event *event, const uint8_t *bytes, size_t size) {
	struct key key = event_log_key(event->origin, event->stream, event->epoch, event->sequence);
	uint8_t hash[EVENT_HASH_SIZE];
	struct store_value value;
	int r = store_get(txn, TABLE_LOG, &key, &value);

	if (r < 0)
		return failed_below(r);
	if (r == STORE_NOT_FOUND)
		return EVENT_LOG_FORK;
	event_hash(bytes, size, hash);
	return memcmp(hash, value.bytes, EVENT_HASH_SIZE) == 0 ? EVENT_LOG_REPEATED : EVENT_LOG_FORK;
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
	r = event_log_mark(txn, event->origin, stream, &mark);
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
	put_event(txn, &mark, bytes, size);
	*ret_event = event;
	return txn->error ? txn->error : EVENT_LOG_OK;
}

void event_log_hold(struct store_txn *txn, const Event *event, const char *reason) {
	struct key key = event_log_key(event->origin, event->stream, event->epoch, event->sequence);

	store_put(txn, TABLE_HELD, &key, reason, strlen(reason));
}

int event_log_marks(struct store_txn *txn, Stream stream, struct arena *arena,
    struct event_mark **ret_marks, size_t *ret_count) {
	AUTO(store_cursor_close) struct store_cursor cursor = STORE_CURSOR_NULL;
	size_t most = store_count(txn, TABLE_MARKS);
	struct event_mark *marks = arena_alloc(arena, (most + 1) * sizeof(*marks));
	struct key start = KEY_EMPTY;
	size_t count = 0;
	int r;

	if (!marks)
		return failed_here(-ENOMEM);
	r = store_cursor_open(txn, TABLE_MARKS, &cursor);
	if (r < 0)
		return failed_below(r);
	key_add_u8(&start, 0);
	for (r = store_cursor_seek(&cursor, &start); r == STORE_OK && count < most;
	     r = store_cursor_next(&cursor)) {
		if (cursor.key.size != MARK_KEY_SIZE || cursor.value.size != MARK_SIZE)
			return failed_here(-EBADMSG);
		read_mark(cursor.key.bytes, cursor.value.bytes, &marks[count]);
		if (stream == STREAM__STREAM_UNSPECIFIED || marks[count].stream == stream)
			count++;
	}
	if (r < 0)
		return failed_below(r);
	*ret_marks = marks;
	*ret_count = count;
	return 0;
}

Mark *event_mark_message(const struct event_mark *mark, struct arena *arena) {
	Mark *message = arena_alloc(arena, sizeof(*message));

	if (!message)
		return NULL;
	mark__init(message);
	message->origin = arena_copy_text(arena, mark->origin, strlen(mark->origin));
	message->epoch = mark->epoch;
	message->sequence = mark->sequence;
	message->clock = mark->clock;
	message->head.len = EVENT_HASH_SIZE;
	message->head.data = arena_copy(arena, mark->head, EVENT_HASH_SIZE);
	return message->origin && message->head.data ? message : NULL;
}

VerifiedLog *event_mark_log(const struct event_mark *mark, struct arena *arena) {
	VerifiedLog *log = arena_alloc(arena, sizeof(*log));

	if (!log)
		return NULL;
	verified_log__init(log);
	log->stream = mark->stream;
	log->mark = event_mark_message(mark, arena);
	return log->mark ? log : NULL;
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
	if (value.size < EVENT_HASH_SIZE)
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
	reading->events[reading->count++] = (ProtobufCBinaryData) {
		value.size - EVENT_HASH_SIZE,
		(uint8_t *)(uintptr_t)value.bytes + EVENT_HASH_SIZE,
	};
	reading->bytes += value.size;
	return 0;
}

static int read_log(struct store_cursor *cursor, const struct event_mark *log,
    const struct event_mark *after, struct reading *reading, bool *ret_more) {
	struct key prefix = log_prefix(log->origin, log->stream);
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
	int r = event_log_marks(txn, stream, arena, &logs, &count);

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
