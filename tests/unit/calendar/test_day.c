/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "common/base/error.h"
#include "common/calendar/day.h"

static const int month_lengths[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };

static int length_of_month(int year, int month) {
	bool leap = year % 400 == 0 || (year % 4 == 0 && year % 100 != 0);

	return month_lengths[month - 1] + (month == 2 && leap);
}

static struct day parse_day(const char *text) {
	struct day day = DAY_NONE;

	if (day_parse(text, strlen(text), &day) != DAY_OK)
		fail_msg("\"%s\" was refused", text);
	return day;
}

static void expect_day(const char *text, int year, int month, int day_of_month) {
	assert_int_equal(parse_day(text).number, day_of(year, month, day_of_month).number);
}

static void expect_no_day(const char *text, size_t length) {
	struct day day = { 4711 };

	if (day_parse(text, length, &day) != DAY_MALFORMED)
		fail_msg("\"%s\" was accepted", text);
	assert_int_equal(day.number, 4711);
}

static void expect_stamp(const char *text, uint64_t expected) {
	uint64_t stamp = 0;

	if (stamp_parse(text, strlen(text), &stamp) != DAY_OK)
		fail_msg("\"%s\" was refused", text);
	assert_int_equal(stamp, expected);
}

static void expect_no_stamp(const char *text, size_t length) {
	uint64_t stamp = 4711;

	if (stamp_parse(text, length, &stamp) != DAY_MALFORMED)
		fail_msg("\"%s\" was accepted", text);
	assert_int_equal(stamp, 4711);
}

static void day_zero_is_the_first_of_january_1970(void **state) {
	(void)state;
	assert_int_equal(day_of(1970, 1, 1).number, 0);
	assert_int_equal(day_of(1969, 12, 31).number, -1);
	assert_int_equal(day_of(2000, 3, 1).number, 11017);
	assert_int_equal(day_weekday(day_of(1970, 1, 1)), 4);
	assert_int_equal(day_weekday(day_of(2024, 1, 15)), 1);
	assert_int_equal(day_weekday(day_of(2026, 4, 26)), 7);
}

static void every_day_1900_to_2199_survives_each_form(void **state) {
	int number = -25567; /* 1900-01-01, a Monday */
	int weekday = 1;

	(void)state;
	for (int year = DAY_YEAR_MIN; year <= DAY_YEAR_MAX; year++) {
		for (int month = 1; month <= 12; month++) {
			for (int dom = 1; dom <= length_of_month(year, month); dom++) {
				struct day day = day_of(year, month, dom);
				char text[DAY_TEXT_SIZE], expected[64];
				int y, m, d;

				assert_int_equal(day.number, number);
				assert_int_equal(day_weekday(day), weekday);
				day_split(day, &y, &m, &d);
				assert_true(y == year && m == month && d == dom);

				snprintf(expected, sizeof(expected), "%04d-%02d-%02d", year, month, dom);
				assert_string_equal(day_format_iso(day, text), expected);
				assert_int_equal(parse_day(text).number, number);
				snprintf(expected, sizeof(expected), "%02d/%02d/%04d", dom, month, year);
				assert_string_equal(day_format_local(day, text), expected);
				assert_int_equal(parse_day(text).number, number);
				snprintf(expected, sizeof(expected), "%d/%d/%d", dom, month, year);
				assert_int_equal(parse_day(expected).number, number);
				number++;
				weekday = weekday % 7 + 1;
			}
		}
	}
	assert_int_equal(day_of(2199, 12, 31).number, number - 1);
}

static void numbers_that_name_no_day_give_none(void **state) {
	static const struct {
		int year, month, day_of_month;
	} rows[] = {
		{ 2024, 2, 30 },
		{ 2023, 2, 29 },
		{ 1900, 2, 29 },
		{ 2100, 2, 29 },
		{ 2024, 4, 31 },
		{ 2024, 6, 31 },
		{ 2024, 9, 31 },
		{ 2024, 11, 31 },
		{ 2024, 1, 32 },
		{ 2024, 12, 32 },
		{ 2024, 0, 1 },
		{ 2024, 13, 1 },
		{ 2024, 1, 0 },
		{ 2024, -1, 1 },
		{ 2024, 1, -1 },
		{ 1899, 12, 31 },
		{ 2200, 1, 1 },
		{ 0, 1, 1 },
		{ INT32_MIN, INT32_MIN, INT32_MIN },
		{ INT32_MAX, INT32_MAX, INT32_MAX },
		{ 2024, INT32_MAX, 1 },
		{ 2024, 1, INT32_MAX },
	};

	(void)state;
	for (size_t i = 0; i < LENGTH_OF(rows); i++)
		assert_true(day_is_none(day_of(rows[i].year, rows[i].month, rows[i].day_of_month)));
	assert_false(day_is_none(day_of(2000, 2, 29)));
	assert_false(day_is_none(day_of(2024, 2, 29)));
}

