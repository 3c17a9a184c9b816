/* SPDX-License-Identifier: MIT */
#include "tests/bench/store/must.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void must(int r, const char *what) {
	if (r == 0)
		return;
	fprintf(stderr, "failed: %s (%s)\n", what, r < 0 ? strerror(-r) : "refused");
	exit(EXIT_FAILURE);
}
