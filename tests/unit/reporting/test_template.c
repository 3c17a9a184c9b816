/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "services/reporting/template.h"

/* An office with a few values: three dossiers in one list, nothing in the other. */
static const struct {
	const char *name;
	struct template_value value;
} values[] = {
	{ "zero", { .kind = TEMPLATE_COUNT, .number = 0 } },
	{ "one", { .kind = TEMPLATE_COUNT, .number = 1 } },
	{ "nine", { .kind = TEMPLATE_COUNT, .number = 9 } },
	{ "ten", { .kind = TEMPLATE_COUNT, .number = 10 } },
	{ "received", { .kind = TEMPLATE_COUNT, .number = 1334 } },
	{ "million", { .kind = TEMPLATE_COUNT, .number = 1234567 } },
	{ "most", { .kind = TEMPLATE_COUNT, .number = INT64_MAX } },
	{ "least", { .kind = TEMPLATE_COUNT, .number = INT64_MIN } },
	{ "year", { .kind = TEMPLATE_PLAIN, .number = 2024 } },
	{ "rate", { .kind = TEMPLATE_RATE, .number = 8431, .rounded = true } },
	{ "rate.all", { .kind = TEMPLATE_RATE, .number = 10000 } },
	{ "rate.nothing", { .kind = TEMPLATE_RATE, .number = 0 } },
	{ "rate.nearly_all", { .kind = TEMPLATE_RATE, .number = 10000, .rounded = true } },
	{ "rate.nearly_nothing", { .kind = TEMPLATE_RATE, .number = 0, .rounded = true } },
	{ "rate.none", { .kind = TEMPLATE_RATE, .none = true } },
	{ "target", { .kind = TEMPLATE_TARGET, .number = 8000 } },
	{ "target.half", { .kind = TEMPLATE_TARGET, .number = 7550 } },
	{ "target.none", { .kind = TEMPLATE_TARGET, .none = true } },
	{ "text", { .kind = TEMPLATE_TEXT, .text = "Ủy ban nhân dân huyện Cù Lao Dung" } },
	{ "text.empty", { .kind = TEMPLATE_TEXT, .text = "" } },
	{ "text.none", { .kind = TEMPLATE_TEXT, .none = true } },
	{ "day", { .kind = TEMPLATE_DAY, .day = { 19796 } } },
	{ "day.none", { .kind = TEMPLATE_DAY, .none = true, .day = { INT32_MIN } } },
};

static const char *const codes[] = { "A-1", "B-2", "C-3" };

static int office_value(const void *context, const char *name, struct template_value *ret_value) {
	(void)context;
	for (size_t i = 0; i < LENGTH_OF(values); i++) {
		if (strcmp(name, values[i].name) == 0) {
			*ret_value = values[i].value;
			return TEMPLATE_OK;
		}
	}
	return TEMPLATE_UNKNOWN;
}

static int office_list(const void *context, const char *name, size_t *ret_count) {
	(void)context;
	if (strcmp(name, "late") == 0)
		*ret_count = LENGTH_OF(codes);
	else if (strcmp(name, "late.none") == 0)
		*ret_count = 0;
	else if (strcmp(name, "endless") == 0)
		*ret_count = SIZE_MAX;
	else
		return TEMPLATE_UNKNOWN;
	return TEMPLATE_OK;
}

static int office_field(const void *context, const char *list, size_t item, const char *name,
    struct template_value *ret_value) {
	(void)context;
	(void)list;
	if (strcmp(name, "code") != 0)
		return TEMPLATE_UNKNOWN;
	*ret_value = (struct template_value) {
		.kind = TEMPLATE_TEXT,
		.text = item < LENGTH_OF(codes) ? codes[item] : "",
	};
	return TEMPLATE_OK;
}

static const char *office_known(const void *context, const char *list, size_t index) {
	(void)context;
	if (list)
		return index == 0 ? "code" : NULL;
	return index < LENGTH_OF(values) ? values[index].name : NULL;
}

static const struct template_names office = {
	.value = office_value,
	.list = office_list,
	.field = office_field,
	.known = office_known,
};

static void expect(const char *template, const char *expected) {
	struct template_fault fault = { .reason = TEMPLATE_NO_REASON };
	struct text text = TEXT_NULL;
	int answer = template_expand(template, strlen(template), &office, &text, &fault);

	if (answer != TEMPLATE_OK)
		fail_msg("\"%s\": answer %d, reason %d at %u:%u", template, answer, (int)fault.reason,
		    fault.line, fault.column);
	assert_string_equal(text_get(&text), expected);
	text_deinit(&text);
}

