/* SPDX-License-Identifier: MIT */
#include "services/reporting/report_words.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#define REVIEW_TERM_YEARS 5
#define MOMENT_MAX        7258032000u /* seconds until the year 2200 */
#define REVIEW_TERM_END   2023        /* any year that a term ended with */

static const char *const roman[] = { "I", "II", "III", "IV" };

/* Both places of the tone mark are in use. */
static const char *const committees[] = {
	"Ủy ban nhân dân ",
	"Uỷ ban nhân dân ",
	"Ủy ban Nhân dân ",
	"Uỷ ban Nhân dân ",
	"UBND ",
};

static const struct level_words levels[] = {
	{ "huyện", "Huyện ủy", "xã, thị trấn" },
	{ "quận", "Quận ủy", "phường" },
	{ "thị xã", "Thị ủy", "xã, phường" },
	{ "thành phố", "Thành ủy", "xã, phường" },
	{ "tỉnh", "Tỉnh ủy", "xã, phường" },
	{ "xã", "Đảng ủy xã", "thôn, ấp" },
	{ "phường", "Đảng ủy phường", "khu phố" },
	{ "thị trấn", "Đảng ủy thị trấn", "khu phố" },
	{ "đặc khu", "Đảng ủy đặc khu", "thôn, khu phố" },
};

static const struct level_words any_level = { "địa phương", "cấp ủy", "xã, phường, thị trấn" };

const char *period_word(const struct period *period) {
	switch (period->kind) {
	case PERIOD_MONTH: return "tháng";
	case PERIOD_QUARTER: return "quý";
	case PERIOD_HALF_YEAR: return "6 tháng";
	case PERIOD_NINE_MONTHS: return "9 tháng";
	default: return "năm";
	}
}

int period_months(const struct period *period) {
	switch (period->kind) {
	case PERIOD_MONTH: return 1;
	case PERIOD_QUARTER: return 3;
	case PERIOD_HALF_YEAR: return 6;
	case PERIOD_NINE_MONTHS: return 9;
	default: return 12;
	}
}

const char *period_words_short(struct arena *arena, const struct period *period) {
	switch (period->kind) {
	case PERIOD_MONTH: return arena_format(arena, "tháng %d", period->number);
	case PERIOD_QUARTER:
		if (period->number < 1 || (size_t)period->number > LENGTH_OF(roman))
			return "quý";
		return arena_format(arena, "quý %s", roman[period->number - 1]);
	case PERIOD_HALF_YEAR: return period->number == 2 ? "6 tháng cuối năm" : "6 tháng đầu năm";
	default: return period_word(period);
	}
}

const char *period_words(struct arena *arena, const struct period *period) {
	const char *words = period_words_short(arena, period);

	if (!words)
		return NULL;
	if (period->kind == PERIOD_HALF_YEAR || period->kind == PERIOD_YEAR)
		return arena_format(arena, "%s %d", words, period->year);
	return arena_format(arena, "%s năm %d", words, period->year);
}

const char *period_window_words(
    struct arena *arena, const struct period *period, struct day as_of) {
	struct day end = period->last;
	char first[DAY_TEXT_SIZE];
	char last[DAY_TEXT_SIZE];

	if (!day_is_none(as_of) && as_of.number < end.number)
		end = as_of;
	return arena_format(arena, "từ ngày %s đến hết ngày %s%s",
	    day_format_local(period->first, first), day_format_local(end, last),
	    period->calendar == PERIOD_CALENDAR ? ", tính theo tháng dương lịch" : "");
}

const char *review_term_words(struct arena *arena, int year) {
	int past = (year - 1 - REVIEW_TERM_END) % REVIEW_TERM_YEARS;
	int end = year - 1 - (past < 0 ? past + REVIEW_TERM_YEARS : past);

	return arena_format(arena, "%d – %d", end - REVIEW_TERM_YEARS + 1, end);
}

const char *citation_words(struct arena *arena, const char *number, struct day day) {
	bool short_number =
	    number[0] >= '1' && number[0] <= '9' && (number[1] < '0' || number[1] > '9');
	char text[DAY_TEXT_SIZE];

	if (day_is_none(day))
		return arena_format(arena, "số %s%s", short_number ? "0" : "", number);
	return arena_format(
	    arena, "số %s%s ngày %s", short_number ? "0" : "", number, day_format_local(day, text));
}

const char *area_of(const char *node_name) {
	for (size_t i = 0; i < LENGTH_OF(committees); i++) {
		size_t length = strlen(committees[i]);

		if (strncmp(node_name, committees[i], length) == 0)
			return node_name + length;
	}
	return node_name;
}

const struct level_words *level_words_of(const char *node_name) {
	const char *area = area_of(node_name);

	for (size_t i = 0; i < LENGTH_OF(levels); i++) {
		size_t length = strlen(levels[i].level);

		if (strncasecmp(area, levels[i].level, length) == 0 && area[length] == ' ')
			return &levels[i];
	}
	return &any_level;
}

const char *service_words(const char *service) {
	static const char *const words[][2] = {
		{ "dossiers", "Hồ sơ" },
		{ "staffing", "Tổ chức, biên chế" },
		{ "documents", "Văn bản" },
		{ "reporting", "Kế hoạch, chỉ tiêu" },
	};

	for (size_t i = 0; i < LENGTH_OF(words); i++) {
		if (strcmp(service, words[i][0]) == 0)
			return words[i][1];
	}
	return service;
}

char *moment_words(uint64_t ms, char words[MOMENT_WORDS_SIZE]) {
	uint64_t seconds = ms / 1000;
	time_t time = (time_t)seconds;
	struct tm local;
	char day[DAY_TEXT_SIZE];

	words[0] = '\0';
	if (ms == 0 || seconds > MOMENT_MAX || !localtime_r(&time, &local))
		return words;
	day_format_local(day_of(local.tm_year + 1900, local.tm_mon + 1, local.tm_mday), day);
	snprintf(words, MOMENT_WORDS_SIZE, "%s %02u:%02u", day, (unsigned)local.tm_hour % 24,
	    (unsigned)local.tm_min % 60);
	return words;
}
