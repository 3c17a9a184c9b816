/* SPDX-License-Identifier: MIT */
/*
 * A million puts and deletes over the real tables, with keys and values of the shapes they have
 * there, against a model in memory. Tables swell and shrink, so that pages split and merge; some
 * transactions are given up; the store is closed and opened now and then, and walked whole.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/clock.h"
#include "tests/faults/faults.h"
#include "tests/unit/store/chance.h"
#include "tests/unit/store/desk.h"

enum { SLOTS_MAX = 4000, TASKS_MAX = 200, RUN_MAX = 40, VALUE_MAX = 6000 };

/* The tables swell and shrink by turns; they are walked so often in each phase. */
enum { PHASES = 10, WALKS = 4, SWELL_PERCENT = 85, SHRINK_PERCENT = 5 };

struct effort {
	unsigned changes;
	unsigned part; /* of a table's slots, so that fewer changes fill it as well */
};

static struct effort effort = { 100000, 8 };

/* How large a table gets, and its values. */
struct shape {
	uint16_t slots;
	uint16_t value_least;
	uint16_t value_most;
};

static const struct shape shapes[TABLE_COUNT] = {
	[TABLE_META] = { 4, 4, 16 },
	[TABLE_SIZES] = { 17, 8, 8 },
	[TABLE_NAMES] = { 600, 5, 60 },
	[TABLE_NUMBERS] = { 600, 4, 4 },
	[TABLE_LOG] = { SLOTS_MAX, 120, 900 },
	[TABLE_MARKS] = { 120, 52, 52 },
	[TABLE_CHECKPOINTS] = { 120, 52, 52 },
	[TABLE_HELD] = { 300, 8, 40 },
	[TABLE_ERASED] = { 300, 29, 29 },
	[TABLE_STATE] = { SLOTS_MAX, 16, 16 },
	[TABLE_BY_DAY] = { SLOTS_MAX, 0, 0 },
	[TABLE_BY_FIELD] = { 2000, 0, 0 },
	[TABLE_CELLS] = { SLOTS_MAX, 104, 104 },
	[TABLE_IDEMPOTENCY] = { SLOTS_MAX, 32, 200 },
	[TABLE_IDEMPOTENCY_AGE] = { 1, 0, 0 }, /* of format 1 */
};

static uint32_t slots_of(enum store_table table) {
	uint32_t slots = shapes[table].slots / effort.part;

	return slots ? slots : 1;
}

struct change {
	enum store_table table;
	uint32_t slot;
	uint32_t version; /* 0: deleted */
};

struct soak {
	struct desk desk;
	struct chance chance;
	uint32_t versions[TABLE_COUNT][SLOTS_MAX]; /* 0: not there */
	uint32_t last_version;
	unsigned changes;
	unsigned transactions;
	uint64_t entries; /* at the latest walk */
};

/* Shapes --------------------------------------------------------------------------------------- */

static uint64_t mix(uint64_t number) {
	struct chance chance = { 0, number };

	return (uint64_t)chance_below(&chance, UINT32_MAX) << 32 | chance_below(&chance, UINT32_MAX);
}

static void add_hash(struct key *key, uint32_t slot) {
	key_add_u64(key, mix(slot));
	key_add_u64(key, mix(~(uint64_t)slot));
}

static void add_code(struct key *key, uint32_t slot) {
	char code[40];

	snprintf(code, sizeof(code), "H51.15.6%u-24%02u%02u-%04u", slot % 5, slot / 30 % 12 + 1,
	    slot % 30 + 1, slot / 7);
	key_add_code(key, code);
}

static void add_log_place(struct key *key, uint32_t slot) {
	char origin[16];

	snprintf(origin, sizeof(origin), "H51.15.%u", 61 + slot % 4);
	key_add_origin(key, origin);
	key_add_u8(key, 1);
	key_add_u32(key, 1704067200);
	key_add_u64(key, slot / 4 + 1);
}

static struct key key_of(enum store_table table, uint32_t slot) {
	struct key key = KEY_EMPTY;
	char text[16];

