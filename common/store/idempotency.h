/* SPDX-License-Identifier: MIT */
/*
 * Idempotency
 *
 * The result of every mutating call is stored with its effect, under the key the caller chose and
 * with a digest of what was asked. A retry finds it and gets the same answer without a second
 * effect; the same key for anything else is told. The last IDEMPOTENCY_KEPT results are kept: by
 * their number and not by a clock, for a clock that jumps must not throw away what was just
 * answered. They stand in the order of their numbers, so that a commit touches the last page only;
 * which number a key has is kept in memory.
 */
#pragma once

#include "common/store/store.h"

#define IDEMPOTENCY_KEY_SIZE   16
#define IDEMPOTENCY_ASKED_SIZE 16
#define IDEMPOTENCY_KEPT       100000

enum { IDEMPOTENCY_NEW, IDEMPOTENCY_DONE, IDEMPOTENCY_OTHER_REQUEST };

/* Whether this call was done before; then *ret_reply is its packed reply, borrowed. In a write
 * transaction. Return: an answer above or a negative errno. */
int idempotency_find(struct store_txn *txn, const uint8_t key[IDEMPOTENCY_KEY_SIZE],
    const uint8_t asked[IDEMPOTENCY_ASKED_SIZE], struct store_value *ret_reply);

/* Keep the reply of a call and forget a few that are too many. Failures stay with the transaction.
 */
void idempotency_keep(struct store_txn *txn, const uint8_t key[IDEMPOTENCY_KEY_SIZE],
    const uint8_t asked[IDEMPOTENCY_ASKED_SIZE], const uint8_t *reply, size_t size);

/* Learn the keys of a store that was opened. Return: 0 or a negative errno. */
int idempotency_load(struct store *store);

/* Called by store_commit when a transaction is on the disk.
 * Return: 0, or -ENOMEM when memory and disk part: then the process must end. */
int idempotency_committed(struct store_txn *txn);

/* Number the results of a store of format 1, which stood under their keys and had times. Failures
 * stay with the transaction. */
void idempotency_number_again(struct store_txn *txn);
