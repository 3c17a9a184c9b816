/* SPDX-License-Identifier: MIT */
/*
 * Verifying counters: every counter of every cell, at all levels, is the sum of what the records
 * contribute to it. The sums are kept by fingerprint, at first only one a cell: its counters, each
 * times a secret weight, added up modulo the prime 2^61 - 1. Cells that differ agree in that sum
 * once in 2^61 times; an amount that is larger than the prime never agrees. When one does not agree
 * the walk is made again with a sum for each counter, to name it; a cell that is missing altogether
 * is named by asking the records whose contribution it was.
 */
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "common/store/cells.h"
#include "common/store/verify_parts.h"

enum { CELL_KEY_SIZE = 17 };

static const struct measure_table *table_of(const struct verify *verify, uint16_t number) {
	for (size_t i = 0; i < verify->schema->table_count; i++)
		if (verify->schema->tables[i]->number == number)
			return verify->schema->tables[i];
	return NULL;
}

/* Cells that were compared are done with: what is changed after that belongs to no sum here. */
static bool is_counted_here(const struct verify *verify, const struct key *cell) {
	uint64_t share =
	    verify->passes == 1
	        ? 0
	        : tally_fingerprint(&verify->counters, cell->bytes, cell->size) % verify->passes;

	return share == verify->pass &&
	       (verify->phase != VERIFY_COUNTERS || verify_compare(cell, &verify->cells_at) > 0);
}

static uint64_t counter_print(
    const struct verify *verify, const struct key *cell, unsigned counter) {
	struct key key = *cell;

	key_add_u8(&key, (uint8_t)counter);
	return tally_fingerprint(&verify->counters, key.bytes, key.size);
}

static const char *level_bucket(const struct cell_name *name, char text[32]) {
	snprintf(text, 32, "%s/%" PRId32, name->level, name->bucket);
	return text;
}

static void cell_place(const struct verify *verify, const struct key *cell, const char *counter,
    char text[VERIFY_PLACE_SIZE]) {
	struct store_value key = { cell->bytes, cell->size };
	const struct measure_table *table;
	struct cell_name name;
	const char *category;
	const char *unit;
	char bucket[32];

	if (cell_name(key, &name) != STORE_OK) {
		snprintf(text, VERIFY_PLACE_SIZE, "? %zu", key.size);
		return;
	}
	table = table_of(verify, name.table);
	unit = verify_name(verify, name.unit);
	category = verify_name(verify, name.category);
	snprintf(text, VERIFY_PLACE_SIZE, "%s/%s/%s/%.64s/%u/%s", table ? table->name : "?",
	    level_bucket(&name, bucket), unit ? unit : "?", category ? category : "?", name.year,
	    counter);
}

/* Measures that read one counter share its name: the first one's. */
static const char *counter_name(
    const struct measure_table *table, unsigned counter, char text[16]) {
	for (size_t i = 0; i < table->count; i++)
		if (table->measures[i].cell == counter)
			return table->measures[i].name;
	snprintf(text, 16, "%u", counter);
	return text;
}

static void find_counter(struct verify *verify, const struct measure_table *table,
    const struct key *cell, unsigned counter, int64_t expected, int64_t found) {
	char place[VERIFY_PLACE_SIZE];
	char expected_text[24];
	char found_text[24];
	char number[16];

	cell_place(verify, cell, counter_name(table, counter, number), place);
	snprintf(expected_text, sizeof(expected_text), "%" PRId64, expected);
	snprintf(found_text, sizeof(found_text), "%" PRId64, found);
	verify_find(
	    verify, VERIFY_FINDING__KIND__CELL_DIFFERS, "cells", place, expected_text, found_text);
}

static void places_of(const struct verify *verify, const struct measure_table *table,
    const struct contribution *item, struct cell_places *ret_places) {
	uint32_t category;
	uint32_t unit;

	ret_places->count = 0;
	if (verify_number(verify, item->unit, &unit) &&
	    verify_number(verify, item->category, &category))
		cell_places(table, item, unit, category, ret_places);
}

#define PRIME ((UINT64_C(1) << 61) - 1)

