/* SPDX-License-Identifier: MIT */
/*
 * Messages as JSON
 *
 * The round trip runs over every message of the contract with random content; TRANSCODER_SEED in
 * the environment repeats a run. What the contract does not use, a oneof and a signed number, is
 * tried on a message described here by hand.
 */
#include "services/cli/transcoder.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cchc/call.pb-c.h"
#include "cchc/dossiers.pb-c.h"
#include "common/base/message.h"
#include "proto/contract.h"

#define ROUNDS    50
#define ARENA_CAP (4u << 20)

static const char *const message_names[] = {
	"ApplyEventsReply",
	"ApplyEventsRequest",
	"CallHeader",
	"CheckRequest",
	"Correction",
	"Discipline",
	"Document",
	"DocumentPattern",
	"Dossier",
	"DossierFile",
	"Downsizing",
	"EvaluateRequest",
	"Evaluation",
	"Event",
	"Fault",
	"Feedback",
	"FindDocumentsReply",
	"FindDocumentsRequest",
	"FoundDocument",
	"GetDossierRequest",
	"Health",
	"Inspection",
	"LegalDocument",
	"ListPeersReply",
	"ListPeersRequest",
	"ListResolutionTargetsReply",
	"ListResolutionTargetsRequest",
	"ListUnitsReply",
	"ListUnitsRequest",
	"MakeReportReply",
	"MakeReportRequest",
	"Mark",
	"MarksReply",
	"MarksRequest",
	"MeasureRow",
	"MeasureTable",
	"NewsItem",
	"OpenFigureReply",
	"OpenFigureRequest",
	"OpenReply",
	"OpenRequest",
	"OpenedRecord",
	"OwnedRecord",
	"PeerState",
	"PlanTarget",
	"Procedure",
	"Quota",
	"ReadEventsReply",
	"ReadEventsRequest",
	"RecordCorrectionsRequest",
	"RecordDisciplinesRequest",
	"RecordDocumentsRequest",
	"RecordDossiersRequest",
	"RecordDownsizingsRequest",
	"RecordFeedbackRequest",
	"RecordInspectionsRequest",
	"RecordLegalDocumentsRequest",
	"RecordNewsRequest",
	"RecordPlanTargetsRequest",
	"RecordProceduresRequest",
	"RecordQuotasRequest",
	"RecordReply",
	"RecordResolutionTargetsRequest",
	"RecordRotationsRequest",
	"RecordSupplementRoundsRequest",
	"RecordTrainingsRequest",
	"RecordUnitsRequest",
	"RegisterSize",
	"ReloadPeersReply",
	"ReloadPeersRequest",
	"ReportScope",
	"ResolutionTarget",
	"Rotation",
	"RouteState",
	"SupplementRound",
	"SyncReply",
	"SyncRequest",
	"Training",
	"Unit",
	"UnitEntry",
	"Watermark",
	"Window",
};

/* A message with what the contract leaves out. */
struct specimen {
	ProtobufCMessage base;
	int32_t small;
	int64_t big;
	struct specimen *inner;
	uint32_t choice; /* number of the member that is set */
	union {
		char *word;
		uint32_t count;
	};
	size_t n_shifts;
	int32_t *shifts;
};

struct unsupported {
	ProtobufCMessage base;
	float ratio;
};

static const ProtobufCMessageDescriptor specimen_type;
static const ProtobufCMessageDescriptor unsupported_type;

#define ONEOF PROTOBUF_C_FIELD_FLAG_ONEOF

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
	    .flags = ONEOF },
	{ .name = "count",
	    .id = 5,
	    .label = PROTOBUF_C_LABEL_NONE,
	    .type = PROTOBUF_C_TYPE_UINT32,
	    .quantifier_offset = offsetof(struct specimen, choice),
	    .offset = offsetof(struct specimen, count),
	    .flags = ONEOF },
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

