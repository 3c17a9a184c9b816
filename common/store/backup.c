/* SPDX-License-Identifier: MIT */
#include "common/store/backup.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "common/base/message.h"
#include "common/store/backup_parts.h"
#include "common/store/event_log.h"
#include "common/store/pack.h"

#define MARKS_CAP ((size_t)64 << 20)

/* Tables that do not follow from the logs. */
static const enum store_table tables[] = { TABLE_META, TABLE_MARKS, TABLE_HELD, TABLE_IDEMPOTENCY,
	TABLE_IDEMPOTENCY_AGE };

struct backup {
	struct store *store;
	struct store_txn now;
	struct pack_writer *writer;
	struct backup_log *logs;
	size_t log_count;
	uint64_t events;
	uint64_t slice_us;
	uint64_t slice_end_us;
	uint64_t erased; /* records whose personal data was erased when it began */
};

struct backup_log *backup_log_of(struct backup_log **logs, size_t *count, const void *prefix) {
	struct backup_log *more;

	for (size_t i = *count; i > 0; i--)
		if (memcmp((*logs)[i - 1].prefix, prefix, EVENT_LOG_PREFIX_SIZE) == 0)
			return &(*logs)[i - 1];
	more = realloc(*logs, (*count + 1) * sizeof(*more));
	if (!more)
		return NULL;
	*logs = more;
	more += (*count)++;
	*more = (struct backup_log) { .sequence = 0 };
	memcpy(more->prefix, prefix, EVENT_LOG_PREFIX_SIZE);
	return more;
}

static int add(struct backup *backup, enum store_table table, const struct store_cursor *cursor) {
	return pack_add(backup->writer, &(struct pack_entry) {
	                                    (uint8_t)table,
	                                    cursor->key.bytes,
	                                    cursor->key.size,
	                                    cursor->value.bytes,
	                                    cursor->value.size,
	                                });
}

/* What follows of one log. Return: 0, BACKUP_LATER when the slice is over, or a negative errno. */
static int copy_log(struct backup *backup, const struct event_mark *mark) {
	AUTO(store_cursor_close) struct store_cursor cursor = STORE_CURSOR_NULL;
	struct key start = event_log_key(mark->origin, mark->stream, 0, 0);
	struct key prefix = start;
	struct backup_log *log = backup_log_of(&backup->logs, &backup->log_count, start.bytes);
	int r;

	prefix.size = EVENT_LOG_PREFIX_SIZE;
	if (!log)
		return failed_here(-ENOMEM);
	start = event_log_key(mark->origin, mark->stream, log->epoch, log->sequence + 1);
	r = store_cursor_open(&backup->now, TABLE_LOG, &cursor);
	if (r == 0)
		r = store_cursor_seek(&cursor, &start);
	for (; r == STORE_OK && store_cursor_has_prefix(&cursor, &prefix);
	     r = store_cursor_next(&cursor)) {
		if (clock_monotonic_us() >= backup->slice_end_us)
			return BACKUP_LATER;
		r = add(backup, TABLE_LOG, &cursor);
		if (r < 0)
			return failed_below(r);
		log->epoch = key_u32_at(cursor.key.bytes, EVENT_LOG_PREFIX_SIZE);
		log->sequence = key_u64_at(cursor.key.bytes, EVENT_LOG_PREFIX_SIZE + 4);
		backup->events++;
	}
	return r < 0 ? failed_below(r) : 0;
}

static int copy_logs(struct backup *backup, const struct event_mark *marks, size_t count) {
	int r = 0;

	for (size_t i = 0; i < count && r == 0; i++)
		r = copy_log(backup, &marks[i]);
	return r;
}

static int copy_table(struct backup *backup, enum store_table table) {
	AUTO(store_cursor_close) struct store_cursor cursor = STORE_CURSOR_NULL;
	struct key start = KEY_EMPTY;
	int r = store_cursor_open(&backup->now, table, &cursor);

	key_add_u8(&start, 0);
	if (r == 0)
		r = store_cursor_seek(&cursor, &start);
	for (; r == STORE_OK; r = store_cursor_next(&cursor)) {
		r = add(backup, table, &cursor);
		if (r < 0)
			return failed_below(r);
	}
	return r < 0 ? failed_below(r) : 0;
}

