/* SPDX-License-Identifier: MIT */
/*
 * What a client measures: how long each call took and how many came back in a second.
 *
 * The first calls warm up what they pass through and are not counted.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct figures {
	uint64_t *taken_ns; /* one for each call that counts */
	size_t calls;
	size_t warm_up;
	size_t done; /* of both */
	uint64_t begun_ns;
	uint64_t ended_ns;
};

void figures_init(struct figures *figures, size_t calls);
void figures_deinit(struct figures *figures);

uint64_t figures_now_ns(void);

/* How many calls to make, with those that warm up. */
size_t figures_total(const struct figures *figures);

/* A call that was sent at `sent_ns` has come back. */
void figures_add(struct figures *figures, uint64_t sent_ns);

/* One line of JSON, once all calls came back. `encryption` is the member's name. */
void figures_print(struct figures *figures, const char *name, size_t in_flight,
    const char *encryption, bool encrypted);
