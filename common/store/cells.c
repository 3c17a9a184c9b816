/* SPDX-License-Identifier: MIT */
#include "common/store/cells.h"

#include <assert.h>
#include <string.h>
#include <uthash.h>

#include "common/calendar/period.h"
#include "common/store/check.h"
#include "common/store/names.h"

enum level {
	LEVEL_ALWAYS, /* one bucket, 0 */
	LEVEL_YEAR,
	LEVEL_MONTH,
	LEVEL_DAY,
};

enum { CELL_KEY_SIZE = 17, CELL_PREFIX_SIZE = 7 }; /* prefix: table, level, bucket */

struct cell_change {
	uint8_t key[CELL_KEY_SIZE];
	int64_t amounts[MEASURE_CELLS_MAX];
	UT_hash_handle hh;
};

void contribute(struct contributions *contributions, struct contribution item) {
	assert(contributions->count < CONTRIBUTIONS_MAX);
	contributions->items[contributions->count++] = item;
}

const char *measure_category(const char *const *categories, unsigned value) {
	for (unsigned i = 0; categories[i]; i++)
		if (i == value)
			return categories[i];
	return "";
}

static struct key bucket_key(uint16_t table, enum level level, int32_t bucket) {
	struct key key = KEY_EMPTY;

	key_add_u16(&key, table);
	key_add_u8(&key, (uint8_t)level);
	key_add_i32(&key, bucket);
	return key;
}

static struct cell_change *change_at(struct store_txn *txn, const struct key *key) {
	struct cell_change *found;

	HASH_FIND(hh, txn->cells, key->bytes, CELL_KEY_SIZE, found);
	if (found)
		return found;
	found = arena_alloc(txn->arena, sizeof(*found));
	if (!found) {
		store_fail(txn, failed_here(-ENOMEM));
		return NULL;
	}
	memcpy(found->key, key->bytes, CELL_KEY_SIZE);
	HASH_ADD(hh, txn->cells, key, CELL_KEY_SIZE, found);
	return found;
}

void cell_places(const struct measure_table *table, const struct contribution *item, uint32_t unit,
    uint32_t category, struct cell_places *ret_places) {
	struct cell_places places = { .count = 1 };

	if (day_is_none(item->day)) {
		places.keys[0] = bucket_key(table->number, LEVEL_ALWAYS, 0);
	} else {
		places.keys[0] = bucket_key(table->number, LEVEL_YEAR, statutory_year_of(item->day));
		places.keys[1] = bucket_key(table->number, LEVEL_MONTH, statutory_month_of(item->day));
		places.keys[2] = bucket_key(table->number, LEVEL_DAY, item->day.number);
		places.count = 3;
	}
	for (size_t i = 0; i < places.count; i++) {
		key_add_u32(&places.keys[i], unit);
		key_add_u32(&places.keys[i], category);
		key_add_u16(&places.keys[i], item->year);
	}
	*ret_places = places;
}

/* Texts of one record are often the same pointers. */
static bool is_text(const char *left, const char *right) {
	return left == right || strcmp(left, right) == 0;
}

bool cell_places_same(const struct contribution *left, const struct contribution *right) {
	return left->day.number == right->day.number && left->year == right->year &&
	       is_text(left->unit, right->unit) && is_text(left->category, right->category);
}

void cells_add(struct store_txn *txn, const struct measure_table *table,
    const struct contributions *contributions, int sign) {
	struct cell_change *changes[CELL_PLACES_MAX] = { NULL };
	struct cell_places places = { .count = 0 };

	for (size_t i = 0; i < contributions->count; i++) {
		const struct contribution *item = &contributions->items[i];

		/* What a record adds on one day stands next to each other. */
		if (i == 0 || !cell_places_same(item, item - 1)) {
			cell_places(table, item, name_number(txn, item->unit), name_number(txn, item->category),
			    &places);
			for (size_t p = 0; p < places.count; p++)
				changes[p] = change_at(txn, &places.keys[p]);
		}
		for (size_t p = 0; p < places.count; p++)
			if (changes[p])
				changes[p]->amounts[item->cell] += (int64_t)item->amount * sign;
		txn->writes++; /* a job that fails after this is not without effect */
	}
}

/* Amounts on disk: zigzag varints, trailing zeros left out. Most counters of a cell are 0. */
size_t cell_encode(const int64_t amounts[MEASURE_CELLS_MAX], uint8_t ret_bytes[CELL_SIZE_MAX]) {
	size_t count = MEASURE_CELLS_MAX;
	size_t size = 0;

	while (count > 0 && amounts[count - 1] == 0)
		count--;
	for (size_t i = 0; i < count; i++) {
		uint64_t value = ((uint64_t)amounts[i] << 1) ^ (uint64_t)(amounts[i] >> 63);

		for (; value >= 0x80; value >>= 7)
			ret_bytes[size++] = (uint8_t)(value | 0x80);
		ret_bytes[size++] = (uint8_t)value;
	}
	return size;
}

void cell_decode(struct store_value value, int64_t ret_amounts[MEASURE_CELLS_MAX]) {
	const uint8_t *bytes = value.bytes;
	const uint8_t *stop = bytes + value.size;

	memset(ret_amounts, 0, MEASURE_CELLS_MAX * sizeof(ret_amounts[0]));
	for (size_t i = 0; i < MEASURE_CELLS_MAX && bytes < stop; i++) {
		uint64_t number = 0;

		for (unsigned shift = 0; bytes < stop && shift < 64; shift += 7) {
			number |= (uint64_t)(*bytes & 0x7f) << shift;
			if (!(*bytes++ & 0x80))
				break;
		}
		ret_amounts[i] = (int64_t)(number >> 1) ^ -(int64_t)(number & 1);
	}
}