static int fill_part(struct backup *backup, const struct event_mark *marks, size_t count,
    struct arena *arena, BackupPart *part) {
	part->format = STORE_FORMAT;
	part->node = (char *)(uintptr_t)store_node(backup->store);
	part->epoch = store_epoch(backup->store);
	part->events = backup->events;
	part->logs = arena_alloc(arena, (count + 1) * sizeof(part->logs[0]));
	if (!part->logs)
		return failed_here(-ENOMEM);
	for (size_t i = 0; i < count; i++) {
		part->logs[i] = event_mark_log(&marks[i], arena);
		if (!part->logs[i])
			return failed_here(-ENOMEM);
		part->n_logs++;
	}
	return 0;
}

/* In the snapshot in which the logs came to their ends. */
static int copy_rest(struct backup *backup, const struct event_mark *marks, size_t count,
    struct arena *arena, BackupPart *part) {
	uint8_t *bytes;
	size_t size;
	int r = 0;

	for (size_t i = 0; i < LENGTH_OF(tables) && r == 0; i++)
		r = copy_table(backup, tables[i]);
	if (r == 0)
		r = fill_part(backup, marks, count, arena, part);
	if (r == 0)
		r = message_pack(&part->base, arena, &bytes, &size);
	if (r == 0)
		r = pack_add(backup->writer, &(struct pack_entry) { BACKUP_PART, "", 0, bytes, size });
	return r < 0 ? failed_below(r) : 0;
}

/* Return: 0 when all is copied, BACKUP_LATER, BACKUP_AGAIN when personal data was erased that may
 * be copied already, or a negative errno. */
static int copy_slice(struct backup *backup, struct arena *arena, BackupPart *part) {
	AUTO(arena_deinit) struct arena scratch;
	struct event_mark *marks;
	size_t count;
	int r = store_begin(backup->store, STORE_READ, &backup->now);

	arena_init(&scratch, MARKS_CAP);
	if (r == 0)
		store_read_as(&backup->now, "backup", STORE_SLICES);
	backup->slice_end_us = clock_monotonic_us() + backup->slice_us;
	if (r == 0)
		r = event_marks_load(&backup->now, STREAM__STREAM_UNSPECIFIED, &scratch, &marks, &count);
	if (r == 0)
		r = copy_logs(backup, marks, count);
	if (r >= 0 && store_count(&backup->now, TABLE_ERASED) != backup->erased)
		r = BACKUP_AGAIN;
	if (r == 0)
		r = copy_rest(backup, marks, count, arena, part);
	store_abort(&backup->now);
	return r < 0 ? failed_below(r) : r;
}

static void deinit(struct backup *backup) {
	store_abort(&backup->now);
	pack_writer_freep(&backup->writer);
	free(backup->logs);
}

/* Return: as copy_slice, without BACKUP_LATER. */
static int copy_all(
    struct backup *backup, const char *path, struct arena *arena, BackupPart *ret_part) {
	AUTO(store_abort) struct store_txn txn = STORE_TXN_NULL;
	int r = pack_create(path, &backup->writer);

	if (r == 0)
		r = store_begin(backup->store, STORE_READ, &txn);
	if (r < 0)
		return failed_below(r);
	backup->erased = store_count(&txn, TABLE_ERASED);
	store_abort(&txn);
	while ((r = copy_slice(backup, arena, ret_part)) == BACKUP_LATER)
		;
	return r;
}

int backup_write(struct store *store, const char *path, uint64_t slice_us, struct arena *arena,
    BackupPart *ret_part) {
	const struct backup begin = {
		.store = store,
		.now = STORE_TXN_NULL,
		.slice_us = slice_us ? slice_us : BACKUP_SLICE_US,
	};
	AUTO(deinit) struct backup backup = begin;
	BackupPart written = BACKUP_PART__INIT;
	uint8_t *hash = arena_alloc(arena, PACK_HASH_SIZE);
	int r;

	if (!hash)
		return failed_here(-ENOMEM);
	while ((r = copy_all(&backup, path, arena, &written)) == BACKUP_AGAIN) {
		deinit(&backup);
		unlink(path);
		backup = begin;
	}
	if (r < 0)
		return failed_below(r);
	r = pack_seal(backup.writer);
	if (r == 0)
		r = backup_walk(path, arena, ret_part);
	if (r)
		return r < 0 ? failed_below(r) : r;
	r = pack_digest(path, &ret_part->bytes, hash);
	ret_part->hash = (ProtobufCBinaryData) { PACK_HASH_SIZE, hash };
	return r < 0 ? failed_below(r) : BACKUP_OK;
}
