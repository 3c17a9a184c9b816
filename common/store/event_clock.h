/* SPDX-License-Identifier: MIT */
/*
 * Event clocks
 *
 * Hybrid logical clocks (Kulkarni et al. 2014): milliseconds since 1970 in the upper 48 bits, a
 * counter below. They order events and say how old a copy is; legal days never come from them.
 * Cheap computers come up in 1970 or 2099: such a reading is not believed, and a clock from
 * elsewhere that is ahead is told and capped, never taken over.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* A reading outside these years is none. */
#define EVENT_CLOCK_FIRST_MS 1704067200000u /* 2024-01-01 */
#define EVENT_CLOCK_LAST_MS  2524608000000u /* 2050-01-01 */

/* A clock further ahead of ours than this is shown as ours, with a flag. */
#define EVENT_CLOCK_AHEAD_MS 600000u

/* Whether a reading of the clock can be. */
static inline bool event_clock_is_sane(uint64_t now_ms) {
	return now_ms >= EVENT_CLOCK_FIRST_MS && now_ms < EVENT_CLOCK_LAST_MS;
}

static inline uint64_t event_clock_ms(uint64_t clock) {
	return clock >> 16;
}

/* The clock of the event that follows one with `last` in the same log: never back, for a computer
 * that was set back must not reorder what happened, and never of a year that cannot be. After a
 * year that can be and was wrong it goes on there, step by step, until that time has come. */
static inline uint64_t event_clock_next(uint64_t last, uint64_t now_ms) {
	uint64_t now = (uint64_t)now_ms << 16;

	if (!event_clock_is_sane(now_ms))
		now = (uint64_t)EVENT_CLOCK_FIRST_MS << 16;
	return now > last ? now : last + 1;
}
