/* SPDX-License-Identifier: MIT */
/*
 * Event log
 *
 * Every change is an event of its origin's log: (origin, stream, epoch, sequence), dense, chained
 * by hash. The bytes that were hashed are the bytes that are stored and forwarded. A store holds
 * its node's own log and copies of the logs it follows; the mark of a log is how far it reaches
 * here, and it moves in the transaction that brings the state up to it.
 */
#pragma once

#include "cchc/node.pb-c.h"
#include "cchc/records.pb-c.h"
#include "common/store/store.h"

#define EVENT_HASH_SIZE 32

struct event_mark {
	char origin[KEY_ORIGIN_SIZE + 1];
	Stream stream;
	uint32_t epoch;
	uint64_t sequence; /* 0: nothing yet */
	uint64_t clock;
	uint8_t head[EVENT_HASH_SIZE];
};

/* Its key in the log; sequence 0: before the first of that epoch. */
struct key event_log_key(const char *origin, Stream stream, uint32_t epoch, uint64_t sequence);

/* BLAKE2b-256 of an event's bytes, as the next one names it. */
void event_hash(const uint8_t *bytes, size_t size, uint8_t ret_hash[EVENT_HASH_SIZE]);

/* What is to become an event of this node. Borrowed for the call. */
struct event_draft {
	Stream stream;
	RecordType type;
	const char *actor;
	const uint8_t *body;
	size_t size;
};

/* Append an event of this node. Failures stay with the transaction. */
void event_log_append(struct store_txn *txn, const struct event_draft *draft);

enum {
	EVENT_LOG_OK,
	EVENT_LOG_REPEATED,  /* held already, byte for byte */
	EVENT_LOG_GAP,       /* does not follow the last one held: read the marks and send again */
	EVENT_LOG_FORK,      /* another event stands at its place: the origin has two histories */
	EVENT_LOG_MALFORMED, /* not an event of this stream */
};

/* Keep an event of another node (or of another service of this one). *ret_event is unpacked into
 * the transaction's arena for EVENT_LOG_OK.
 * Return: an answer above, or a negative errno. */
int event_log_keep(
    struct store_txn *txn, Stream stream, const uint8_t *bytes, size_t size, Event **ret_event);

/* Note that the last kept event had no effect, and why ("unknown type"). */
void event_log_hold(struct store_txn *txn, const Event *event, const char *reason);

/* The mark of one log; all zero when nothing of it is held. Return: 0 or a negative errno. */
int event_log_mark(
    struct store_txn *txn, const char *origin, Stream stream, struct event_mark *ret_mark);

/* All marks, ordered by origin and stream; STREAM_UNSPECIFIED: of every stream. The array is in
 * `arena`. Return: 0 or a negative errno. */
int event_log_marks(struct store_txn *txn, Stream stream, struct arena *arena,
    struct event_mark **ret_marks, size_t *ret_count);

/* A mark as a message, with copies in `arena`; null when memory is out. */
Mark *event_mark_message(const struct event_mark *mark, struct arena *arena);
VerifiedLog *event_mark_log(const struct event_mark *mark, struct arena *arena);

/* Events of a stream that follow `after` (origins not named there: from the start), each origin in
 * log order, until `max_bytes` are reached. Bytes are borrowed from the transaction.
 * Return: 0 or a negative errno. */
int event_log_read(struct store_txn *txn, Stream stream, const struct event_mark *after,
    size_t after_count, size_t max_bytes, struct arena *arena, ProtobufCBinaryData **ret_events,
    size_t *ret_count, bool *ret_more);

static inline uint64_t event_clock_ms(uint64_t clock) {
	return clock >> 16;
}
