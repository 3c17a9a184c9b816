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

/* The places a record stands at, ordered by group and day, each once. */
struct day_place {
	uint8_t group;
	int32_t day;
};

struct day_places {
	struct day_place items[CONTRIBUTIONS_MAX + MEASURE_CELLS_MAX];
	size_t count;
};

void day_index_places(const struct measure_table *table, const struct contributions *contributions,
    struct day_places *ret_places);

/* Enter or remove a record; `code` is KEY_CODE_SIZE bytes as in keys. The index has several entries
 * of each record, so the zeros at a code's end are left out there. */
void day_index_change(struct store_txn *txn, const struct register_type *type, const char *code,
    const struct contributions *contributions, enum day_index_change change);

/* The key of one entry, or the start of a place's entries when `code` is null. */
struct key day_index_key(
    const struct register_type *type, struct day_place place, const char *code);

/* The place in an entry's key. */
struct day_place day_index_place(const uint8_t *key);

/* The key in the state table of an entry's record. Return: STORE_OK, or STORE_NOT_FOUND when that
 * is no entry. */
int day_index_record(struct store_value entry, struct key *ret_key);

enum { DAY_INDEX_PREFIX_SIZE = 7 }; /* bytes of a key before the code */