static void expect_holds(const char *condition) {
	char template[200];

	snprintf(template, sizeof(template), "{{?%s}}yes{{:}}no{{/}}", condition);
	expect(template, "yes");
}

static void expect_fails(const char *condition) {
	char template[200];

	snprintf(template, sizeof(template), "{{?%s}}yes{{:}}no{{/}}", condition);
	expect(template, "no");
}

static struct template_fault fault_of(const char *template, size_t size) {
	struct template_fault fault = { .reason = TEMPLATE_NO_REASON };
	struct template_fault again = { .reason = TEMPLATE_NO_REASON };
	struct text text = TEXT_NULL;

	assert_int_equal(template_check(template, size, &office, &fault), TEMPLATE_FAULTY);
	assert_int_equal(template_expand(template, size, &office, &text, &again), TEMPLATE_FAULTY);
	assert_int_equal(text.length, 0);
	assert_int_equal(fault.reason, again.reason);
	assert_int_equal(fault.line, again.line);
	assert_int_equal(fault.column, again.column);
	text_deinit(&text);
	return fault;
}

static void expect_fault(const char *template, enum template_reason reason, unsigned line,
    unsigned column, const char *name) {
	struct template_fault fault = fault_of(template, strlen(template));

	assert_int_equal(fault.reason, reason);
	assert_int_equal(fault.line, line);
	assert_int_equal(fault.column, column);
	assert_string_equal(fault.name, name);
}

static void numbers_are_written_in_house_style(void **state) {
	(void)state;
	expect("{{zero}} {{one}} {{nine}} {{ten}}", "0 01 09 10");
	expect("{{received}} {{million}}", "1.334 1.234.567");
	expect("{{ one | so }} {{one|so_bang}} {{zero|so_bang}}", "01 1 0");
	expect("{{year}} {{year|so_bang}}", "2024 2.024");
	expect("{{most}} {{least}}", "9.223.372.036.854.775.807 -9.223.372.036.854.775.808");
	expect("{{one}}/{{ten}}", "01/10");
}

static void shares_are_written_in_house_style(void **state) {
	(void)state;
	expect("{{rate}} {{rate|ty_le}}", "84,31% 84,31%");
	expect("{{rate.all}} {{rate.nothing}} {{rate.none}}", "100,00% 0,00% không phát sinh");
	expect("{{rate.all|gon}} {{rate.nothing|gon}} {{rate|gon}}", "100% 0% 84,31%");
	expect("{{rate.nearly_all|gon}} {{rate.nearly_nothing|gon}}", "100,00% 0,00%");
	expect("{{target}} {{target.half}} {{target.none}}", "80% 75,50% không phát sinh");
	expect("({{rate.nothing|gon}}/{{target}})", "(0%/80%)");
}

static void texts_and_days_are_written(void **state) {
	(void)state;
	expect("{{text}}", "Ủy ban nhân dân huyện Cù Lao Dung");
	expect("{{text|hoa}}", "ỦY BAN NHÂN DÂN HUYỆN CÙ LAO DUNG");
	expect("{{text.empty}}{{text.none}}{{day.none}}", "");
	expect("{{day}} {{day|ngay}}", "14/03/2024 14/03/2024");
}

static void a_condition_asks_for_presence(void **state) {
	(void)state;
	expect_holds("one");
	expect_holds("text");
	expect_holds("day");
	expect_holds("late");
	expect_holds("rate.nearly_nothing");
	expect_holds("!zero & !text.empty & !text.none & !day.none & !rate.none & !late.none");
	expect_fails("zero");
	expect_fails("rate.nothing");
	expect_fails("one & zero");
	expect("{{?one}}a{{/}}{{?zero}}b{{/}}{{?!zero}}c{{/}}", "ac");
}

static void a_condition_compares(void **state) {
	(void)state;
	expect_holds("one = 1 & one != 2 & one < 2 & one <= 1 & one > 0 & one >= 1");
	expect_fails("one = 2");
	expect_fails("one<1");
	expect_holds("nine<ten");
	expect_holds("year >= 2024");
	expect_holds("late = 3");
	expect_holds("most > least & most > 9223372036854");
	expect_holds("rate = 84.31 & rate > 84.3 & rate < 85 & rate >= target & rate.nothing < 30");
	expect_fails("target.half >= target");
	expect_holds("target = 80");
}

