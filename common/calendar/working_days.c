/* SPDX-License-Identifier: MIT */
#include "common/calendar/working_days.h"

#include <csv.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/error.h"

#define LAST_WORKED_WEEKDAY 5 /* Friday */

struct exception {
	struct day day;
	bool worked;
};

/* Loading: libcsv calls field_add() and row_end(); the first answer that is not OK sticks. */

static const char *const columns[] = { "NgayThang", "Loai", "LyDo", "Nguon" };

struct loading {
	struct working_days calendar;
	size_t capacity;
	struct exception row;
	size_t fields; /* of the row so far */
	bool header_seen;
	unsigned line;
	unsigned row_line; /* where the row began: a quoted field may hold line ends */
	int answer;
};

static void file_closep(FILE **file) {
	if (*file)
		fclose(*file);
}

static void text_freep(char **text) {
	free(*text);
}

static void loading_deinit(struct loading *loading) {
	working_days_deinit(&loading->calendar);
}

static bool field_is(const void *field, size_t length, const char *text) {
	return length == strlen(text) && memcmp(field, text, length) == 0;
}

static int field_read(struct loading *loading, const void *field, size_t length) {
	if (loading->fields >= LENGTH_OF(columns))
		return WORKING_DAYS_MALFORMED;
	if (!loading->header_seen)
		return field_is(field, length, columns[loading->fields]) ? WORKING_DAYS_OK
		                                                         : WORKING_DAYS_MALFORMED;
	switch (loading->fields) {
	case 0:
		return day_parse(field, length, &loading->row.day) == DAY_OK ? WORKING_DAYS_OK
		                                                             : WORKING_DAYS_MALFORMED;
	case 1:
		loading->row.worked = field_is(field, length, "LAM_BU");
		return loading->row.worked || field_is(field, length, "NGHI") ? WORKING_DAYS_OK
		                                                              : WORKING_DAYS_MALFORMED;
	default: return WORKING_DAYS_OK; /* reason and source are for people */
	}
}

static void field_add(void *field, size_t length, void *context) {
	struct loading *loading = context;

	if (loading->answer != WORKING_DAYS_OK)
		return;
	loading->answer = field_read(loading, field, length);
	loading->fields++;
}