static const ProtobufCMessageDescriptor specimen_type = {
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

static const ProtobufCMessageDescriptor *type_named(const char *name) {
	const ProtobufCMessageDescriptor *type =
	    strcmp(name, "Specimen") == 0 ? &specimen_type : contract_message(name);

	assert_non_null(type);
	return type;
}

/* A desk where one text is read and one message written. */
struct desk {
	struct arena arena;
	struct transcode_fault fault;
	ProtobufCMessage *message;
	char *text;
};

static int desk_open(void **state) {
	struct desk *desk = calloc(1, sizeof(*desk));

	if (!desk)
		return -1;
	arena_init(&desk->arena, ARENA_CAP);
	*state = desk;
	return 0;
}

static int desk_close(void **state) {
	struct desk *desk = *state;

	arena_deinit(&desk->arena);
	free(desk->text);
	free(desk);
	return 0;
}

static json_t *parse(const char *text) {
	json_error_t error;
	json_t *json = json_loads(text, JSON_DECODE_ANY | JSON_ALLOW_NUL, &error);

	if (!json)
		fail_msg("%s: %s", text, error.text);
	return json;
}

/* What a function may not touch is filled with a mark before the call. */
static int desk_read(struct desk *desk, const ProtobufCMessageDescriptor *type, const char *text) {
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

static const char *desk_write(
    struct desk *desk, const ProtobufCMessage *message, enum transcode_defaults defaults) {
	AUTO(json_decrefp) json_t *json = NULL;

	assert_int_equal(transcode_to_json(message, defaults, &json), 0);
	free(desk->text);
	desk->text = json_dumps(json, JSON_COMPACT);
	assert_non_null(desk->text);
	return desk->text;
}

static void expect_read(struct desk *desk, const char *type, const char *text) {
	int answer = desk_read(desk, type_named(type), text);

	if (answer != TRANSCODE_OK)
		fail_msg(
		    "%s: answer %d at \"%s\" of %s", text, answer, desk->fault.path, desk->fault.value);
}

/* `text` means the same message as `same`. */
static void expect_same(struct desk *desk, const char *type, const char *text, const char *same) {
	expect_read(desk, type, text);
	assert_string_equal(desk_write(desk, desk->message, TRANSCODE_OMIT_DEFAULTS), same);
}

struct refusal {
	const char *type;
	const char *text;
	int answer;
	const char *path;
	const char *value;
	const char *nearest;
};

static void expect_refused(struct desk *desk, const struct refusal *refusal) {
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

/* Random content */

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
	case PROTOBUF_C_TYPE_UINT64: *(uint64_t *)value = dice_number(dice); return sizeof(uint64_t);
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
		if (field->flags & ONEOF)
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

/* Claims */

static void every_message_comes_back_the_same(void **state) {
	struct dice dice = dice_open();

	for (size_t i = 0; i < LENGTH_OF(message_names); i++)
		expect_round_trips(*state, &dice, type_named(message_names[i]));
	expect_round_trips(*state, &dice, &specimen_type);
}

static bool is_tried(const ProtobufCMessageDescriptor *type) {
	for (size_t i = 0; i < LENGTH_OF(message_names); i++)
		if (strcmp(message_names[i], type->short_name) == 0)
			return true;
	return false;
}

static void expect_tried(const ProtobufCMessageDescriptor *type) {
	if (!is_tried(type))
		fail_msg("%s is missing in message_names", type->short_name);
	for (unsigned i = 0; i < type->n_fields; i++)
		if (type->fields[i].type == PROTOBUF_C_TYPE_MESSAGE)
			expect_tried(type->fields[i].descriptor);
}

static void no_message_of_a_method_is_left_out(void **state) {
	(void)state;
	for (size_t i = 0; i < contract_methods_count; i++) {
		expect_tried(contract_methods[i].request);
		expect_tried(contract_methods[i].reply);
	}
}

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
	CallHeader header = CALL_HEADER__INIT;
	Fault fault = FAULT__INIT;

	assert_string_equal(desk_write(*state, &header.base, TRANSCODE_OMIT_DEFAULTS), "{}");
	assert_string_equal(desk_write(*state, &header.base, TRANSCODE_KEEP_DEFAULTS),
	    "{\"kind\":\"UNSPECIFIED\",\"call\":\"0\",\"method\":\"\",\"deadline_ms\":0,"
	    "\"idempotency_key\":\"\",\"actor\":\"\",\"trace\":\"\",\"status\":0}");
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

	expect_same(*state, "CallHeader", written, written);
	expect_same(*state, "CallHeader", "{\"idempotencyKey\":\"+/8\"}", written);
	expect_same(*state, "CallHeader", "{\"idempotencyKey\":\"-_8=\"}", written);
	expect_same(*state, "CallHeader", "{\"idempotencyKey\":\"-_8\"}", written);
	expect_same(*state, "CallHeader", "{\"idempotencyKey\":\"\"}", "{}");
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
	expect_same(*state, "CallHeader",
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

static void a_value_given_twice_is_refused(void **state) {
	static const struct refusal refusals[] = {
		{ "Specimen", "{\"word\":\"\",\"count\":7}", TRANSCODE_GIVEN_TWICE, "count", "7", NULL },
		{ "Specimen", "{\"inner\":{\"count\":0,\"word\":\"a\"}}", TRANSCODE_GIVEN_TWICE,
		    "inner.word", "\"a\"", NULL },
		{ "Dossier", "{\"handedOver\":1,\"handed_over\":2}", TRANSCODE_GIVEN_TWICE, "handedOver",
		    "1", NULL },
		{ "Dossier", "{\"handed_over\":2,\"handedOver\":1}", TRANSCODE_GIVEN_TWICE, "handedOver",
		    "1", NULL },
	};

	for (size_t i = 0; i < LENGTH_OF(refusals); i++)
		expect_refused(*state, &refusals[i]);
}

static void an_unknown_field_is_named_with_the_nearest_known(void **state) {
	static const struct refusal refusals[] = {
		{ "RecordDossiersRequest", "{\"records\":[{},{\"chanel\":\"ONLINE\"}]}",
		    TRANSCODE_UNKNOWN_FIELD, "records[1].chanel", "\"ONLINE\"", "channel" },
		{ "Dossier", "{\"handedOvr\":{\"a\":[1]}}", TRANSCODE_UNKNOWN_FIELD, "handedOvr",
		    "{\"a\":[1]}", "handed_over" },
		{ "Dossier", "{\"HANDED_OVER\":null}", TRANSCODE_UNKNOWN_FIELD, "HANDED_OVER", "null",
		    "handed_over" },
		{ "Dossier", "{\"handed_Over\":1}", TRANSCODE_UNKNOWN_FIELD, "handed_Over", "1",
		    "handed_over" },
		{ "Dossier", "{\"handedOver_\":1}", TRANSCODE_UNKNOWN_FIELD, "handedOver_", "1",
		    "handed_over" },
		{ "Dossier", "{\"qqqqqqqqqq\":1}", TRANSCODE_UNKNOWN_FIELD, "qqqqqqqqqq", "1", NULL },
		{ "Dossier", "{\"\":1}", TRANSCODE_UNKNOWN_FIELD, "", "1", NULL },
		{ "SyncRequest", "{\"base\":1}", TRANSCODE_UNKNOWN_FIELD, "base", "1", NULL },
		{ "ReloadPeersRequest", "{\"peers\":1}", TRANSCODE_UNKNOWN_FIELD, "peers", "1", NULL },
	};

	for (size_t i = 0; i < LENGTH_OF(refusals); i++)
		expect_refused(*state, &refusals[i]);
}

static void a_value_of_the_wrong_type_is_refused(void **state) {
	static const struct refusal refusals[] = {
		{ "Dossier", "[1,2]", TRANSCODE_WRONG_TYPE, "", "[1,2]", NULL },
		{ "Dossier", "null", TRANSCODE_WRONG_TYPE, "", "null", NULL },
		{ "Dossier", "{\"code\":5}", TRANSCODE_WRONG_TYPE, "code", "5", NULL },
		{ "Dossier", "{\"result_digitised\":\"true\"}", TRANSCODE_WRONG_TYPE, "result_digitised",
		    "\"true\"", NULL },
		{ "Dossier", "{\"result_digitised\":1}", TRANSCODE_WRONG_TYPE, "result_digitised", "1",
		    NULL },
		{ "Dossier", "{\"fee\":true}", TRANSCODE_WRONG_TYPE, "fee", "true", NULL },
		{ "Dossier", "{\"fee\":1.5}", TRANSCODE_WRONG_TYPE, "fee", "1.5", NULL },
		{ "Dossier", "{\"fee\":\"\"}", TRANSCODE_WRONG_TYPE, "fee", "\"\"", NULL },
		{ "Dossier", "{\"fee\":\"-\"}", TRANSCODE_WRONG_TYPE, "fee", "\"-\"", NULL },
		{ "Dossier", "{\"fee\":\"+1\"}", TRANSCODE_WRONG_TYPE, "fee", "\"+1\"", NULL },
		{ "Dossier", "{\"fee\":\" 1\"}", TRANSCODE_WRONG_TYPE, "fee", "\" 1\"", NULL },
		{ "Dossier", "{\"fee\":\"01\"}", TRANSCODE_WRONG_TYPE, "fee", "\"01\"", NULL },
		{ "Dossier", "{\"fee\":\"1\\u0000\"}", TRANSCODE_WRONG_TYPE, "fee", "\"1\\u0000\"", NULL },
		{ "Dossier", "{\"channel\":[]}", TRANSCODE_WRONG_TYPE, "channel", "[]", NULL },
		{ "Dossier", "{\"channel\":1.5}", TRANSCODE_WRONG_TYPE, "channel", "1.5", NULL },
		{ "CallHeader", "{\"fault\":{\"details\":[\"a\",null]}}", TRANSCODE_WRONG_TYPE,
		    "fault.details[1]", "null", NULL },
		{ "CallHeader", "{\"fault\":[]}", TRANSCODE_WRONG_TYPE, "fault", "[]", NULL },
		{ "Fault", "{\"details\":\"a\"}", TRANSCODE_WRONG_TYPE, "details", "\"a\"", NULL },
		{ "RecordDossiersRequest", "{\"records\":[{},null]}", TRANSCODE_WRONG_TYPE, "records[1]",
		    "null", NULL },
	};

	for (size_t i = 0; i < LENGTH_OF(refusals); i++)
		expect_refused(*state, &refusals[i]);
}

static void what_is_not_base64_is_refused(void **state) {
	static const char *const texts[] = { "+_8=", "+/8==", "+/8 ", "+", "+/9", "=", "é",
		"+/8\\u0000" };

	for (size_t i = 0; i < LENGTH_OF(texts); i++) {
		char text[64];
		char value[32];

		snprintf(text, sizeof(text), "{\"idempotency_key\":\"%s\"}", texts[i]);
		snprintf(value, sizeof(value), "\"%s\"", texts[i]);
		expect_refused(*state, &(struct refusal) { "CallHeader", text, TRANSCODE_WRONG_TYPE,
		                           "idempotency_key", value, NULL });
	}
	expect_refused(*state, &(struct refusal) { "CallHeader", "{\"idempotency_key\":7}",
	                           TRANSCODE_WRONG_TYPE, "idempotency_key", "7", NULL });
}

static void a_value_out_of_range_is_refused(void **state) {
	static const struct refusal refusals[] = {
		{ "Specimen", "{\"small\":2147483648}", TRANSCODE_OUT_OF_RANGE, "small", "2147483648",
		    NULL },
		{ "Specimen", "{\"small\":-2147483649}", TRANSCODE_OUT_OF_RANGE, "small", "-2147483649",
		    NULL },
		{ "Specimen", "{\"big\":\"9223372036854775808\"}", TRANSCODE_OUT_OF_RANGE, "big",
		    "\"9223372036854775808\"", NULL },
		{ "Specimen", "{\"big\":\"-9223372036854775809\"}", TRANSCODE_OUT_OF_RANGE, "big",
		    "\"-9223372036854775809\"", NULL },
		{ "Specimen", "{\"big\":9007199254740994.0}", TRANSCODE_OUT_OF_RANGE, "big",
		    "9007199254740994.0", NULL },
		{ "Specimen", "{\"count\":4294967296}", TRANSCODE_OUT_OF_RANGE, "count", "4294967296",
		    NULL },
		{ "Specimen", "{\"count\":-1}", TRANSCODE_OUT_OF_RANGE, "count", "-1", NULL },
		{ "Specimen", "{\"shifts\":[1,-3000000000]}", TRANSCODE_OUT_OF_RANGE, "shifts[1]",
		    "-3000000000", NULL },
		{ "Dossier", "{\"fee\":\"18446744073709551616\"}", TRANSCODE_OUT_OF_RANGE, "fee",
		    "\"18446744073709551616\"", NULL },
		{ "Dossier", "{\"fee\":-1}", TRANSCODE_OUT_OF_RANGE, "fee", "-1", NULL },
		{ "Dossier", "{\"channel\":4}", TRANSCODE_OUT_OF_RANGE, "channel", "4", NULL },
		{ "Dossier", "{\"channel\":-1}", TRANSCODE_OUT_OF_RANGE, "channel", "-1", NULL },
		{ "Dossier", "{\"channel\":\"ONLIN\"}", TRANSCODE_OUT_OF_RANGE, "channel", "\"ONLIN\"",
		    "ONLINE" },
		{ "Dossier", "{\"channel\":\"postal\"}", TRANSCODE_OUT_OF_RANGE, "channel", "\"postal\"",
		    "POSTAL" },
		{ "Dossier", "{\"channel\":\"3\"}", TRANSCODE_OUT_OF_RANGE, "channel", "\"3\"", NULL },
		{ "Dossier", "{\"channel\":\"POSTAL\\u0000\"}", TRANSCODE_OUT_OF_RANGE, "channel",
		    "\"POSTAL\\u0000\"", "POSTAL" },
		{ "Dossier", "{\"code\":\"a\\u0000b\"}", TRANSCODE_OUT_OF_RANGE, "code", "\"a\\u0000b\"",
		    NULL },
	};

	for (size_t i = 0; i < LENGTH_OF(refusals); i++)
		expect_refused(*state, &refusals[i]);
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

static void a_long_value_is_cut_at_a_whole_character(void **state) {
	struct desk *desk = *state;
	char text[600] = "{\"fee\":\"";
	char value[TRANSCODE_VALUE_MAX + 1] = "\"";

	for (unsigned i = 0; i < 100; i++)
		strcat(text, "ệ");
	strcat(text, "\"}");
	for (unsigned i = 0; i < 33; i++) /* the quote and 33 letters of 3 bytes are all 100 bytes */
		strcat(value, "ệ");
	expect_refused(
	    desk, &(struct refusal) { "Dossier", text, TRANSCODE_WRONG_TYPE, "fee", value, NULL });

	memmove(text + 9, text + 8, strlen(text + 8) + 1);
	text[8] = 'a';
	memmove(value + 2, value + 1, 96 + 1);
	value[1] = 'a';
	value[2 + 96] = '\0';
	expect_refused(
	    desk, &(struct refusal) { "Dossier", text, TRANSCODE_WRONG_TYPE, "fee", value, NULL });
}

static void a_long_path_is_cut_at_a_whole_character(void **state) {
	char text[1000] = "{\"";
	char path[TRANSCODE_PATH_MAX + 1] = "";

	for (unsigned i = 0; i < 150; i++)
		strcat(text, "đ");
	strcat(text, "\":1}");
	for (unsigned i = 0; i < 127; i++)
		strcat(path, "đ");
	expect_refused(
	    *state, &(struct refusal) { "Dossier", text, TRANSCODE_UNKNOWN_FIELD, path, "1", NULL });
}

static void a_path_holds_no_control_characters(void **state) {
	expect_refused(*state, &(struct refusal) { "Dossier", "{\"\\u001b[2Jq\\u007f\":\"\\u001b\"}",
	                           TRANSCODE_UNKNOWN_FIELD, "?[2Jq?", "\"\\u001B\"", NULL });
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
		answer = transcode_from_json(&call_header__descriptor, json, &arena, &message, &fault);
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

	expect_read(desk, "CallHeader",
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
		CLAIM(every_message_comes_back_the_same),
		CLAIM(no_message_of_a_method_is_left_out),
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
		CLAIM(a_value_given_twice_is_refused),
		CLAIM(an_unknown_field_is_named_with_the_nearest_known),
		CLAIM(a_value_of_the_wrong_type_is_refused),
		CLAIM(what_is_not_base64_is_refused),
		CLAIM(a_value_out_of_range_is_refused),
		CLAIM(messages_nest_up_to_a_limit),
		CLAIM(a_long_value_is_cut_at_a_whole_character),
		CLAIM(a_long_path_is_cut_at_a_whole_character),
		CLAIM(a_path_holds_no_control_characters),
		CLAIM(an_arena_of_any_cap_holds_or_breaks),
		CLAIM(writing_without_memory_breaks_and_leaks_nothing),
		CLAIM(text_that_is_not_utf8_is_not_written),
		CLAIM(a_field_type_outside_the_contract_breaks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
