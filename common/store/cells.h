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

/* Add a contribution, times `sign` (+1 or -1). Failures stay with the transaction. */
void cells_add(struct store_txn *txn, const struct measure_table *table,
    const struct contribution *item, int sign);

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