	switch (table) {
	case TABLE_META:
	case TABLE_MARKS:
	case TABLE_CHECKPOINTS:
		/* The store's own entries have other names. */
		snprintf(text, sizeof(text), "x%u", slot);
		key_add_origin(&key, text);
		if (table != TABLE_META)
			key_add_u8(&key, (uint8_t)(slot % 3 + 1));
		break;
	case TABLE_SIZES: key_add_u16(&key, (uint16_t)slot); break;
	case TABLE_NAMES: key_add_u32(&key, slot + 1); break;
	case TABLE_NUMBERS:
	case TABLE_IDEMPOTENCY: key_add_u64(&key, slot + 1); break;
	case TABLE_LOG:
	case TABLE_HELD: add_log_place(&key, slot); break;
	case TABLE_STATE:
	case TABLE_ERASED:
		key_add_u16(&key, slot % 3 ? 3 : 4);
		add_code(&key, slot);
		if (slot % 3 == 0)
			key_add_code(&key, "20240103080000");
		break;
	case TABLE_BY_DAY:
		key_add_u16(&key, 3);
		key_add_u8(&key, (uint8_t)(slot % 6));
		key_add_i32(&key, 19700 + (int32_t)(slot % 700));
		add_code(&key, slot);
		break;
	case TABLE_BY_FIELD:
		key_add_u16(&key, 3);
		add_hash(&key, slot % 50);
		add_code(&key, slot);
		break;
	case TABLE_CELLS:
		key_add_u16(&key, (uint16_t)(slot % 3 + 1));
		key_add_u8(&key, (uint8_t)(slot % 4));
		key_add_i32(&key, 19700 + (int32_t)(slot % 700));
		key_add_u32(&key, slot % 9);
		key_add_u32(&key, slot);
		key_add_u16(&key, 2024);
		break;
	default:
		key_add_u64(&key, UINT64_C(1704067200000) + slot * 977);
		add_hash(&key, slot);
		break;
	}
	return key;
}

/* Return: its size. */
static size_t value_of(const struct change *change, uint8_t value[VALUE_MAX]) {
	const struct shape *shape = &shapes[change->table];
	struct chance chance = { 0, change->version };
	size_t size = (size_t)chance_between(&chance, shape->value_least, shape->value_most);

	/* Some do not fit a page. */
	if ((change->table == TABLE_LOG || change->table == TABLE_STATE) && chance_of(&chance, 2))
		size += 5000;
	for (size_t i = 0; i < size; i += 4) {
		uint32_t word = chance_below(&chance, UINT32_MAX);

		memcpy(value + i, &word, size - i < 4 ? size - i : 4);
	}
	return size;
}

/* Changing ------------------------------------------------------------------------------------- */

/* A change, or the beginning of a row of them. Return: how many slots in a row. */
static uint32_t choose_change(struct soak *soak, uint32_t put_percent, struct change *change) {
	struct chance *chance = &soak->chance;
	enum store_table table;

	/* Small tables change less often, and all do change. */
	do {
		table = (enum store_table)chance_below(chance, TABLE_COUNT);
	} while (slots_of(table) < chance_below(chance, SLOTS_MAX / effort.part));
	change->table = table;
	change->slot = chance_below(chance, slots_of(table));
	change->version = chance_of(chance, put_percent) ? ++soak->last_version : 0;
	return chance_of(chance, 10) ? 1 + chance_below(chance, RUN_MAX) : 1;
}

static void make_change(struct store_txn *txn, const struct change *change) {
	struct key key = key_of(change->table, change->slot);
	uint8_t value[VALUE_MAX];

	if (change->version)
		store_put(txn, change->table, &key, value, value_of(change, value));
	else
		store_delete(txn, change->table, &key);
}

static void change_some(struct soak *soak, uint32_t put_percent) {
	AUTO(store_abort) struct store_txn txn = desk_write(&soak->desk);
	struct change changes[TASKS_MAX + RUN_MAX];
	size_t wanted = 1 + chance_below(&soak->chance, TASKS_MAX);
	size_t count = 0;

	while (count < wanted) {
		struct change change;
		uint32_t row = choose_change(soak, put_percent, &change);

		for (uint32_t i = 0; i < row && change.slot < slots_of(change.table); i++) {
			make_change(&txn, &change);
			changes[count++] = change;
			change.slot++;
		}
	}
	soak->transactions++;
	if (chance_of(&soak->chance, 5))
		return; /* given up */
	desk_keep(&txn);
	for (size_t i = 0; i < count; i++)
		soak->versions[changes[i].table][changes[i].slot] = changes[i].version;
	soak->changes += (unsigned)count;
}

/* Comparing ------------------------------------------------------------------------------------ */

struct entry {
	struct key key;
	struct change change;
};

static int compare(const void *left, const void *right) {
	const struct entry *a = left;
	const struct entry *b = right;
	size_t size = a->key.size < b->key.size ? a->key.size : b->key.size;
	int order = memcmp(a->key.bytes, b->key.bytes, size);

	return order ? order : (a->key.size > b->key.size) - (a->key.size < b->key.size);
}

