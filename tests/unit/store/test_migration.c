/* SPDX-License-Identifier: MIT */
/* A store of an older format becomes one of this format, whatever happens on the way. */
#include "common/store/migration.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/base/message.h"
#include "common/store/backup.h"
#include "common/store/backup_parts.h"
#include "common/store/log_entry.h"
#include "common/store/store_parts.h"
#include "tests/unit/store/proof.h"

static void set_format(struct office *office, uint32_t format) {
	AUTO(store_abort) struct store_txn txn = desk_write(&office->desk);
	struct key name = store_meta_key("format");

	store_put(&txn, TABLE_META, &name, &format, sizeof(format));
	desk_keep(&txn);
}

/* Every entry of a table, moved to where format 1 had it: its key named the stream by its number,
 * and of the log the value was the hash and then the event. */
static void move_back(struct office *office, enum store_table table, struct arena *arena) {
	struct store_value dump = desk_dump(&office->desk, table);
	const char *at = arena_copy_text(arena, dump.bytes, dump.size);
	const char *end = at + dump.size;
	AUTO(store_abort) struct store_txn txn = desk_write(&office->desk);

	while (at < end) {
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
		store_delete(&txn, table, &key);
		key.bytes[KEY_ORIGIN_SIZE] = (uint8_t)event_mark_stream(key.bytes);
		if (table != TABLE_LOG) {
			store_put(&txn, table, &key, value.bytes, value.size);
			continue;
		}
		assert_int_equal(log_entry_read(value, &entry), STORE_OK);
		assert_int_equal(entry.personal.len, 0);
		old = arena_alloc(arena, EVENT_HASH_SIZE + entry.event.len);
		memcpy(old, entry.hash, EVENT_HASH_SIZE);
		memcpy(old + EVENT_HASH_SIZE, entry.event.data, entry.event.len);
		store_put(&txn, table, &key, old, EVENT_HASH_SIZE + entry.event.len);
	}
	desk_keep(&txn);
}

/* And no record stood as it does now. */
static void to_format_1(struct office *office) {
	static const enum store_table moved[] = { TABLE_LOG, TABLE_MARKS, TABLE_HELD };
	AUTO(arena_deinit) struct arena arena;

	arena_init(&arena, (size_t)64 << 20);
	for (size_t i = 0; i < LENGTH_OF(moved); i++)
		move_back(office, moved[i], &arena);
	{
		AUTO(store_abort) struct store_txn txn = desk_write(&office->desk);
		struct key junk = KEY_EMPTY;

		key_add_u32(&junk, 7);
		store_clear(&txn, TABLE_STATE);
		store_put(&txn, TABLE_STATE, &junk, "a record", 8);
		store_put(&txn, TABLE_CELLS, &junk, "a counter", 9);
		desk_keep(&txn);
	}
	set_format(office, 1);
}

/* Tables that say the same whatever numbers names were given. */
static const enum store_table compared[] = { TABLE_SIZES, TABLE_LOG, TABLE_MARKS, TABLE_HELD,
	TABLE_BY_DAY, TABLE_BY_FIELD, TABLE_IDEMPOTENCY, TABLE_CHECKPOINTS, TABLE_ERASED };

/* In the office's arena. */
static void dump_all(struct office *office, struct store_value dumps[LENGTH_OF(compared)]) {
	for (size_t i = 0; i < LENGTH_OF(compared); i++) {
		struct store_value dump = desk_dump(&office->desk, compared[i]);

		dumps[i] = (struct store_value) {
			arena_copy(&office->arena, dump.bytes, dump.size),
			dump.size,
		};
	}
}

static void expect_as_before(
    struct office *office, const struct store_value before[LENGTH_OF(compared)]) {
	for (size_t i = 0; i < LENGTH_OF(compared); i++) {
		struct store_value now = desk_dump(&office->desk, compared[i]);

		assert_int_equal(now.size, before[i].size);
		assert_memory_equal(now.bytes, before[i].bytes, now.size);
	}
	proof_expect_whole(office, proof_in_one_go);
}