static void days_far_outside_the_register_split_without_overflow(void **state) {
	int year, month, dom;

	(void)state;
	day_split((struct day) { INT32_MAX }, &year, &month, &dom);
	assert_true(year == 5881580 && month == 7 && dom == 11);
	day_split((struct day) { INT32_MIN }, &year, &month, &dom);
	assert_true(year == -5877641 && month == 6 && dom == 23);
	day_split((struct day) { -719528 }, &year, &month, &dom);
	assert_true(year == 0 && month == 1 && dom == 1);
	day_split(day_of(2024, 3, 14), NULL, NULL, NULL);
	for (int i = 0; i < 7; i++) {
		assert_in_range(day_weekday((struct day) { INT32_MIN + i }), 1, 7);
		assert_in_range(day_weekday((struct day) { INT32_MAX - i }), 1, 7);
	}
}

static void none_is_written_as_nothing(void **state) {
	char text[DAY_TEXT_SIZE] = "unwritten";

	(void)state;
	assert_string_equal(day_format_iso(DAY_NONE, text), "");
	assert_string_equal(day_format_local(DAY_NONE, text), "");
	assert_string_equal(day_format_iso((struct day) { INT32_MAX }, text), "");
	assert_string_equal(day_format_iso((struct day) { 2932896 }, text), "9999-12-31");
	assert_string_equal(day_format_iso((struct day) { 2932897 }, text), "");
}

static void short_days_and_months_are_read(void **state) {
	(void)state;
	expect_day("1/2/2024", 2024, 2, 1);
	expect_day("01/2/2024", 2024, 2, 1);
	expect_day("1/02/2024", 2024, 2, 1);
	expect_day("01/02/2024", 2024, 2, 1);
	expect_day("29/02/2024", 2024, 2, 29);
	expect_day("2024-02-29", 2024, 2, 29);
}

static void a_malformed_date_is_refused_and_writes_nothing(void **state) {
	static const char *const texts[] = {
		"",
		"1",
		"31/02/2024",
		"29/02/2023",
		"1/1/24",
		"01/01/24",
		"01/01/2024 ",
		" 01/01/2024",
		"1/1/2024 ",
		" 1/1/2024",
		"1 /1/2024",
		"2024-02-30",
		"2023-02-29",
		"2024-1-01",
		"2024-01-1",
		"2024/01/01",
		"01-01-2024",
		"01.01.2024",
		"00/01/2024",
		"01/00/2024",
		"01/13/2024",
		"32/01/2024",
		"001/1/2024",
		"1/001/2024",
		"1/1/02024",
		"//012024",
		"1//12024",
		"/1/12024",
		"+1/01/2024",
		"-1/01/2024",
		"2024--1-01",
		"2024-01-0a",
		"a1/01/2024",
		"01/0b/2024",
		"01/01/202x",
		"01/01/1899",
		"01/01/2200",
		"0000-00-00",
		"2024-01-01T",
		"20240101",
		"01/01/2024\n",
		"1\xc2\xa0/1/2024",
	};

	(void)state;
	for (size_t i = 0; i < LENGTH_OF(texts); i++)
		expect_no_day(texts[i], strlen(texts[i]));
	expect_no_day(NULL, 0);
	expect_no_day("01/01/2024", 11);
	expect_no_day("01/01/2024\0", 11);
	expect_no_day("01/01\0/2024", 11);
	expect_no_day("1/1/2024\0\0", 10);
	expect_no_day("\0001/01/2024", 10);
	expect_no_day("01/01/20\0004", 10);
	expect_no_day("2024-01-\0001", 10);
}

static void only_the_given_length_is_read(void **state) {
	struct day day = DAY_NONE;

	(void)state;
	assert_int_equal(day_parse("14/03/2024;", 10, &day), DAY_OK);
	assert_int_equal(day.number, day_of(2024, 3, 14).number);
}

static void each_form_of_a_stamp_is_read(void **state) {
	(void)state;
	expect_stamp("20240115082258", UINT64_C(20240115082258));
	expect_stamp("20240115000000", UINT64_C(20240115000000));
	expect_stamp("20240229235959", UINT64_C(20240229235959));
	expect_stamp("15/01/2024", UINT64_C(20240115000000));
	expect_stamp("5/1/2024", UINT64_C(20240105000000));
	expect_stamp("15/01/2024 08:22", UINT64_C(20240115082200));
	expect_stamp("15/01/2024 08:22:58", UINT64_C(20240115082258));
	expect_stamp("5/1/2024 08:22:58", UINT64_C(20240105082258));
	expect_stamp("2024-01-15", UINT64_C(20240115000000));
	expect_stamp("2024-01-15 08:22", UINT64_C(20240115082200));
	expect_stamp("2024-01-15 08:22:58", UINT64_C(20240115082258));
	expect_stamp("2024-01-15T08:22", UINT64_C(20240115082200));
	expect_stamp("2024-01-15T08:22:58", UINT64_C(20240115082258));
	expect_stamp("15/01/2024 23:59:59", UINT64_C(20240115235959));
}

