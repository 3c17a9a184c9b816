/* SPDX-License-Identifier: MIT */
/*
 * Erasure
 *
 * Personal data that the law wants gone (Nghị định 13/2023/NĐ-CP, Điều 16) is taken out from beside
 * every event that ever brought it; the chain stays whole, because it only holds
 * commitments. That it was done, and why, is an event too, and the fields are not taken in again.
 * Pages that LMDB has freed keep what they held until they are used again, and backups are the
 * office's to destroy.
 *
 * Finding the events reads the whole log: it is done outside the transaction that erases.
 */
#pragma once

#include "common/store/event_log.h"
#include "common/store/register.h"

struct erasure {
	const struct register_type *type;
	const char *code;
	struct key record;   /* in the state table */
	struct key searched; /* the log was looked through before this key */
	struct key *events;  /* in the log: every event of the record, oldest first */
	size_t count;
	size_t capacity;
};

#define ERASURE_NULL ((struct erasure) { .type = NULL })

enum {
	ERASURE_OK,
	ERASURE_LATER,       /* there is more to look through */
	ERASURE_UNKNOWN,     /* no such record */
	ERASURE_NOTHING,     /* records of this register have no personal data */
	ERASURE_OTHER_OWNER, /* another node wrote it and alone holds the data */
};

/* Begin with a record. `code` is borrowed.
 * Return: ERASURE_OK, _UNKNOWN, _NOTHING, _OTHER_OWNER or a negative errno. */
int erasure_begin(struct store_txn *txn, const struct register_type *type, const char *code,
    struct erasure *ret_erasure);
void erasure_end(struct erasure *erasure);

/* Look through the log for a slice. Return: ERASURE_OK at its end, ERASURE_LATER, or a negative
 * errno. */
int erasure_search(struct store_txn *txn, struct erasure *erasure, uint64_t slice_us);

/* What was erased. */
struct erased {
	uint32_t events;  /* states of the record that its personal data was taken out of */
	uint32_t chained; /* states of format 1, which have it in the chain, for good */
};

/* Erase, with what came to the log since the search; as a committer's job it may run twice. What
 * was erased before is not erased again. Return: ERASURE_OK, _UNKNOWN or _OTHER_OWNER when that has
 * changed since the begin, or a negative errno. */
int erasure_write(struct store_txn *txn, struct erasure *erasure, const char *reason,
    const char *actor, struct erased *ret_erased);

/* Whether the personal data of a record was erased; false also when the read failed. */
bool erasure_covers(struct store_txn *txn, const struct key *record);

/* Take over an erasure of a log that is followed, or replayed.
 * Return: STORE_OK, STORE_NOT_FOUND when it is none and is to be held, or a negative errno. */
int erasure_apply(struct store_txn *txn, const Event *event);
