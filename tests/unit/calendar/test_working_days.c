/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/error.h"
#include "common/calendar/working_days.h"

#define SHIPPED CCHC_SHARE_FOLDER "/calendar/vietnam.csv"
#define HEADER  "NgayThang,Loai,LyDo,Nguon\n"

static struct day parse_day(const char *text) {
	struct day day = DAY_NONE;

	assert_int_equal(day_parse(text, strlen(text), &day), DAY_OK);
	return day;
}

static struct working_days load_shipped(void) {
	struct working_days calendar = WORKING_DAYS_NULL;
	unsigned line = 0;

	if (working_days_load(SHIPPED, &calendar, &line) != WORKING_DAYS_OK)
		fail_msg("%s, line %u", SHIPPED, line);
	return calendar;
}

static int load_bytes(
    const char *bytes, size_t size, struct working_days *ret_calendar, unsigned *ret_line) {
	char path[] = "/tmp/test_working_days.XXXXXX";
	int fd = mkstemp(path);
	int answer;

	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes, size), (ssize_t)size);
	close(fd);
	answer = working_days_load(path, ret_calendar, ret_line);
	unlink(path);
	return answer;
}

static struct working_days load_text(const char *text) {
	struct working_days calendar = WORKING_DAYS_NULL;
	unsigned line = 0;

	if (load_bytes(text, strlen(text), &calendar, &line) != WORKING_DAYS_OK)
		fail_msg("line %u of \"%s\" was refused", line, text);
	return calendar;
}

static void expect_bad_bytes(const char *bytes, size_t size, unsigned expected_line) {
	struct working_days calendar = { .count = 4711 };
	unsigned line = 0;

	if (load_bytes(bytes, size, &calendar, &line) != WORKING_DAYS_MALFORMED)
		fail_msg("\"%s\" was accepted", bytes);
	assert_int_equal(line, expected_line);
	assert_int_equal(calendar.count, 4711);
}

static void expect_bad_line(const char *text, unsigned expected_line) {
	expect_bad_bytes(text, strlen(text), expected_line);
}

static bool is_worked(const struct working_days *calendar, const char *day) {
	bool worked = false;

	assert_int_equal(working_days_is_worked(calendar, parse_day(day), &worked), WORKING_DAYS_OK);
	return worked;
}

static void expect_due(
    const struct working_days *calendar, const char *intake, unsigned count, const char *due) {
	struct day day = DAY_NONE;
	char text[DAY_TEXT_SIZE];

	assert_int_equal(working_days_add(calendar, parse_day(intake), count, &day), WORKING_DAYS_OK);
	assert_string_equal(day_format_iso(day, text), due);
}

static unsigned count_between(
    const struct working_days *calendar, struct day first, struct day last) {
	unsigned count = UINT_MAX;

	assert_int_equal(working_days_between(calendar, first, last, &count), WORKING_DAYS_OK);
	return count;
}

static void due_dates_of_the_shipped_calendar_are_right(void **state) {
	AUTO(working_days_deinit) struct working_days calendar = load_shipped();

	(void)state;
	expect_due(&calendar, "2024-02-07", 3, "2024-02-19");
	expect_due(&calendar, "2024-03-14", 15, "2024-04-04");
	expect_due(&calendar, "2024-04-26", 5, "2024-05-07");
	expect_due(&calendar, "2025-12-31", 2, "2026-01-06");
	expect_due(&calendar, "2026-02-13", 1, "2026-02-23");
	expect_due(&calendar, "2026-08-21", 3, "2026-08-25");
	expect_due(&calendar, "2026-11-23", 1, "2026-11-25");
	expect_due(&calendar, "2027-02-03", 1, "2027-02-11");
	expect_due(&calendar, "2027-04-29", 1, "2027-05-04");
}