int cell_name(struct store_value key, struct cell_name *ret_name) {
	static const char *const levels[] = { "always", "year", "month", "day" };
	const uint8_t *bytes = key.bytes;
	struct cell_name name;

	if (key.size != CELL_KEY_SIZE || bytes[2] >= LENGTH_OF(levels))
		return STORE_NOT_FOUND;
	name = (struct cell_name) {
		.table = (uint16_t)(bytes[0] << 8 | bytes[1]),
		.level = levels[bytes[2]],
		.bucket = key_i32_at(bytes, 3),
		.unit = key_u32_at(bytes, CELL_PREFIX_SIZE),
		.category = key_u32_at(bytes, CELL_PREFIX_SIZE + 4),
		.year = (uint16_t)(bytes[15] << 8 | bytes[16]),
	};
	if (bytes[2] == LEVEL_DAY && name.bucket >= day_of(DAY_YEAR_MIN, 1, 1).number &&
	    name.bucket <= day_of(DAY_YEAR_MAX, 12, 31).number)
		name.bucket = (int32_t)day_to_decimal((struct day) { name.bucket });
	*ret_name = name;
	return STORE_OK;
}

static void flush_one(struct store_txn *txn, const struct cell_change *changed) {
	uint8_t bytes[CELL_SIZE_MAX];
	int64_t amounts[MEASURE_CELLS_MAX] = { 0 };
	struct key key = KEY_EMPTY;
	struct store_value value;
	size_t size;

	key_add_bytes(&key, changed->key, CELL_KEY_SIZE);
	if (store_get(txn, TABLE_CELLS, &key, &value) == STORE_OK)
		cell_decode(value, amounts);
	for (size_t i = 0; i < MEASURE_CELLS_MAX; i++)
		amounts[i] += changed->amounts[i];
	size = cell_encode(amounts, bytes);
	if (size)
		store_put(txn, TABLE_CELLS, &key, bytes, size);
	else
		store_delete(txn, TABLE_CELLS, &key);
}

static int compare(struct cell_change *left, struct cell_change *right) {
	return memcmp(left->key, right->key, CELL_KEY_SIZE);
}

void cells_flush(struct store_txn *txn) {
	struct cell_change *changed;
	struct cell_change *next;

	/* In key order the tree's pages are visited once each. */
	HASH_SORT(txn->cells, compare);
	HASH_ITER(hh, txn->cells, changed, next) {
		flush_one(txn, changed);
	}
	cells_forget(txn);
}

void cells_forget(struct store_txn *txn) {
	HASH_CLEAR(hh, txn->cells);
	txn->cells = NULL;
}

struct visit {
	struct store_cursor cursor;
	uint16_t table;
	cell_function *function;
	void *context;
};

/* All cells of buckets from … to of one level. */
static int visit_buckets(struct visit *visit, enum level level, int32_t from, int32_t to) {
	struct key begin = bucket_key(visit->table, level, from);
	struct key end = bucket_key(visit->table, level, to);
	int r = store_cursor_seek(&visit->cursor, &begin);

	while (r == STORE_OK && visit->cursor.key.size == CELL_KEY_SIZE &&
	       memcmp(visit->cursor.key.bytes, end.bytes, CELL_PREFIX_SIZE) <= 0) {
		const uint8_t *key = visit->cursor.key.bytes;
		struct cell cell = {
			.unit = key_u32_at(key, CELL_PREFIX_SIZE),
			.category = key_u32_at(key, CELL_PREFIX_SIZE + 4),
			.year = (uint16_t)(key[15] << 8 | key[16]),
		};

		cell_decode(visit->cursor.value, cell.amounts);
		visit->function(visit->context, &cell);
		r = store_cursor_next(&visit->cursor);
	}
	return r < 0 ? failed_below(r) : STORE_OK;
}

/* Days, months and years that tile first … last, longest first where one fits. */
static int visit_window(struct visit *visit, struct day first, struct day last) {
	int r = STORE_OK;

	while (r == STORE_OK && first.number <= last.number) {
		int32_t year = statutory_year_of(first);
		int32_t month = statutory_month_of(first);
		struct day begin;
		struct day end;

		statutory_year_window(year, &begin, &end);
		if (begin.number == first.number && end.number <= last.number) {
			r = visit_buckets(visit, LEVEL_YEAR, year, year);
			first = day_plus(end, 1);
			continue;
		}
		statutory_month_window(month, &begin, &end);
		if (begin.number == first.number && end.number <= last.number) {
			r = visit_buckets(visit, LEVEL_MONTH, month, month);
			first = day_plus(end, 1);
			continue;
		}
		if (end.number > last.number)
			end = last;
		r = visit_buckets(visit, LEVEL_DAY, first.number, end.number);
		first = day_plus(end, 1);
	}
	return r;
}

int cells_visit(struct store_txn *txn, const struct measure_table *table, struct day first,
    struct day last, cell_function *visit_cell, void *context) {
	AUTO(store_cursor_close) struct store_cursor owned = STORE_CURSOR_NULL;
	struct visit visit = { .table = table->number, .function = visit_cell, .context = context };
	int r = store_cursor_open(txn, TABLE_CELLS, &owned);

	if (r < 0)
		return failed_below(r);
	visit.cursor = owned;
	if (day_is_none(first)) {
		struct day end;

		r = visit_buckets(&visit, LEVEL_ALWAYS, 0, 0);
		if (r == STORE_OK)
			r = visit_buckets(&visit, LEVEL_YEAR, 0, statutory_year_of(last) - 1);
		statutory_year_window(statutory_year_of(last), &first, &end);
	}
	return r == STORE_OK ? visit_window(&visit, first, last) : r;
}
