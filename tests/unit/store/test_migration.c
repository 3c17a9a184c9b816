/* SPDX-License-Identifier: MIT */
/* A store of an older format becomes one of this format, whatever happens on the way. */
#include "common/store/migration.h"

#include <stdio.h>
#include <string.h>

#include "common/store/log_entry.h"
#include "common/store/store_parts.h"
#include "tests/unit/store/proof.h"

static void set_format(struct office *office, uint32_t format) {
	AUTO(store_abort) struct store_txn txn = desk_write(&office->desk);
	struct key name = store_meta_key("format");

	store_put(&txn, TABLE_META, &name, &format, sizeof(format));
	desk_keep(&txn);
}

/* The log as format 1 had it: the hash and then the event; names of persons were within. */
static void to_format_1(struct office *office) {
	AUTO(arena_deinit) struct arena arena;
	AUTO(store_abort) struct store_txn txn = STORE_TXN_NULL;
	struct store_value dump = desk_dump(&office->desk, TABLE_LOG);
	const char *at = dump.bytes;

	arena_init(&arena, (size_t)64 << 20);
	at = arena_copy_text(&arena, at, dump.size);
	dump.bytes = at;
	txn = desk_write(&office->desk);
	while (at < (const char *)dump.bytes + dump.size) {
		struct key key = KEY_EMPTY;
		struct store_value value;
		struct log_entry entry;
		size_t key_size;
		uint8_t *old;
		int read;

		assert_int_equal(sscanf(at, "%zu:%zu:%n", &key_size, &value.size, &read), 2);
		key_add_bytes(&key, at + read, key_size);
		value.bytes = at + read + key_size;
		at += (size_t)read + key_size + value.size;
		assert_int_equal(log_entry_read(value, &entry), STORE_OK);
		assert_int_equal(entry.personal.len, 0);
		old = arena_alloc(&arena, EVENT_HASH_SIZE + entry.event.len);
		memcpy(old, entry.hash, EVENT_HASH_SIZE);
		memcpy(old + EVENT_HASH_SIZE, entry.event.data, entry.event.len);
		store_put(&txn, TABLE_LOG, &key, old, EVENT_HASH_SIZE + entry.event.len);
	}
	desk_keep(&txn);
	set_format(office, 1);
}

/* Everything the store holds, in the office's arena. */
static void dump_all(struct office *office, struct store_value dumps[TABLE_COUNT]) {
	for (int table = 0; table < TABLE_COUNT; table++) {
		struct store_value dump = desk_dump(&office->desk, (enum store_table)table);

		dumps[table] = (struct store_value) {
			arena_copy(&office->arena, dump.bytes, dump.size + 1),
			dump.size,
		};
	}
}

static void expect_as_before(struct office *office, const struct store_value before[TABLE_COUNT]) {
	for (int table = 0; table < TABLE_COUNT; table++) {
		struct store_value now = desk_dump(&office->desk, (enum store_table)table);

		assert_int_equal(now.size, before[table].size);
		assert_memory_equal(now.bytes, before[table].bytes, now.size);
	}
	proof_expect_whole(office, proof_in_one_go);
}

static void a_store_of_format_1_is_brought_to_this_one(void **state) {
	struct store_value before[TABLE_COUNT];
	struct store_summary summary;
	struct office *office = *state;

	dump_all(office, before);
	to_format_1(office);
	assert_int_equal(store_peek(office->desk.folder.path, &summary), STORE_OK);
	assert_int_equal(summary.format, 1);
	assert_true(summary.events > 100);
	desk_open_again(&office->desk);
	expect_as_before(office, before);
	store_closep(&office->desk.store);
	assert_int_equal(store_peek(office->desk.folder.path, &summary), STORE_OK);
	assert_int_equal(summary.format, STORE_FORMAT);
	desk_open_again(&office->desk);
}

/* As a kill between two transactions leaves it: some entries new, and how far it came. */
static void a_migration_that_was_cut_goes_on_where_it_was(void **state) {
	struct store_value before[TABLE_COUNT];
	struct office *office = *state;

	dump_all(office, before);
	to_format_1(office);
	{
		AUTO(store_abort) struct store_txn txn = desk_write(&office->desk);
		AUTO(store_cursor_close) struct store_cursor cursor = STORE_CURSOR_NULL;
		struct key progress = store_meta_key("migrated");
		struct key start = KEY_EMPTY;
		struct key at = KEY_EMPTY;
		uint8_t *bytes;

		key_add_u8(&start, 0);
		assert_int_equal(store_cursor_open(&txn, TABLE_LOG, &cursor), STORE_OK);
		assert_int_equal(store_cursor_seek(&cursor, &start), STORE_OK);
		key_add_bytes(&at, cursor.key.bytes, cursor.key.size);
		bytes = arena_copy(txn.arena, cursor.value.bytes, cursor.value.size);
		log_entry_put(&txn, &at,
		    &(struct log_entry) {
		        .hash = bytes,
		        .event = { cursor.value.size - EVENT_HASH_SIZE, bytes + EVENT_HASH_SIZE },
		    });
		store_put(&txn, TABLE_META, &progress, at.bytes, at.size);
		store_cursor_close(&cursor);
		desk_keep(&txn);
	}
	desk_open_again(&office->desk);
	expect_as_before(office, before);
}

static void a_store_that_is_not_there_is_not_made_by_looking(void **state) {
	struct office *office = *state;
	struct store_summary summary;

	(void)office;
	assert_int_equal(store_peek("/nonexistent", &summary), STORE_NOT_FOUND);
}

static void a_newer_store_is_refused_and_left_as_it_is(void **state) {
	struct office *office = *state;
	struct store_summary summary;

	set_format(office, STORE_FORMAT + 1);
	store_closep(&office->desk.store);
	assert_int_equal(desk_try_open(&office->desk, OFFICE_NODE, 0), STORE_NEWER_FORMAT);
	assert_int_equal(store_peek(office->desk.folder.path, &summary), STORE_OK);
	assert_int_equal(summary.format, STORE_FORMAT + 1);
}

static int open_nameless(void **state) {
	static struct office office;

	office_open(&office, 0);
	office.lives->nameless = true;
	office_happen(&office, 300);
	*state = &office;
	return 0;
}

#define OFFICE_TEST(test) cmocka_unit_test_setup_teardown(test, open_nameless, proof_office_close)

int main(void) {
	static const struct CMUnitTest tests[] = {
		OFFICE_TEST(a_store_of_format_1_is_brought_to_this_one),
		OFFICE_TEST(a_migration_that_was_cut_goes_on_where_it_was),
		OFFICE_TEST(a_store_that_is_not_there_is_not_made_by_looking),
		OFFICE_TEST(a_newer_store_is_refused_and_left_as_it_is),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