static void months_of_the_shipped_calendar_have_the_right_count(void **state) {
	static const struct {
		int year;
		unsigned months[12];
		unsigned sum;
	} rows[] = {
		{ 2024, { 22, 16, 21, 19, 23, 20, 23, 22, 19, 23, 21, 22 }, 251 },
		{ 2025, { 17, 20, 21, 21, 20, 21, 23, 21, 20, 23, 20, 23 }, 250 },
		{ 2026, { 21, 15, 22, 20, 20, 22, 23, 21, 20, 22, 20, 23 }, 249 },
		{ 2027, { 20, 15, 23, 20, 20, 22, 22, 22, 20, 21, 21, 23 }, 249 },
	};
	AUTO(working_days_deinit) struct working_days calendar = load_shipped();

	(void)state;
	for (size_t i = 0; i < LENGTH_OF(rows); i++) {
		struct day year_end = day_of(rows[i].year, 12, 31);

		for (int month = 1; month <= 12; month++) {
			struct day last =
			    month == 12 ? year_end : day_plus(day_of(rows[i].year, month + 1, 1), -1);

			assert_int_equal(count_between(&calendar, day_of(rows[i].year, month, 1), last),
			    rows[i].months[month - 1]);
		}
		assert_int_equal(
		    count_between(&calendar, day_of(rows[i].year, 1, 1), year_end), rows[i].sum);
	}
}

static void every_shipped_row_changes_its_day(void **state) {
	AUTO(working_days_deinit) struct working_days calendar = load_shipped();
	struct day end = day_of(2027, 12, 31);
	size_t changed = 0;

	(void)state;
	for (struct day day = day_of(2024, 1, 1); day.number <= end.number; day = day_plus(day, 1)) {
		bool worked = false;

		assert_int_equal(working_days_is_worked(&calendar, day, &worked), WORKING_DAYS_OK);
		changed += worked != (day_weekday(day) <= 5);
	}
	assert_int_equal(changed, calendar.count);
	assert_false(is_worked(&calendar, "2024-04-29"));
	assert_true(is_worked(&calendar, "2024-05-04"));
	assert_false(is_worked(&calendar, "2024-05-05"));
	assert_true(is_worked(&calendar, "2026-08-22"));
	assert_false(is_worked(&calendar, "2026-11-24"));
}

/* Three ways to count must give one number. */
static void counting_adding_and_walking_agree(void **state) {
	AUTO(working_days_deinit) struct working_days calendar = load_shipped();
	struct day end = day_of(2027, 12, 31);

	(void)state;
	for (struct day first = day_of(2024, 1, 1); first.number <= end.number;
	     first = day_plus(first, 13)) {
		unsigned count = 0;

		for (struct day day = first; day.number <= end.number; day = day_plus(day, 1)) {
			struct day due = DAY_NONE;
			bool worked = false;

			assert_int_equal(working_days_is_worked(&calendar, day, &worked), WORKING_DAYS_OK);
			count += worked;
			assert_int_equal(count_between(&calendar, first, day), count);
			if (worked && day.number % 7 == 0) {
				assert_int_equal(
				    working_days_add(&calendar, day_plus(first, -1), count, &due), WORKING_DAYS_OK);
				assert_int_equal(due.number, day.number);
			}
		}
	}
}

static void adding_none_gives_the_day_or_the_next_worked_one(void **state) {
	AUTO(working_days_deinit) struct working_days calendar = load_shipped();

	(void)state;
	expect_due(&calendar, "2024-03-14", 0, "2024-03-14");
	expect_due(&calendar, "2024-03-16", 0, "2024-03-18");
	expect_due(&calendar, "2024-05-04", 0, "2024-05-04");
	expect_due(&calendar, "2024-02-08", 0, "2024-02-15");
	expect_due(&calendar, "2024-03-16", 1, "2024-03-18");
}

