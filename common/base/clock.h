/* SPDX-License-Identifier: MIT */
/* Clocks: wall time for people and logs, monotonic time for deadlines. */
#pragma once

#include <stdint.h>

/* Milliseconds since 1970-01-01 UTC. */
uint64_t clock_wall_ms(void);

/* The same in microseconds. */
uint64_t clock_wall_us(void);

/* Milliseconds of a clock that never steps; only differences mean something. */
uint64_t clock_monotonic_ms(void);

/* The same in microseconds. */
uint64_t clock_monotonic_us(void);
