/* SPDX-License-Identifier: MIT */
/*
 * Reporting periods
 *
 * A period is a run of whole months, counted from year 0. Its window starts where the one before it
 * stops because both ends come from the same function, month_start().
 */
#include "common/calendar/period.h"

#include <stdio.h>
#include <string.h>

#define STATUTORY_FIRST 15 /* the day of the month before on which a statutory month starts */

/* `months` may be of any year from 1 on: a window of the first or last year that a day may have
 * reaches into the neighbour year, which day_of() refuses. */
static struct day month_start(int months) {
	int from_march = months - 2;
	int years = from_march / 12;

	return (struct day) { 365 * years + years / 4 - years / 100 + years / 400 +
		                  (153 * (from_march % 12) + 2) / 5 - 719468 };
}

static struct day window_start(enum period_calendar calendar, int months) {
	if (calendar == PERIOD_CALENDAR)
		return month_start(months);
	return day_plus(month_start(months - 1), STATUTORY_FIRST - 1);
}

static const struct {
	int months;   /* how many a period of this kind has */
	int per_year; /* how many of this kind a year has names for */
} kinds[] = {
	[PERIOD_MONTH] = { 1, 12 },
	[PERIOD_QUARTER] = { 3, 4 },
	[PERIOD_HALF_YEAR] = { 6, 2 },
	[PERIOD_NINE_MONTHS] = { 9, 1 },
	[PERIOD_YEAR] = { 12, 1 },
};

static struct period period_of(
    enum period_calendar calendar, enum period_kind kind, int year, int number) {
	int first = year * 12 + (number - 1) * kinds[kind].months;

	return (struct period) {
		.calendar = calendar,
		.kind = kind,
		.year = year,
		.number = number,
		.first = window_start(calendar, first),
		.last = day_plus(window_start(calendar, first + kinds[kind].months), -1),
	};
}

static int digit_of(char letter) {
	return letter >= '0' && letter <= '9' ? letter - '0' : -1;
}

/* The part of a name after "2024-", always two letters. */
static int kind_parse(const char *text, enum period_kind *ret_kind, int *ret_number) {
	char first = text[0] == 'q' || text[0] == 'h' ? (char)(text[0] - 'a' + 'A') : text[0];
	int tens = digit_of(first), units = digit_of(text[1]);
	enum period_kind kind;
	int number;

	if (text[1] == 'M' || text[1] == 'm') {
		if (first != '6' && first != '9')
			return PERIOD_MALFORMED;
		kind = first == '6' ? PERIOD_HALF_YEAR : PERIOD_NINE_MONTHS;
		number = 1;
	} else if (units < 0) {
		return PERIOD_MALFORMED;
	} else if (first == 'Q' || first == 'H') {
		kind = first == 'Q' ? PERIOD_QUARTER : PERIOD_HALF_YEAR;
		number = units;
	} else if (tens >= 0) {
		kind = PERIOD_MONTH;
		number = tens * 10 + units;
	} else {
		return PERIOD_MALFORMED;
	}
	if (number < 1 || number > kinds[kind].per_year)
		return PERIOD_MALFORMED;
	*ret_kind = kind;
	*ret_number = number;
	return PERIOD_OK;
}

int period_parse(const char *name, enum period_calendar calendar, struct period *ret_period) {
	size_t length = strnlen(name, PERIOD_NAME_SIZE);
	enum period_kind kind = PERIOD_YEAR;
	int year = 0, number = 1;

	if (length != 4 && length != 7)
		return PERIOD_MALFORMED;
	for (int i = 0; i < 4; i++) {
		int digit = digit_of(name[i]);

		if (digit < 0)
			return PERIOD_MALFORMED;
		year = year * 10 + digit;
	}
	if (year < DAY_YEAR_MIN || year > DAY_YEAR_MAX)
		return PERIOD_MALFORMED;
	if (length == 7 && (name[4] != '-' || kind_parse(name + 5, &kind, &number) != PERIOD_OK))
		return PERIOD_MALFORMED;
	*ret_period = period_of(calendar, kind, year, number);
	return PERIOD_OK;
}

char *period_name(const struct period *period, char name[PERIOD_NAME_SIZE]) {
	static const char *const forms[] = {
		[PERIOD_MONTH] = "%04d-%02d",
		[PERIOD_QUARTER] = "%04d-Q%d",
		[PERIOD_HALF_YEAR] = "%04d-H%d",
		[PERIOD_NINE_MONTHS] = "%04d-9M",
		[PERIOD_YEAR] = "%04d",
	};

	snprintf(name, PERIOD_NAME_SIZE, forms[period->kind], period->year, period->number);
	return name;
}

struct period period_previous(const struct period *period) {
	if (period->number > 1)
		return period_of(period->calendar, period->kind, period->year, period->number - 1);
	return period_of(
	    period->calendar, period->kind, period->year - 1, kinds[period->kind].per_year);
}

static int statutory_months_of(struct day day) {
	int year, month, day_of_month;

	day_split(day, &year, &month, &day_of_month);
	return year * 12 + month - 1 + (day_of_month >= STATUTORY_FIRST);
}

int32_t statutory_year_of(struct day day) {
	return statutory_months_of(day) / 12;
}

int32_t statutory_month_of(struct day day) {
	int months = statutory_months_of(day);

	return months / 12 * 100 + months % 12 + 1;
}

void statutory_year_window(int32_t year, struct day *ret_first, struct day *ret_last) {
	struct period period = period_of(PERIOD_STATUTORY, PERIOD_YEAR, year, 1);

	*ret_first = period.first;
	*ret_last = period.last;
}

void statutory_month_window(int32_t month, struct day *ret_first, struct day *ret_last) {
	struct period period = period_of(PERIOD_STATUTORY, PERIOD_MONTH, month / 100, month % 100);

	*ret_first = period.first;
	*ret_last = period.last;
}
