/* SPDX-License-Identifier: MIT */
#include "common/store/idempotency.h"

#include <stdio.h>
#include <string.h>

#include "tests/unit/store/desk.h"

static const uint8_t asked[IDEMPOTENCY_ASKED_SIZE] = { 1, 2, 3 };

static int desk_setup(void **state) {
	static struct desk desk;

	desk_open(&desk, "H51.15");
	*state = &desk;
	return 0;
}

static int desk_teardown(void **state) {
	desk_close(*state);
	return 0;
}

static void keep(struct store_txn *txn, uint32_t call, const char *reply) {
	uint8_t key[IDEMPOTENCY_KEY_SIZE] = { 0 };

	memcpy(key, &call, sizeof(call));
	idempotency_keep(txn, key, asked, (const uint8_t *)reply, strlen(reply));
}

static int find_asked(struct store_txn *txn, uint32_t call, const uint8_t *digest, char reply[64]) {
	uint8_t key[IDEMPOTENCY_KEY_SIZE] = { 0 };
	struct store_value value;
	int answer;

	memcpy(key, &call, sizeof(call));
	answer = idempotency_find(txn, key, digest, &value);
	if (answer == IDEMPOTENCY_DONE)
		snprintf(reply, 64, "%.*s", (int)value.size, (const char *)value.bytes);
	return answer;
}

static int find(struct store_txn *txn, uint32_t call, char reply[64]) {
	return find_asked(txn, call, asked, reply);
}

static void a_retry_gets_the_same_reply(void **state) {
	struct desk *desk = *state;
	struct store_txn txn = desk_write(desk);
	char reply[64];

	assert_int_equal(find(&txn, 1, reply), IDEMPOTENCY_NEW);
	keep(&txn, 1, "one");
	keep(&txn, 2, "");
	assert_int_equal(find(&txn, 1, reply), IDEMPOTENCY_DONE); /* in the same batch */
	desk_keep(&txn);
	desk_open_again(desk);
	txn = desk_write(desk);
	assert_int_equal(find(&txn, 1, reply), IDEMPOTENCY_DONE);
	assert_string_equal(reply, "one");
	assert_int_equal(find(&txn, 2, reply), IDEMPOTENCY_DONE);
	assert_string_equal(reply, "");
	assert_int_equal(find(&txn, 3, reply), IDEMPOTENCY_NEW);
	store_abort(&txn);
}

static void a_key_used_for_another_request_is_told(void **state) {
	struct desk *desk = *state;
	AUTO(store_abort) struct store_txn txn = desk_write(desk);
	char reply[64];

	keep(&txn, 1, "one");
	for (size_t bit = 0; bit < 8 * sizeof(asked); bit++) {
		uint8_t other[IDEMPOTENCY_ASKED_SIZE];

		memcpy(other, asked, sizeof(asked));
		other[bit / 8] ^= (uint8_t)(1 << bit % 8);
		assert_int_equal(find_asked(&txn, 1, other, reply), IDEMPOTENCY_OTHER_REQUEST);
	}
}

static void a_call_whose_effect_was_not_kept_is_new(void **state) {
	struct desk *desk = *state;
	struct store_txn txn = desk_write(desk);
	char reply[64];

	keep(&txn, 1, "one");
	store_abort(&txn);
	txn = desk_write(desk);
	assert_int_equal(find(&txn, 1, reply), IDEMPOTENCY_NEW);
	store_abort(&txn);
}

static void there_are_never_more_results_than_the_limit(void **state) {
	struct desk *desk = *state;
	struct store_txn txn = desk_write(desk);
	char reply[64];

	for (uint32_t i = 0; i < IDEMPOTENCY_KEPT + 50; i++) {
		keep(&txn, i, "x");
		arena_reset(txn.arena);
	}
	assert_int_equal(store_count(&txn, TABLE_IDEMPOTENCY), IDEMPOTENCY_KEPT);
	assert_int_equal(find(&txn, 49, reply), IDEMPOTENCY_NEW);
	assert_int_equal(find(&txn, IDEMPOTENCY_KEPT + 49, reply), IDEMPOTENCY_DONE);
	store_abort(&txn);
}

/* As format 1 had them: by the time they were given, and one clock was far ahead for a while. */
static void results_with_times_are_numbered_and_push_out_nothing(void **state) {
	struct desk *desk = *state;
	struct store_txn txn = desk_write(desk);
	char reply[64];

	for (uint32_t i = 0; i < IDEMPOTENCY_KEPT; i++) {
		uint8_t call[IDEMPOTENCY_KEY_SIZE] = { 0 };
		struct key result = KEY_EMPTY;
		struct key age = KEY_EMPTY;

		memcpy(call, &i, sizeof(i));
		key_add_bytes(&result, call, sizeof(call));
		key_add_u64(&age, UINT64_C(4070908800000));
		key_add_bytes(&age, call, sizeof(call));
		store_put(&txn, TABLE_IDEMPOTENCY, &result, asked, sizeof(asked));
		store_put(&txn, TABLE_IDEMPOTENCY_AGE, &age, "", 0);
	}
	idempotency_number_again(&txn);
	desk_keep(&txn);
	desk_open_again(desk);
	txn = desk_write(desk);
	keep(&txn, IDEMPOTENCY_KEPT, "now");
	assert_int_equal(store_count(&txn, TABLE_IDEMPOTENCY), IDEMPOTENCY_KEPT);
	assert_int_equal(store_count(&txn, TABLE_IDEMPOTENCY_AGE), 0);
	assert_int_equal(find(&txn, IDEMPOTENCY_KEPT, reply), IDEMPOTENCY_DONE);
	assert_int_equal(find(&txn, 0, reply), IDEMPOTENCY_NEW);
	assert_int_equal(find(&txn, 1, reply), IDEMPOTENCY_DONE);
	store_abort(&txn);
}

#define DESK_TEST(claim) cmocka_unit_test_setup_teardown(claim, desk_setup, desk_teardown)

int main(void) {
	const struct CMUnitTest tests[] = {
		DESK_TEST(a_retry_gets_the_same_reply),
		DESK_TEST(a_key_used_for_another_request_is_told),
		DESK_TEST(a_call_whose_effect_was_not_kept_is_new),
		DESK_TEST(there_are_never_more_results_than_the_limit),
		DESK_TEST(results_with_times_are_numbered_and_push_out_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