static void an_empty_span_has_no_working_days(void **state) {
	AUTO(working_days_deinit) struct working_days calendar = load_shipped();

	(void)state;
	assert_int_equal(count_between(&calendar, day_of(2024, 3, 15), day_of(2024, 3, 14)), 0);
	assert_int_equal(count_between(&calendar, day_of(2024, 3, 14), day_of(2024, 3, 14)), 1);
	assert_int_equal(count_between(&calendar, day_of(2024, 3, 16), day_of(2024, 3, 17)), 0);
}

static void a_year_without_rows_is_unknown(void **state) {
	AUTO(working_days_deinit) struct working_days calendar = load_shipped();
	struct day day = { 4711 };
	unsigned count = 4711;
	bool worked = true;

	(void)state;
	assert_int_equal(working_days_is_worked(&calendar, day_of(2023, 12, 31), &worked),
	    WORKING_DAYS_YEAR_UNKNOWN);
	assert_int_equal(
	    working_days_is_worked(&calendar, day_of(2028, 1, 3), &worked), WORKING_DAYS_YEAR_UNKNOWN);
	assert_int_equal(
	    working_days_is_worked(&calendar, DAY_NONE, &worked), WORKING_DAYS_YEAR_UNKNOWN);
	assert_int_equal(
	    working_days_add(&calendar, day_of(2027, 12, 31), 1, &day), WORKING_DAYS_YEAR_UNKNOWN);
	assert_int_equal(
	    working_days_add(&calendar, day_of(2024, 1, 1), UINT_MAX, &day), WORKING_DAYS_YEAR_UNKNOWN);
	assert_int_equal(
	    working_days_add(&calendar, day_of(2023, 6, 1), 0, &day), WORKING_DAYS_YEAR_UNKNOWN);
	assert_int_equal(working_days_add(&calendar, DAY_NONE, 0, &day), WORKING_DAYS_YEAR_UNKNOWN);
	assert_int_equal(working_days_add(&calendar, DAY_NONE, 1, &day), WORKING_DAYS_YEAR_UNKNOWN);
	assert_int_equal(
	    working_days_between(&calendar, day_of(2023, 12, 31), day_of(2024, 1, 31), &count),
	    WORKING_DAYS_YEAR_UNKNOWN);
	assert_int_equal(
	    working_days_between(&calendar, day_of(2027, 12, 1), day_of(2028, 1, 1), &count),
	    WORKING_DAYS_YEAR_UNKNOWN);
	assert_int_equal(working_days_between(&calendar, DAY_NONE, day_of(2024, 1, 1), &count),
	    WORKING_DAYS_YEAR_UNKNOWN);
	assert_int_equal(
	    working_days_between(&calendar, day_of(2024, 1, 1), (struct day) { INT32_MAX }, &count),
	    WORKING_DAYS_YEAR_UNKNOWN);
	assert_int_equal(day.number, 4711);
	assert_int_equal(count, 4711);
	assert_true(worked);
}

static void an_intake_on_the_eve_of_the_first_known_year_can_be_counted(void **state) {
	AUTO(working_days_deinit) struct working_days calendar = load_shipped();

	(void)state;
	expect_due(&calendar, "2023-12-31", 1, "2024-01-02");
}

static void a_gap_between_known_years_is_unknown(void **state) {
	AUTO(working_days_deinit)
	struct working_days calendar = load_text(HEADER "01/01/2024,NGHI,a,b\n01/01/2026,NGHI,a,b\n");
	struct day day;
	unsigned count;

	(void)state;
	assert_int_equal(
	    working_days_add(&calendar, day_of(2024, 12, 31), 1, &day), WORKING_DAYS_YEAR_UNKNOWN);
	assert_int_equal(
	    working_days_between(&calendar, day_of(2024, 6, 1), day_of(2026, 6, 1), &count),
	    WORKING_DAYS_YEAR_UNKNOWN);
	expect_due(&calendar, "2025-12-31", 1, "2026-01-02");
}

