/* SPDX-License-Identifier: MIT */
/*
 * Civil days and local stamps
 *
 * Both conversions follow Neri and Schneider, "Euclidean affine functions and their application to
 * calendar algorithms" (2022): years begin on 1 March, so the leap day is the last of its year, and
 * multiplications stand where divisions would.
 */
#include "common/calendar/day.h"

#define DAYS_TO_EPOCH 719468 /* 0000-03-01 … 1970-01-01 */
#define ERA_DAYS      146097 /* 400 years */
#define ERA_YEARS     400
#define ERAS_SHIFT    14700              /* lifts every int32_t day above zero */
#define WEEKS_SHIFT   INT64_C(306783379) /* the same in weeks */

#define STAMP_LENGTH   14
#define STAMP_TIME_MOD 1000000 /* HHmmss are its last six digits */

static unsigned month_length(unsigned year, unsigned month) {
	/* A century is leap when 16 divides it, since 25 already does. */
	bool leap = (year & (year % 25 == 0 ? 15 : 3)) == 0;

	return month == 2 ? 28u + leap : 30 | (month ^ (month >> 3));
}

struct day day_of(int year, int month, int day_of_month) {
	unsigned late, years, century, months, days_before;

	if (year < DAY_YEAR_MIN || year > DAY_YEAR_MAX || month < 1 || month > 12 || day_of_month < 1 ||
	    (unsigned)day_of_month > month_length((unsigned)year, (unsigned)month))
		return DAY_NONE;
	late = month <= 2;
	years = (unsigned)year - late;
	months = (unsigned)month + 12 * late;
	century = years / 100;
	days_before = 1461 * years / 4 - century + century / 4 + (979 * months - 2919) / 32;
	return (struct day) { (int32_t)days_before + day_of_month - 1 - DAYS_TO_EPOCH };
}

void day_split(struct day day, int *ret_year, int *ret_month, int *ret_day_of_month) {
	uint64_t days =
	    (uint64_t)((int64_t)day.number + DAYS_TO_EPOCH + (int64_t)ERAS_SHIFT * ERA_DAYS);
	uint64_t quarters = 4 * days + 3;
	uint64_t century = quarters / ERA_DAYS;
	uint64_t product = UINT64_C(2939745) * (quarters % ERA_DAYS | 3);
	uint32_t day_of_year = (uint32_t)product / 2939745 / 4;
	uint32_t month_and_day = 2141 * day_of_year + 197913;
	unsigned late = day_of_year >= 306;

	if (ret_year)
		*ret_year = (int)(100 * century + (product >> 32) + late) - ERAS_SHIFT * ERA_YEARS;
	if (ret_month)
		*ret_month = (int)((month_and_day >> 16) - 12 * late);
	if (ret_day_of_month)
		*ret_day_of_month = (int)((month_and_day & 0xffff) / 2141 + 1);
}

int day_weekday(struct day day) {
	/* Day -3 is a Monday. */
	return (int)((uint64_t)(INT64_C(3) + day.number + 7 * WEEKS_SHIFT) % 7) + 1;
}

static bool digits_read(const char *text, size_t count, unsigned *ret_value) {
	unsigned value = 0;
	bool digits = true;

	for (size_t i = 0; i < count; i++) {
		unsigned digit = (unsigned)(unsigned char)text[i] - '0';

		digits &= digit <= 9;
		value = value * 10 + digit;
	}
	*ret_value = value;
	return digits;
}

static int day_parse_parts(const char *year, const char *month, size_t month_digits,
    const char *day_of_month, size_t day_digits, struct day *ret_day) {
	unsigned years, months, days;
	struct day day;

	if (!digits_read(year, 4, &years) || !digits_read(month, month_digits, &months) ||
	    !digits_read(day_of_month, day_digits, &days))
		return DAY_MALFORMED;
	day = day_of((int)years, (int)months, (int)days);
	if (day_is_none(day))
		return DAY_MALFORMED;
	*ret_day = day;
	return DAY_OK;
}

int day_parse(const char *text, size_t length, struct day *ret_day) {
	size_t day_digits, month_at, year_at;

	if (length < 8 || length > 10)
		return DAY_MALFORMED;
	if (length == 10 && text[4] == '-' && text[7] == '-')
		return day_parse_parts(text, text + 5, 2, text + 8, 2, ret_day);
	day_digits = text[1] == '/' ? 1 : 2;
	month_at = day_digits + 1;
	year_at = length - 4;
	if (year_at < month_at + 2 || year_at > month_at + 3 || text[day_digits] != '/' ||
	    text[year_at - 1] != '/')
		return DAY_MALFORMED;
	return day_parse_parts(
	    text + year_at, text + month_at, year_at - 1 - month_at, text, day_digits, ret_day);
}

