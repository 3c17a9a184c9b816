/* SPDX-License-Identifier: MIT */
/* How administrative Vietnamese says periods, levels and citations. */
#pragma once

#include "common/base/arena.h"
#include "common/calendar/period.h"

#define MOMENT_WORDS_SIZE 24

/* The words that hang on the level of an administration. */
struct level_words {
	const char *level;    /* "huyện" */
	const char *party;    /* "Huyện ủy" */
	const char *communes; /* "xã, thị trấn" */
};

/* "quý I năm 2024"; null when the arena has no more, as in all functions with one. */
const char *period_words(struct arena *arena, const struct period *period);

/* "quý I", "6 tháng đầu năm", "9 tháng", "năm", "tháng 3". */
const char *period_words_short(struct arena *arena, const struct period *period);

/* "quý", "6 tháng", "9 tháng", "năm", "tháng". */
const char *period_word(const struct period *period);

/* How many months it has. */
int period_months(const struct period *period);

/* "từ ngày 15/12/2023 đến hết ngày 14/03/2024", and that months are those of the calendar. */
const char *period_window_words(struct arena *arena, const struct period *period, struct day as_of);

/* "2019 – 2023": the five-year term of legal review that ended last before `year`. */
const char *review_term_words(struct arena *arena, int year);

/* "số 04/KH-UBND ngày 12/01/2024". */
const char *citation_words(struct arena *arena, const char *number, struct day day);

/* "huyện Cù Lao Dung" of "Ủy ban nhân dân huyện Cù Lao Dung": the part of the name behind that of
 * the committee, the whole name when it is not a committee's. Borrowed from the name. */
const char *area_of(const char *node_name);

/* The words of the level that the name says; those for any level when it says none. */
const struct level_words *level_words_of(const char *node_name);

/* "Hồ sơ" of "dossiers": what a service keeps; its own name when it is not known. */
const char *service_words(const char *service);

/* "14/03/2024 16:05" in local time; "" for 0 and for times beyond all calendars. */
char *moment_words(uint64_t ms, char words[MOMENT_WORDS_SIZE]);
