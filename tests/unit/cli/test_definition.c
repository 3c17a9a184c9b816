/* SPDX-License-Identifier: MIT */
/* Definitions of the contract: found, printed as .proto text, and told to machines. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "proto/contract.h"
#include "services/cli/definition.h"

struct shelf {
	struct arena arena;
	const FileSet *set;
	struct text text;
};

static int open_shelf(void **state) {
	struct shelf *shelf = calloc(1, sizeof(*shelf));

	arena_init(&shelf->arena, 64 << 20);
	assert_return_code(definition_set_read(office_contract.descriptor_set,
	                       office_contract.descriptor_set_size, &shelf->arena, &shelf->set),
	    0);
	*state = shelf;
	return 0;
}

static int close_shelf(void **state) {
	struct shelf *shelf = *state;

	text_deinit(&shelf->text);
	arena_deinit(&shelf->arena);
	free(shelf);
	return 0;
}

static struct definition find(const struct shelf *shelf, const char *name) {
	char nearest[DEFINITION_NAME_MAX + 1];
	struct definition found;

	if (!definition_find(shelf->set, name, &found, nearest))
		fail_msg("%s is not found; nearest: %s", name, nearest);
	return found;
}

static const char *print(struct shelf *shelf, const char *name) {
	struct definition found = find(shelf, name);

	text_clear(&shelf->text);
	definition_print(&found, &shelf->text);
	return text_get(&shelf->text);
}

static void expect_in(const char *text, const char *part) {
	if (!strstr(text, part))
		fail_msg("«%s» is not in:\n%s", part, text);
}

static void a_message_is_printed_as_its_author_wrote_it(void **state) {
	assert_string_equal(print(*state, "LineReceipt"),
	    "// cchc/node.proto\n"
	    "\n"
	    "// What arrived.\n"
	    "message LineReceipt {\n"
	    "  uint64 chunks = 1;       // how many\n"
	    "  uint64 bytes = 2;        // of their bodies\n"
	    "  uint64 duration_us = 3;  // between the first and the last\n"
	    "}\n");
}

static void what_is_nested_and_repeated_is_printed(void **state) {
	const char *text = print(*state, "HealthCheckResponse");

	expect_in(text, "message HealthCheckResponse {\n"
	                "  // How it is.\n"
	                "  enum ServingStatus {\n"
	                "    UNKNOWN = 0;          // not known\n");
	expect_in(text, "  }\n\n  HealthCheckResponse.ServingStatus status = 1;  // how it is\n");
	expect_in(print(*state, "TraceReply"), "  repeated Span spans = 1;  // oldest first\n");
}

static void an_enum_is_found_within_its_message(void **state) {
	expect_in(print(*state, "Dossier.Channel"), "enum Channel {\n");
	expect_in(print(*state, "cchc.Dossier.Channel"), "  ONLINE = 2;               // through");
	expect_in(print(*state, "Level"), "enum Level {\n");
}

static void a_method_is_printed_with_its_rules_and_messages(void **state) {
	const char *text = print(*state, "Line/Upload");

	expect_in(text, "// From here to there.\n"
	                "rpc Upload(stream LineChunk) returns (LineReceipt) {\n"
	                "  option (access) = CALLS;\n"
	                "  option (permission) = EVERYONE;\n"
	                "  option (deadline_ms) = 60000;\n"
	                "  option idempotency_level = NO_SIDE_EFFECTS;\n"
	                "}\n");
	expect_in(text, "\nmessage LineChunk {\n");
	expect_in(text, "\nmessage LineReceipt {\n");
}

static void a_message_that_goes_and_comes_is_printed_once(void **state) {
	const char *text = print(*state, "Line/Echo");
	const char *first = strstr(text, "message LineChunk");

	assert_non_null(first);
	assert_null(strstr(first + 1, "message LineChunk"));
}

static void a_service_is_printed_with_its_methods(void **state) {
	const char *text = print(*state, "Health");

	expect_in(text, "// Health of a process, with gRPC's method names and messages.\n"
	                "service Health {\n");
	expect_in(text, "  rpc Check(HealthCheckRequest) returns (HealthCheckResponse) {\n"
	                "    option (access) = READS;\n");
	expect_in(text, "  rpc Watch(HealthCheckRequest) returns (stream HealthCheckResponse) {\n");
}

static void check_one(void *context, const struct definition *definition) {
	AUTO(text_deinit) struct text comment = TEXT_NULL;
	AUTO(json_decrefp) json_t *json = definition_json(definition);
	struct shelf *shelf = context;

	assert_string_equal(find(shelf, definition->name).name, definition->name);
	assert_true(strlen(print(shelf, definition->name)) > 0);
	definition_comment(definition, &comment);
	if (!comment.length)
		fail_msg("%s has no comment", definition->name);
	assert_string_equal(json_string_value(json_object_get(json, "name")), definition->name);
	assert_string_equal(json_string_value(json_object_get(json, "comment")), text_get(&comment));
}

static void everything_of_the_contract_is_found_and_printed(void **state) {
	struct shelf *shelf = *state;

	definition_walk(shelf->set, check_one, shelf);
	for (size_t i = 0; i < office_contract.method_count; i++)
		assert_int_equal(find(shelf, office_contract.methods[i].name).kind, DEFINITION_METHOD);
	for (size_t i = 0; i < office_contract.message_count; i++)
		assert_int_equal(
		    find(shelf, office_contract.messages[i]->short_name).kind, DEFINITION_MESSAGE);
}

static void a_wrong_name_has_a_nearest(void **state) {
	static const char *const pairs[][2] = {
		{ "Dosier", "Dossier" },
		{ "dossier", "Dossier" },
		{ "Dossier.Chanel", "Dossier.Channel" },
		{ "Dossiers/GetDosier", "Dossiers/GetDossier" },
		{ "Line.Echo", "Line/Echo" },
		{ "xxxxxxxxxxxxxxxxxxxxxxxx", "" },
		{ "", "" },
	};
	const struct shelf *shelf = *state;

	for (size_t i = 0; i < LENGTH_OF(pairs); i++) {
		char nearest[DEFINITION_NAME_MAX + 1] = "#";
		struct definition found;

		assert_false(definition_find(shelf->set, pairs[i][0], &found, nearest));
		assert_string_equal(nearest, pairs[i][1]);
	}
}

static void machines_are_told_the_numbers_and_rules(void **state) {
	struct definition found = find(*state, "Line/Converse");
	AUTO(json_decrefp) json_t *method = definition_json(&found);
	AUTO(json_decrefp) json_t *message = NULL;
	AUTO(json_decrefp) json_t *type = NULL;
	json_t *options = json_object_get(method, "options");
	json_t *field;
	json_t *value;

	assert_string_equal(json_string_value(json_object_get(method, "request")), "LineChunk");
	assert_true(json_is_true(json_object_get(method, "streams_replies")));
	assert_string_equal(json_string_value(json_object_get(options, "access")), "CALLS");
	assert_int_equal(json_integer_value(json_object_get(options, "deadline_ms")), 60000);
	found = find(*state, "TraceReply");
	message = definition_json(&found);
	field = json_array_get(json_object_get(message, "fields"), 0);
	assert_string_equal(json_string_value(json_object_get(field, "type")), "repeated Span");
	assert_int_equal(json_integer_value(json_object_get(field, "number")), 1);
	found = find(*state, "Dossier.Channel");
	type = definition_json(&found);
	value = json_array_get(json_object_get(type, "values"), 2);
	assert_string_equal(json_string_value(json_object_get(value, "name")), "ONLINE");
}

/* What another build may have and ours has not: a oneof, reserved numbers, no comment anywhere, and
 * names that are absent. */
