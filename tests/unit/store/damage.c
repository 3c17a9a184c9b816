/* SPDX-License-Identifier: MIT */
#include "tests/unit/store/damage.h"

#include <string.h>

struct entry damage_entry(struct office *office, enum store_table table, uint32_t nth) {
	AUTO(store_abort) struct store_txn txn = desk_read(&office->desk);
	AUTO(store_cursor_close) struct store_cursor cursor = STORE_CURSOR_NULL;
	struct entry entry = { .key = KEY_EMPTY };
	struct key start = KEY_EMPTY;

	key_add_u8(&start, 0);
	assert_int_equal(store_cursor_open(&txn, table, &cursor), STORE_OK);
	assert_int_equal(store_cursor_seek(&cursor, &start), STORE_OK);
	while (nth-- > 0)
		assert_int_equal(store_cursor_next(&cursor), STORE_OK);
	key_add_bytes(&entry.key, cursor.key.bytes, cursor.key.size);
	assert_true(cursor.value.size <= sizeof(entry.value));
	memcpy(entry.value, cursor.value.bytes, cursor.value.size);
	entry.size = cursor.value.size;
	return entry;
}

struct entry damage_any_entry(struct office *office, enum store_table table) {
	return damage_entry(
	    office, table, chance_below(&office->chance, (uint32_t)office_entries(office, table)));
}

void damage_put(struct office *office, enum store_table table, const struct entry *entry) {
	AUTO(store_abort) struct store_txn txn = desk_write(&office->desk);

	store_put(&txn, table, &entry->key, entry->value, entry->size);
	desk_keep(&txn);
}

void damage_take_out(struct office *office, enum store_table table, const struct entry *entry) {
	AUTO(store_abort) struct store_txn txn = desk_write(&office->desk);

	store_delete(&txn, table, &entry->key);
	desk_keep(&txn);
}

struct entry damage_first_of(
    struct office *office, enum store_table table, const struct register_type *type) {
	for (uint32_t i = 0;; i++) {
		struct entry entry = damage_entry(office, table, i);

		if ((entry.key.bytes[0] << 8 | entry.key.bytes[1]) == (int)type->type)
			return entry;
	}
}
