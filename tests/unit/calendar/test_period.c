/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>

#include "common/base/error.h"
#include "common/calendar/period.h"

#define YEAR_FROM 1990
#define YEAR_TO   2100

static const enum period_calendar calendars[] = { PERIOD_STATUTORY, PERIOD_CALENDAR };

static const char *const all_forms[] = {
	"%04d-01",
	"%04d-02",
	"%04d-03",
	"%04d-04",
	"%04d-05",
	"%04d-06",
	"%04d-07",
	"%04d-08",
	"%04d-09",
	"%04d-10",
	"%04d-11",
	"%04d-12",
	"%04d-Q1",
	"%04d-Q2",
	"%04d-Q3",
	"%04d-Q4",
	"%04d-H1",
	"%04d-H2",
	"%04d-9M",
	"%04d",
};

static struct period parse_period(const char *name, enum period_calendar calendar) {
	struct period period = { .year = 0 };

	if (period_parse(name, calendar, &period) != PERIOD_OK)
		fail_msg("\"%s\" was refused", name);
	assert_int_equal(period.calendar, calendar);
	return period;
}

static struct period parse_period_of_year(
    const char *form, int year, enum period_calendar calendar) {
	char name[32];

	snprintf(name, sizeof(name), form, year);
	return parse_period(name, calendar);
}

static void expect_window(
    enum period_calendar calendar, const char *name, const char *first, const char *last) {
	struct period period = parse_period(name, calendar);
	char text[DAY_TEXT_SIZE];

	assert_string_equal(day_format_iso(period.first, text), first);
	assert_string_equal(day_format_iso(period.last, text), last);
}

static void expect_same_window(const struct period *one, const struct period *other) {
	assert_int_equal(one->first.number, other->first.number);
	assert_int_equal(one->last.number, other->last.number);
}

/* The periods of `forms` in order fill the window of `whole` without gap or overlap. */
static void expect_tiles(int year, enum period_calendar calendar, const char *whole,
    const char *const *forms, size_t count) {
	struct period period = parse_period_of_year(whole, year, calendar);
	struct day next = period.first;

	for (size_t i = 0; i < count; i++) {
		struct period part = parse_period_of_year(forms[i], year, calendar);

		assert_int_equal(part.first.number, next.number);
		assert_true(part.last.number >= part.first.number);
		next = day_plus(part.last, 1);
	}
	assert_int_equal(next.number, day_plus(period.last, 1).number);
}

static void statutory_windows_are_those_of_the_decree(void **state) {
	(void)state;
	expect_window(PERIOD_STATUTORY, "2024-01", "2023-12-15", "2024-01-14");
	expect_window(PERIOD_STATUTORY, "2024-02", "2024-01-15", "2024-02-14");
	expect_window(PERIOD_STATUTORY, "2024-03", "2024-02-15", "2024-03-14");
	expect_window(PERIOD_STATUTORY, "2024-04", "2024-03-15", "2024-04-14");
	expect_window(PERIOD_STATUTORY, "2024-05", "2024-04-15", "2024-05-14");
	expect_window(PERIOD_STATUTORY, "2024-06", "2024-05-15", "2024-06-14");
	expect_window(PERIOD_STATUTORY, "2024-07", "2024-06-15", "2024-07-14");
	expect_window(PERIOD_STATUTORY, "2024-08", "2024-07-15", "2024-08-14");
	expect_window(PERIOD_STATUTORY, "2024-09", "2024-08-15", "2024-09-14");
	expect_window(PERIOD_STATUTORY, "2024-10", "2024-09-15", "2024-10-14");
	expect_window(PERIOD_STATUTORY, "2024-11", "2024-10-15", "2024-11-14");
	expect_window(PERIOD_STATUTORY, "2024-12", "2024-11-15", "2024-12-14");
	expect_window(PERIOD_STATUTORY, "2024-Q1", "2023-12-15", "2024-03-14");
	expect_window(PERIOD_STATUTORY, "2024-Q2", "2024-03-15", "2024-06-14");
	expect_window(PERIOD_STATUTORY, "2024-Q3", "2024-06-15", "2024-09-14");
	expect_window(PERIOD_STATUTORY, "2024-Q4", "2024-09-15", "2024-12-14");
	expect_window(PERIOD_STATUTORY, "2024-6M", "2023-12-15", "2024-06-14");
	expect_window(PERIOD_STATUTORY, "2024-H1", "2023-12-15", "2024-06-14");
	expect_window(PERIOD_STATUTORY, "2024-H2", "2024-06-15", "2024-12-14");
	expect_window(PERIOD_STATUTORY, "2024-9M", "2023-12-15", "2024-09-14");
	expect_window(PERIOD_STATUTORY, "2024", "2023-12-15", "2024-12-14");
}

