/* SPDX-License-Identifier: MIT */
#include "services/reporting/tree.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "cchc/units.pb-c.h"

enum { TREE_DEPTH_MAX = 8 }; /* a tree whose parents go round in a ring ends here */

static int compare(const void *code, const void *entry) {
	return strcmp(code, (*(UnitEntry *const *)entry)->code);
}

const UnitEntry *tree_find(const struct tree *tree, const char *code) {
	UnitEntry *const *found =
	    tree->count ? bsearch(code, tree->units, tree->count, sizeof(tree->units[0]), compare)
	                : NULL;

	return found ? *found : NULL;
}

const char *tree_name(const struct tree *tree, const char *code) {
	const UnitEntry *unit = tree_find(tree, code);

	return unit ? unit->name : code;
}

static bool is_administration(const UnitEntry *unit) {
	return unit->kind == UNIT__KIND__DISTRICT_COMMITTEE ||
	       unit->kind == UNIT__KIND__COMMUNE_COMMITTEE;
}

const char *tree_administration(const struct tree *tree, const char *code) {
	const UnitEntry *unit = tree_find(tree, code);

	for (int depth = 0; unit && depth < TREE_DEPTH_MAX; depth++) {
		if (is_administration(unit))
			return unit->code;
		unit = tree_find(tree, unit->parent);
	}
	return code;
}

static enum figure_level level_by_depth(const char *code) {
	size_t dots = 0;

	for (const char *c = code; *c; c++)
		dots += *c == '.';
	return dots >= 2 ? LEVEL_OF_COMMUNE : LEVEL_OF_DISTRICT;
}

enum figure_level tree_level(const struct tree *tree, const char *code) {
	const UnitEntry *unit = tree_find(tree, tree_administration(tree, code));

	if (!unit || !is_administration(unit))
		return level_by_depth(code);
	return unit->kind == UNIT__KIND__COMMUNE_COMMITTEE ? LEVEL_OF_COMMUNE : LEVEL_OF_DISTRICT;
}
