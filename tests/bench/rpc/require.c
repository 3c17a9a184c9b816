/* SPDX-License-Identifier: MIT */
#include "tests/bench/rpc/require.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void require(bool holds, const char *what) {
	if (holds)
		return;
	fprintf(stderr, "failed: %s (%s)\n", what, strerror(errno));
	exit(EXIT_FAILURE);
}
