/* SPDX-License-Identifier: MIT */
/*
 * Messages as JSON: the mapping
 */
#include "services/cli/transcoder.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>

#include "cchc/call.pb-c.h"
#include "cchc/dossiers.pb-c.h"
#include "common/base/message.h"
#include "tests/unit/cli/transcoder_desk.h"

static void fields_are_written_under_their_names_in_the_contract(void **state) {
	Dossier dossier = DOSSIER__INIT;

	dossier.code = (char *)(uintptr_t) "H51-240103-1";
	dossier.applicant = (char *)(uintptr_t) "Nguyễn \"Điệp\"";
	dossier.channel = DOSSIER__CHANNEL__ONLINE;
	dossier.handed_over = 20240103101500;
	dossier.result_digitised = 1;
	assert_string_equal(desk_write(*state, &dossier.base, TRANSCODE_OMIT_DEFAULTS),
	    "{\"code\":\"H51-240103-1\",\"applicant\":\"Nguyễn \\\"Điệp\\\"\",\"channel\":\"ONLINE\","
	    "\"handed_over\":\"20240103101500\",\"result_digitised\":true}");
}

static void defaults_are_kept_or_omitted(void **state) {
	Goodbye goodbye = GOODBYE__INIT;
	Header header = HEADER__INIT;
	Fault fault = FAULT__INIT;

	assert_string_equal(desk_write(*state, &goodbye.base, TRANSCODE_OMIT_DEFAULTS), "{}");
	assert_string_equal(desk_write(*state, &goodbye.base, TRANSCODE_KEEP_DEFAULTS),
	    "{\"reason\":\"UNSPECIFIED\",\"last_call\":\"0\",\"retry_after_ms\":0,\"text\":\"\"}");
	header.fault = &fault;
	assert_string_equal(
	    desk_write(*state, &header.base, TRANSCODE_OMIT_DEFAULTS), "{\"fault\":{}}");
	assert_string_equal(desk_write(*state, &fault.base, TRANSCODE_KEEP_DEFAULTS),
	    "{\"reason\":\"UNSPECIFIED\",\"field\":\"\",\"value\":\"\",\"record\":0,\"details\":[]}");
}

static void names_are_read_in_both_spellings(void **state) {
	expect_same(*state, "Dossier", "{\"handedOver\":1,\"resultDigitised\":true}",
	    "{\"handed_over\":\"1\",\"result_digitised\":true}");
	expect_same(*state, "Dossier", "{\"handed_over\":1}", "{\"handed_over\":\"1\"}");
	expect_same(*state, "Unit", "{\"iso9001\":true}", "{\"iso_9001\":true}");
}

static void integers_are_read_from_numbers_and_texts(void **state) {
	expect_same(
	    *state, "Specimen", "{\"small\":-5,\"big\":\"-5\"}", "{\"small\":-5,\"big\":\"-5\"}");
	expect_same(
	    *state, "Specimen", "{\"small\":\"-5\",\"big\":-5}", "{\"small\":-5,\"big\":\"-5\"}");
	expect_same(
	    *state, "Specimen", "{\"small\":5e3,\"big\":7.0}", "{\"small\":5000,\"big\":\"7\"}");
	expect_same(*state, "Dossier", "{\"due\":-0.0,\"fee\":\"-0\"}", "{}");
}

static void integers_reach_the_ends_of_their_range(void **state) {
	expect_same(*state, "Specimen", "{\"small\":2147483647,\"big\":9223372036854775807}",
	    "{\"small\":2147483647,\"big\":\"9223372036854775807\"}");
	expect_same(*state, "Specimen", "{\"small\":-2147483648,\"big\":\"-9223372036854775808\"}",
	    "{\"small\":-2147483648,\"big\":\"-9223372036854775808\"}");
	expect_same(*state, "Specimen", "{\"big\":-9007199254740992.0,\"count\":4294967295}",
	    "{\"big\":\"-9007199254740992\",\"count\":4294967295}");
	expect_same(*state, "Dossier", "{\"fee\":\"18446744073709551615\"}",
	    "{\"fee\":\"18446744073709551615\"}");
}

