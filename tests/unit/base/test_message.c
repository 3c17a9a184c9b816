/* SPDX-License-Identifier: MIT */
#include "common/base/message.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cchc/dossiers.pb-c.h"
#include "common/base/file.h"
#include "google/protobuf/descriptor.pb-c.h"

enum { MEGABYTE = 1 << 20, ARENA_CAP = 64 * MEGABYTE };

static int arena_setup(void **state) {
	static struct arena arena;

	arena_init(&arena, ARENA_CAP);
	*state = &arena;
	return 0;
}

static int arena_teardown(void **state) {
	arena_deinit(*state);
	return 0;
}

/* Unpacks from a heap block of just that size, so that reading beyond it is seen. */
static int unpack(const ProtobufCMessageDescriptor *type, const void *bytes, size_t size,
    struct arena *arena, ProtobufCMessage **ret_message) {
	AUTO(heap_freep) uint8_t *copy = malloc(size ? size : 1);

	assert_non_null(copy);
	if (size)
		memcpy(copy, bytes, size);
	return message_unpack(type, copy, size, arena, ret_message);
}

#define EXPECT(answer, type, ...)                                                                  \
	expect_answer(answer, &type##__descriptor, (const uint8_t[]) { __VA_ARGS__ },                  \
	    sizeof((const uint8_t[]) { __VA_ARGS__ }), *state)

static void expect_answer(int answer, const ProtobufCMessageDescriptor *type, const uint8_t *bytes,
    size_t size, struct arena *arena) {
	ProtobufCMessage *message = NULL;

	assert_int_equal(unpack(type, bytes, size, arena, &message), answer);
	assert_int_equal(message != NULL, answer == MESSAGE_OK);
	arena_reset(arena);
}

static void what_was_packed_comes_back(void **state) {
	struct arena *arena = *state;
	Dossier dossier = DOSSIER__INIT;
	ProtobufCMessage *message;
	uint8_t *bytes;
	size_t size;

	dossier.code = (char *)(uintptr_t) "H51.15-240101-0001";
	dossier.applicant = (char *)(uintptr_t) "Thạch Mỹ Vinh 😀";
	dossier.fee = UINT64_MAX;
	dossier.result_digitised = true;
	assert_int_equal(message_pack(&dossier.base, arena, &bytes, &size), 0);
	assert_int_equal(unpack(&dossier__descriptor, bytes, size, arena, &message), MESSAGE_OK);
	assert_string_equal(((Dossier *)message)->applicant, dossier.applicant);
	assert_int_equal(((Dossier *)message)->fee, UINT64_MAX);
	assert_true(((Dossier *)message)->result_digitised);
}

static void no_bytes_are_a_message_of_defaults(void **state) {
	struct arena *arena = *state;
	ProtobufCMessage *message;

	assert_int_equal(message_unpack(&dossier__descriptor, NULL, 0, arena, &message), MESSAGE_OK);
	assert_string_equal(((Dossier *)message)->code, "");
	message = message_new(&dossier__descriptor, arena);
	assert_string_equal(((Dossier *)message)->code, "");
}

static void text_must_be_well_formed_utf_8_without_nul(void **state) {
	EXPECT(MESSAGE_OK, dossier, 0x0a, 2, 0xc2, 0x80);
	EXPECT(MESSAGE_OK, dossier, 0x0a, 3, 0xe0, 0xa0, 0x80);
	EXPECT(MESSAGE_OK, dossier, 0x0a, 3, 0xed, 0x9f, 0xbf);
	EXPECT(MESSAGE_OK, dossier, 0x0a, 3, 0xee, 0x80, 0x80);
	EXPECT(MESSAGE_OK, dossier, 0x0a, 4, 0xf0, 0x90, 0x80, 0x80);
	EXPECT(MESSAGE_OK, dossier, 0x0a, 4, 0xf4, 0x8f, 0xbf, 0xbf);
	EXPECT(MESSAGE_MALFORMED, dossier, 0x0a, 3, 'a', 0, 'b');
	EXPECT(MESSAGE_MALFORMED, dossier, 0x0a, 1, 0);
	EXPECT(MESSAGE_MALFORMED, dossier, 0x0a, 1, 0x80);                   /* begins in the middle */
	EXPECT(MESSAGE_MALFORMED, dossier, 0x0a, 2, 0xc3, 0x28);             /* no second byte */
	EXPECT(MESSAGE_MALFORMED, dossier, 0x0a, 1, 0xc3);                   /* cut */
	EXPECT(MESSAGE_MALFORMED, dossier, 0x0a, 2, 0xe1, 0xbb);             /* cut */
	EXPECT(MESSAGE_MALFORMED, dossier, 0x0a, 3, 0xf0, 0x9f, 0x98);       /* cut */
	EXPECT(MESSAGE_MALFORMED, dossier, 0x0a, 2, 0xc0, 0x80);             /* overlong NUL */
	EXPECT(MESSAGE_MALFORMED, dossier, 0x0a, 2, 0xc1, 0xbf);             /* overlong */
	EXPECT(MESSAGE_MALFORMED, dossier, 0x0a, 3, 0xe0, 0x9f, 0xbf);       /* overlong */
	EXPECT(MESSAGE_MALFORMED, dossier, 0x0a, 4, 0xf0, 0x8f, 0xbf, 0xbf); /* overlong */
	EXPECT(MESSAGE_MALFORMED, dossier, 0x0a, 3, 0xed, 0xa0, 0x80);       /* surrogate */
	EXPECT(MESSAGE_MALFORMED, dossier, 0x0a, 3, 0xed, 0xbf, 0xbf);       /* surrogate */
	EXPECT(
	    MESSAGE_MALFORMED, dossier, 0x0a, 4, 0xf4, 0x90, 0x80, 0x80); /* beyond the last letter */
	EXPECT(MESSAGE_MALFORMED, dossier, 0x0a, 4, 0xf5, 0x80, 0x80, 0x80);
	EXPECT(MESSAGE_MALFORMED, dossier, 0x0a, 1, 0xff);
	/* … also deeper down and in lists. */
	EXPECT(MESSAGE_MALFORMED, record_dossiers_request, 0x12, 3, 0x0a, 1, 0xff);
	EXPECT(MESSAGE_MALFORMED, measure_table, 0x12, 1, 'a', 0x12, 1, 0xff);
}

