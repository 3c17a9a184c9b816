/* SPDX-License-Identifier: MIT */
/* Form II.06 as it is printed: the rows of each node with their sum, the sums of levels, of all. */
#pragma once

#include "common/base/arena.h"
#include "services/reporting/report.h"

enum { FORM_LEVEL_DISTRICT, FORM_LEVEL_COMMUNE, FORM_LEVELS };

struct form_group {
	const struct form_row *rows; /* of one node; borrowed from the report */
	size_t count;                /* at least 1 */
	int64_t sums[FORM_COLUMNS];
};

struct form_groups {
	struct form_group *groups;
	size_t count;
	size_t level_groups[FORM_LEVELS]; /* how many groups the level has */
	int64_t level_sums[FORM_LEVELS][FORM_COLUMNS];
	int64_t sums[FORM_COLUMNS];
};

/* Two lines of a column's heading, and the number of the column in the form. */
struct form_heading {
	const char *upper;
	const char *lower;
	const char *number;
};

extern const struct form_heading form_headings[FORM_COLUMNS];
extern const char *const form_level_names[FORM_LEVELS];

/* Make the groups in the arena; the form's rows are ordered by node. Return: 0 or -ENOMEM. */
int form_groups_make(
    struct arena *arena, const struct report *report, struct form_groups *ret_groups);

/* The row's field, or that the procedure is not in the catalogue. */
const char *form_field_words(const struct form_row *row);