static void a_calendar_without_rows_knows_no_year(void **state) {
	AUTO(working_days_deinit) struct working_days calendar = load_text(HEADER);
	struct working_days null_calendar = WORKING_DAYS_NULL;
	bool worked;

	(void)state;
	assert_int_equal(
	    working_days_is_worked(&calendar, day_of(2024, 1, 2), &worked), WORKING_DAYS_YEAR_UNKNOWN);
	assert_int_equal(working_days_is_worked(&null_calendar, day_of(2024, 1, 2), &worked),
	    WORKING_DAYS_YEAR_UNKNOWN);
	working_days_deinit(&null_calendar);
}

static void files_as_spreadsheets_save_them_are_read(void **state) {
	static const char *const texts[] = {
		"\xef\xbb\xbf" HEADER "04/05/2024,LAM_BU,a,b\n29/04/2024,NGHI,a,b\n",
		"NgayThang,Loai,LyDo,Nguon\r\n4/5/2024,LAM_BU,a,b\r\n29/4/2024,NGHI,a,b\r\n",
		"\n\n" HEADER "\n04/05/2024,LAM_BU,\"a, \"\"b\"\"\",\n \n2024-04-29,\"NGHI\",,b",
		HEADER "4/5/2024, LAM_BU ,\"two\nlines\",b\n29/04/2024,NGHI,a,b\n\n",
		"\"NgayThang\",Loai,LyDo,Nguon\n4/5/2024,LAM_BU,,\n29/04/2024,NGHI,,\n",
	};

	(void)state;
	for (size_t i = 0; i < LENGTH_OF(texts); i++) {
		AUTO(working_days_deinit) struct working_days calendar = load_text(texts[i]);

		assert_int_equal(calendar.count, 2);
		assert_true(is_worked(&calendar, "2024-05-04"));
		assert_false(is_worked(&calendar, "2024-04-29"));
		assert_true(is_worked(&calendar, "2024-04-26"));
	}
}

static void rows_in_any_order_are_sorted(void **state) {
	char text[8192] = HEADER;
	size_t used = strlen(text);
	AUTO(working_days_deinit) struct working_days calendar = WORKING_DAYS_NULL;

	(void)state;
	for (int i = 0; i < 200; i++) {
		char day[DAY_TEXT_SIZE];

		day_format_local(day_plus(day_of(2024, 1, 1), i * 77 % 200), day);
		used += (size_t)snprintf(text + used, sizeof(text) - used, "%s,NGHI,a,b\n", day);
	}
	calendar = load_text(text);
	assert_int_equal(calendar.count, 200);
	expect_due(&calendar, "2024-01-01", 1, "2024-07-19");
}

static void a_malformed_file_names_its_first_bad_line(void **state) {
	(void)state;
	expect_bad_line("", 1);
	expect_bad_line("\n\n", 3);
	expect_bad_line("01/01/2024,NGHI,a,b\n", 1);
	expect_bad_line("NgayThang,Loai,LyDo\n", 1);
	expect_bad_line("NgayThang,Loai,Nguon,LyDo\n", 1);
	expect_bad_line("NgayThang;Loai;LyDo;Nguon\n", 1);
	expect_bad_line("NgayThang,Loai,LyDo,Nguon,GhiChu\n", 1);
	expect_bad_line(HEADER "31/02/2024,NGHI,a,b\n", 2);
	expect_bad_line(HEADER "01/01/2024,NGHI,a,b\n1/1/24,NGHI,a,b\n", 3);
	expect_bad_line(HEADER "01/01/2024,NGHI,a,b\n,NGHI,a,b\n", 3);
	expect_bad_line(HEADER "01/01/2024,nghi,a,b\n", 2);
	expect_bad_line(HEADER "01/01/2024,,a,b\n", 2);
	expect_bad_line(HEADER "01/01/2024,LAM_BUU,a,b\n", 2);
	expect_bad_line(HEADER "01/01/2024,NGHI,a\n", 2);
	expect_bad_line(HEADER "01/01/2024,NGHI,a,b,c\n", 2);
	expect_bad_line(HEADER "01/01/2024\n", 2);
	expect_bad_line(HEADER "01/01/2024,NGHI,a,b\n02/01/2024,NGHI,a", 3);
	expect_bad_line(HEADER "\n\n01/01/2024,NGHI,a,b\n\nx,NGHI,a,b\n", 6);
	expect_bad_line("NgayThang,Loai,LyDo,Nguon\r\n01/01/2024,NGHI,a,b\r\n\r\nx,NGHI,a,b\r\n", 4);
	expect_bad_line(HEADER "01/01/2024,NGHI,\"a\nb\",c\nx,NGHI,a,b\n", 4);
}

