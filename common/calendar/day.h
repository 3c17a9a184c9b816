/* SPDX-License-Identifier: MIT */
/*
 * Civil days and local stamps
 *
 * A legal date is a day of the office's civil calendar, never an instant: it has no zone and no
 * clock. A day is a count of days since 1970-01-01 (day 0) in the proleptic Gregorian calendar, so
 * days compare, add and subtract as the numbers they are.
 *
 * A stamp is a local date and time of day as offices write it, `yyyyMMddHHmmss` (the national sync
 * format); it is kept as the decimal number 20240115082258, so stamps compare as numbers too.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct day {
	int32_t number; /* days since 1970-01-01 */
};

#define DAY_NONE ((struct day) { INT32_MIN }) /* "not happened, not known" */

/* Earlier and later years are typing errors in every register we know. */
#define DAY_YEAR_MIN 1900
#define DAY_YEAR_MAX 2199

enum { DAY_OK, DAY_MALFORMED };

/* A real day of the calendar, or DAY_NONE when year, month (1..12) and day of month do not name
 * one or the year lies outside DAY_YEAR_MIN..DAY_YEAR_MAX. */
struct day day_of(int year, int month, int day_of_month);

/* Year, month (1..12) and day of month of a day that is not DAY_NONE. Null pointers are skipped. */
void day_split(struct day day, int *ret_year, int *ret_month, int *ret_day_of_month);

/* Weekday by ISO 8601: 1 Monday … 7 Sunday. */
int day_weekday(struct day day);

static inline bool day_is_none(struct day day) {
	return day.number == INT32_MIN;
}

static inline struct day day_plus(struct day day, int days) {
	return (struct day) { day.number + days };
}

/* Read `dd/mm/yyyy` (day and month of one or two digits) or ISO `yyyy-mm-dd`. The whole text of
 * `length` bytes must be the date; surrounding blanks are not accepted.
 * Return: DAY_OK, or DAY_MALFORMED with *ret_day untouched. */
int day_parse(const char *text, size_t length, struct day *ret_day);

#define DAY_TEXT_SIZE 11 /* "2024-03-14" and its end */

/* Write the ISO form into `text`, or "" for DAY_NONE and for a day whose year has no four digits.
 * Return: `text`. */
char *day_format_iso(struct day day, char text[DAY_TEXT_SIZE]);

/* The same for `dd/mm/yyyy`. Return: `text`. */
char *day_format_local(struct day day, char text[DAY_TEXT_SIZE]);

/* Read a stamp: exactly 14 digits that name a real day and a time of day up to 23:59:59; also
 * `dd/mm/yyyy`, `dd/mm/yyyy HH:mm[:ss]`, `yyyy-mm-dd` and `yyyy-mm-dd[ T]HH:mm[:ss]`, since
 * spreadsheets rewrite stamps that way; a date without a time means 00:00:00. Hours,
 * minutes and seconds always have two digits.
 * Return: DAY_OK, or DAY_MALFORMED with *ret_stamp untouched. */
int stamp_parse(const char *text, size_t length, uint64_t *ret_stamp);

/* True when the decimal number is a valid stamp as above. */
bool stamp_is_valid(uint64_t stamp);

/* The civil day of a valid stamp; DAY_NONE for 0, which stands for "not happened". */
struct day stamp_day(uint64_t stamp);
