/* SPDX-License-Identifier: MIT */
/*
 * Catalogue of figures
 *
 * What each figure is and how it is made, as the office's file report/figures.yaml says. The code
 * knows sums, differences, shares and targets; which figures there are is data.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "services/reporting/report.h"

enum figure_level {
	LEVEL_ANY,
	LEVEL_OF_DISTRICT,
	LEVEL_OF_COMMUNE,
};

struct texts {
	char **items;
	unsigned count;
};

/* One entry of the file. Exactly one way of making it is given: measures, of, numerator with
 * denominator, or indicator. */
struct figure {
	char *id;
	char *name;
	char *service;
	char *table;
	struct texts measures;
	struct texts categories;
	char *level;
	bool distinct_units;
	struct texts of;
	struct texts minus;
	struct texts numerator;
	struct texts denominator;
	char *indicator;
	char *target_level;
	unsigned line; /* of the file; 0 when the entry does not say its id as `id: …,` */
};

/* A document to look up for the text. */
struct citation {
	char *id;
	char *type;
	char *subject;
};

struct catalogue {
	struct figure *figures;
	unsigned figure_count;
	struct citation *citations;
	unsigned citation_count;
};

enum { CATALOGUE_OK, CATALOGUE_BAD };

#define CATALOGUE_FAULT_SIZE 256

/* Load and check the file. For CATALOGUE_BAD `fault` says what and where, for a person.
 * Return: CATALOGUE_OK, CATALOGUE_BAD, or a negative errno. */
int catalogue_load(
    const char *path, struct catalogue **ret_catalogue, char fault[CATALOGUE_FAULT_SIZE]);
void catalogue_free(struct catalogue *catalogue);
void catalogue_freep(struct catalogue **catalogue);

/* The figure of an id, or null. */
const struct figure *catalogue_find(const struct catalogue *catalogue, const char *id);

enum figure_kind figure_kind_of(const struct figure *figure);
enum figure_level figure_level_of(const struct figure *figure);
