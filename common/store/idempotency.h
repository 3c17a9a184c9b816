/* SPDX-License-Identifier: MIT */
/*
 * Idempotency
 *
 * The result of every mutating call is stored with its effect, under the key the caller chose and
 * with a digest of what was asked. A retry finds it and gets the same answer without a second
 * effect; the same key for anything else is told. The last IDEMPOTENCY_KEPT results are kept: by
 * their number and not by a clock, for a clock that jumps must not throw away what was just
 * answered.
 */
#pragma once

#include "common/store/store.h"

#define IDEMPOTENCY_KEY_SIZE   16
#define IDEMPOTENCY_ASKED_SIZE 16
#define IDEMPOTENCY_KEPT       100000

enum { IDEMPOTENCY_NEW, IDEMPOTENCY_DONE, IDEMPOTENCY_OTHER_REQUEST };

/* Whether this call was done before; then *ret_reply is its packed reply, borrowed.
 * Return: an answer above or a negative errno. */
int idempotency_find(struct store_txn *txn, const uint8_t key[IDEMPOTENCY_KEY_SIZE],
    const uint8_t asked[IDEMPOTENCY_ASKED_SIZE], struct store_value *ret_reply);

/* Keep the reply of a call and forget a few that are too many. Failures stay with the transaction.
 */
void idempotency_keep(struct store_txn *txn, const uint8_t key[IDEMPOTENCY_KEY_SIZE],
    const uint8_t asked[IDEMPOTENCY_ASKED_SIZE], const uint8_t *reply, size_t size);

/* Number the results of a store of format 1, which had times. Failures stay with the transaction.
 */
void idempotency_number_again(struct store_txn *txn);