static void what_has_no_value_compares_with_nothing(void **state) {
	static const char *const operators[] = { "=", "!=", "<", "<=", ">", ">=" };

	(void)state;
	for (size_t i = 0; i < LENGTH_OF(operators); i++) {
		char condition[64];

		snprintf(condition, sizeof(condition), "rate.none %s 30", operators[i]);
		expect_fails(condition);
		snprintf(condition, sizeof(condition), "rate %s target.none", operators[i]);
		expect_fails(condition);
		snprintf(condition, sizeof(condition), "rate.none %s target.none", operators[i]);
		expect_fails(condition);
	}
}

static void what_only_rounding_makes_all_or_nothing_is_neither(void **state) {
	(void)state;
	expect_holds("rate.all = 100 & rate.all >= 100");
	expect_fails("rate.nearly_all = 100");
	expect_holds("rate.nearly_all < 100 & rate.nearly_all >= 99.99");
	expect_fails("rate.nearly_nothing = 0");
	expect_holds("rate.nearly_nothing > 0");
}

static void a_list_repeats_its_body(void **state) {
	(void)state;
	expect("{{#late}}{{code}}{{?!item.last}}; {{/}}{{/}}", "A-1; B-2; C-3");
	expect("{{#late}}{{item.number|so_bang}}{{?item.first}}*{{/}}{{one}} {{/}}", "1*01 201 301 ");
	expect("{{#late}}{{?item.number <= 2}}{{code}}{{/}}{{/}}", "A-1B-2");
	expect("a{{#late.none}}{{code}}{{/}}b", "ab");
}

static void lines_that_come_out_blank_leave_nothing(void **state) {
	(void)state;
	expect("a\n{{?one}}\nb\n{{:}}\nc\n{{/}}\nd\n", "a\nb\nd\n");
	expect("a\n  {{?zero}} {{! remark }}\t\r\nb\n{{/}}\nd", "a\nd");
	expect("{{#late}}\n- {{code}}\n{{/}}\n", "- A-1\n- B-2\n- C-3\n");
	expect("a\n{{?one}}b{{/}}\nc", "a\nb\nc");
	expect("a\n{{?zero}}b{{/}} {{text.none}}\nc", "a\nc");
	expect("{{?zero}}b{{/}}\n\na {{?one}}\nb{{/}}\n", "\na \nb\n");
	expect("a\n\n{{one}}\n", "a\n\n01\n");
	expect("%% {{nonsense and }} all\n%%\na%%\n", "a%%\n");
	expect("\xef\xbb\xbf%% mark\na", "a");
	expect("{ } {one} a}b", "{ } {one} a}b");
	expect("", "");
}

static void conditions_nest_four_deep(void **state) {
	(void)state;
	expect("{{?one}}{{?one}}{{?one}}{{?zero}}a{{:}}b{{/}}{{/}}{{/}}{{/}}", "b");
	expect_fault("{{?one}}{{?one}}{{?one}}{{?one}}{{?ten}}a{{/}}{{/}}{{/}}{{/}}{{/}}",
	    TEMPLATE_BLOCK_DEEP, 1, 33, "ten");
	expect_fault("{{#late}}{{?one}}{{#late}}{{/}}{{/}}{{/}}", TEMPLATE_BLOCK_DEEP, 1, 18, "late");
}