void verify_cells_begin(struct verify *verify) {
	for (unsigned counter = 0; counter < MEASURE_CELLS_MAX; counter++) {
		randombytes_buf(&verify->weights[counter], sizeof(verify->weights[counter]));
		verify->weights[counter] = 1 + verify->weights[counter] % (PRIME - 1);
	}
}

/* amount times weight, modulo the prime; the amount is smaller than it. */
static uint64_t weigh(uint64_t weight, int64_t amount) {
	uint64_t size = amount < 0 ? 0 - (uint64_t)amount : (uint64_t)amount;
	unsigned __int128 product = (unsigned __int128)weight * size;
	uint64_t rest = (uint64_t)(product & PRIME) + (uint64_t)(product >> 61);

	rest %= PRIME;
	return amount < 0 && rest ? PRIME - rest : rest;
}

static uint64_t sum_of(uint64_t left, uint64_t right) {
	uint64_t sum = left + right;

	return sum >= PRIME ? sum - PRIME : sum;
}

static bool is_weighable(int64_t amount) {
	return amount > -(int64_t)PRIME && amount < (int64_t)PRIME;
}

static int add_exactly(struct verify *verify, const struct cell_places *places,
    const struct contribution *item, int sign) {
	for (size_t p = 0; p < places->count; p++) {
		int64_t *sum;

		if (!is_counted_here(verify, &places->keys[p]))
			continue;
		sum = tally_at(&verify->counters, counter_print(verify, &places->keys[p], item->cell));
		if (!sum)
			return failed_here(-ENOMEM);
		*sum += (int64_t)item->amount * sign;
	}
	return 0;
}

static int add_weighted(
    struct verify *verify, const struct cell_places *places, uint64_t weighted) {
	for (size_t p = 0; p < places->count; p++) {
		const struct key *cell = &places->keys[p];
		int64_t *sum;

		if (!is_counted_here(verify, cell))
			continue;
		sum = tally_at(
		    &verify->counters, tally_fingerprint(&verify->counters, cell->bytes, cell->size));
		if (!sum)
			return failed_here(-ENOMEM);
		*sum = (int64_t)sum_of((uint64_t)*sum, weighted);
	}
	return 0;
}

int verify_count(struct verify *verify, const struct measure_table *table,
    const struct contributions *contributions, int sign) {
	struct cell_places places = { .count = 0 };
	uint64_t weighted = 0;
	int r = 0;

	for (size_t i = 0; r == 0 && i < contributions->count; i++) {
		const struct contribution *item = &contributions->items[i];
		bool last = i + 1 == contributions->count || !cell_places_same(item, item + 1);

		if (i == 0 || !cell_places_same(item, item - 1))
			places_of(verify, table, item, &places);
		if (verify->is_exact) {
			r = add_exactly(verify, &places, item, sign);
			continue;
		}
		weighted =
		    sum_of(weighted, weigh(verify->weights[item->cell], (int64_t)item->amount * sign));
		if (!last)
			continue;
		r = add_weighted(verify, &places, weighted);
		weighted = 0;
	}
	return r < 0 ? failed_below(r) : 0;
}

static void check_rules(struct verify *verify, const struct measure_table *table,
    const struct key *cell, const int64_t amounts[MEASURE_CELLS_MAX]) {
	for (size_t i = 0; i < table->rule_count; i++) {
		const struct measure_rule *rule = &table->rules[i];
		char place[VERIFY_PLACE_SIZE];
		char found[24];
		__int128 sum = 0; /* of amounts that may be anything */

		for (unsigned counter = 0; counter < MEASURE_CELLS_MAX; counter++)
			sum += (__int128)rule->weights[counter] * amounts[counter];
		if (rule->relation == MEASURE_ZERO ? sum == 0 : sum >= 0)
			continue;
		cell_place(verify, cell, "", place);
		snprintf(found, sizeof(found), "%" PRId64, (int64_t)sum);
		verify_find(verify, VERIFY_FINDING__KIND__RULE_BROKEN, "cells", place, rule->name, found);
	}
}

static bool is_canonical(struct store_value value, const int64_t amounts[MEASURE_CELLS_MAX]) {
	uint8_t bytes[CELL_SIZE_MAX];
	size_t size = cell_encode(amounts, bytes);

	return size && size == value.size && memcmp(bytes, value.bytes, size) == 0;
}