static void bytes_are_read_in_every_base64(void **state) {
	static const char written[] = "{\"idempotency_key\":\"+/8=\"}";

	expect_same(*state, "Header", written, written);
	expect_same(*state, "Header", "{\"idempotencyKey\":\"+/8\"}", written);
	expect_same(*state, "Header", "{\"idempotencyKey\":\"-_8=\"}", written);
	expect_same(*state, "Header", "{\"idempotencyKey\":\"-_8\"}", written);
	expect_same(*state, "Header", "{\"idempotencyKey\":\"\"}", "{}");
}

static void enums_are_read_by_name_and_number(void **state) {
	expect_same(*state, "Dossier", "{\"channel\":\"POSTAL\"}", "{\"channel\":\"POSTAL\"}");
	expect_same(*state, "Dossier", "{\"channel\":3}", "{\"channel\":\"POSTAL\"}");
	expect_same(*state, "Dossier", "{\"channel\":0}", "{}");
}

static void an_enum_without_a_name_is_written_as_number(void **state) {
	Dossier dossier = DOSSIER__INIT;

	dossier.channel = (Dossier__Channel)99;
	assert_string_equal(
	    desk_write(*state, &dossier.base, TRANSCODE_OMIT_DEFAULTS), "{\"channel\":99}");
}

static void null_is_the_default(void **state) {
	expect_same(*state, "Header",
	    "{\"kind\":null,\"call\":null,\"method\":null,\"idempotency_key\":null,\"fault\":null}",
	    "{}");
	expect_same(*state, "Fault", "{\"details\":null}", "{}");
	expect_same(*state, "Fault", "{\"details\":[]}", "{}");
}

static void one_member_of_a_oneof_is_read_and_written(void **state) {
	expect_same(*state, "Specimen", "{\"word\":\"\"}", "{\"word\":\"\"}");
	expect_same(*state, "Specimen", "{\"count\":0}", "{\"count\":0}");
	expect_same(*state, "Specimen", "{\"count\":7,\"word\":null}", "{\"count\":7}");
}

static void nest(char *text, size_t size, unsigned depth) {
	size_t used = 0;

	for (unsigned i = 0; i < depth; i++)
		used += (size_t)snprintf(text + used, size - used, "{\"inner\":");
	used += (size_t)snprintf(text + used, size - used, "{}");
	for (unsigned i = 0; i < depth; i++)
		used += (size_t)snprintf(text + used, size - used, "}");
}

static void messages_nest_up_to_a_limit(void **state) {
	struct specimen *outer;
	json_t *json = NULL;
	char text[256];

	nest(text, sizeof(text), MESSAGE_DEPTH_MAX);
	expect_same(*state, "Specimen", text, text);
	outer = (struct specimen *)message_new(&specimen_type, &((struct desk *)*state)->arena);
	outer->inner = (struct specimen *)((struct desk *)*state)->message;
	assert_int_equal(transcode_to_json(&outer->base, TRANSCODE_OMIT_DEFAULTS, &json), -ELOOP);
	assert_null(json);

	nest(text, sizeof(text), MESSAGE_DEPTH_MAX + 1);
	expect_refused(
	    *state, &(struct refusal) { "Specimen", text, TRANSCODE_OUT_OF_RANGE,
	                "inner.inner.inner.inner.inner.inner.inner.inner.inner", "{}", NULL });
}

static void an_arena_of_any_cap_holds_or_breaks(void **state) {
	AUTO(json_decrefp)
	json_t *json = parse("{\"kind\":\"REQUEST\",\"method\":\"a\",\"idempotency_key\":\"QUJD\","
	                     "\"fault\":{\"details\":[\"a\",\"b\"]}}");
	int answer = -ENOMEM;

	(void)state;
	for (size_t cap = 0; answer == -ENOMEM; cap += 8) {
		struct transcode_fault fault;
		ProtobufCMessage *message = NULL;
		struct arena arena;

		arena_init(&arena, cap);
		answer = transcode_from_json(&header__descriptor, json, &arena, &message, &fault);
		arena_deinit(&arena);
		assert_true((answer == TRANSCODE_OK) == (message != NULL));
		assert_true(cap < 4096);
	}
	assert_int_equal(answer, TRANSCODE_OK);
}

static unsigned allocations_left;

static void *alloc_while_left(size_t size) {
	if (allocations_left == 0)
		return NULL;
	allocations_left--;
	return malloc(size);
}