static void a_fault_says_where_and_what(void **state) {
	(void)state;
	expect_fault("a\nđường {{oen}}", TEMPLATE_NAME_UNKNOWN, 2, 7, "oen");
	expect_fault("{{?oen = 1}}{{/}}", TEMPLATE_NAME_UNKNOWN, 1, 1, "oen");
	expect_fault("{{#lat}}{{/}}", TEMPLATE_NAME_UNKNOWN, 1, 1, "lat");
	expect_fault("{{code}}", TEMPLATE_NAME_UNKNOWN, 1, 1, "code");
	expect_fault("{{item.number}}", TEMPLATE_NAME_UNKNOWN, 1, 1, "item.number");
	expect_fault("{{one|roman}}", TEMPLATE_FORMAT_UNKNOWN, 1, 1, "roman");
	expect_fault("{{one|}}", TEMPLATE_FORMAT_UNKNOWN, 1, 1, "");
	expect_fault("{{one|ty_le}}", TEMPLATE_FORMAT_UNFIT, 1, 1, "one");
	expect_fault("{{text|ngay}}", TEMPLATE_FORMAT_UNFIT, 1, 1, "text");
	expect_fault("{{rate|so}}", TEMPLATE_FORMAT_UNFIT, 1, 1, "rate");
	expect_fault("{{}}", TEMPLATE_TAG_MALFORMED, 1, 1, "");
	expect_fault("{{ One }}", TEMPLATE_TAG_MALFORMED, 1, 1, "One");
	expect_fault("{{one two}}", TEMPLATE_TAG_MALFORMED, 1, 1, "one two");
	expect_fault("{{one", TEMPLATE_TAG_OPEN, 1, 1, "");
	expect_fault("a\n{{one\n}}", TEMPLATE_TAG_OPEN, 2, 1, "");
	expect_fault("{{one {{ten}}", TEMPLATE_TAG_OPEN, 1, 1, "");
	expect_fault("a }} b", TEMPLATE_TAG_STRAY, 1, 3, "");
	expect_fault("a\n{{?one}}\nb", TEMPLATE_BLOCK_OPEN, 2, 1, "one");
	expect_fault("a{{/}}", TEMPLATE_BLOCK_STRAY, 1, 2, "");
	expect_fault("{{:}}", TEMPLATE_BLOCK_STRAY, 1, 1, "");
	expect_fault("{{?one}}{{:}}{{:}}{{/}}", TEMPLATE_BLOCK_STRAY, 1, 14, "");
	expect_fault("{{#late}}{{:}}{{/}}", TEMPLATE_BLOCK_STRAY, 1, 10, "");
	expect_fault("{{?one}}{{/one}}", TEMPLATE_TAG_MALFORMED, 1, 9, "one");
}

static void a_bad_condition_is_a_fault(void **state) {
	(void)state;
	expect_fault("{{?}}{{/}}", TEMPLATE_TAG_MALFORMED, 1, 1, "");
	expect_fault("{{?one &}}{{/}}", TEMPLATE_CONDITION_BAD, 1, 1, "");
	expect_fault("{{?one = }}{{/}}", TEMPLATE_CONDITION_BAD, 1, 1, "");
	expect_fault("{{?one == 1}}{{/}}", TEMPLATE_CONDITION_BAD, 1, 1, "= 1");
	expect_fault("{{?one | ten}}{{/}}", TEMPLATE_CONDITION_BAD, 1, 1, "| ten");
	expect_fault("{{?1 = one}}{{/}}", TEMPLATE_CONDITION_BAD, 1, 1, "1 = one");
	expect_fault("{{?!one = 1}}{{/}}", TEMPLATE_CONDITION_BAD, 1, 1, "= 1");
	expect_fault("{{?rate = 84.311}}{{/}}", TEMPLATE_CONDITION_BAD, 1, 1, "84.311");
	expect_fault("{{?rate = 84.}}{{/}}", TEMPLATE_CONDITION_BAD, 1, 1, "84.");
	expect_fault("{{?one = 99999999999999999999}}{{/}}", TEMPLATE_CONDITION_BAD, 1, 1,
	    "99999999999999999999");
	expect_fault("{{?one = rate}}{{/}}", TEMPLATE_COMPARISON_UNFIT, 1, 1, "rate");
	expect_fault("{{?text = 1}}{{/}}", TEMPLATE_COMPARISON_UNFIT, 1, 1, "text");
	expect_fault("{{?one = day}}{{/}}", TEMPLATE_COMPARISON_UNFIT, 1, 1, "day");
}

static void faults_hide_in_no_branch(void **state) {
	(void)state;
	expect_fault("{{?zero}}\n{{oen}}{{/}}", TEMPLATE_NAME_UNKNOWN, 2, 1, "oen");
	expect_fault("{{?one}}{{:}}{{oen}}{{/}}", TEMPLATE_NAME_UNKNOWN, 1, 14, "oen");
	expect_fault("{{#late.none}}{{oen}}{{/}}", TEMPLATE_NAME_UNKNOWN, 1, 15, "oen");
}

static void an_unknown_name_is_guessed(void **state) {
	struct template_fault fault;
	struct text text = TEXT_NULL;

	(void)state;
	fault = fault_of("{{recieved}}", 12);
	assert_string_equal(fault.nearest, "received");
	template_fault_add(&fault, &text);
	assert_string_equal(
	    text_get(&text), "dòng 1, cột 1: không có tên này: \"recieved\" (có phải \"received\"?)");
	fault = fault_of("{{#late}}{{?cod}}{{/}}{{/}}", 27);
	assert_string_equal(fault.nearest, "code");
	fault = fault_of("{{quite_different}}", 19);
	assert_string_equal(fault.nearest, "");
	text_deinit(&text);
}

