/* SPDX-License-Identifier: MIT */
#include "common/store/day_index.h"

static bool is_flow(const struct measure_table *table, unsigned cell) {
	for (size_t i = 0; i < table->count; i++)
		if (table->measures[i].cell == cell && table->measures[i].nature != MEASURE_FLOW)
			return false;
	return true;
}

static uint8_t group_of(const struct measure_table *table, unsigned cell) {
	for (size_t i = 0; i < table->count; i++)
		if (table->measures[i].cell == cell)
			return table->measures[i].group;
	return 0;
}

static int compare(struct day_place left, struct day_place right) {
	if (left.group != right.group)
		return left.group < right.group ? -1 : 1;
	return left.day == right.day ? 0 : left.day < right.day ? -1 : 1;
}

static void add_place(struct day_places *places, struct day_place place) {
	size_t at = places->count;

	for (size_t i = 0; i < places->count; i++)
		if (compare(places->items[i], place) == 0)
			return;
	for (; at > 0 && compare(places->items[at - 1], place) > 0; at--)
		places->items[at] = places->items[at - 1];
	places->items[at] = place;
	places->count++;
}

void day_index_places(const struct measure_table *table, const struct contributions *contributions,
    struct day_places *ret_places) {
	int64_t standing[MEASURE_CELLS_MAX] = { 0 };

	ret_places->count = 0;
	for (size_t i = 0; i < contributions->count; i++) {
		const struct contribution *item = &contributions->items[i];
		bool flow = is_flow(table, item->cell);

		if (!flow)
			standing[item->cell] += item->amount;
		/* A stock's beginning needs no entry: whoever looks for what stood looks at its end. */
		if (!day_is_none(item->day) && item->amount != 0 && (flow || item->amount < 0))
			add_place(
			    ret_places, (struct day_place) { group_of(table, item->cell), item->day.number });
	}
	for (unsigned cell = 0; cell < MEASURE_CELLS_MAX; cell++)
		if (standing[cell] != 0)
			add_place(ret_places, (struct day_place) { group_of(table, cell), DAY_INDEX_STANDING });
}

/* Only those at the end: a code may be a hash. */
static size_t trimmed_size(const char *code) {
	size_t size = KEY_CODE_SIZE;

	while (size > 1 && code[size - 1] == '\0')
		size--;
	return size;
}

struct key day_index_key(
    const struct register_type *type, struct day_place place, const char *code) {
	struct key key = KEY_EMPTY;

	key_add_u16(&key, (uint16_t)type->type);
	key_add_u8(&key, place.group);
	key_add_i32(&key, place.day);
	if (code)
		key_add_bytes(&key, code, trimmed_size(code));
	return key;
}

int day_index_record(struct store_value entry, struct key *ret_key) {
	const uint8_t *bytes = entry.bytes;
	struct key key = KEY_EMPTY;

	if (entry.size <= DAY_INDEX_PREFIX_SIZE || entry.size > DAY_INDEX_PREFIX_SIZE + KEY_CODE_SIZE)
		return STORE_NOT_FOUND;
	key_add_bytes(&key, bytes, 2);
	key_add_bytes(&key, bytes + DAY_INDEX_PREFIX_SIZE, entry.size - DAY_INDEX_PREFIX_SIZE);
	while (key.size < 2 + KEY_CODE_SIZE)
		key_add_u8(&key, 0);
	*ret_key = key;
	return STORE_OK;
}

struct day_place day_index_place(const uint8_t *key) {
	return (struct day_place) { key[2], key_i32_at(key, 3) };
}

void day_index_change(struct store_txn *txn, const struct register_type *type, const char *code,
    const struct contributions *contributions, enum day_index_change change) {
	struct day_places places;

	day_index_places(type->table, contributions, &places);
	for (size_t i = 0; i < places.count; i++) {
		struct key key = day_index_key(type, places.items[i], code);

		if (change == DAY_INDEX_ADD)
			store_put(txn, TABLE_BY_DAY, &key, "", 0);
		else
			store_delete(txn, TABLE_BY_DAY, &key);
	}
}