static void writing_without_memory_breaks_and_leaks_nothing(void **state) {
	struct desk *desk = *state;
	json_t *json = NULL;
	int r = -ENOMEM;

	expect_read(desk, "Header",
	    "{\"kind\":\"REQUEST\",\"call\":7,\"method\":\"a\",\"idempotency_key\":\"QUJD\","
	    "\"fault\":{\"details\":[\"a\",\"b\"],\"record\":7}}");
	json_set_alloc_funcs(alloc_while_left, free);
	for (unsigned count = 0; r == -ENOMEM && count < 1000; count++) {
		assert_null(json);
		allocations_left = count;
		r = transcode_to_json(desk->message, TRANSCODE_KEEP_DEFAULTS, &json);
	}
	json_set_alloc_funcs(malloc, free);
	assert_int_equal(r, 0);
	json_decref(json);
}

static void text_that_is_not_utf8_is_not_written(void **state) {
	Dossier dossier = DOSSIER__INIT;
	json_t *json = NULL;

	(void)state;
	dossier.code = (char *)(uintptr_t) "\xc3(";
	assert_int_equal(transcode_to_json(&dossier.base, TRANSCODE_OMIT_DEFAULTS, &json), -EILSEQ);
	assert_null(json);
}

/* A message with a field that the contract has not. */
struct unsupported {
	ProtobufCMessage base;
	float ratio;
};

static const ProtobufCMessageDescriptor unsupported_type;

static const ProtobufCFieldDescriptor unsupported_fields[] = {
	{ .name = "ratio",
	    .id = 1,
	    .label = PROTOBUF_C_LABEL_NONE,
	    .type = PROTOBUF_C_TYPE_FLOAT,
	    .offset = offsetof(struct unsupported, ratio) },
};

static void unsupported_init(ProtobufCMessage *message) {
	*(struct unsupported *)message =
	    (struct unsupported) { .base = PROTOBUF_C_MESSAGE_INIT(&unsupported_type) };
}

static const unsigned unsupported_by_name[] = { 0 };
static const ProtobufCIntRange unsupported_ranges[] = { { 1, 0 }, { 0, 1 } };

static const ProtobufCMessageDescriptor unsupported_type = {
	.magic = PROTOBUF_C__MESSAGE_DESCRIPTOR_MAGIC,
	.name = "Unsupported",
	.short_name = "Unsupported",
	.sizeof_message = sizeof(struct unsupported),
	.n_fields = LENGTH_OF(unsupported_fields),
	.fields = unsupported_fields,
	.fields_sorted_by_name = unsupported_by_name,
	.n_field_ranges = 1,
	.field_ranges = unsupported_ranges,
	.message_init = unsupported_init,
};

static void a_field_type_outside_the_contract_breaks(void **state) {
	struct unsupported message = { PROTOBUF_C_MESSAGE_INIT(&unsupported_type), 1.5f };
	json_t *json = NULL;

	assert_int_equal(transcode_to_json(&message.base, TRANSCODE_OMIT_DEFAULTS, &json), -ENOTSUP);
	assert_null(json);
	assert_int_equal(desk_read(*state, &unsupported_type, "{\"ratio\":1.5}"), -ENOTSUP);
}

#define CLAIM(name) cmocka_unit_test_setup_teardown(name, desk_open, desk_close)

int main(void) {
	const struct CMUnitTest tests[] = {
		CLAIM(fields_are_written_under_their_names_in_the_contract),
		CLAIM(defaults_are_kept_or_omitted),
		CLAIM(names_are_read_in_both_spellings),
		CLAIM(integers_are_read_from_numbers_and_texts),
		CLAIM(integers_reach_the_ends_of_their_range),
		CLAIM(bytes_are_read_in_every_base64),
		CLAIM(enums_are_read_by_name_and_number),
		CLAIM(an_enum_without_a_name_is_written_as_number),
		CLAIM(null_is_the_default),
		CLAIM(one_member_of_a_oneof_is_read_and_written),
		CLAIM(messages_nest_up_to_a_limit),
		CLAIM(an_arena_of_any_cap_holds_or_breaks),
		CLAIM(writing_without_memory_breaks_and_leaks_nothing),
		CLAIM(text_that_is_not_utf8_is_not_written),
		CLAIM(a_field_type_outside_the_contract_breaks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
