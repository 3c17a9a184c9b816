/* SPDX-License-Identifier: MIT */
/*
 * Event log
 *
 * Every change is an event of its origin's log: (origin, stream, epoch, sequence), dense, chained
 * by hash. The bytes that were hashed are the bytes that are stored and forwarded; personal data
 * stands beside them (log_entry.h). A store holds
 * its node's own log and copies of the logs it follows; the mark of a log is how far it reaches
 * here, and it moves in the transaction that brings the state up to it.
 */
#pragma once

#include "common/store/event_mark.h"

/* Its key in the log; sequence 0: before the first of that epoch. */
struct key event_log_key(const char *origin, Stream stream, uint32_t epoch, uint64_t sequence);

/* BLAKE2b-256 of an event's bytes, as the next one names it. */
void event_hash(const uint8_t *bytes, size_t size, uint8_t ret_hash[EVENT_HASH_SIZE]);

/* What is to become an event of this node. Borrowed for the call. */
struct event_draft {
	Stream stream;
	RecordType type;
	const char *actor;
	ProtobufCBinaryData body;
	ProtobufCBinaryData personal; /* packed fields that stay out of the chain; may be empty */
};

/* Append an event of this node, and a checkpoint when it is time for one (checkpoint.h).
 * Failures stay with the transaction. */
void event_log_append(struct store_txn *txn, const struct event_draft *draft);

enum {
	EVENT_LOG_OK,
	EVENT_LOG_REPEATED,  /* held already, byte for byte */
	EVENT_LOG_GAP,       /* does not follow the last one held: read the marks and send again */
	EVENT_LOG_FORK,      /* another event stands at its place: the origin has two histories */
	EVENT_LOG_MALFORMED, /* not an event of this stream */
};

/* Keep an event of another node (or of another service of this one). *ret_event is unpacked into
 * the transaction's arena for EVENT_LOG_OK. Personal data never travels: it has none.
 * Return: an answer above, or a negative errno. */
int event_log_keep(
    struct store_txn *txn, Stream stream, const uint8_t *bytes, size_t size, Event **ret_event);

/* Note that the last kept event had no effect, and why ("unknown type"). */
void event_log_hold(struct store_txn *txn, const Event *event, const char *reason);

/* Events of a stream that follow `after` (origins not named there: from the start), each origin in
 * log order, until `max_bytes` are reached. Bytes are borrowed from the transaction.
 * Return: 0 or a negative errno. */
int event_log_read(struct store_txn *txn, Stream stream, const struct event_mark *after,
    size_t after_count, size_t max_bytes, struct arena *arena, ProtobufCBinaryData **ret_events,
    size_t *ret_count, bool *ret_more);