static void calendar_windows_are_whole_months(void **state) {
	(void)state;
	expect_window(PERIOD_CALENDAR, "2024-01", "2024-01-01", "2024-01-31");
	expect_window(PERIOD_CALENDAR, "2024-02", "2024-02-01", "2024-02-29");
	expect_window(PERIOD_CALENDAR, "2023-02", "2023-02-01", "2023-02-28");
	expect_window(PERIOD_CALENDAR, "2100-02", "2100-02-01", "2100-02-28");
	expect_window(PERIOD_CALENDAR, "2024-12", "2024-12-01", "2024-12-31");
	expect_window(PERIOD_CALENDAR, "2024-Q1", "2024-01-01", "2024-03-31");
	expect_window(PERIOD_CALENDAR, "2024-Q4", "2024-10-01", "2024-12-31");
	expect_window(PERIOD_CALENDAR, "2024-H1", "2024-01-01", "2024-06-30");
	expect_window(PERIOD_CALENDAR, "2024-H2", "2024-07-01", "2024-12-31");
	expect_window(PERIOD_CALENDAR, "2024-9M", "2024-01-01", "2024-09-30");
	expect_window(PERIOD_CALENDAR, "2024", "2024-01-01", "2024-12-31");
}

static void the_first_and_last_years_have_whole_windows(void **state) {
	(void)state;
	expect_window(PERIOD_STATUTORY, "1900", "1899-12-15", "1900-12-14");
	expect_window(PERIOD_STATUTORY, "1900-01", "1899-12-15", "1900-01-14");
	expect_window(PERIOD_STATUTORY, "2199", "2198-12-15", "2199-12-14");
	expect_window(PERIOD_CALENDAR, "2199", "2199-01-01", "2199-12-31");
}

static void months_tile_quarters_and_quarters_tile_the_year(void **state) {
	static const char *const quarters[] = { "%04d-Q1", "%04d-Q2", "%04d-Q3", "%04d-Q4" };
	static const char *const halves[] = { "%04d-H1", "%04d-H2" };

	(void)state;
	for (size_t c = 0; c < LENGTH_OF(calendars); c++) {
		for (int year = YEAR_FROM; year <= YEAR_TO; year++) {
			expect_tiles(year, calendars[c], "%04d", all_forms, 12);
			for (size_t quarter = 0; quarter < 4; quarter++)
				expect_tiles(year, calendars[c], quarters[quarter], all_forms + 3 * quarter, 3);
			expect_tiles(year, calendars[c], "%04d", quarters, 4);
			expect_tiles(year, calendars[c], "%04d", halves, 2);
			expect_tiles(year, calendars[c], "%04d-6M", quarters, 2);
			expect_tiles(year, calendars[c], "%04d-H2", quarters + 2, 2);
			expect_tiles(year, calendars[c], "%04d-9M", quarters, 3);
		}
	}
}

static void the_previous_period_is_of_the_same_kind(void **state) {
	static const struct {
		const char *name;
		const char *previous;
	} rows[] = {
		{ "2024-Q1", "2023-Q4" },
		{ "2024-Q3", "2024-Q2" },
		{ "2024-01", "2023-12" },
		{ "2024-03", "2024-02" },
		{ "2024-H1", "2023-H2" },
		{ "2024-6M", "2023-H2" },
		{ "2024-H2", "2024-H1" },
		{ "2024-9M", "2023-9M" },
		{ "2024", "2023" },
	};

	(void)state;
	for (size_t c = 0; c < LENGTH_OF(calendars); c++) {
		for (size_t i = 0; i < LENGTH_OF(rows); i++) {
			struct period period = parse_period(rows[i].name, calendars[c]);
			struct period previous = period_previous(&period);
			struct period expected = parse_period(rows[i].previous, calendars[c]);
			char name[PERIOD_NAME_SIZE];

			assert_string_equal(period_name(&previous, name), rows[i].previous);
			assert_int_equal(previous.calendar, calendars[c]);
			assert_int_equal(previous.kind, period.kind);
			expect_same_window(&previous, &expected);
		}
	}
}

