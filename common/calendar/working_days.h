/* SPDX-License-Identifier: MIT */
/*
 * Working days
 *
 * The state announces each year's days off and swapped Saturdays; no rule can know them. They are
 * data: a CSV file with the columns NgayThang, Loai {NGHI, LAM_BU}, LyDo, Nguon (source of the
 * announcement). A year that has no row at all is an unknown year: counting through it is refused,
 * never a silent Monday to Friday.
 */
#pragma once

#include "common/calendar/day.h"

struct working_days {
	struct exception *exceptions; /* sorted by day */
	size_t count;
};

#define WORKING_DAYS_NULL ((struct working_days) { .exceptions = NULL })

enum { WORKING_DAYS_OK, WORKING_DAYS_YEAR_UNKNOWN, WORKING_DAYS_MALFORMED };

/* Load a calendar file. On WORKING_DAYS_MALFORMED *ret_line is the number of the first bad line
 * (the header is line 1, and must be there); a second row for the same day is bad too.
 * Return: WORKING_DAYS_OK, WORKING_DAYS_MALFORMED, or a negative errno when it cannot be read. */
int working_days_load(const char *path, struct working_days *ret_calendar, unsigned *ret_line);
void working_days_deinit(struct working_days *calendar);

/* Whether `day` is worked. Return: WORKING_DAYS_OK or WORKING_DAYS_YEAR_UNKNOWN. */
int working_days_is_worked(const struct working_days *calendar, struct day day, bool *ret_worked);

/* The day that is `count` working days after `day`; day 1 is the first worked day after it (the day
 * of intake is not counted). `count` 0 gives `day` itself when worked, else the next worked day.
 * Return: WORKING_DAYS_OK or WORKING_DAYS_YEAR_UNKNOWN. */
int working_days_add(
    const struct working_days *calendar, struct day day, unsigned count, struct day *ret_day);

/* How many days of [first, last] are worked; none when last lies before first. Return: as above. */
int working_days_between(
    const struct working_days *calendar, struct day first, struct day last, unsigned *ret_count);