static char *digits_write(char *at, int value, int count) {
	for (int i = count - 1; i >= 0; i--) {
		at[i] = (char)('0' + value % 10);
		value /= 10;
	}
	return at + count;
}

static bool day_split_for_text(struct day day, int *ret_year, int *ret_month, int *ret_day) {
	day_split(day, ret_year, ret_month, ret_day);
	return *ret_year >= 0 && *ret_year <= 9999; /* DAY_NONE is far below */
}

char *day_format_iso(struct day day, char text[DAY_TEXT_SIZE]) {
	int year, month, day_of_month;
	char *at = text;

	if (day_split_for_text(day, &year, &month, &day_of_month)) {
		at = digits_write(at, year, 4);
		*at++ = '-';
		at = digits_write(at, month, 2);
		*at++ = '-';
		at = digits_write(at, day_of_month, 2);
	}
	*at = '\0';
	return text;
}

char *day_format_local(struct day day, char text[DAY_TEXT_SIZE]) {
	int year, month, day_of_month;
	char *at = text;

	if (day_split_for_text(day, &year, &month, &day_of_month)) {
		at = digits_write(at, day_of_month, 2);
		*at++ = '/';
		at = digits_write(at, month, 2);
		*at++ = '/';
		at = digits_write(at, year, 4);
	}
	*at = '\0';
	return text;
}

static bool time_is_valid(unsigned time) {
	return time / 10000 <= 23 && time / 100 % 100 <= 59 && time % 100 <= 59;
}

static int time_parse(const char *text, size_t length, unsigned *ret_time) {
	unsigned hour, minute, second = 0;

	if (length != 5 && length != 8)
		return DAY_MALFORMED;
	if (!digits_read(text, 2, &hour) || text[2] != ':' || !digits_read(text + 3, 2, &minute))
		return DAY_MALFORMED;
	if (length == 8 && (text[5] != ':' || !digits_read(text + 6, 2, &second)))
		return DAY_MALFORMED;
	*ret_time = hour * 10000 + minute * 100 + second;
	return time_is_valid(*ret_time) ? DAY_OK : DAY_MALFORMED;
}

static int stamp_parse_rewritten(const char *text, size_t length, uint64_t *ret_stamp) {
	int year, month, day_of_month;
	size_t date_length = 0;
	unsigned time = 0;
	struct day day;

	while (date_length < length && date_length < DAY_TEXT_SIZE && text[date_length] != ' ' &&
	       text[date_length] != 'T')
		date_length++;
	if (day_parse(text, date_length, &day) != DAY_OK)
		return DAY_MALFORMED;
	if (date_length < length) {
		size_t time_at = date_length + 1;

		if (text[date_length] == 'T' && text[4] != '-')
			return DAY_MALFORMED;
		if (time_parse(text + time_at, length - time_at, &time) != DAY_OK)
			return DAY_MALFORMED;
	}
	day_split(day, &year, &month, &day_of_month);
	*ret_stamp = (uint64_t)(year * 10000 + month * 100 + day_of_month) * STAMP_TIME_MOD + time;
	return DAY_OK;
}

int stamp_parse(const char *text, size_t length, uint64_t *ret_stamp) {
	unsigned date, time;
	uint64_t stamp;

	/* "1/1/2024 08:22" has the length of a stamp too. */
	if (length != STAMP_LENGTH || !digits_read(text, 8, &date) || !digits_read(text + 8, 6, &time))
		return stamp_parse_rewritten(text, length, ret_stamp);
	stamp = (uint64_t)date * STAMP_TIME_MOD + time;
	if (!stamp_is_valid(stamp))
		return DAY_MALFORMED;
	*ret_stamp = stamp;
	return DAY_OK;
}

bool stamp_is_valid(uint64_t stamp) {
	return time_is_valid((unsigned)(stamp % STAMP_TIME_MOD)) && !day_is_none(stamp_day(stamp));
}

struct day stamp_day(uint64_t stamp) {
	uint64_t date = stamp / STAMP_TIME_MOD;

	return day_of((int)(date / 10000), (int)(date / 100 % 100), (int)(date % 100));
}