static void the_previous_period_ends_where_this_one_starts(void **state) {
	(void)state;
	for (size_t c = 0; c < LENGTH_OF(calendars); c++) {
		for (int year = YEAR_FROM; year <= YEAR_TO; year++) {
			for (size_t form = 0; form < LENGTH_OF(all_forms); form++) {
				struct period period = parse_period_of_year(all_forms[form], year, calendars[c]);
				struct period previous = period_previous(&period);

				if (period.kind != PERIOD_NINE_MONTHS)
					assert_int_equal(day_plus(previous.last, 1).number, period.first.number);
			}
		}
	}
}

static void every_canonical_name_survives_the_round_trip(void **state) {
	(void)state;
	for (size_t c = 0; c < LENGTH_OF(calendars); c++) {
		for (int year = DAY_YEAR_MIN; year <= DAY_YEAR_MAX; year++) {
			for (size_t form = 0; form < LENGTH_OF(all_forms); form++) {
				struct period period = parse_period_of_year(all_forms[form], year, calendars[c]);
				char expected[32], name[PERIOD_NAME_SIZE];

				snprintf(expected, sizeof(expected), all_forms[form], year);
				assert_string_equal(period_name(&period, name), expected);
				assert_int_equal(period.year, year);
			}
		}
	}
}

static void other_spellings_get_the_canonical_name(void **state) {
	static const struct {
		const char *spelling;
		const char *name;
	} rows[] = {
		{ "2024-6M", "2024-H1" },
		{ "2024-6m", "2024-H1" },
		{ "2024-h1", "2024-H1" },
		{ "2024-h2", "2024-H2" },
		{ "2024-q3", "2024-Q3" },
		{ "2024-9m", "2024-9M" },
	};

	(void)state;
	for (size_t i = 0; i < LENGTH_OF(rows); i++) {
		struct period period = parse_period(rows[i].spelling, PERIOD_STATUTORY);
		char name[PERIOD_NAME_SIZE];

		assert_string_equal(period_name(&period, name), rows[i].name);
	}
}

static void a_malformed_name_is_refused_and_writes_nothing(void **state) {
	static const char *const names[] = {
		"",
		"2",
		"202",
		"20245",
		"2024-",
		"2024-1",
		"2024-9",
		"2024-00",
		"2024-13",
		"2024-99",
		"2024-Q0",
		"2024-Q5",
		"2024-Q9",
		"2024-Q",
		"2024-QQ",
		"2024-H0",
		"2024-H3",
		"2024-HM",
		"2024-3M",
		"2024-0M",
		"2024-QM",
		"2024-MM",
		"2024-M6",
		"2024-M9",
		"2024-6Q",
		"2024-W1",
		"2024_Q1",
		"2024Q1",
		"2024 Q1",
		"2024-Q1 ",
		" 2024-Q1",
		"2024-Q11",
		"2024-12M",
		"2024-1a",
		"2024-a1",
		"2024--1",
		"2024-+1",
		"2024- 1",
		"202x-Q1",
		"x024",
		"-024",
		"1899",
		"1899-Q4",
		"2200",
		"2200-01",
		"0000",
		"Q1-2024",
		"01/2024",
		"2024-Q1-statutory-and-much-longer",
		"2024-\xe1\xbb\x8b",
	};

	(void)state;
	for (size_t i = 0; i < LENGTH_OF(names); i++) {
		struct period period = { .year = 4711 };

		if (period_parse(names[i], PERIOD_STATUTORY, &period) != PERIOD_MALFORMED)
			fail_msg("\"%s\" was accepted", names[i]);
		assert_int_equal(period.year, 4711);
	}
}

