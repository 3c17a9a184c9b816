/* SPDX-License-Identifier: MIT */
/*
 * Messages as JSON: the round trip
 *
 * It runs over every message of the contract with random content; TRANSCODER_SEED in the
 * environment repeats a run.
 */
#include "services/cli/transcoder.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/base/message.h"
#include "proto/contract.h"
#include "tests/unit/cli/transcoder_desk.h"

#define ROUNDS 50

struct dice {
	uint64_t state;
};

/* splitmix64 */
static uint64_t dice_roll(struct dice *dice) {
	uint64_t z = dice->state += 0x9e3779b97f4a7c15u;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return z ^ (z >> 31);
}

static size_t dice_below(struct dice *dice, size_t limit) {
	return (size_t)(dice_roll(dice) % limit);
}

/* The ends of the range come up as often as its middle. */
static uint64_t dice_number(struct dice *dice) {
	static const uint64_t ends[] = { 0, 1, INT32_MAX, (uint64_t)INT32_MAX + 1, UINT32_MAX,
		INT64_MAX, (uint64_t)INT64_MAX + 1, UINT64_MAX };

	return dice_below(dice, 2) ? dice_roll(dice) : ends[dice_below(dice, LENGTH_OF(ends))];
}

static char *dice_text(struct dice *dice, struct arena *arena) {
	static const char *const characters[] = { "a", "Z", "0", " ", "\"", "\\", "/", "\n", "\x01",
		"\x7f", "đ", "ệ", "😀", "<", "{" };
	char text[64] = "";

	for (size_t i = dice_below(dice, 12); i > 0; i--)
		strcat(text, characters[dice_below(dice, LENGTH_OF(characters))]);
	return arena_copy_text(arena, text, strlen(text));
}

static ProtobufCBinaryData dice_bytes(struct dice *dice, struct arena *arena) {
	ProtobufCBinaryData bytes = { .len = dice_below(dice, 20) };

	bytes.data = arena_alloc(arena, bytes.len + 1);
	assert_non_null(bytes.data);
	for (size_t i = 0; i < bytes.len; i++)
		bytes.data[i] = (uint8_t)dice_roll(dice);
	return bytes;
}

static int dice_enum(struct dice *dice, const ProtobufCEnumDescriptor *type) {
	return type->values[dice_below(dice, type->n_values)].value;
}

static ProtobufCMessage *dice_message(
    struct dice *dice, const ProtobufCMessageDescriptor *type, struct arena *arena, unsigned depth);

static size_t fill_value(struct dice *dice, const ProtobufCFieldDescriptor *field,
    struct arena *arena, unsigned depth, void *value) {
	switch (field->type) {
	case PROTOBUF_C_TYPE_STRING: *(char **)value = dice_text(dice, arena); return sizeof(char *);
	case PROTOBUF_C_TYPE_BYTES:
		*(ProtobufCBinaryData *)value = dice_bytes(dice, arena);
		return sizeof(ProtobufCBinaryData);
	case PROTOBUF_C_TYPE_MESSAGE:
		*(ProtobufCMessage **)value = dice_message(dice, field->descriptor, arena, depth + 1);
		return sizeof(ProtobufCMessage *);
	case PROTOBUF_C_TYPE_ENUM:
		*(int *)value = dice_enum(dice, field->descriptor);
		return sizeof(int);
	case PROTOBUF_C_TYPE_BOOL:
		*(protobuf_c_boolean *)value = (protobuf_c_boolean)dice_below(dice, 2);
		return sizeof(protobuf_c_boolean);
	case PROTOBUF_C_TYPE_INT32:
	case PROTOBUF_C_TYPE_SINT32:
	case PROTOBUF_C_TYPE_UINT32:
		*(uint32_t *)value = (uint32_t)dice_number(dice);
		return sizeof(uint32_t);
	case PROTOBUF_C_TYPE_INT64:
	case PROTOBUF_C_TYPE_SINT64:
	case PROTOBUF_C_TYPE_UINT64:
	case PROTOBUF_C_TYPE_FIXED64: *(uint64_t *)value = dice_number(dice); return sizeof(uint64_t);
	default: fail_msg("%s: the contract has a new type of field", field->name); return 0;
	}
}

static void fill_list(struct dice *dice, const ProtobufCFieldDescriptor *field, struct arena *arena,
    unsigned depth, ProtobufCMessage *message) {
	size_t count = dice_below(dice, 4);
	char *items = arena_alloc(arena, 4 * sizeof(ProtobufCBinaryData));
	char *item = items;

	assert_non_null(items);
	for (size_t i = 0; i < count; i++)
		item += fill_value(dice, field, arena, depth, item);
	*(char **)((char *)message + field->offset) = items;
	*(size_t *)((char *)message + field->quantifier_offset) = count;
}

static ProtobufCMessage *dice_message(struct dice *dice, const ProtobufCMessageDescriptor *type,
    struct arena *arena, unsigned depth) {
	ProtobufCMessage *message = message_new(type, arena);

	assert_non_null(message);
	for (unsigned i = 0; i < type->n_fields; i++) {
		const ProtobufCFieldDescriptor *field = &type->fields[i];
		bool below = field->type == PROTOBUF_C_TYPE_MESSAGE;

		if (dice_below(dice, 4) == 0 || (below && depth == MESSAGE_DEPTH_MAX))
			continue;
		if (field->label == PROTOBUF_C_LABEL_REPEATED)
			fill_list(dice, field, arena, depth, message);
		else
			fill_value(dice, field, arena, depth, (char *)message + field->offset);
		if (field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF)
			*(uint32_t *)((char *)message + field->quantifier_offset) = field->id;
	}
	return message;
}

static struct dice dice_open(void) {
	const char *seed = getenv("TRANSCODER_SEED");
	struct dice dice = { seed ? strtoull(seed, NULL, 0) : (uint64_t)time(NULL) };

	print_message("TRANSCODER_SEED=%llu\n", (unsigned long long)dice.state);
	return dice;
}

static void expect_equal(
    struct arena *arena, const ProtobufCMessage *left, const ProtobufCMessage *right) {
	uint8_t *left_bytes = NULL;
	uint8_t *right_bytes = NULL;
	size_t left_size = 0;
	size_t right_size = 0;

	assert_int_equal(message_pack(left, arena, &left_bytes, &left_size), 0);
	assert_int_equal(message_pack(right, arena, &right_bytes, &right_size), 0);
	assert_int_equal(left_size, right_size);
	assert_memory_equal(left_bytes, right_bytes, left_size);
}

static void expect_round_trips(
    struct desk *desk, struct dice *dice, const ProtobufCMessageDescriptor *type) {
	for (unsigned round = 0; round < ROUNDS; round++) {
		const ProtobufCMessage *message = dice_message(dice, type, &desk->arena, 0);

		for (unsigned defaults = 0; defaults < 2; defaults++) {
			desk_write(desk, message, (enum transcode_defaults)defaults);
			assert_int_equal(desk_read(desk, type, desk->text), TRANSCODE_OK);
			expect_equal(&desk->arena, message, desk->message);
		}
		arena_reset(&desk->arena);
	}
}

static void every_message_comes_back_the_same(void **state) {
	struct dice dice = dice_open();

	for (size_t i = 0; i < office_contract.message_count; i++)
		expect_round_trips(*state, &dice, office_contract.messages[i]);
	expect_round_trips(*state, &dice, &specimen_type);
}

#define CLAIM(name) cmocka_unit_test_setup_teardown(name, desk_open, desk_close)

int main(void) {
	const struct CMUnitTest tests[] = {
		CLAIM(every_message_comes_back_the_same),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
