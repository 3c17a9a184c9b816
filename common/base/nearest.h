/* SPDX-License-Identifier: MIT */
/* Nearest: of all names there are, the one that somebody who gave a wrong one may have meant. */
#pragma once

struct nearest {
	const char *given;
	const char *name; /* the most like it so far, or null; borrowed from who offered it */
	unsigned distance;
};

#define NEAREST(wrong) ((struct nearest) { .given = (wrong), .distance = ~0u })

/* One of the names there are. A name that shares less than half with the given one is not near. */
void nearest_offer(struct nearest *nearest, const char *name);
