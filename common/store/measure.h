/* SPDX-License-Identifier: MIT */
/*
 * Measures
 *
 * A measure table says what is counted of one kind of thing. Counting is additive: a record
 * contributes amounts to counters ("cells") of civil days, and every figure of any window is a sum
 * of such amounts:
 *
 *   FLOW     what happened in the window                  sum over first … last
 *   STOCK    what stands at the end of the window         sum over everything up to last
 *   OPENING  what stood when the window began             sum over everything before first
 *   PLAN     what the plan of the window's year holds     like STOCK, of that year only
 *
 * A stock is entered as +1 on the day it begins and -1 on the day it ends.
 */
#pragma once

#include "common/base/arena.h"
#include "common/calendar/day.h"

struct store_txn;

#define MEASURE_CELLS_MAX 16 /* counters of one table */

enum measure_nature {
	MEASURE_FLOW,
	MEASURE_STOCK,
	MEASURE_OPENING,
	MEASURE_PLAN,
};

struct measure {
	const char *name;
	enum measure_nature nature;
	unsigned cell; /* the counter it sums; several measures may read one counter */
	/* Where its records stand in the day index. Measures that mostly count the same records share a
	 * group; what few records have (lateness) gets its own, so that finding them looks at few. */
	uint8_t group;
};

/* What holds in every cell of a table, whatever its records: the counters, each times its weight,
 * add up to 0, or to no less. */
enum measure_relation {
	MEASURE_ZERO,
	MEASURE_NOT_NEGATIVE,
};

struct measure_rule {
	const char *name; /* "received = solved + open" */
	enum measure_relation relation;
	int8_t weights[MEASURE_CELLS_MAX];
};

struct measure_table {
	const char *name;
	uint16_t number; /* stands in keys; never reused within a service */
	const struct measure *measures;
	size_t count;
	const struct measure_rule *rules;
	size_t rule_count;
	const char *const *categories; /* all there can be, null-terminated; null: any */
	/* The category a figure shows for the one that was counted (the field of a procedure), in
	 * `arena` or static; null when they are the same. Called while reading; must not write. */
	const char *(*category)(struct store_txn *txn, const char *counted, struct arena *arena);
};

/* The name of an enum's value in such a list of categories; "" for a value it does not have. */
const char *measure_category(const char *const *categories, unsigned value);

/* One amount that a record adds to one counter. Texts are borrowed from the record. */
struct contribution {
	struct day day; /* DAY_NONE: since always */
	unsigned cell;
	int32_t amount;
	const char *unit;
	const char *category;
	uint16_t year; /* for PLAN counters; else 0 */
};

#define CONTRIBUTIONS_MAX 64

struct contributions {
	struct contribution items[CONTRIBUTIONS_MAX];
	size_t count;
};

/* Add one; what is over CONTRIBUTIONS_MAX is a mistake of the caller and asserted. */
void contribute(struct contributions *contributions, struct contribution item);