static size_t entries_of(
    const struct soak *soak, enum store_table table, struct entry entries[SLOTS_MAX]) {
	size_t count = 0;

	for (uint32_t slot = 0; slot < slots_of(table); slot++)
		if (soak->versions[table][slot])
			entries[count++] = (struct entry) {
				key_of(table, slot),
				{ table, slot, soak->versions[table][slot] },
			};
	qsort(entries, count, sizeof(entries[0]), compare);
	return count;
}

static void expect_entry(const struct store_cursor *cursor, const struct entry *entry) {
	uint8_t value[VALUE_MAX];
	size_t size = value_of(&entry->change, value);

	assert_int_equal(cursor->key.size, entry->key.size);
	assert_memory_equal(cursor->key.bytes, entry->key.bytes, entry->key.size);
	assert_int_equal(cursor->value.size, size);
	if (size)
		assert_memory_equal(cursor->value.bytes, value, size);
}

/* What the store itself keeps there. */
static bool is_its_own(enum store_table table, const struct store_cursor *cursor) {
	return table == TABLE_META && *(const char *)cursor->key.bytes != 'x';
}

static void expect_table(struct soak *soak, struct store_txn *txn, enum store_table table) {
	static struct entry entries[SLOTS_MAX];
	AUTO(store_cursor_close) struct store_cursor cursor = STORE_CURSOR_NULL;
	size_t count = entries_of(soak, table, entries);
	struct key start = KEY_EMPTY;
	struct store_value value;
	uint64_t own = 0;
	size_t found = 0;
	int r;

	key_add_u8(&start, 0);
	assert_int_equal(store_cursor_open(txn, table, &cursor), STORE_OK);
	for (r = store_cursor_seek(&cursor, &start); r == STORE_OK; r = store_cursor_next(&cursor)) {
		if (is_its_own(table, &cursor)) {
			own++;
			continue;
		}
		assert_in_range(found + 1, 1, count);
		expect_entry(&cursor, &entries[found]);
		assert_int_equal(store_get(txn, table, &entries[found].key, &value), STORE_OK);
		assert_ptr_equal(value.bytes, cursor.value.bytes);
		found++;
	}
	assert_int_equal(r, STORE_NOT_FOUND);
	assert_int_equal(found, count);
	assert_int_equal(store_count(txn, table), count + own);
	soak->entries += count;
}

static void expect_model(struct soak *soak) {
	AUTO(store_abort) struct store_txn txn = desk_read(&soak->desk);

	soak->entries = 0;
	for (int table = 0; table < TABLE_COUNT; table++)
		expect_table(soak, &txn, (enum store_table)table);
}

static void a_million_changes_leave_what_the_model_says(void **state) {
	struct soak *soak = *state;
	uint64_t started_us = clock_monotonic_us();
	struct store_size size = { 0 };
	uint64_t largest = 0;

	for (unsigned phase = 0; phase < PHASES; phase++) {
		for (unsigned walk = 1; walk <= WALKS; walk++) {
			uint64_t walks = (uint64_t)phase * WALKS + walk;

			while (soak->changes < effort.changes * walks / (PHASES * WALKS))
				change_some(soak, phase % 2 ? SHRINK_PERCENT : SWELL_PERCENT);
			expect_model(soak);
			desk_open_again(&soak->desk);
			expect_model(soak);
		}
		store_size(soak->desk.store, &size);
		print_message("%u changes in %u transactions: %llu entries, %llu KiB\n", soak->changes,
		    soak->transactions, (unsigned long long)soak->entries,
		    (unsigned long long)size.used_bytes >> 10);
		/* What is given up is used again. */
		if (phase < PHASES / 2)
			largest = size.used_bytes > largest ? size.used_bytes : largest;
		else
			assert_in_range(size.used_bytes, 0, largest + largest / 2);
	}
	print_message("%.1f s\n", (double)(clock_monotonic_us() - started_us) / 1e6);
}

static int soak_setup(void **state) {
	struct soak *soak = calloc(1, sizeof(*soak));

	if (!soak)
		return -1;
	desk_open(&soak->desk, "H51.15");
	soak->chance = chance_new();
	*state = soak;
	return 0;
}

static int soak_teardown(void **state) {
	struct soak *soak = *state;

	desk_close(&soak->desk);
	free(soak);
	return 0;
}

int main(int argc, char **argv) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
		    a_million_changes_leave_what_the_model_says, soak_setup, soak_teardown),
	};

	if (faults_in_full(argc, argv))
		effort = (struct effort) { 1000000, 1 };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
