/* SPDX-License-Identifier: MIT */
#include "common/base/nearest.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>

enum { COMPARED_MAX = 96 }; /* none of our names is longer; a longer one is like none */

static unsigned least(unsigned first, unsigned second) {
	return first < second ? first : second;
}

/* Levenshtein's distance, letter case apart; both names are within COMPARED_MAX. */
static unsigned name_distance(const char *left, const char *right) {
	unsigned row[COMPARED_MAX + 1];
	unsigned length = (unsigned)strlen(right);

	for (unsigned j = 0; j <= length; j++)
		row[j] = j;
	for (unsigned i = 0; left[i]; i++) {
		unsigned diagonal = row[0];

		row[0] = i + 1;
		for (unsigned j = 0; j < length; j++) {
			bool same = tolower((unsigned char)left[i]) == tolower((unsigned char)right[j]);
			unsigned replaced = diagonal + (same ? 0 : 1);

			diagonal = row[j + 1];
			row[j + 1] = least(replaced, least(row[j], diagonal) + 1);
		}
	}
	return row[length];
}

void nearest_offer(struct nearest *nearest, const char *name) {
	size_t given_length = strlen(nearest->given);
	size_t length = strlen(name);
	unsigned distance;

	if (given_length > COMPARED_MAX || length > COMPARED_MAX)
		return;
	distance = name_distance(nearest->given, name);
	if (distance >= nearest->distance ||
	    distance * 2 > (length > given_length ? length : given_length))
		return;
	nearest->name = name;
	nearest->distance = distance;
}