/* The place of the first exception that is not before `day`. */
static size_t exception_position(const struct working_days *calendar, struct day day) {
	size_t low = 0, high = calendar->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (calendar->exceptions[middle].day.number < day.number)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static int row_insert(struct loading *loading) {
	struct working_days *calendar = &loading->calendar;
	size_t at = exception_position(calendar, loading->row.day);

	/* Two rows for one day contradict each other or were pasted twice. */
	if (at < calendar->count && calendar->exceptions[at].day.number == loading->row.day.number)
		return WORKING_DAYS_MALFORMED;
	if (calendar->count == loading->capacity) {
		size_t capacity = loading->capacity ? 2 * loading->capacity : 64;
		struct exception *grown =
		    reallocarray(calendar->exceptions, capacity, sizeof(*calendar->exceptions));

		if (!grown)
			return failed_here(-ENOMEM);
		calendar->exceptions = grown;
		loading->capacity = capacity;
	}
	memmove(&calendar->exceptions[at + 1], &calendar->exceptions[at],
	    (calendar->count - at) * sizeof(*calendar->exceptions));
	calendar->exceptions[at] = loading->row;
	calendar->count++;
	return WORKING_DAYS_OK;
}

static void row_end(int terminator, void *context) {
	struct loading *loading = context;

	(void)terminator;
	if (loading->answer != WORKING_DAYS_OK)
		return;
	if (loading->fields > 0) { /* else a blank line */
		if (loading->fields != LENGTH_OF(columns))
			loading->answer = WORKING_DAYS_MALFORMED;
		else if (loading->header_seen)
			loading->answer = row_insert(loading);
		loading->header_seen = true;
		loading->fields = 0;
	}
	if (loading->answer == WORKING_DAYS_OK)
		loading->row_line = loading->line + 1;
}

static int parser_answer(struct csv_parser *parser, int result) {
	if (result == 0)
		return WORKING_DAYS_OK;
	return csv_error(parser) == CSV_EPARSE ? WORKING_DAYS_MALFORMED : failed_here(-ENOMEM);
}

static int loading_run(struct loading *loading, FILE *file) {
	/* Every line end is reported, so that blank lines count. */
	static const unsigned char strictness = CSV_STRICT | CSV_STRICT_FINI | CSV_REPALL_NL;
	static const char byte_order_mark[] = { '\xef', '\xbb', '\xbf' };
	AUTO(csv_free) struct csv_parser parser = { .entry_buf = NULL };
	AUTO(text_freep) char *text = NULL;
	size_t size = 0;
	ssize_t read;
	int r;

	if (csv_init(&parser, strictness) != 0)
		return failed_here(-ENOMEM);
	errno = 0;
	while (loading->answer == WORKING_DAYS_OK && (read = getline(&text, &size, file)) >= 0) {
		const char *start = text;
		size_t length = (size_t)read;

		if (loading->line++ == 0 && length >= sizeof(byte_order_mark) &&
		    memcmp(text, byte_order_mark, sizeof(byte_order_mark)) == 0) {
			start += sizeof(byte_order_mark); /* spreadsheets put it there */
			length -= sizeof(byte_order_mark);
		}
		r = parser_answer(
		    &parser, csv_parse(&parser, start, length, field_add, row_end, loading) != length);
		if (r != WORKING_DAYS_OK && loading->answer == WORKING_DAYS_OK)
			loading->answer = r;
		errno = 0;
	}
	if (loading->answer != WORKING_DAYS_OK)
		return loading->answer;
	if (!feof(file))
		return failed_here(errno ? -errno : -EIO);
	r = parser_answer(&parser, csv_fini(&parser, field_add, row_end, loading));
	if (r != WORKING_DAYS_OK || loading->answer != WORKING_DAYS_OK)
		return r != WORKING_DAYS_OK ? r : loading->answer;
	return loading->header_seen ? WORKING_DAYS_OK : WORKING_DAYS_MALFORMED;
}

int working_days_load(const char *path, struct working_days *ret_calendar, unsigned *ret_line) {
	AUTO(loading_deinit) struct loading loading = { .calendar = WORKING_DAYS_NULL, .row_line = 1 };
	AUTO(file_closep) FILE *file = fopen(path, "re");
	int r;

	if (!file)
		return failed_here(-errno);
	r = loading_run(&loading, file);
	if (r < 0)
		return failed_below(r);
	if (r == WORKING_DAYS_MALFORMED) {
		*ret_line = loading.row_line;
		return r;
	}
	*ret_calendar = loading.calendar;
	loading.calendar = WORKING_DAYS_NULL; /* the caller owns it now */
	return WORKING_DAYS_OK;
}

void working_days_deinit(struct working_days *calendar) {
	free(calendar->exceptions);
	*calendar = WORKING_DAYS_NULL;
}

static int year_of(struct day day) {
	int year;

	day_split(day, &year, NULL, NULL);
	return year;
}

/* A year outside DAY_YEAR_MIN..DAY_YEAR_MAX has only DAY_NONE, which lies before every row. */
static bool year_is_known(const struct working_days *calendar, int year) {
	size_t at = exception_position(calendar, day_of(year, 1, 1));

	return at < calendar->count &&
	       calendar->exceptions[at].day.number <= day_of(year, 12, 31).number;
}

static bool weekday_is_worked(struct day day) {
	return day_weekday(day) <= LAST_WORKED_WEEKDAY;
}

/* `at` is exception_position() of `day`. */
static bool day_is_worked(const struct working_days *calendar, size_t at, struct day day) {
	if (at < calendar->count && calendar->exceptions[at].day.number == day.number)
		return calendar->exceptions[at].worked;
	return weekday_is_worked(day);
}

int working_days_is_worked(const struct working_days *calendar, struct day day, bool *ret_worked) {
	if (!year_is_known(calendar, year_of(day)))
		return WORKING_DAYS_YEAR_UNKNOWN;
	*ret_worked = day_is_worked(calendar, exception_position(calendar, day), day);
	return WORKING_DAYS_OK;
}

int working_days_add(
    const struct working_days *calendar, struct day day, unsigned count, struct day *ret_day) {
	struct day known_until = DAY_NONE;
	struct day walker = count > 0 ? day_plus(day, 1) : day;
	size_t at = exception_position(calendar, walker);

	for (;; walker = day_plus(walker, 1)) {
		if (walker.number > known_until.number || day_is_none(walker)) {
			int year = year_of(walker);

			if (!year_is_known(calendar, year))
				return WORKING_DAYS_YEAR_UNKNOWN;
			known_until = day_of(year, 12, 31);
		}
		while (at < calendar->count && calendar->exceptions[at].day.number < walker.number)
			at++;
		if (!day_is_worked(calendar, at, walker))
			continue;
		if (count <= 1)
			break;
		count--;
	}
	*ret_day = walker;
	return WORKING_DAYS_OK;
}

/* Mondays to Fridays from a Monday long ago up to and without `day`. */
static int weekdays_before(struct day day) {
	int since_monday = day_weekday(day) - 1;
	int weeks = (day.number + 3 - since_monday) / 7;

	return LAST_WORKED_WEEKDAY * weeks +
	       (since_monday < LAST_WORKED_WEEKDAY ? since_monday : LAST_WORKED_WEEKDAY);
}

int working_days_between(
    const struct working_days *calendar, struct day first, struct day last, unsigned *ret_count) {
	int count = 0;

	if (last.number >= first.number) {
		int last_year = year_of(last);
		size_t at = exception_position(calendar, first);

		for (int year = year_of(first); year <= last_year; year++) {
			if (!year_is_known(calendar, year))
				return WORKING_DAYS_YEAR_UNKNOWN;
		}
		count = weekdays_before(day_plus(last, 1)) - weekdays_before(first);
		for (; at < calendar->count && calendar->exceptions[at].day.number <= last.number; at++) {
			const struct exception *exception = &calendar->exceptions[at];

			count += (int)exception->worked - (int)weekday_is_worked(exception->day);
		}
	}
	*ret_count = (unsigned)count;
	return WORKING_DAYS_OK;
}
