/* SPDX-License-Identifier: MIT */
#include "common/store/event_mark.h"

#include <string.h>

#include "common/base/clock.h"
#include "common/store/event_clock.h"

enum { MARK_SIZE = 4 + 8 + 8 + EVENT_HASH_SIZE };

struct key event_mark_key(const char *origin, Stream stream) {
	struct key key = KEY_EMPTY;

	key_add_origin(&key, origin);
	key_add_u8(&key, (uint8_t) ~(unsigned)stream);
	return key;
}

Stream event_mark_stream(const uint8_t *key) {
	return (Stream)(uint8_t) ~(unsigned)key[KEY_ORIGIN_SIZE];
}

void event_mark_put(struct store_txn *txn, const struct event_mark *mark) {
	struct key key = event_mark_key(mark->origin, mark->stream);
	struct key value = KEY_EMPTY;

	key_add_u32(&value, mark->epoch);
	key_add_u64(&value, mark->sequence);
	key_add_u64(&value, mark->clock);
	key_add_bytes(&value, mark->head, EVENT_HASH_SIZE);
	store_put(txn, TABLE_MARKS, &key, value.bytes, value.size);
}

int event_mark_read(struct store_value key, struct store_value value, struct event_mark *ret_mark) {
	const uint8_t *name = key.bytes;
	const uint8_t *bytes = value.bytes;

	if (key.size != EVENT_LOG_PREFIX_SIZE || value.size != MARK_SIZE)
		return STORE_NOT_FOUND;
	*ret_mark = (struct event_mark) {
		.stream = event_mark_stream(name),
		.epoch = key_u32_at(bytes, 0),
		.sequence = key_u64_at(bytes, 4),
		.clock = key_u64_at(bytes, 12),
	};
	memcpy(ret_mark->origin, name, KEY_ORIGIN_SIZE);
	memcpy(ret_mark->head, bytes + 20, EVENT_HASH_SIZE);
	return STORE_OK;
}

int event_mark_load(
    struct store_txn *txn, const char *origin, Stream stream, struct event_mark *ret_mark) {
	struct key key = event_mark_key(origin, stream);
	struct store_value value;
	int r = store_get(txn, TABLE_MARKS, &key, &value);

	memset(ret_mark, 0, sizeof(*ret_mark));
	memcpy(ret_mark->origin, key.bytes, KEY_ORIGIN_SIZE);
	ret_mark->stream = stream;
	if (r < 0)
		return failed_below(r);
	if (r == STORE_OK)
		event_mark_read((struct store_value) { key.bytes, key.size }, value, ret_mark);
	return 0;
}

int event_marks_load(struct store_txn *txn, Stream stream, struct arena *arena,
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
		if (event_mark_read(cursor.key, cursor.value, &marks[count]) != STORE_OK)
			return failed_here(-EBADMSG);
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

static Watermark *watermark_of(
    const struct event_mark *mark, const char *service, uint64_t now_ms, struct arena *arena) {
	Watermark *watermark = arena_alloc(arena, sizeof(*watermark));

	if (!watermark)
		return NULL;
	watermark__init(watermark);
	watermark->service = (char *)(uintptr_t)service;
	watermark->origin = arena_copy_text(arena, mark->origin, strlen(mark->origin));
	watermark->stream = mark->stream;
	watermark->epoch = mark->epoch;
	watermark->sequence = mark->sequence;
	watermark->as_of_ms = event_clock_ms(mark->clock);
	if (watermark->as_of_ms > now_ms + EVENT_CLOCK_AHEAD_MS) {
		watermark->as_of_ms = now_ms;
		watermark->clock_ahead = true;
	}
	return watermark->origin ? watermark : NULL;
}

int event_marks_watermarks(struct store_txn *txn, const char *service, struct arena *arena,
    Watermark ***ret_watermarks, size_t *ret_count) {
	uint64_t now_ms = clock_wall_ms();
	struct event_mark *marks;
	Watermark **watermarks;
	size_t count;
	int r = event_marks_load(txn, STREAM__STREAM_UNSPECIFIED, arena, &marks, &count);

	if (r < 0)
		return failed_below(r);
	watermarks = arena_alloc(arena, (count + 1) * sizeof(*watermarks));
	if (!watermarks)
		return failed_here(-ENOMEM);
	for (size_t i = 0; i < count; i++) {
		watermarks[i] = watermark_of(&marks[i], service, now_ms, arena);
		if (!watermarks[i])
			return failed_here(-ENOMEM);
	}
	*ret_watermarks = watermarks;
	*ret_count = count;
	return 0;
}
