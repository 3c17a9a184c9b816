/* SPDX-License-Identifier: MIT */
#include "common/store/day_index.h"

static bool is_flow(const struct measure_table *table, unsigned cell) {
	for (size_t i = 0; i < table->count; i++)
		if (table->measures[i].cell == cell && table->measures[i].nature != MEASURE_FLOW)
			return false;
	return true;
}

static void add_day(struct day_list *list, int32_t day) {
	size_t place = list->count;

	for (size_t i = 0; i < list->count; i++)
		if (list->days[i] == day)
			return;
	for (; place > 0 && list->days[place - 1] > day; place--)
		list->days[place] = list->days[place - 1];
	list->days[place] = day;
	list->count++;
}

void day_index_days(const struct measure_table *table, const struct contributions *contributions,
	struct day_list *ret_days) {
	int64_t standing[MEASURE_CELLS_MAX] = { 0 };

	ret_days->count = 0;
	for (size_t i = 0; i < contributions->count; i++) {
		const struct contribution *item = &contributions->items[i];
		bool flow = is_flow(table, item->cell);

		if (!flow)
			standing[item->cell] += item->amount;
		/* A stock's beginning needs no entry: whoever looks for what stood looks at its end. */
		if (!day_is_none(item->day) && item->amount != 0 && (flow || item->amount < 0))
			add_day(ret_days, item->day.number);
	}
	for (size_t cell = 0; cell < MEASURE_CELLS_MAX; cell++)
		if (standing[cell] != 0)
			add_day(ret_days, DAY_INDEX_STANDING);
}

struct key day_index_key(const struct register_type *type, int32_t day, const char *code) {
	struct key key = KEY_EMPTY;

	key_add_u16(&key, (uint16_t)type->type);
	key_add_i32(&key, day);
	if (code)
		key_add_bytes(&key, code, KEY_CODE_SIZE);
	return key;
}

void day_index_change(struct store_txn *txn, const struct register_type *type, const char *code,
	const struct contributions *contributions, enum day_index_change change) {
	struct day_list list;

	day_index_days(type->table, contributions, &list);
	for (size_t i = 0; i < list.count; i++) {
		struct key key = day_index_key(type, list.days[i], code);

		if (change == DAY_INDEX_ADD)
			store_put(txn, TABLE_BY_DAY, &key, "", 0);
		else
			store_delete(txn, TABLE_BY_DAY, &key);
	}
}
