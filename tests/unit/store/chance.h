/* SPDX-License-Identifier: MIT */
/* Random numbers of a property test. Its seed is printed; CCHC_SEED in the environment repeats it.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct chance {
	uint64_t seed;
	uint64_t state;
};

struct chance chance_new(void);

/* A number below `limit`, which is not 0. */
uint32_t chance_below(struct chance *chance, uint32_t limit);

/* A number of first … last. */
int32_t chance_between(struct chance *chance, int32_t first, int32_t last);

/* True `percent` times in a hundred. */
bool chance_of(struct chance *chance, uint32_t percent);

/* A moment of that day as a stamp. */
uint64_t chance_stamp(struct chance *chance, int32_t day);
