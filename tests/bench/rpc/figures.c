/* SPDX-License-Identifier: MIT */
#include "tests/bench/rpc/figures.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tests/bench/rpc/require.h"

void figures_init(struct figures *figures, size_t calls) {
	*figures = (struct figures) { .calls = calls, .warm_up = calls / 10 };
	figures->taken_ns = malloc(calls * sizeof(*figures->taken_ns));
	require(calls > 0 && figures->taken_ns, "room for the figures");
	/* Pages are fetched now, not while the clock runs. */
	memset(figures->taken_ns, 1, calls * sizeof(*figures->taken_ns));
	figures->begun_ns = figures_now_ns();
}

void figures_deinit(struct figures *figures) {
	free(figures->taken_ns);
}

uint64_t figures_now_ns(void) {
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

size_t figures_total(const struct figures *figures) {
	return figures->warm_up + figures->calls;
}

void figures_add(struct figures *figures, uint64_t sent_ns) {
	uint64_t now_ns = figures_now_ns();

	if (figures->done >= figures->warm_up)
		figures->taken_ns[figures->done - figures->warm_up] = now_ns - sent_ns;
	figures->done++;
	if (figures->done == figures->warm_up)
		figures->begun_ns = now_ns;
	figures->ended_ns = now_ns;
}

static int compare(const void *left, const void *right) {
	uint64_t a = *(const uint64_t *)left;
	uint64_t b = *(const uint64_t *)right;

	return (a > b) - (a < b);
}

static double quantile_us(const struct figures *figures, size_t percent) {
	return (double)figures->taken_ns[(figures->calls - 1) * percent / 100] / 1e3;
}

void figures_print(struct figures *figures, const char *name, size_t in_flight,
    const char *encryption, bool encrypted) {
	double seconds = (double)(figures->ended_ns - figures->begun_ns) / 1e9;

	require(figures->done == figures_total(figures), "all calls came back");
	qsort(figures->taken_ns, figures->calls, sizeof(*figures->taken_ns), compare);
	printf("{\"name\":\"%s\",\"in_flight\":%zu,\"%s\":%s,"
	       "\"calls_per_s\":%.0f,\"median_us\":%.1f,\"p99_us\":%.1f}\n",
	    name, in_flight, encryption, encrypted ? "true" : "false", (double)figures->calls / seconds,
	    quantile_us(figures, 50), quantile_us(figures, 99));
}
