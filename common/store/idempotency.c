/* SPDX-License-Identifier: MIT */
#include "common/store/idempotency.h"

#include <string.h>

enum { FORGET_AT_ONCE = 4 }; /* more than one, so that the table shrinks again */

static struct key result_key(const uint8_t *bytes) {
	struct key key = KEY_EMPTY;

	key_add_bytes(&key, bytes, IDEMPOTENCY_KEY_SIZE);
	return key;
}

int idempotency_find(struct store_txn *txn, const uint8_t key[IDEMPOTENCY_KEY_SIZE],
    const uint8_t asked[IDEMPOTENCY_ASKED_SIZE], struct store_value *ret_reply) {
	struct key place = result_key(key);
	struct store_value value;
	int r = store_get(txn, TABLE_IDEMPOTENCY, &place, &value);

	if (r < 0)
		return failed_below(r);
	if (r == STORE_NOT_FOUND)
		return IDEMPOTENCY_NEW;
	if (value.size < IDEMPOTENCY_ASKED_SIZE ||
	    memcmp(value.bytes, asked, IDEMPOTENCY_ASKED_SIZE) != 0)
		return IDEMPOTENCY_OTHER_REQUEST;
	ret_reply->bytes = (const uint8_t *)value.bytes + IDEMPOTENCY_ASKED_SIZE;
	ret_reply->size = value.size - IDEMPOTENCY_ASKED_SIZE;
	return IDEMPOTENCY_DONE;
}

/* The number the next result gets: in their order they are forgotten, whatever any clock says. */
static uint64_t next_number(struct store_txn *txn) {
	AUTO(store_cursor_close) struct store_cursor cursor = STORE_CURSOR_NULL;
	struct key end = KEY_EMPTY;

	key_add_u64(&end, UINT64_MAX);
	if (store_cursor_open(txn, TABLE_IDEMPOTENCY_AGE, &cursor) != STORE_OK ||
	    store_cursor_before(&cursor, &end) != STORE_OK)
		return 1;
	return key_u64_at(cursor.key.bytes, 0) + 1;
}

static void forget_oldest(struct store_txn *txn) {
	AUTO(store_cursor_close) struct store_cursor cursor = STORE_CURSOR_NULL;
	struct key number = KEY_EMPTY;
	struct key result;

	key_add_u8(&number, 0);
	if (store_cursor_open(txn, TABLE_IDEMPOTENCY_AGE, &cursor) != STORE_OK ||
	    store_cursor_seek(&cursor, &number) != STORE_OK)
		return;
	number = KEY_EMPTY;
	key_add_bytes(&number, cursor.key.bytes, cursor.key.size);
	result = result_key(cursor.value.bytes);
	store_cursor_close(&cursor);
	store_delete(txn, TABLE_IDEMPOTENCY_AGE, &number);
	store_delete(txn, TABLE_IDEMPOTENCY, &result);
}

void idempotency_keep(struct store_txn *txn, const uint8_t key[IDEMPOTENCY_KEY_SIZE],
    const uint8_t asked[IDEMPOTENCY_ASKED_SIZE], const uint8_t *reply, size_t size) {
	struct key place = result_key(key);
	struct key number = KEY_EMPTY;
	uint8_t *value = store_put_place(txn, TABLE_IDEMPOTENCY, &place, IDEMPOTENCY_ASKED_SIZE + size);

	if (!value)
		return;
	memcpy(value, asked, IDEMPOTENCY_ASKED_SIZE);
	if (size)
		memcpy(value + IDEMPOTENCY_ASKED_SIZE, reply, size);
	key_add_u64(&number, next_number(txn));
	store_put(txn, TABLE_IDEMPOTENCY_AGE, &number, key, IDEMPOTENCY_KEY_SIZE);
	for (int i = 0;
	     i < FORGET_AT_ONCE && store_count(txn, TABLE_IDEMPOTENCY_AGE) > IDEMPOTENCY_KEPT; i++)
		forget_oldest(txn);
}

void idempotency_number_again(struct store_txn *txn) {
	AUTO(store_cursor_close) struct store_cursor cursor = STORE_CURSOR_NULL;
	size_t count = (size_t)store_count(txn, TABLE_IDEMPOTENCY_AGE);
	uint8_t *keys = arena_alloc_raw(txn->arena, (count + 1) * IDEMPOTENCY_KEY_SIZE);
	struct key start = KEY_EMPTY;
	size_t found = 0;
	int r = store_cursor_open(txn, TABLE_IDEMPOTENCY_AGE, &cursor);

	if (!keys)
		store_fail(txn, failed_here(-ENOMEM));
	key_add_u8(&start, 0);
	for (r = r == 0 && keys ? store_cursor_seek(&cursor, &start) : STORE_NOT_FOUND;
	     r == STORE_OK && found < count; r = store_cursor_next(&cursor))
		if (cursor.key.size == 8 + IDEMPOTENCY_KEY_SIZE)
			memcpy(keys + found++ * IDEMPOTENCY_KEY_SIZE, (const uint8_t *)cursor.key.bytes + 8,
			    IDEMPOTENCY_KEY_SIZE);
	store_cursor_close(&cursor);
	store_clear(txn, TABLE_IDEMPOTENCY_AGE);
	for (size_t i = 0; i < found; i++) {
		struct key number = KEY_EMPTY;

		key_add_u64(&number, i + 1);
		store_put(txn, TABLE_IDEMPOTENCY_AGE, &number, keys + i * IDEMPOTENCY_KEY_SIZE,
		    IDEMPOTENCY_KEY_SIZE);
	}
}