static void a_store_of_format_1_is_brought_to_this_one(void **state) {
	struct store_value before[LENGTH_OF(compared)];
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

/* As a kill after any number of transactions leaves it. */
static void a_migration_that_was_cut_goes_on_where_it_was(void **state) {
	struct store_value before[LENGTH_OF(compared)];
	struct office *office = *state;
	bool more = true;

	dump_all(office, before);
	for (int slices = 0; more; slices += 3) {
		to_format_1(office);
		for (int i = 0; more && i < slices; i++)
			more = migration_slice(office->desk.store, &dossiers_schema, 17) == MIGRATION_MORE;
		desk_open_again(&office->desk);
		expect_as_before(office, before);
		/* The proof has used the arena. */
		dump_all(office, before);
	}
}

/* A table as it is now, into a pack. */
static void pack_table(struct office *office, enum store_table table, struct pack_writer *writer) {
	AUTO(store_abort) struct store_txn txn = desk_read(&office->desk);
	AUTO(store_cursor_close) struct store_cursor cursor = STORE_CURSOR_NULL;
	struct key start = KEY_EMPTY;
	int r;

	key_add_u8(&start, 0);
	assert_int_equal(store_cursor_open(&txn, table, &cursor), STORE_OK);
	for (r = store_cursor_seek(&cursor, &start); r == STORE_OK; r = store_cursor_next(&cursor))
		assert_int_equal(
		    pack_add(writer, &(struct pack_entry) { (uint8_t)table, cursor.key.bytes,
		                         cursor.key.size, cursor.value.bytes, cursor.value.size }),
		    0);
}

/* As the program of that time wrote it: raw entries, and what it tells of itself at the end. */
static void write_old_pack(struct office *office, const char *path) {
	static const enum store_table tables[] = { TABLE_LOG, TABLE_META, TABLE_MARKS, TABLE_HELD };
	AUTO(pack_writer_freep) struct pack_writer *writer = NULL;
	BackupPart part;
	uint8_t *bytes;
	size_t size;

	assert_int_equal(backup_write(office->desk.store, path, 0, &office->arena, &part), BACKUP_OK);
	assert_return_code(unlink(path), errno);
	part.format = 1;
	assert_int_equal(message_pack(&part.base, &office->arena, &bytes, &size), 0);
	to_format_1(office);
	assert_int_equal(pack_create(path, &writer), 0);
	for (size_t i = 0; i < LENGTH_OF(tables); i++)
		pack_table(office, tables[i], writer);
	assert_int_equal(pack_add(writer, &(struct pack_entry) { BACKUP_PART, "", 0, bytes, size }), 0);
	assert_int_equal(pack_seal(writer), 0);
}

static void a_backup_of_format_1_is_restored(void **state) {
	struct office *office = *state;
	AUTO(folder_remove) struct folder elsewhere = folder_new();
	struct store_summary summary;
	char pack[128];
	char restored[128];

	snprintf(pack, sizeof(pack), "%s/dossiers.pack", elsewhere.path);
	snprintf(restored, sizeof(restored), "%s/store", elsewhere.path);
	write_old_pack(office, pack);
	assert_int_equal(backup_restore(pack,
	                     &(struct store_options) {
	                         .folder = restored,
	                         .node = OFFICE_NODE,
	                         .service = "dossiers",
	                         .map_mib = 256,
	                     },
	                     &dossiers_schema),
	    BACKUP_OK);
	assert_int_equal(store_peek(restored, &summary), STORE_OK);
	assert_int_equal(summary.format, STORE_FORMAT);
	assert_false(summary.is_migrating);
	assert_int_equal(summary.events, office_entries(office, TABLE_LOG));
}

/* Its keys are moved and its records gone: for an older program it would be an empty log. */
static void a_store_on_its_way_is_no_store_of_format_1(void **state) {
	struct office *office = *state;
	struct store_summary summary;

	to_format_1(office);
	assert_int_equal(migration_slice(office->desk.store, &dossiers_schema, 17), MIGRATION_MORE);
	store_closep(&office->desk.store);
	assert_int_equal(store_peek(office->desk.folder.path, &summary), STORE_OK);
	assert_int_equal(summary.format, STORE_FORMAT);
	assert_true(summary.is_migrating);
	desk_open_again(&office->desk);
	proof_expect_whole(office, proof_in_one_go);
}

static void an_old_store_without_a_schema_is_refused_as_it_is(void **state) {
	struct office *office = *state;
	AUTO(store_closep) struct store *store = NULL;
	struct store_summary summary;
	struct store_options options = {
		.folder = office->desk.folder.path,
		.node = OFFICE_NODE,
		.map_mib = 256,
	};

	to_format_1(office);
	store_closep(&office->desk.store);
	assert_int_equal(store_open(&options, &store), STORE_OLDER_FORMAT);
	assert_int_equal(store_peek(office->desk.folder.path, &summary), STORE_OK);
	assert_int_equal(summary.format, 1);
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
		OFFICE_TEST(a_backup_of_format_1_is_restored),
		OFFICE_TEST(a_store_on_its_way_is_no_store_of_format_1),
		OFFICE_TEST(an_old_store_without_a_schema_is_refused_as_it_is),
		OFFICE_TEST(a_store_that_is_not_there_is_not_made_by_looking),
		OFFICE_TEST(a_newer_store_is_refused_and_left_as_it_is),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
