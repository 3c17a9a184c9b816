/* SPDX-License-Identifier: MIT */
/*
 * Messages as JSON: what is refused, and what a person is told of it
 */
#include "services/cli/transcoder.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "common/base/error.h"
#include "tests/unit/cli/transcoder_desk.h"

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
		{ "Header", "{\"fault\":{\"details\":[\"a\",null]}}", TRANSCODE_WRONG_TYPE,
		    "fault.details[1]", "null", NULL },
		{ "Header", "{\"fault\":[]}", TRANSCODE_WRONG_TYPE, "fault", "[]", NULL },
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
		expect_refused(*state, &(struct refusal) { "Header", text, TRANSCODE_WRONG_TYPE,
		                           "idempotency_key", value, NULL });
	}
	expect_refused(*state, &(struct refusal) { "Header", "{\"idempotency_key\":7}",
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

#define CLAIM(name) cmocka_unit_test_setup_teardown(name, desk_open, desk_close)

int main(void) {
	const struct CMUnitTest tests[] = {
		CLAIM(a_value_given_twice_is_refused),
		CLAIM(an_unknown_field_is_named_with_the_nearest_known),
		CLAIM(a_value_of_the_wrong_type_is_refused),
		CLAIM(what_is_not_base64_is_refused),
		CLAIM(a_value_out_of_range_is_refused),
		CLAIM(a_long_value_is_cut_at_a_whole_character),
		CLAIM(a_long_path_is_cut_at_a_whole_character),
		CLAIM(a_path_holds_no_control_characters),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
