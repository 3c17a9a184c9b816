/* SPDX-License-Identifier: MIT */
/*
 * What one dossier counts, from the rules of form II.06 as they are told to offices: by the day,
 * one question after the other, without sums or indexes.
 */
#include <string.h>

#include "tests/unit/store/desk.h"
#include "tests/unit/store/lives.h"

static int32_t on(uint64_t stamp) {
	return stamp_day(stamp).number;
}

/* Registered and refused dossiers are never counted, nor those without an intake. */
static bool is_counted(const Dossier *dossier) {
	return dossier->accepted && dossier->status != 1 && dossier->status != 3;
}

static bool is_between(uint64_t stamp, const struct figure_window *window) {
	return stamp && on(stamp) >= window->first.number && on(stamp) <= window->last.number;
}

static bool is_received(const Dossier *dossier, const struct figure_window *window) {
	return is_counted(dossier) && is_between(dossier->accepted, window);
}

static bool is_solved(const Dossier *dossier, const struct figure_window *window) {
	return is_counted(dossier) && is_between(dossier->ended, window);
}

static bool has_result(const Dossier *dossier, const struct figure_window *window) {
	return is_solved(dossier, window) && (dossier->status == 9 || dossier->status == 10);
}

/* Taken in by the day and not ended by it. */
static bool is_open_on(const Dossier *dossier, int32_t day) {
	return is_counted(dossier) && on(dossier->accepted) <= day &&
	       !(dossier->ended && on(dossier->ended) <= day);
}

/* The due date promised last, as it was on the day: the first promise, then what each answered
 * round brought. 0: none. */
static uint64_t promised_on(const struct life *life, int32_t day) {
	uint64_t promise = life->round_count ? life->rounds[0].due_before : life->record.due;

	for (size_t i = 0; i < life->round_count; i++) {
		const SupplementRound *round = &life->rounds[i];

		if (round->answered && on(round->answered) <= day && round->due_after)
			promise = round->due_after;
	}
	return promise;
}

static bool waits_on(const struct life *life, int32_t day) {
	for (size_t i = 0; i < life->round_count; i++) {
		const SupplementRound *round = &life->rounds[i];

		if (on(round->requested) <= day && !(round->answered && on(round->answered) <= day))
			return true;
	}
	return false;
}

static bool is_open_late_on(const struct life *life, int32_t day) {
	uint64_t promise = promised_on(life, day);

	return is_open_on(&life->record, day) && promise && on(promise) < day && !waits_on(life, day);
}

/* -1 early, 0 on time, 1 late. Withdrawn and stopped ones are on time. */
static int how_late(const struct life *life) {
	int32_t end = on(life->record.ended);
	uint64_t promise = promised_on(life, end);

	if (life->record.status == 7 || life->record.status == 8 || !promise || end == on(promise))
		return 0;
	return end > on(promise) ? 1 : -1;
}

bool life_counts(const struct life *life, const char *measure, const struct figure_window *window) {
	const Dossier *dossier = &life->record;
	bool online = dossier->channel == 2;
	bool result = has_result(dossier, window);

	if (strcmp(measure, "online") == 0)
		return is_received(dossier, window) && online;
	if (strcmp(measure, "direct") == 0)
		return is_received(dossier, window) && !online;
	if (strcmp(measure, "carried") == 0)
		return is_open_on(dossier, window->first.number - 1);
	if (strcmp(measure, "early") == 0)
		return is_solved(dossier, window) && how_late(life) < 0;
	if (strcmp(measure, "on_time") == 0)
		return is_solved(dossier, window) && how_late(life) == 0;
	if (strcmp(measure, "late") == 0)
		return is_solved(dossier, window) && how_late(life) > 0;
	if (strcmp(measure, "open") == 0)
		return is_open_on(dossier, window->last.number);
	if (strcmp(measure, "open_late") == 0)
		return is_open_late_on(life, window->last.number);
	if (strcmp(measure, "recorded_provincial") == 0)
		return is_received(dossier, window) && dossier->recorded_provincial;
	if (strcmp(measure, "with_result") == 0)
		return result;
	if (strcmp(measure, "digitised") == 0)
		return result && dossier->result_digitised;
	if (strcmp(measure, "fee_bearing") == 0)
		return result && dossier->fee > 0;
	if (strcmp(measure, "paid_online") == 0)
		return result && dossier->fee > 0 && (dossier->payment == 1 || dossier->payment == 2);
	if (strcmp(measure, "refused") == 0)
		return dossier->status == 3 && is_between(dossier->refused, window);
	fail_msg("no second opinion on \"%s\"", measure);
	return false;
}
