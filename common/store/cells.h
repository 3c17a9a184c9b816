/* SPDX-License-Identifier: MIT */
/*
 * Cells
 *
 * The counters of measure.h on disk, per (table, unit, category, year) and day, and again per
 * statutory month and year: a quarter is three months, a year one bucket, whatever the number of
 * records. Changes gather in the transaction and are put once, at the commit.
 */
#pragma once

#include "common/store/measure.h"
#include "common/store/store.h"

/* Add a record's contributions, times `sign` (+1 or -1). Failures stay with the transaction. */
void cells_add(struct store_txn *txn, const struct measure_table *table,
    const struct contributions *contributions, int sign);

/* The keys of the cells that a contribution changes, one a level. */
#define CELL_PLACES_MAX 3

struct cell_places {
	struct key keys[CELL_PLACES_MAX];
	size_t count;
};
void cell_places(const struct measure_table *table, const struct contribution *item, uint32_t unit,
    uint32_t category, struct cell_places *ret_places);

/* Whether two contributions to one table change the same cells. */
bool cell_places_same(const struct contribution *left, const struct contribution *right);

/* Amounts as they stand on disk. */
#define CELL_SIZE_MAX (10 * MEASURE_CELLS_MAX)
size_t cell_encode(const int64_t amounts[MEASURE_CELLS_MAX], uint8_t ret_bytes[CELL_SIZE_MAX]);
void cell_decode(struct store_value value, int64_t ret_amounts[MEASURE_CELLS_MAX]);

/* What a cell's key says, for people: "dossiers/2024/H51.15.61/1.000001" is made of these. */
struct cell_name {
	uint16_t table;
	const char *level; /* "always", "year", "month", "day" */
	int32_t bucket;    /* decimal: yyyy, yyyymm, yyyymmdd */
	uint32_t unit;     /* numbers of names.h */
	uint32_t category;
	uint16_t year;
};
/* Return: STORE_OK, or STORE_NOT_FOUND when that is no key of a cell. */
int cell_name(struct store_value key, struct cell_name *ret_name);

/* Called by store_commit and when a transaction ends. */
void cells_flush(struct store_txn *txn);
void cells_forget(struct store_txn *txn);

/* One cell of a sum: amounts of all counters of the table. */
struct cell {
	uint32_t unit; /* numbers of names.h */
	uint32_t category;
	uint16_t year;
	int64_t amounts[MEASURE_CELLS_MAX];
};

typedef void cell_function(void *context, const struct cell *cell);

/* Visit buckets that together are exactly the days first … last; first may be DAY_NONE: since
 * always. The same (unit, category, year) comes several times, to be added up.
 * Return: STORE_OK or a negative errno. */
int cells_visit(struct store_txn *txn, const struct measure_table *table, struct day first,
    struct day last, cell_function *visit, void *context);