static void a_stranger_s_contract_is_printed_too(void **state) {
	struct shelf *shelf = *state;
	FileSet set = GOOGLE__PROTOBUF__FILE_DESCRIPTOR_SET__INIT;
	File file = GOOGLE__PROTOBUF__FILE_DESCRIPTOR_PROTO__INIT;
	Message message = GOOGLE__PROTOBUF__DESCRIPTOR_PROTO__INIT;
	Google__Protobuf__OneofDescriptorProto choice = GOOGLE__PROTOBUF__ONEOF_DESCRIPTOR_PROTO__INIT;
	Google__Protobuf__DescriptorProto__ReservedRange range =
	    GOOGLE__PROTOBUF__DESCRIPTOR_PROTO__RESERVED_RANGE__INIT;
	Field fields[3] = { GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__INIT,
		GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__INIT,
		GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__INIT };

	file.name = (char *)(uintptr_t) "cchc/stranger.proto";
	file.message_type = (Message *[]) { &message };
	file.n_message_type = 1;
	message.name = (char *)(uintptr_t) "Stranger";
	message.field = (Field *[]) { &fields[0], &fields[1], &fields[2] };
	message.n_field = 3;
	message.oneof_decl = (Google__Protobuf__OneofDescriptorProto *[]) { &choice };
	message.n_oneof_decl = 1;
	message.reserved_range = (Google__Protobuf__DescriptorProto__ReservedRange *[]) { &range };
	message.n_reserved_range = 1;
	choice.name = (char *)(uintptr_t) "choice";
	range.start = 4;
	range.end = 7;
	for (int i = 0; i < 3; i++) {
		fields[i].number = i + 1;
		fields[i].has_type = i < 2;
		fields[i].type = GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__TYPE__TYPE_STRING;
		fields[i].name = (char *)(uintptr_t)(i < 2 ? "word" : NULL);
	}
	fields[1].has_oneof_index = true;
	set.file = (File *[]) { &file };
	set.n_file = 1;
	shelf->set = &set;
	expect_in(print(shelf, "Stranger"), "message Stranger {\n"
	                                    "  reserved 4 to 6;\n"
	                                    "  string word = 1;\n"
	                                    "  oneof choice {\n"
	                                    "    string word = 2;\n"
	                                    "  }\n"
	                                    "    = 3;\n"
	                                    "}\n");
}

static void bytes_that_are_no_contract_are_refused(void **state) {
	struct shelf *shelf = *state;
	const FileSet *set = NULL;

	assert_int_equal(
	    definition_set_read((const uint8_t *)"\x0a\x7f", 2, &shelf->arena, &set), -EBADMSG);
	assert_null(set);
}

#define CLAIM(name) cmocka_unit_test_setup_teardown(name, open_shelf, close_shelf)

int main(void) {
	const struct CMUnitTest tests[] = {
		CLAIM(a_message_is_printed_as_its_author_wrote_it),
		CLAIM(what_is_nested_and_repeated_is_printed),
		CLAIM(an_enum_is_found_within_its_message),
		CLAIM(a_method_is_printed_with_its_rules_and_messages),
		CLAIM(a_message_that_goes_and_comes_is_printed_once),
		CLAIM(a_service_is_printed_with_its_methods),
		CLAIM(everything_of_the_contract_is_found_and_printed),
		CLAIM(a_wrong_name_has_a_nearest),
		CLAIM(machines_are_told_the_numbers_and_rules),
		CLAIM(a_stranger_s_contract_is_printed_too),
		CLAIM(bytes_that_are_no_contract_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