static void compare_exactly(struct verify *verify, const struct measure_table *table,
    const struct key *cell, const int64_t amounts[MEASURE_CELLS_MAX]) {
	for (unsigned counter = 0; counter < MEASURE_CELLS_MAX; counter++) {
		int64_t *sum = tally_find(&verify->counters, counter_print(verify, cell, counter));
		int64_t expected = sum ? *sum : 0;

		if (expected != amounts[counter])
			find_counter(verify, table, cell, counter, expected, amounts[counter]);
		if (sum)
			*sum = 0;
	}
}

static void compare_weighted(
    struct verify *verify, const struct key *cell, const int64_t amounts[MEASURE_CELLS_MAX]) {
	int64_t *sum = tally_find(
	    &verify->counters, tally_fingerprint(&verify->counters, cell->bytes, cell->size));
	uint64_t found = 0;
	bool same = true;

	for (unsigned counter = 0; counter < MEASURE_CELLS_MAX; counter++) {
		same = same && is_weighable(amounts[counter]);
		if (same)
			found = sum_of(found, weigh(verify->weights[counter], amounts[counter]));
		verify->result.counters += amounts[counter] != 0;
	}
	if (!same || found != (sum ? (uint64_t)*sum : 0))
		verify->cells_differ = true;
	if (sum)
		*sum = 0;
}

int verify_cell(struct verify *verify, struct store_value key, struct store_value value) {
	struct key cell = verify_key(key);
	int64_t amounts[MEASURE_CELLS_MAX];
	const struct measure_table *table;
	char place[VERIFY_PLACE_SIZE];
	struct cell_name name;

	if (cell_name(key, &name) != STORE_OK || !(table = table_of(verify, name.table))) {
		cell_place(verify, &cell, "", place);
		if (verify->pass == 0 && !verify->is_exact)
			verify_find(verify, VERIFY_FINDING__KIND__CELL_DIFFERS, "cells", place, "", "");
		return 0;
	}
	if (!is_counted_here(verify, &cell))
		return 0;
	cell_decode(value, amounts);
	if (!verify->is_exact && !is_canonical(value, amounts)) {
		cell_place(verify, &cell, "", place);
		verify_find(verify, VERIFY_FINDING__KIND__CELL_DIFFERS, "cells", place, "", "");
	}
	if (verify->is_exact)
		compare_exactly(verify, table, &cell, amounts);
	else
		compare_weighted(verify, &cell, amounts);
	check_rules(verify, table, &cell, amounts);
	return 0;
}

/* A record whose contributions include a sum that no cell has. */
static int name_missing(struct verify *verify, struct store_value key, struct store_value value) {
	struct key copy = verify_key(key);
	const struct register_type *type = verify_type(verify, &copy);
	struct verify_counting counting;
	ProtobufCMessage *record;
	int r;

	if (!type || !type->measure ||
	    !(record = record_unpack(&verify->now, type, value, &verify->scratch)))
		return 0;
	r = verify_measure(verify, &verify->now, type, record, verify_origin(verify, value), &counting);
	for (size_t i = 0; r == 0 && i < counting.contributions.count; i++) {
		const struct contribution *item = &counting.contributions.items[i];
		struct cell_places places;

		places_of(verify, type->table, item, &places);
		for (size_t p = 0; p < places.count; p++) {
			int64_t *sum =
			    tally_find(&verify->counters, counter_print(verify, &places.keys[p], item->cell));

			if (!sum || *sum == 0)
				continue;
			find_counter(verify, type->table, &places.keys[p], item->cell, *sum, 0);
			*sum = 0;
		}
	}
	return r < 0 ? failed_below(r) : 0;
}

int verify_cells_close(struct verify *verify) {
	struct key after = KEY_EMPTY;
	bool missing = false;

	/* From now on no cell is compared any more. */
	memset(verify->cells_at.bytes, 0xff, CELL_KEY_SIZE);
	verify->cells_at.size = CELL_KEY_SIZE;
	for (size_t i = 0; i < verify->counters.capacity; i++)
		missing = missing || verify->counters.entries[i].value != 0;
	verify->cells_differ = verify->cells_differ || missing;
	return missing && verify->is_exact ? verify_walk(verify, TABLE_STATE, &after, name_missing) : 0;
}
