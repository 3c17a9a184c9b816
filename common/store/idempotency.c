/* SPDX-License-Identifier: MIT */
#include "common/store/idempotency.h"

#include <string.h>

#include "common/store/result_memory.h"

_Static_assert(IDEMPOTENCY_KEY_SIZE == RESULT_KEY_SIZE, "the same keys");

enum {
	FORGET_AT_ONCE = 4, /* more than one, so that the table shrinks again */
	FRONT_SIZE = IDEMPOTENCY_KEY_SIZE + IDEMPOTENCY_ASKED_SIZE,
};

/* What a transaction has done to the table and memory does not know yet. */
struct result_change {
	struct result_change *next;
	uint64_t number; /* 0: forgotten */
	uint8_t key[IDEMPOTENCY_KEY_SIZE];
};

static struct key number_key(uint64_t number) {
	struct key key = KEY_EMPTY;

	key_add_u64(&key, number);
	return key;
}

/* The newest change of a key in this transaction; null: none. */
static const struct result_change *changed(
    const struct store_txn *txn, const uint8_t key[IDEMPOTENCY_KEY_SIZE]) {
	const struct result_change *change = txn->results;

	while (change && memcmp(change->key, key, IDEMPOTENCY_KEY_SIZE) != 0)
		change = change->next;
	return change;
}

static void note(struct store_txn *txn, const uint8_t *key, uint64_t number) {
	struct result_change *change = arena_alloc(txn->arena, sizeof(*change));

	if (!change) {
		store_fail(txn, failed_here(-ENOMEM));
		return;
	}
	*change = (struct result_change) { .next = txn->results, .number = number };
	memcpy(change->key, key, IDEMPOTENCY_KEY_SIZE);
	txn->results = change;
}

int idempotency_find(struct store_txn *txn, const uint8_t key[IDEMPOTENCY_KEY_SIZE],
    const uint8_t asked[IDEMPOTENCY_ASKED_SIZE], struct store_value *ret_reply) {
	const struct result_change *change = changed(txn, key);
	uint64_t number = change ? change->number : result_memory_find(store_results(txn->store), key);
	struct key place = number_key(number);
	struct store_value value;
	const uint8_t *bytes;
	int r = number ? store_get(txn, TABLE_IDEMPOTENCY, &place, &value) : STORE_NOT_FOUND;

	if (r < 0)
		return failed_below(r);
	if (r == STORE_NOT_FOUND)
		return IDEMPOTENCY_NEW;
	bytes = value.bytes;
	if (value.size < FRONT_SIZE || memcmp(bytes, key, IDEMPOTENCY_KEY_SIZE) != 0)
		return failed_here(-EBADMSG);
	if (memcmp(bytes + IDEMPOTENCY_KEY_SIZE, asked, IDEMPOTENCY_ASKED_SIZE) != 0)
		return IDEMPOTENCY_OTHER_REQUEST;
	*ret_reply = (struct store_value) { bytes + FRONT_SIZE, value.size - FRONT_SIZE };
	return IDEMPOTENCY_DONE;
}

static void forget_oldest(struct store_txn *txn) {
	AUTO(store_cursor_close) struct store_cursor cursor = STORE_CURSOR_NULL;
	struct key number = KEY_EMPTY;

	key_add_u8(&number, 0);
	if (store_cursor_open(txn, TABLE_IDEMPOTENCY, &cursor) != STORE_OK ||
	    store_cursor_seek(&cursor, &number) != STORE_OK)
		return;
	number = KEY_EMPTY;
	key_add_bytes(&number, cursor.key.bytes, cursor.key.size);
	if (cursor.value.size >= IDEMPOTENCY_KEY_SIZE)
		note(txn, cursor.value.bytes, 0);
	store_cursor_close(&cursor);
	store_delete(txn, TABLE_IDEMPOTENCY, &number);
}

static void put(struct store_txn *txn, uint64_t number, const uint8_t *key, const uint8_t *asked,
    const uint8_t *reply, size_t size) {
	struct key place = number_key(number);
	uint8_t *value = store_put_place(txn, TABLE_IDEMPOTENCY, &place, FRONT_SIZE + size);

	if (!value)
		return;
	memcpy(value, key, IDEMPOTENCY_KEY_SIZE);
	memcpy(value + IDEMPOTENCY_KEY_SIZE, asked, IDEMPOTENCY_ASKED_SIZE);
	if (size)
		memcpy(value + FRONT_SIZE, reply, size);
}

void idempotency_keep(struct store_txn *txn, const uint8_t key[IDEMPOTENCY_KEY_SIZE],
    const uint8_t asked[IDEMPOTENCY_ASKED_SIZE], const uint8_t *reply, size_t size) {
	uint64_t number = result_memory_last(store_results(txn->store)) + ++txn->results_kept;

	put(txn, number, key, asked, reply, size);
	note(txn, key, number);
	for (int i = 0; i < FORGET_AT_ONCE && store_count(txn, TABLE_IDEMPOTENCY) > IDEMPOTENCY_KEPT;
	     i++)
		forget_oldest(txn);
}

