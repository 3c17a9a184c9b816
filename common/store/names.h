/* SPDX-License-Identifier: MIT */
/*
 * Names
 *
 * Texts that recur (organisation codes, fields, kinds) are numbered once per store, so that keys of
 * cells stay short and of one length. Numbers mean nothing outside their store. What has been
 * committed never changes, so it is remembered once it was looked up.
 */
#pragma once

#include "common/store/store.h"

#define NAME_LENGTH_MAX 255

/* The number of a text, given now if it has none yet; 0 is the empty text. Failures stay with the
 * transaction. */
uint32_t name_number(struct store_txn *txn, const char *text);

/* The number a text has in the store itself, whatever is remembered.
 * Return: STORE_OK, STORE_NOT_FOUND or a negative errno. */
int name_read(struct store_txn *txn, const char *text, uint32_t *ret_number);

/* Take back every name that was ever given. Failures stay with the transaction. */
void names_clear(struct store_txn *txn);

/* The text of a number, in `arena` or the store's own; "" for 0. When memory is out or the number
 * was never given, "" and the transaction fails. */
const char *name_text(struct store_txn *txn, uint32_t number, struct arena *arena);