static void a_rewritten_stamp_of_fourteen_letters_is_read(void **state) {
	(void)state;
	expect_stamp("1/1/2024 08:22", UINT64_C(20240101082200));
}

static void a_malformed_stamp_is_refused_and_writes_nothing(void **state) {
	static const char *const texts[] = {
		"",
		"0",
		"00000000000000",
		"2024011508225",
		"202401150822580",
		"20240115 82258",
		"2024011508225x",
		"x0240115082258",
		"20240115082260",
		"20240115086000",
		"20240115240000",
		"20240230082258",
		"20230229082258",
		"20241301082258",
		"20240100082258",
		"18991231000000",
		"22000101000000",
		"20240115",
		"202401150822",
		"15/01/2024 ",
		"15/01/2024 08",
		"15/01/2024T08:22",
		"5/1/2024T08:22",
		"15/01/2024 8:22",
		"15/01/2024 08:2",
		"15/01/2024 08:22:5",
		"15/01/2024 08:22:60",
		"15/01/2024 08:60",
		"15/01/2024 24:00",
		"15/01/2024 08.22",
		"15/01/2024 08:22.58",
		"15/01/2024  08:22",
		"15/01/2024 08:22 ",
		" 15/01/2024 08:22",
		"15/01/2024 08:22:58 ",
		"31/02/2024 08:22",
		"2024-01-15t08:22",
		"2024-01-15T",
		"2024-01-15 ",
		"2024-01-15T08:22:58Z",
		"2024-01-15_08:22",
		"T08:22",
		" 08:22",
		"1/1/24 08:22",
	};

	(void)state;
	for (size_t i = 0; i < LENGTH_OF(texts); i++)
		expect_no_stamp(texts[i], strlen(texts[i]));
	expect_no_stamp(NULL, 0);
	expect_no_stamp("20240115082258\0", 15);
	expect_no_stamp("2024011508225\0", 14);
	expect_no_stamp("15/01/2024\0", 11);
	expect_no_stamp("15/01/2024 08:2\0", 16);
	expect_no_stamp("15/01/2024\00008:22", 16);
}

static void a_stamp_number_is_valid_only_for_a_real_moment(void **state) {
	static const uint64_t bad[] = {
		0,
		1,
		20240115,
		UINT64_C(20240115240000),
		UINT64_C(20240115006000),
		UINT64_C(20240115000060),
		UINT64_C(20230229000000),
		UINT64_C(20240001000000),
		UINT64_C(20240100000000),
		UINT64_C(18991231235959),
		UINT64_C(22000101000000),
		UINT64_C(120240115082258),
		UINT64_MAX,
	};

	(void)state;
	for (size_t i = 0; i < LENGTH_OF(bad); i++)
		assert_false(stamp_is_valid(bad[i]));
	assert_true(stamp_is_valid(UINT64_C(20240115082258)));
	assert_true(stamp_is_valid(UINT64_C(19000101000000)));
	assert_true(stamp_is_valid(UINT64_C(21991231235959)));
}

static void the_day_of_a_stamp_is_its_date(void **state) {
	(void)state;
	assert_int_equal(stamp_day(UINT64_C(20240115082258)).number, day_of(2024, 1, 15).number);
	assert_int_equal(stamp_day(UINT64_C(20231214235959)).number, day_of(2023, 12, 14).number);
	assert_true(day_is_none(stamp_day(0)));
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(day_zero_is_the_first_of_january_1970),
		cmocka_unit_test(every_day_1900_to_2199_survives_each_form),
		cmocka_unit_test(numbers_that_name_no_day_give_none),
		cmocka_unit_test(days_far_outside_the_register_split_without_overflow),
		cmocka_unit_test(none_is_written_as_nothing),
		cmocka_unit_test(short_days_and_months_are_read),
		cmocka_unit_test(a_malformed_date_is_refused_and_writes_nothing),
		cmocka_unit_test(only_the_given_length_is_read),
		cmocka_unit_test(each_form_of_a_stamp_is_read),
		cmocka_unit_test(a_rewritten_stamp_of_fourteen_letters_is_read),
		cmocka_unit_test(a_malformed_stamp_is_refused_and_writes_nothing),
		cmocka_unit_test(a_stamp_number_is_valid_only_for_a_real_moment),
		cmocka_unit_test(the_day_of_a_stamp_is_its_date),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