static void bytes_that_are_no_text_are_a_fault(void **state) {
	static const char nul[] = "ab\0c";

	(void)state;
	assert_int_equal(fault_of(nul, 4).reason, TEMPLATE_NOT_TEXT);
	expect_fault("a\n\x01", TEMPLATE_NOT_TEXT, 2, 1, "");
	expect_fault("\xff", TEMPLATE_NOT_TEXT, 1, 1, "");
	expect_fault("%% caf\xe9\n", TEMPLATE_NOT_TEXT, 1, 7, "");
	expect_fault("a\xc3", TEMPLATE_NOT_TEXT, 1, 2, "");
}

static void a_long_name_is_cut_in_the_fault(void **state) {
	char template[400] = "{{";
	struct template_fault fault;

	(void)state;
	for (size_t i = 0; i < 120; i++)
		strcat(template, "ạ");
	strcat(template, "}}");
	fault = fault_of(template, strlen(template));
	assert_int_equal(fault.reason, TEMPLATE_TAG_MALFORMED);
	assert_int_equal(strlen(fault.name) % strlen("ạ"), 0);
	assert_true(strlen(fault.name) > 80);
}

static int expand_repeated(const char *open, size_t count, const char *piece, const char *close) {
	struct text template = TEXT_NULL;
	struct text out = TEXT_NULL;
	struct template_fault fault;
	int answer;

	text_add(&template, open);
	for (size_t i = 0; i < count; i++)
		text_add(&template, piece);
	text_add(&template, close);
	answer = template_expand(text_get(&template), template.length, &office, &out, &fault);
	assert_true(out.length <= TEMPLATE_OUTPUT_MAX + TEMPLATE_SOURCE_MAX);
	text_deinit(&template);
	text_deinit(&out);
	return answer;
}

static void growth_is_bounded(void **state) {
	(void)state;
	assert_int_equal(expand_repeated("", TEMPLATE_SOURCE_MAX, "a", ""), TEMPLATE_OK);
	assert_int_equal(expand_repeated("", TEMPLATE_SOURCE_MAX + 1, "a", ""), TEMPLATE_TOO_LARGE);
	assert_int_equal(expand_repeated("{{#endless}}", 1000, "a", "{{/}}"), TEMPLATE_TOO_LARGE);
	assert_int_equal(expand_repeated("{{#endless}}", 0, "", "{{/}}"), TEMPLATE_TOO_LARGE);
	assert_int_equal(
	    expand_repeated("{{#endless}}", 1, "{{text.none}}", "{{/}}"), TEMPLATE_TOO_LARGE);
	assert_int_equal(expand_repeated("", 150000, "{{one}}", ""), TEMPLATE_TOO_LARGE);
	assert_int_equal(expand_repeated("", 149000, "{{one}}", ""), TEMPLATE_OK);
}

static void print_marked(const char *name, const char *printed, struct text *out) {
	text_format(out, "<%s:%s>", name, printed);
}

static void values_can_be_marked(void **state) {
	struct template_names marked = office;
	struct template_fault fault;
	struct text out = TEXT_NULL;
	const char template[] = "a {{one}} {{#late}}{{code}}{{/}}";

	(void)state;
	marked.print = print_marked;
	text_add(&out, "kept ");
	assert_int_equal(
	    template_expand(template, strlen(template), &marked, &out, &fault), TEMPLATE_OK);
	assert_string_equal(text_get(&out), "kept a <one:01> <code:A-1><code:B-2><code:C-3>");
	text_deinit(&out);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_are_written_in_house_style),
		cmocka_unit_test(shares_are_written_in_house_style),
		cmocka_unit_test(texts_and_days_are_written),
		cmocka_unit_test(a_condition_asks_for_presence),
		cmocka_unit_test(a_condition_compares),
		cmocka_unit_test(what_has_no_value_compares_with_nothing),
		cmocka_unit_test(what_only_rounding_makes_all_or_nothing_is_neither),
		cmocka_unit_test(a_list_repeats_its_body),
		cmocka_unit_test(lines_that_come_out_blank_leave_nothing),
		cmocka_unit_test(conditions_nest_four_deep),
		cmocka_unit_test(a_fault_says_where_and_what),
		cmocka_unit_test(a_bad_condition_is_a_fault),
		cmocka_unit_test(faults_hide_in_no_branch),
		cmocka_unit_test(an_unknown_name_is_guessed),
		cmocka_unit_test(bytes_that_are_no_text_are_a_fault),
		cmocka_unit_test(a_long_name_is_cut_in_the_fault),
		cmocka_unit_test(growth_is_bounded),
		cmocka_unit_test(values_can_be_marked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
