/* SPDX-License-Identifier: MIT */
/* The unit tree, for joining counts of offices into administrations. */
#pragma once

#include "cchc/reporting.pb-c.h"
#include "services/reporting/catalogue.h"

struct tree {
	UnitEntry **units; /* ordered by code */
	size_t count;
};

const UnitEntry *tree_find(const struct tree *tree, const char *code);

/* The name of a unit; its code when it is not known. */
const char *tree_name(const struct tree *tree, const char *code);

/* The administration a unit belongs to: itself or the nearest People's Committee above. The unit's
 * own code when the tree does not know. */
const char *tree_administration(const struct tree *tree, const char *code);

/* Level of the administration a unit belongs to. A code the tree does not know is placed by its
 * depth, as QĐ 20/2020/QĐ-TTg numbers them: H51.15 is a district, H51.15.61 a commune. */
enum figure_level tree_level(const struct tree *tree, const char *code);