static void bytes_may_hold_anything(void **state) {
	EXPECT(MESSAGE_OK, event, 0x42, 3, 0, 0xff, 0xc0);
}

static void an_enum_has_one_of_its_values(void **state) {
	EXPECT(MESSAGE_OK, dossier, 0x60, 10);
	EXPECT(MESSAGE_MALFORMED, dossier, 0x60, 11);
	EXPECT(MESSAGE_MALFORMED, dossier, 0x60, 0xff, 0xff, 0xff, 0xff, 0x07);
	EXPECT(MESSAGE_MALFORMED, dossier, 0x60, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
	    0x01); /* -1 */
	/* 1 in its low half: whoever takes only that would take it for 1. */
	EXPECT(MESSAGE_MALFORMED, dossier, 0x60, 0x81, 0x80, 0x80, 0x80, 0x10);
}

static void a_field_has_its_own_wire_type(void **state) {
	EXPECT(MESSAGE_MALFORMED, dossier, 0x08, 1);                      /* text as number */
	EXPECT(MESSAGE_MALFORMED, dossier, 0x09, 1, 2, 3, 4, 5, 6, 7, 8); /* text as 64 bits */
	EXPECT(MESSAGE_MALFORMED, dossier, 0x0d, 1, 2, 3, 4);             /* text as 32 bits */
	EXPECT(MESSAGE_MALFORMED, dossier, 0x32, 1, 'x');                 /* number as text */
	EXPECT(MESSAGE_MALFORMED, dossier, 0x31, 1, 2, 3, 4, 5, 6, 7, 8); /* number as 64 bits */
	EXPECT(MESSAGE_MALFORMED, dossier, 0x62, 1, 2);                   /* enum as text */
	EXPECT(MESSAGE_MALFORMED, dossier, 0x65, 2, 0, 0, 0);             /* enum as 32 bits */
	EXPECT(MESSAGE_MALFORMED, evaluate_request, 0x08, 1);             /* message as number */
	EXPECT(MESSAGE_MALFORMED, event, 0x40, 1);                        /* bytes as number */
	for (uint8_t wire = 0; wire < 8; wire++)
		if (wire == 3 || wire == 4 || wire > 5)
			EXPECT(MESSAGE_MALFORMED, dossier, (uint8_t)(0x08 | wire), 0);
}

static void numbers_may_come_packed_or_not(void **state) {
	struct arena *arena = *state;
	static const uint8_t mixed[] = { 0x1a, 2, 2, 4, 0x18, 6, 0x1a, 0 };
	ProtobufCMessage *message;
	MeasureRow *row;

	assert_int_equal(
	    unpack(&measure_row__descriptor, mixed, sizeof(mixed), arena, &message), MESSAGE_OK);
	row = (MeasureRow *)message;
	assert_int_equal(row->n_values, 3);
	assert_int_equal(row->values[0], 1);
	assert_int_equal(row->values[2], 3);
	EXPECT(MESSAGE_MALFORMED, measure_row, 0x1a, 2, 2, 0x80); /* cut in the list */
}

