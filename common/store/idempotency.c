/* SPDX-License-Identifier: MIT */
#include "common/store/idempotency.h"

#include <string.h>

#include "common/base/clock.h"

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

static void forget_old(struct store_txn *txn, uint64_t now_ms) {
	for (int i = 0; i < FORGET_AT_ONCE; i++) {
		AUTO(store_cursor_close) struct store_cursor cursor = STORE_CURSOR_NULL;
		struct key start = KEY_EMPTY;
		struct key age = KEY_EMPTY;
		struct key result;

		key_add_u8(&start, 0);
		if (store_cursor_open(txn, TABLE_IDEMPOTENCY_AGE, &cursor) != STORE_OK ||
		    store_cursor_seek(&cursor, &start) != STORE_OK)
			return;
		if (key_u64_at(cursor.key.bytes, 0) + IDEMPOTENCY_AGE_MS > now_ms &&
		    store_count(txn, TABLE_IDEMPOTENCY_AGE) <= IDEMPOTENCY_KEPT)
			return;
		key_add_bytes(&age, cursor.key.bytes, cursor.key.size);
		result = result_key((const uint8_t *)cursor.key.bytes + 8);
		store_cursor_close(&cursor);
		store_delete(txn, TABLE_IDEMPOTENCY_AGE, &age);
		store_delete(txn, TABLE_IDEMPOTENCY, &result);
	}
}

void idempotency_keep(struct store_txn *txn, const uint8_t key[IDEMPOTENCY_KEY_SIZE],
    const uint8_t asked[IDEMPOTENCY_ASKED_SIZE], const uint8_t *reply, size_t size) {
	uint8_t *value = arena_alloc_raw(txn->arena, IDEMPOTENCY_ASKED_SIZE + size);
	struct key place = result_key(key);
	uint64_t now_ms = clock_wall_ms();
	struct key age = KEY_EMPTY;

	if (!value) {
		store_fail(txn, failed_here(-ENOMEM));
		return;
	}
	memcpy(value, asked, IDEMPOTENCY_ASKED_SIZE);
	if (size)
		memcpy(value + IDEMPOTENCY_ASKED_SIZE, reply, size);
	store_put(txn, TABLE_IDEMPOTENCY, &place, value, IDEMPOTENCY_ASKED_SIZE + size);
	key_add_u64(&age, now_ms);
	key_add_bytes(&age, key, IDEMPOTENCY_KEY_SIZE);
	store_put(txn, TABLE_IDEMPOTENCY_AGE, &age, "", 0);
	forget_old(txn, now_ms);
}
