/* SPDX-License-Identifier: MIT */
#include "common/base/arena.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { CAP = 1 << 20, PIECES = 2000 };

static int arena_setup(void **state) {
	static struct arena arena;

	arena_init(&arena, CAP);
	*state = &arena;
	return 0;
}

static int arena_teardown(void **state) {
	arena_deinit(*state);
	return 0;
}

static bool is_all(const uint8_t *bytes, size_t size, uint8_t value) {
	for (size_t i = 0; i < size; i++)
		if (bytes[i] != value)
			return false;
	return true;
}

static void pieces_are_aligned_zeroed_and_apart(void **state) {
	struct arena *arena = *state;
	uint8_t *pieces[PIECES];

	for (int round = 0; round < 3; round++) {
		for (size_t i = 0; i < PIECES; i++) {
			size_t size = i * 7 % 301;

			pieces[i] = arena_alloc(arena, size);
			assert_non_null(pieces[i]);
			assert_int_equal((uintptr_t)pieces[i] % 16, 0);
			assert_true(is_all(pieces[i], size, 0));
			memset(pieces[i], (int)(i % 255 + 1), size);
		}
		for (size_t i = 0; i < PIECES; i++)
			assert_true(is_all(pieces[i], i * 7 % 301, (uint8_t)(i % 255 + 1)));
		arena_reset(arena);
	}
}

static void no_more_than_the_cap_is_handed_out(void **state) {
	struct arena *arena = *state;
	size_t count = 0;

	while (arena_alloc_raw(arena, 100))
		count++;
	assert_int_equal(count, CAP / 112);
	assert_true(arena->used <= CAP);
	assert_true(arena->refused);
	assert_null(arena_alloc(arena, 100));
	arena_reset(arena);
	assert_false(arena->refused);
	assert_non_null(arena_alloc(arena, CAP));
	assert_null(arena_alloc(arena, 1));
}

static void what_is_larger_than_all_memory_is_refused(void **state) {
	struct arena *arena = *state;

	assert_null(arena_alloc(arena, CAP + 1));
	assert_null(arena_alloc(arena, SIZE_MAX));
	assert_null(arena_alloc_raw(arena, SIZE_MAX - 15));
	assert_non_null(arena_alloc(arena, 1));
}

static void the_first_chunk_is_kept_over_resets(void **state) {
	struct arena *arena = *state;
	void *first = arena_alloc_raw(arena, 100);

	for (int i = 0; i < 100; i++)
		assert_non_null(arena_alloc_raw(arena, 1000));
	arena_reset(arena);
	assert_ptr_equal(arena_alloc_raw(arena, 100), first);
	assert_int_equal(arena->used, 112);
}

static void copies_are_whole_and_terminated(void **state) {
	struct arena *arena = *state;
	char *text = arena_copy_text(arena, "Cù Lao Dung", 3);

	assert_string_equal(text, "Cù");
	assert_string_equal(arena_copy_text(arena, "", 0), "");
	assert_memory_equal(arena_copy(arena, "a\0b", 3), "a\0b", 3);
	assert_non_null(arena_copy(arena, NULL, 0));
}

static void formatted_text_is_as_long_as_it_needs(void **state) {
	struct arena *arena = *state;
	char *text = arena_format(arena, "%s/%d", "năm", 2024);

	assert_string_equal(text, "năm/2024");
	assert_int_equal(strlen(arena_format(arena, "%50000d", 1)), 50000);
	assert_null(arena_format(arena, "%*d", CAP, 1));
}

static void protobuf_s_allocator_hands_out_from_it(void **state) {
	struct arena *arena = *state;
	ProtobufCAllocator *allocator = &arena->allocator;
	void *piece = allocator->alloc(allocator->allocator_data, 10);

	assert_non_null(piece);
	assert_int_equal(arena->used, 16);
	allocator->free(allocator->allocator_data, piece);
	assert_null(allocator->alloc(allocator->allocator_data, CAP));
	assert_true(arena->refused);
}

#define ARENA_TEST(claim) cmocka_unit_test_setup_teardown(claim, arena_setup, arena_teardown)

int main(void) {
	const struct CMUnitTest tests[] = {
		ARENA_TEST(pieces_are_aligned_zeroed_and_apart),
		ARENA_TEST(no_more_than_the_cap_is_handed_out),
		ARENA_TEST(what_is_larger_than_all_memory_is_refused),
		ARENA_TEST(the_first_chunk_is_kept_over_resets),
		ARENA_TEST(copies_are_whole_and_terminated),
		ARENA_TEST(formatted_text_is_as_long_as_it_needs),
		ARENA_TEST(protobuf_s_allocator_hands_out_from_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