static void a_field_told_twice_has_its_last_value(void **state) {
	struct arena *arena = *state;
	static const uint8_t text[] = { 0x0a, 1, 'a', 0x0a, 1, 'b' };
	static const uint8_t windows[] = { 0x0a, 2, 0x08, 1, 0x0a, 2, 0x10, 2, 0x0a, 2, 0x08, 3 };
	ProtobufCMessage *message;
	Window *window;

	assert_int_equal(unpack(&dossier__descriptor, text, sizeof(text), arena, &message), MESSAGE_OK);
	assert_string_equal(((Dossier *)message)->code, "b");
	assert_int_equal(
	    unpack(&evaluate_request__descriptor, windows, sizeof(windows), arena, &message),
	    MESSAGE_OK);
	window = ((EvaluateRequest *)message)->window;
	assert_int_equal(window->first_day, 3);
}

static void unknown_fields_are_kept(void **state) {
	struct arena *arena = *state;
	static const uint8_t later[] = { 0x0a, 1, 'a', 0xf8, 0x07, 5, 0xfa, 0x07, 2, 0xff, 0 };
	ProtobufCMessage *message;
	uint8_t *bytes;
	size_t size;

	assert_int_equal(
	    unpack(&dossier__descriptor, later, sizeof(later), arena, &message), MESSAGE_OK);
	assert_string_equal(((Dossier *)message)->code, "a");
	assert_int_equal(message_pack(message, arena, &bytes, &size), 0);
	assert_int_equal(size, sizeof(later));
	assert_memory_equal(bytes, later, size);
}

static void tags_and_lengths_must_hold(void **state) {
	EXPECT(MESSAGE_MALFORMED, dossier, 0x00, 0);      /* field 0 */
	EXPECT(MESSAGE_MALFORMED, dossier, 0x0a);         /* no length */
	EXPECT(MESSAGE_MALFORMED, dossier, 0x0a, 5, 'a'); /* more than there is */
	EXPECT(MESSAGE_MALFORMED, dossier, 0x0a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
	    0x01, 'a');                                 /* about all there can be */
	EXPECT(MESSAGE_MALFORMED, dossier, 0x30, 0x80); /* number cut */
	EXPECT(MESSAGE_MALFORMED, dossier, 0x30, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80,
	    0x80, 0x01); /* number of eleven bytes */
	EXPECT(MESSAGE_MALFORMED, dossier, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01, 1);
	EXPECT(MESSAGE_MALFORMED, dossier, 0xf9, 0x07, 1, 2, 3); /* unknown 64 bits, cut */
	EXPECT(MESSAGE_MALFORMED, dossier, 0xfd, 0x07, 1, 2);    /* unknown 32 bits, cut */
}

/* Whatever a prefix is taken for, nothing beyond it is read and it does not grow. */
static void a_message_cut_anywhere_is_safe(void **state) {
	struct arena *arena = *state;
	SupplementRound round = SUPPLEMENT_ROUND__INIT;
	SupplementRound *rounds[] = { &round, &round };
	Dossier dossier = DOSSIER__INIT;
	DossierFile file = DOSSIER_FILE__INIT;
	uint8_t bytes[512];
	size_t accepted = 0;
	size_t size;

	dossier.code = (char *)(uintptr_t) "H51.15-240101-0001";
	dossier.applicant = (char *)(uintptr_t) "Thạch Mỹ Vinh";
	dossier.accepted = dossier.due = UINT64_C(20240115082258);
	round.dossier = dossier.code;
	round.requested = dossier.accepted;
	file.dossier = &dossier;
	file.rounds = rounds;
	file.n_rounds = 2;
	file.origin = (char *)(uintptr_t) "H51.15";
	size = dossier_file__pack(&file, bytes);
	for (size_t cut = 0; cut <= size; cut++) {
		ProtobufCMessage *message;
		int answer = unpack(&dossier_file__descriptor, bytes, cut, arena, &message);

		if (answer == MESSAGE_OK) {
			assert_true(protobuf_c_message_get_packed_size(message) <= cut);
			accepted++;
		} else {
			assert_int_equal(answer, MESSAGE_MALFORMED);
		}
		arena_reset(arena);
	}
	assert_int_equal(accepted, 5); /* nothing, and after each of its four fields */
}

/* A message in a message …, by the one recursive type at hand. */
static int unpack_nested(struct arena *arena, size_t depth) {
	AUTO(heap_freep) uint8_t *bytes = malloc(depth * 5 + 16);
	ProtobufCMessage *message;
	size_t at = depth * 5;
	size_t end = at;

	assert_non_null(bytes);
	for (size_t i = 0; i < depth; i++) {
		size_t length = end - at;
		uint8_t head[5] = { 0x1a };
		size_t size = 1;

		for (; length >= 0x80; length >>= 7)
			head[size++] = (uint8_t)(length | 0x80);
		head[size++] = (uint8_t)length;
		at -= size;
		memcpy(bytes + at, head, size);
	}
	return unpack(
	    &google__protobuf__descriptor_proto__descriptor, bytes + at, end - at, arena, &message);
}