int idempotency_load(struct store *store) {
	AUTO(store_abort) struct store_txn txn = STORE_TXN_NULL;
	AUTO(store_cursor_close) struct store_cursor cursor = STORE_CURSOR_NULL;
	struct key start = KEY_EMPTY;
	int r = store_begin(store, STORE_READ, &txn);

	if (r < 0)
		return failed_below(r);
	key_add_u8(&start, 0);
	r = store_cursor_open(&txn, TABLE_IDEMPOTENCY, &cursor);
	if (r == STORE_OK)
		r = store_cursor_seek(&cursor, &start);
	for (; r == STORE_OK; r = store_cursor_next(&cursor)) {
		if (cursor.key.size != 8 || cursor.value.size < FRONT_SIZE)
			r = failed_here(-EBADMSG);
		else
			r = result_memory_add(
			    store_results(store), cursor.value.bytes, key_u64_at(cursor.key.bytes, 0));
		if (r < 0)
			return failed_below(r);
	}
	return r < 0 ? failed_below(r) : 0;
}

/* Oldest first: a key may have been forgotten and given again. */
static struct result_change *reversed(struct result_change *change) {
	struct result_change *first = NULL;

	while (change) {
		struct result_change *next = change->next;

		change->next = first;
		first = change;
		change = next;
	}
	return first;
}

int idempotency_committed(struct store_txn *txn) {
	struct result_memory *memory = store_results(txn->store);

	for (struct result_change *change = reversed(txn->results); change; change = change->next) {
		int r = 0;

		if (change->number)
			r = result_memory_add(memory, change->key, change->number);
		else
			result_memory_remove(memory, change->key);
		if (r < 0)
			return failed_below(r);
	}
	return 0;
}

/* One result of format 1, by the entry of the table of ages that leads to it: time(8) key(16).
 * Return: STORE_OK with a copy, STORE_NOT_FOUND when there is none, or a negative errno. */
struct old_result {
	uint8_t key[IDEMPOTENCY_KEY_SIZE];
	struct store_value value; /* asked(16) and reply */
};

static int copy_old(struct store_txn *txn, struct store_value age, struct old_result *ret_result) {
	struct key key = KEY_EMPTY;
	struct store_value value;
	int r;

	if (age.size != 8 + IDEMPOTENCY_KEY_SIZE)
		return STORE_NOT_FOUND;
	memcpy(ret_result->key, (const uint8_t *)age.bytes + 8, IDEMPOTENCY_KEY_SIZE);
	key_add_bytes(&key, ret_result->key, IDEMPOTENCY_KEY_SIZE);
	r = store_get(txn, TABLE_IDEMPOTENCY, &key, &value);
	if (r || value.size < IDEMPOTENCY_ASKED_SIZE)
		return r < 0 ? failed_below(r) : STORE_NOT_FOUND;
	ret_result->value.size = value.size;
	ret_result->value.bytes = arena_copy(txn->arena, value.bytes, value.size);
	return ret_result->value.bytes ? STORE_OK : failed_here(-ENOMEM);
}

/* In the order of their times. Return: how many; failures stay with the transaction. */
static size_t copy_all_old(struct store_txn *txn, struct old_result *results, size_t count) {
	AUTO(store_cursor_close) struct store_cursor cursor = STORE_CURSOR_NULL;
	struct key start = KEY_EMPTY;
	size_t found = 0;
	int r = store_cursor_open(txn, TABLE_IDEMPOTENCY_AGE, &cursor);

	key_add_u8(&start, 0);
	if (r == STORE_OK)
		r = store_cursor_seek(&cursor, &start);
	for (; r == STORE_OK && found < count; r = store_cursor_next(&cursor)) {
		int copied = copy_old(txn, cursor.key, &results[found]);

		if (copied < 0)
			store_fail(txn, copied);
		found += copied == STORE_OK;
	}
	return found;
}

void idempotency_number_again(struct store_txn *txn) {
	size_t count = (size_t)store_count(txn, TABLE_IDEMPOTENCY_AGE);
	struct old_result *results = arena_alloc_raw(txn->arena, (count + 1) * sizeof(*results));
	size_t found;

	if (!results) {
		store_fail(txn, failed_here(-ENOMEM));
		return;
	}
	found = copy_all_old(txn, results, count);
	store_clear(txn, TABLE_IDEMPOTENCY);
	store_clear(txn, TABLE_IDEMPOTENCY_AGE);
	for (size_t i = 0; i < found; i++) {
		const uint8_t *asked = results[i].value.bytes;

		put(txn, i + 1, results[i].key, asked, asked + IDEMPOTENCY_ASKED_SIZE,
		    results[i].value.size - IDEMPOTENCY_ASKED_SIZE);
	}
}
