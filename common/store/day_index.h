/* SPDX-License-Identifier: MIT */
/*
 * Day index
 *
 * Where to look for the records behind a figure: every counted record stands under the days on
 * which something of it happened or ended, and under DAY_INDEX_STANDING while a stock still counts
 * it. The records of a window are therefore one range of the index, and what stood on a day is
 * among those that ended later or still stand.
 */
#pragma once

#include "common/store/register.h"

enum day_index_change {
	DAY_INDEX_ADD,
	DAY_INDEX_REMOVE,
};

#define DAY_INDEX_STANDING INT32_MAX

/* The days a record stands under, ordered, each once. */
struct day_list {
	int32_t days[CONTRIBUTIONS_MAX + 1];
	size_t count;
};

void day_index_days(const struct measure_table *table, const struct contributions *contributions,
	struct day_list *ret_days);

/* Enter or remove a record; `code` is KEY_CODE_SIZE bytes as in keys. */
void day_index_change(struct store_txn *txn, const struct register_type *type, const char *code,
	const struct contributions *contributions, enum day_index_change change);

/* The key of one entry, or the start of a day's entries when `code` is null. */
struct key day_index_key(const struct register_type *type, int32_t day, const char *code);