static void depth_has_a_limit(void **state) {
	assert_int_equal(unpack_nested(*state, MESSAGE_DEPTH_MAX), MESSAGE_OK);
	assert_int_equal(unpack_nested(*state, MESSAGE_DEPTH_MAX + 1), MESSAGE_MALFORMED);
	assert_int_equal(unpack_nested(*state, 30000), MESSAGE_MALFORMED);
}

static void a_message_without_a_required_field_is_malformed(void **state) {
	expect_answer(MESSAGE_MALFORMED, &google__protobuf__uninterpreted_option__name_part__descriptor,
	    (const uint8_t[]) { 0 }, 0, *state);
}

/* Many empty records: two bytes on the wire, a hundred and more in memory each. */
static int unpack_empty_records(struct arena *arena, size_t count) {
	AUTO(heap_freep) uint8_t *bytes = malloc(2 * count);
	ProtobufCMessage *message;

	assert_non_null(bytes);
	for (size_t i = 0; i < count; i++) {
		bytes[2 * i] = 0x12;
		bytes[2 * i + 1] = 0;
	}
	return unpack(&record_dossiers_request__descriptor, bytes, 2 * count, arena, &message);
}

static void a_megabyte_of_empty_records_is_too_large(void **state) {
	struct arena *arena = *state;

	assert_int_equal(unpack_empty_records(arena, MEGABYTE / 2), MESSAGE_TOO_LARGE);
	assert_int_equal(arena->used, 0);
	assert_int_equal(unpack_empty_records(arena, MESSAGE_FIELDS_MAX + 1), MESSAGE_TOO_LARGE);
}

static void more_memory_than_the_arena_gives_is_too_large(void **state) {
	struct arena *arena = *state;

	assert_int_equal(unpack_empty_records(arena, MESSAGE_FIELDS_MAX), MESSAGE_OK);
	for (size_t cap = 1000; cap < ARENA_CAP / 2; cap = cap * 3 / 2) {
		struct arena small;

		arena_init(&small, cap);
		assert_int_equal(unpack_empty_records(&small, MESSAGE_FIELDS_MAX), MESSAGE_TOO_LARGE);
		assert_true(small.used <= cap);
		arena_deinit(&small);
	}
}

static void unknown_fields_are_counted_too(void **state) {
	struct arena *arena = *state;
	size_t size = 3 * (MESSAGE_FIELDS_MAX + 1);
	AUTO(heap_freep) uint8_t *bytes = malloc(size);
	ProtobufCMessage *message;

	assert_non_null(bytes);
	for (size_t i = 0; i < size; i += 3)
		memcpy(bytes + i, (const uint8_t[]) { 0xf8, 0x07, 1 }, 3);
	assert_int_equal(unpack(&dossier__descriptor, bytes, size, arena, &message), MESSAGE_TOO_LARGE);
	assert_int_equal(unpack(&dossier__descriptor, bytes, size - 3, arena, &message), MESSAGE_OK);
}

static void packing_without_memory_is_told(void **state) {
	Dossier dossier = DOSSIER__INIT;
	struct arena small;
	uint8_t *bytes;
	size_t size;

	(void)state;
	dossier.code = (char *)(uintptr_t) "H51.15-240101-0001";
	arena_init(&small, 16);
	assert_int_equal(message_pack(&dossier.base, &small, &bytes, &size), -ENOMEM);
	assert_null(message_new(&dossier__descriptor, &small));
	arena_deinit(&small);
}

#define ARENA_TEST(claim) cmocka_unit_test_setup_teardown(claim, arena_setup, arena_teardown)

int main(void) {
	const struct CMUnitTest tests[] = {
		ARENA_TEST(what_was_packed_comes_back),
		ARENA_TEST(no_bytes_are_a_message_of_defaults),
		ARENA_TEST(text_must_be_well_formed_utf_8_without_nul),
		ARENA_TEST(bytes_may_hold_anything),
		ARENA_TEST(an_enum_has_one_of_its_values),
		ARENA_TEST(a_field_has_its_own_wire_type),
		ARENA_TEST(numbers_may_come_packed_or_not),
		ARENA_TEST(a_field_told_twice_has_its_last_value),
		ARENA_TEST(unknown_fields_are_kept),
		ARENA_TEST(tags_and_lengths_must_hold),
		ARENA_TEST(a_message_cut_anywhere_is_safe),
		ARENA_TEST(depth_has_a_limit),
		ARENA_TEST(a_message_without_a_required_field_is_malformed),
		ARENA_TEST(a_megabyte_of_empty_records_is_too_large),
		ARENA_TEST(more_memory_than_the_arena_gives_is_too_large),
		ARENA_TEST(unknown_fields_are_counted_too),
		ARENA_TEST(packing_without_memory_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