static void a_bucket_is_the_statutory_period_of_its_day(void **state) {
	static const struct {
		int year, month, day_of_month;
		int32_t bucket_year, bucket_month;
	} rows[] = {
		{ 2023, 12, 14, 2023, 202312 },
		{ 2023, 12, 15, 2024, 202401 },
		{ 2023, 12, 31, 2024, 202401 },
		{ 2024, 1, 1, 2024, 202401 },
		{ 2024, 1, 14, 2024, 202401 },
		{ 2024, 1, 15, 2024, 202402 },
		{ 2024, 3, 14, 2024, 202403 },
		{ 2024, 12, 14, 2024, 202412 },
		{ 2024, 12, 15, 2025, 202501 },
		{ 1900, 1, 1, 1900, 190001 },
		{ 2199, 12, 31, 2200, 220001 },
	};

	(void)state;
	for (size_t i = 0; i < LENGTH_OF(rows); i++) {
		struct day day = day_of(rows[i].year, rows[i].month, rows[i].day_of_month);

		assert_int_equal(statutory_year_of(day), rows[i].bucket_year);
		assert_int_equal(statutory_month_of(day), rows[i].bucket_month);
	}
}

static void buckets_agree_with_windows_on_every_day(void **state) {
	struct day end = day_of(YEAR_TO, 12, 31);
	int32_t month_before = 0;

	(void)state;
	for (struct day day = day_of(YEAR_FROM, 1, 1); day.number <= end.number;
	     day = day_plus(day, 1)) {
		int32_t year = statutory_year_of(day), month = statutory_month_of(day);
		struct day first, last;
		struct period period;
		char name[32];

		assert_int_equal(month / 100, year);
		assert_true(month >= month_before);
		statutory_month_window(month, &first, &last);
		assert_true(first.number <= day.number && day.number <= last.number);
		if (month != month_before) {
			assert_true(month_before == 0 || first.number == day.number);
			snprintf(name, sizeof(name), "%04d-%02d", month / 100, month % 100);
			period = parse_period(name, PERIOD_STATUTORY);
			assert_true(period.first.number == first.number && period.last.number == last.number);
		}
		statutory_year_window(year, &first, &last);
		assert_true(first.number <= day.number && day.number <= last.number);
		if (month != month_before) {
			snprintf(name, sizeof(name), "%04d", year);
			period = parse_period(name, PERIOD_STATUTORY);
			assert_true(period.first.number == first.number && period.last.number == last.number);
		}
		month_before = month;
	}
}

static void the_buckets_at_the_ends_have_whole_windows(void **state) {
	struct day first, last;
	char text[DAY_TEXT_SIZE];

	(void)state;
	statutory_month_window(220001, &first, &last);
	assert_string_equal(day_format_iso(first, text), "2199-12-15");
	assert_string_equal(day_format_iso(last, text), "2200-01-14");
	statutory_year_window(2200, &first, &last);
	assert_string_equal(day_format_iso(last, text), "2200-12-14");
	statutory_year_window(1900, &first, &last);
	assert_string_equal(day_format_iso(first, text), "1899-12-15");
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(statutory_windows_are_those_of_the_decree),
		cmocka_unit_test(calendar_windows_are_whole_months),
		cmocka_unit_test(the_first_and_last_years_have_whole_windows),
		cmocka_unit_test(months_tile_quarters_and_quarters_tile_the_year),
		cmocka_unit_test(the_previous_period_is_of_the_same_kind),
		cmocka_unit_test(the_previous_period_ends_where_this_one_starts),
		cmocka_unit_test(every_canonical_name_survives_the_round_trip),
		cmocka_unit_test(other_spellings_get_the_canonical_name),
		cmocka_unit_test(a_malformed_name_is_refused_and_writes_nothing),
		cmocka_unit_test(a_bucket_is_the_statutory_period_of_its_day),
		cmocka_unit_test(buckets_agree_with_windows_on_every_day),
		cmocka_unit_test(the_buckets_at_the_ends_have_whole_windows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
