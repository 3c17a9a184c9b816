/* SPDX-License-Identifier: MIT */
/*
 * Event marks
 *
 * How far a log reaches here, and what is told of that.
 */
#pragma once

#include "cchc/node.pb-c.h"
#include "cchc/records.pb-c.h"
#include "common/store/store.h"

#define EVENT_HASH_SIZE 32

/* Keys of the log: what they begin with, which is a mark's key, and all of it. */
#define EVENT_LOG_PREFIX_SIZE (KEY_ORIGIN_SIZE + 1)
#define EVENT_LOG_KEY_SIZE    (EVENT_LOG_PREFIX_SIZE + 4 + 8)

struct event_mark {
	char origin[KEY_ORIGIN_SIZE + 1];
	Stream stream;
	uint32_t epoch;
	uint64_t sequence; /* 0: nothing yet */
	uint64_t clock;
	uint8_t head[EVENT_HASH_SIZE];
};

/* The beginning of the keys of one log, and the key of its mark. Of an origin the log of records,
 * which grows all the time, comes last: where nothing follows, LMDB fills its pages. */
struct key event_mark_key(const char *origin, Stream stream);

/* The stream in such a key. */
Stream event_mark_stream(const uint8_t *key);

/* The mark of one log; all zero when nothing of it is held. Return: 0 or a negative errno. */
int event_mark_load(
    struct store_txn *txn, const char *origin, Stream stream, struct event_mark *ret_mark);

/* Move it. Failures stay with the transaction. */
void event_mark_put(struct store_txn *txn, const struct event_mark *mark);

/* All marks, ordered by origin and stream; STREAM_UNSPECIFIED: of every stream. The array is in
 * `arena`. Return: 0 or a negative errno (-EBADMSG: one of them is none). */
int event_marks_load(struct store_txn *txn, Stream stream, struct arena *arena,
    struct event_mark **ret_marks, size_t *ret_count);

/* A mark from an entry of its table. Return: STORE_OK, or STORE_NOT_FOUND when that is none. */
int event_mark_read(struct store_value key, struct store_value value, struct event_mark *ret_mark);

/* A mark as a message, with copies in `arena`; null when memory is out. */
Mark *event_mark_message(const struct event_mark *mark, struct arena *arena);
VerifiedLog *event_mark_log(const struct event_mark *mark, struct arena *arena);

/* All marks as watermarks of `service`, in `arena`. Return: 0 or a negative errno. */
int event_marks_watermarks(struct store_txn *txn, const char *service, struct arena *arena,
    Watermark ***ret_watermarks, size_t *ret_count);
