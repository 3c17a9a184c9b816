/* SPDX-License-Identifier: MIT */
#include "tests/unit/cli/transcoder_desk.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "common/base/error.h"
#include "proto/contract.h"

#define ARENA_CAP (4u << 20)

static const ProtobufCFieldDescriptor specimen_fields[] = {
	{ .name = "small",
	    .id = 1,
	    .label = PROTOBUF_C_LABEL_NONE,
	    .type = PROTOBUF_C_TYPE_INT32,
	    .offset = offsetof(struct specimen, small) },
	{ .name = "big",
	    .id = 2,
	    .label = PROTOBUF_C_LABEL_NONE,
	    .type = PROTOBUF_C_TYPE_INT64,
	    .offset = offsetof(struct specimen, big) },
	{ .name = "inner",
	    .id = 3,
	    .label = PROTOBUF_C_LABEL_NONE,
	    .type = PROTOBUF_C_TYPE_MESSAGE,
	    .offset = offsetof(struct specimen, inner),
	    .descriptor = &specimen_type },
	{ .name = "word",
	    .id = 4,
	    .label = PROTOBUF_C_LABEL_NONE,
	    .type = PROTOBUF_C_TYPE_STRING,
	    .quantifier_offset = offsetof(struct specimen, choice),
	    .offset = offsetof(struct specimen, word),
	    .flags = PROTOBUF_C_FIELD_FLAG_ONEOF },
	{ .name = "count",
	    .id = 5,
	    .label = PROTOBUF_C_LABEL_NONE,
	    .type = PROTOBUF_C_TYPE_UINT32,
	    .quantifier_offset = offsetof(struct specimen, choice),
	    .offset = offsetof(struct specimen, count),
	    .flags = PROTOBUF_C_FIELD_FLAG_ONEOF },
	{ .name = "shifts",
	    .id = 6,
	    .label = PROTOBUF_C_LABEL_REPEATED,
	    .type = PROTOBUF_C_TYPE_SINT32,
	    .quantifier_offset = offsetof(struct specimen, n_shifts),
	    .offset = offsetof(struct specimen, shifts),
	    .flags = PROTOBUF_C_FIELD_FLAG_PACKED },
};

static void specimen_init(ProtobufCMessage *message) {
	*(struct specimen *)message =
	    (struct specimen) { .base = PROTOBUF_C_MESSAGE_INIT(&specimen_type) };
}

static const unsigned specimen_by_name[] = { 1, 4, 2, 5, 0, 3 };
static const ProtobufCIntRange specimen_ranges[] = { { 1, 0 }, { 0, 6 } };

const ProtobufCMessageDescriptor specimen_type = {
	.magic = PROTOBUF_C__MESSAGE_DESCRIPTOR_MAGIC,
	.name = "Specimen",
	.short_name = "Specimen",
	.sizeof_message = sizeof(struct specimen),
	.n_fields = LENGTH_OF(specimen_fields),
	.fields = specimen_fields,
	.fields_sorted_by_name = specimen_by_name,
	.n_field_ranges = 1,
	.field_ranges = specimen_ranges,
	.message_init = specimen_init,
};

const ProtobufCMessageDescriptor *type_named(const char *name) {
	const ProtobufCMessageDescriptor *type =
	    strcmp(name, "Specimen") == 0 ? &specimen_type : contract_message(&office_contract, name);

	assert_non_null(type);
	return type;
}

int desk_open(void **state) {
	struct desk *desk = calloc(1, sizeof(*desk));

	if (!desk)
		return -1;
	arena_init(&desk->arena, ARENA_CAP);
	*state = desk;
	return 0;
}

int desk_close(void **state) {
	struct desk *desk = *state;

	arena_deinit(&desk->arena);
	free(desk->text);
	free(desk);
	return 0;
}

json_t *parse(const char *text) {
	json_error_t error;
	json_t *json = json_loads(text, JSON_DECODE_ANY | JSON_ALLOW_NUL, &error);

	if (!json)
		fail_msg("%s: %s", text, error.text);
	return json;
}

/* What a function may not touch is filled with a mark before the call. */
int desk_read(struct desk *desk, const ProtobufCMessageDescriptor *type, const char *text) {
	AUTO(json_decrefp) json_t *json = parse(text);
	struct transcode_fault untouched;
	int answer;

	memset(&untouched, '#', sizeof(untouched));
	desk->fault = untouched;
	desk->message = NULL;
	answer = transcode_from_json(type, json, &desk->arena, &desk->message, &desk->fault);
	assert_true((answer == TRANSCODE_OK) == (desk->message != NULL));
	assert_true((answer > 0) == (memcmp(&desk->fault, &untouched, sizeof(untouched)) != 0));
	return answer;
}

const char *desk_write(
    struct desk *desk, const ProtobufCMessage *message, enum transcode_defaults defaults) {
	AUTO(json_decrefp) json_t *json = NULL;

	assert_int_equal(transcode_to_json(message, defaults, &json), 0);
	free(desk->text);
	desk->text = json_dumps(json, JSON_COMPACT);
	assert_non_null(desk->text);
	return desk->text;
}

void expect_read(struct desk *desk, const char *type, const char *text) {
	int answer = desk_read(desk, type_named(type), text);

	if (answer != TRANSCODE_OK)
		fail_msg(
		    "%s: answer %d at \"%s\" of %s", text, answer, desk->fault.path, desk->fault.value);
}

void expect_same(struct desk *desk, const char *type, const char *text, const char *same) {
	expect_read(desk, type, text);
	assert_string_equal(desk_write(desk, desk->message, TRANSCODE_OMIT_DEFAULTS), same);
}

void expect_refused(struct desk *desk, const struct refusal *refusal) {
	int answer = desk_read(desk, type_named(refusal->type), refusal->text);

	if (answer != refusal->answer)
		fail_msg("%s: answer %d, not %d", refusal->text, answer, refusal->answer);
	assert_string_equal(desk->fault.path, refusal->path);
	assert_string_equal(desk->fault.value, refusal->value);
	if (refusal->nearest) {
		assert_non_null(desk->fault.nearest);
		assert_string_equal(desk->fault.nearest, refusal->nearest);
	} else {
		assert_null(desk->fault.nearest);
	}
}