static void a_day_named_twice_is_the_second_line_s_fault(void **state) {
	(void)state;
	expect_bad_line(HEADER "01/01/2024,NGHI,a,b\n02/01/2024,NGHI,a,b\n01/01/2024,NGHI,a,b\n", 4);
	expect_bad_line(HEADER "04/05/2024,LAM_BU,a,b\n2024-05-04,NGHI,a,b\n", 3);
}

static void bad_quotes_name_the_line_where_the_row_began(void **state) {
	(void)state;
	expect_bad_line(HEADER "01/01/2024,NGHI,a\"b,c\n", 2);
	expect_bad_line(HEADER "01/01/2024,NGHI,\"a\"b,c\n", 2);
	expect_bad_line(HEADER "01/01/2024,NGHI,a,b\n02/01/2024,NGHI,\"a,b\n03/01/2024,NGHI,a,b\n", 3);
}

static void an_embedded_nul_is_malformed(void **state) {
	static const char in_day[] = HEADER "01/01/2024\0,NGHI,a,b\n";
	static const char in_kind[] = HEADER "01/01/2024,NGHI\0,a,b\n";

	(void)state;
	expect_bad_bytes(in_day, sizeof(in_day) - 1, 2);
	expect_bad_bytes(in_kind, sizeof(in_kind) - 1, 2);
}

static void a_file_that_cannot_be_read_is_an_errno(void **state) {
	struct working_days calendar = WORKING_DAYS_NULL;
	unsigned line = 4711;

	(void)state;
	assert_int_equal(working_days_load("/nowhere/vietnam.csv", &calendar, &line), -ENOENT);
	assert_int_equal(working_days_load("/tmp", &calendar, &line), -EISDIR);
	assert_int_equal(line, 4711);
	assert_null(calendar.exceptions);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(due_dates_of_the_shipped_calendar_are_right),
		cmocka_unit_test(months_of_the_shipped_calendar_have_the_right_count),
		cmocka_unit_test(every_shipped_row_changes_its_day),
		cmocka_unit_test(counting_adding_and_walking_agree),
		cmocka_unit_test(adding_none_gives_the_day_or_the_next_worked_one),
		cmocka_unit_test(an_empty_span_has_no_working_days),
		cmocka_unit_test(a_year_without_rows_is_unknown),
		cmocka_unit_test(an_intake_on_the_eve_of_the_first_known_year_can_be_counted),
		cmocka_unit_test(a_gap_between_known_years_is_unknown),
		cmocka_unit_test(a_calendar_without_rows_knows_no_year),
		cmocka_unit_test(files_as_spreadsheets_save_them_are_read),
		cmocka_unit_test(rows_in_any_order_are_sorted),
		cmocka_unit_test(a_malformed_file_names_its_first_bad_line),
		cmocka_unit_test(a_day_named_twice_is_the_second_line_s_fault),
		cmocka_unit_test(bad_quotes_name_the_line_where_the_row_began),
		cmocka_unit_test(an_embedded_nul_is_malformed),
		cmocka_unit_test(a_file_that_cannot_be_read_is_an_errno),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
