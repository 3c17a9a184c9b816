/* SPDX-License-Identifier: MIT */
#include "tests/unit/store/chance.h"

#include <inttypes.h>
#include <stdlib.h>

#include "common/base/clock.h"
#include "common/store/check.h"
#include "tests/unit/store/desk.h"

struct chance chance_new(void) {
	const char *wish = getenv("CCHC_SEED");
	uint64_t seed = wish ? strtoull(wish, NULL, 10) : clock_monotonic_us() % 1000000;

	print_message("CCHC_SEED=%" PRIu64 "\n", seed);
	return (struct chance) { seed, seed };
}

/* SplitMix64 (Steele, Lea, Flood 2014). */
static uint64_t next(struct chance *chance) {
	uint64_t z = chance->state += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

uint32_t chance_below(struct chance *chance, uint32_t limit) {
	return (uint32_t)(next(chance) % limit);
}

int32_t chance_between(struct chance *chance, int32_t first, int32_t last) {
	return first + (int32_t)chance_below(chance, (uint32_t)(last - first) + 1);
}

bool chance_of(struct chance *chance, uint32_t percent) {
	return chance_below(chance, 100) < percent;
}

uint64_t chance_stamp(struct chance *chance, int32_t day) {
	uint64_t time = (uint64_t)chance_below(chance, 24) * 10000 +
	                (uint64_t)chance_below(chance, 60) * 100 + chance_below(chance, 60);

	return (uint64_t)day_to_decimal((struct day) { day }) * 1000000 + time;
}
