/* SPDX-License-Identifier: MIT */
/*
 * Reporting periods
 *
 * Statutory windows by Nghị định 09/2019/NĐ-CP Art. 12: a month runs from day 15 of the month
 * before to day 14; the first quarter of 2024 is 2023-12-15 … 2024-03-14; the statutory year 2024
 * is 2023-12-15 … 2024-12-14. Months tile quarters and quarters tile the year. Calendar windows are
 * the same names over calendar months.
 *
 * Names: `2024-Q1` … `2024-Q4`, `2024-H1` and `2024-6M` (six months), `2024-9M`, `2024` (year),
 * `2024-01` … `2024-12` (months). `2024-H2` is accepted too: quarters three and four.
 */
#pragma once

#include "common/calendar/day.h"

enum period_calendar {
	PERIOD_STATUTORY,
	PERIOD_CALENDAR,
};

enum period_kind {
	PERIOD_MONTH,
	PERIOD_QUARTER,
	PERIOD_HALF_YEAR,
	PERIOD_NINE_MONTHS,
	PERIOD_YEAR,
};

struct period {
	enum period_calendar calendar;
	enum period_kind kind;
	int year;         /* the year in its name; plans and quotas of this year belong to it */
	int number;       /* which month (1..12), quarter (1..4) or half (1..2); 1 for the rest */
	struct day first; /* both days belong to the period */
	struct day last;
};

#define PERIOD_NAME_SIZE 12 /* the longest name, "2024-Q1", with room */

enum { PERIOD_OK, PERIOD_MALFORMED };

/* Read a period's name; lower case is accepted. Return: PERIOD_OK, or PERIOD_MALFORMED. */
int period_parse(const char *name, enum period_calendar calendar, struct period *ret_period);

/* The canonical name ("2024-Q1", "2024-H1", "2024-9M", "2024", "2024-03"). Return: `name`. */
char *period_name(const struct period *period, char name[PERIOD_NAME_SIZE]);

/* The period of the same kind just before this one: 2023-Q4 for 2024-Q1, 2023 for 2024, 2023-9M for
 * 2024-9M. */
struct period period_previous(const struct period *period);

/*
 * Statutory buckets
 *
 * Counters are kept per day, per statutory month and per statutory year. The bucket of a day is a
 * number that grows with time: year 2024 -> 2024, month 3 of 2024 -> 202403. DAY_NONE has no
 * bucket: callers set such days aside first.
 */
int32_t statutory_year_of(struct day day);
int32_t statutory_month_of(struct day day); /* e.g. 202401 for 2023-12-15 … 2024-01-14 */

/* First and last day of a bucket made by the two functions above. */
void statutory_year_window(int32_t year, struct day *ret_first, struct day *ret_last);
void statutory_month_window(int32_t month, struct day *ret_first, struct day *ret_last);
