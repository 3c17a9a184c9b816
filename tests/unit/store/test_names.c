/* SPDX-License-Identifier: MIT */
#include "common/store/names.h"

#include <stdio.h>
#include <string.h>

#include "common/base/message.h"
#include "tests/unit/store/desk.h"

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

static void a_text_has_one_number_and_a_number_its_text(void **state) {
	struct desk *desk = *state;
	struct store_txn txn = desk_write(desk);
	char text[32];

	for (uint32_t i = 1; i <= 300; i++) {
		snprintf(text, sizeof(text), "Lĩnh vực %u", i);
		assert_int_equal(name_number(&txn, text), i);
		assert_int_equal(name_number(&txn, text), i);
	}
	desk_keep(&txn);
	desk_open_again(desk);
	txn = desk_write(desk);
	for (uint32_t i = 1; i <= 300; i++) {
		snprintf(text, sizeof(text), "Lĩnh vực %u", i);
		assert_int_equal(name_number(&txn, text), i);
		assert_string_equal(name_text(&txn, i, txn.arena), text);
	}
	assert_int_equal(store_count(&txn, TABLE_NAMES), 300);
	store_abort(&txn);
}

static void the_empty_text_is_number_0_without_an_entry(void **state) {
	struct desk *desk = *state;
	AUTO(store_abort) struct store_txn txn = desk_write(desk);

	assert_int_equal(name_number(&txn, ""), 0);
	assert_string_equal(name_text(&txn, 0, txn.arena), "");
	assert_int_equal(store_count(&txn, TABLE_NAMES), 0);
	assert_int_equal(txn.error, 0);
}

static void a_long_text_is_cut_before_a_letter(void **state) {
	struct desk *desk = *state;
	AUTO(store_abort) struct store_txn txn = desk_write(desk);
	static const char *const letters[] = { "x", "Đ", "ề", "😀" };

	for (size_t i = 0; i < LENGTH_OF(letters); i++) {
		for (size_t shift = 0; shift < strlen(letters[i]); shift++) {
			char text[2 * NAME_LENGTH_MAX + 8] = "....";
			const char *name;
			size_t length;

			for (size_t j = shift; j < 2 * NAME_LENGTH_MAX; j += strlen(letters[i]))
				strcpy(text + j, letters[i]);
			name = name_text(&txn, name_number(&txn, text), txn.arena);
			length = strlen(name);
			assert_true(length <= NAME_LENGTH_MAX && length > NAME_LENGTH_MAX - 4);
			assert_memory_equal(name, text, length);
			assert_true(message_is_text(name, length));
		}
	}
}

static void a_number_never_given_fails_the_transaction(void **state) {
	struct desk *desk = *state;
	AUTO(store_abort) struct store_txn txn = desk_write(desk);

	assert_string_equal(name_text(&txn, 17, txn.arena), "");
	assert_int_equal(txn.error, -EBADMSG);
}

#define DESK_TEST(claim) cmocka_unit_test_setup_teardown(claim, desk_setup, desk_teardown)

int main(void) {
	const struct CMUnitTest tests[] = {
		DESK_TEST(a_text_has_one_number_and_a_number_its_text),
		DESK_TEST(the_empty_text_is_number_0_without_an_entry),
		DESK_TEST(a_long_text_is_cut_before_a_letter),
		DESK_TEST(a_number_never_given_fails_the_transaction),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
