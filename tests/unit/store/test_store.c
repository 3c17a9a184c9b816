/* SPDX-License-Identifier: MIT */
#include "common/store/store.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/store/desk.h"

static struct key key_of(const char *name) {
	struct key key = KEY_EMPTY;

	key_add_origin(&key, name);
	return key;
}

static void put(struct store_txn *txn, const char *name, const char *value) {
	struct key key = key_of(name);

	store_put(txn, TABLE_STATE, &key, value, strlen(value) + 1);
}

static const char *get(struct store_txn *txn, const char *name) {
	struct key key = key_of(name);
	struct store_value value;

	return store_get(txn, TABLE_STATE, &key, &value) == STORE_OK ? value.bytes : NULL;
}

static const char *read_back(struct desk *desk, const char *name) {
	static char found[64];
	AUTO(store_abort) struct store_txn txn = desk_read(desk);
	const char *value = get(&txn, name);

	return value ? strcpy(found, value) : NULL;
}

static int desk_setup(void **state) {
	static struct desk desk;

	desk_open(&desk, "H51.15");
	*state = &desk;
	return 0;
}

static int desk_teardown(void **state) {
	desk_close(*state);
	return 0;
}

static void what_was_committed_is_there_after_opening_again(void **state) {
	struct desk *desk = *state;
	struct store_txn txn = desk_write(desk);
	uint32_t epoch = store_epoch(desk->store);

	put(&txn, "a", "kept");
	desk_keep(&txn);
	desk_open_again(desk);
	assert_string_equal(read_back(desk, "a"), "kept");
	assert_string_equal(store_node(desk->store), "H51.15");
	assert_int_equal(store_epoch(desk->store), epoch);
	assert_true(epoch > 1700000000);
}

static void leaving_the_scope_aborts(void **state) {
	struct desk *desk = *state;

	{
		AUTO(store_abort) struct store_txn txn = desk_write(desk);

		put(&txn, "a", "lost");
		assert_string_equal(get(&txn, "a"), "lost");
	}
	assert_null(read_back(desk, "a"));
}

static void aborting_twice_and_after_a_commit_does_nothing(void **state) {
	struct desk *desk = *state;
	struct store_txn txn = desk_write(desk);

	put(&txn, "a", "kept");
	desk_keep(&txn);
	store_abort(&txn);
	store_abort(&txn);
	assert_string_equal(read_back(desk, "a"), "kept");
}

static void the_first_error_stays_and_nothing_after_it_happens(void **state) {
	struct desk *desk = *state;
	AUTO(store_abort) struct store_txn txn = desk_write(desk);
	struct store_cursor cursor;

	put(&txn, "a", "early");
	store_fail(&txn, -EIO);
	store_fail(&txn, -ENOMEM);
	put(&txn, "b", "late");
	assert_null(get(&txn, "a"));
	assert_int_equal(store_count(&txn, TABLE_STATE), 0);
	assert_int_equal(store_cursor_open(&txn, TABLE_STATE, &cursor), -EIO);
	assert_int_equal(store_commit(&txn), -EIO);
	assert_false(txn.unknown);
	assert_null(read_back(desk, "a"));
	assert_null(read_back(desk, "b"));
}

static void a_key_that_lmdb_refuses_fails_the_transaction(void **state) {
	struct desk *desk = *state;
	AUTO(store_abort) struct store_txn txn = desk_write(desk);
	struct key none = KEY_EMPTY;

	store_put(&txn, TABLE_STATE, &none, "x", 1);
	assert_true(txn.error < 0);
	assert_true(store_commit(&txn) < 0);
}

static void a_reader_cannot_write(void **state) {
	struct desk *desk = *state;
	AUTO(store_abort) struct store_txn txn = desk_read(desk);

	put(&txn, "a", "x");
	assert_int_equal(txn.error, -EACCES);
}

static void a_full_map_is_told_as_no_space_and_nothing_is_kept(void **state) {
	struct desk *desk = *state;
	static char large[1 << 20];
	AUTO(store_abort) struct store_txn txn = desk_write(desk);

	for (uint32_t i = 0; i < 300 && !txn.error; i++) {
		struct key key = KEY_EMPTY;

		key_add_u32(&key, i);
		store_put(&txn, TABLE_STATE, &key, large, sizeof(large));
	}
	assert_int_equal(txn.error, -ENOSPC);
	assert_int_equal(store_commit(&txn), -ENOSPC);
	assert_false(txn.unknown);
	txn = desk_write(desk);
	assert_int_equal(store_count(&txn, TABLE_STATE), 0);
	put(&txn, "a", "goes on");
	desk_keep(&txn);
}

static void a_reader_keeps_what_it_saw_while_others_write(void **state) {
	struct desk *desk = *state;
	struct store_txn txn = desk_write(desk);
	AUTO(store_abort) struct store_txn reader = STORE_TXN_NULL;
	const char *before;

	put(&txn, "a", "first");
	desk_keep(&txn);
	reader = desk_read(desk);
	before = get(&reader, "a");
	txn = desk_write(desk);
	put(&txn, "a", "second");
	desk_keep(&txn);
	assert_string_equal(before, "first");
	assert_string_equal(get(&reader, "a"), "first");
	assert_string_equal(read_back(desk, "a"), "second");
}

static void cursors_go_in_the_order_of_keys(void **state) {
	struct desk *desk = *state;
	AUTO(store_abort) struct store_txn txn = desk_write(desk);
	AUTO(store_cursor_close) struct store_cursor cursor = STORE_CURSOR_NULL;
	struct key b = key_of("b");
	struct key c = key_of("c");

	assert_int_equal(store_cursor_open(&txn, TABLE_STATE, &cursor), STORE_OK);
	assert_int_equal(store_cursor_seek(&cursor, &b), STORE_NOT_FOUND);
	assert_int_equal(store_cursor_before(&cursor, &b), STORE_NOT_FOUND);
	store_cursor_close(&cursor);
	put(&txn, "d", "4");
	put(&txn, "b", "2");
	assert_int_equal(store_cursor_open(&txn, TABLE_STATE, &cursor), STORE_OK);
	assert_int_equal(store_cursor_seek(&cursor, &c), STORE_OK);
	assert_string_equal(cursor.value.bytes, "4");
	assert_int_equal(store_cursor_before(&cursor, &c), STORE_OK);
	assert_string_equal(cursor.value.bytes, "2");
	assert_true(store_cursor_has_prefix(&cursor, &b));
	assert_false(store_cursor_has_prefix(&cursor, &c));
	assert_int_equal(store_cursor_before(&cursor, &b), STORE_NOT_FOUND);
	assert_int_equal(store_cursor_seek(&cursor, &b), STORE_OK);
	assert_int_equal(store_cursor_next(&cursor), STORE_OK);
	assert_string_equal(cursor.value.bytes, "4");
	assert_int_equal(store_cursor_next(&cursor), STORE_NOT_FOUND);
}

static void a_store_of_another_node_is_refused(void **state) {
	struct desk *desk = *state;

	store_closep(&desk->store);
	assert_int_equal(desk_try_open(desk, "H51.16", 0), STORE_OTHER_NODE);
	assert_int_equal(desk_try_open(desk, "H51.1", 0), STORE_OTHER_NODE);
	assert_int_equal(desk_try_open(desk, "H51.15", 0), STORE_OK);
}

static void a_store_is_open_in_one_process_at_a_time(void **state) {
	struct desk *desk = *state;
	int status = 0;
	pid_t child = fork();

	if (child == 0)
		_Exit(desk_try_open(desk, "H51.15", 0));
	assert_true(child > 0);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), STORE_IN_USE);
	assert_int_equal(desk_try_open(desk, "H51.15", 0), STORE_IN_USE);
}

static void path_of(const struct desk *desk, const char *name, char path[128]) {
	snprintf(path, 128, "%s/%s", desk->folder.path, name);
}

static void a_store_whose_maker_was_killed_begins_anew(void **state) {
	struct desk *desk = *state;
	char path[128];
	char draft[128];
	FILE *file;

	path_of(desk, "store.mdb", path);
	path_of(desk, "store.mdb.new", draft);
	store_closep(&desk->store);
	assert_return_code(unlink(path), errno);
	file = fopen(draft, "w");
	assert_non_null(file);
	for (int i = 0; i < 8192; i++)
		fputc(0, file);
	fclose(file);
	assert_int_equal(desk_try_open(desk, "H51.15", 0), STORE_OK);
	assert_int_equal(access(draft, F_OK), -1);
}

/* What has the store's name was a whole store once: nobody begins anew in its place. */
static void a_store_that_was_cut_is_refused(void **state) {
	struct desk *desk = *state;
	char path[128];

	path_of(desk, "store.mdb", path);
	store_closep(&desk->store);
	assert_return_code(truncate(path, 4096), errno);
	assert_true(desk_try_open(desk, "H51.15", 0) < 0);
	assert_return_code(truncate(path, 0), errno);
	assert_true(desk_try_open(desk, "H51.15", 0) < 0);
}

static void a_store_of_a_newer_format_is_refused(void **state) {
	struct desk *desk = *state;
	struct store_txn txn = desk_write(desk);
	struct key key = key_of("format");
	uint32_t newer = STORE_FORMAT + 1;

	store_put(&txn, TABLE_META, &key, &newer, sizeof(newer));
	desk_keep(&txn);
	store_closep(&desk->store);
	assert_int_equal(desk_try_open(desk, "H51.15", 0), STORE_NEWER_FORMAT);
}

static void a_store_whose_identity_is_damaged_is_refused(void **state) {
	struct desk *desk = *state;
	struct store_txn txn = desk_write(desk);
	struct key key = key_of("epoch");

	store_delete(&txn, TABLE_META, &key);
	desk_keep(&txn);
	store_closep(&desk->store);
	assert_int_equal(desk_try_open(desk, "H51.15", 0), -EBADMSG);
}

static void a_file_that_is_no_store_is_refused(void **state) {
	struct desk *desk = *state;
	char path[128];
	FILE *file;

	store_closep(&desk->store);
	snprintf(path, sizeof(path), "%s/store.mdb", desk->folder.path);
	file = fopen(path, "r+");
	assert_non_null(file);
	for (int i = 0; i < 8192; i++)
		fputc('x', file);
	fclose(file);
	assert_int_equal(desk_try_open(desk, "H51.15", 0), -EBADMSG);
}

#define MORE_THAN_ANY_DISK (UINT64_C(1) << 40) /* MiB */

static void below_the_reserve_writing_is_refused_and_reading_goes_on(void **state) {
	struct desk *desk = *state;
	struct store_txn txn = desk_write(desk);
	AUTO(store_closep) struct store *store = NULL;
	struct store_options options = {
		.folder = desk->folder.path,
		.node = desk->node,
		.map_mib = 256,
		.reserve_mib = MORE_THAN_ANY_DISK,
	};

	put(&txn, "a", "kept");
	desk_keep(&txn);
	store_closep(&desk->store);
	assert_int_equal(store_open(&options, &store), STORE_OK);
	assert_int_equal(store_begin(store, STORE_WRITE, &txn), -ENOSPC);
	assert_int_equal(store_begin(store, STORE_READ, &txn), STORE_OK);
	assert_string_equal(get(&txn, "a"), "kept");
	store_abort(&txn);
}

static void below_the_reserve_no_store_is_made(void **state) {
	struct desk *desk = *state;
	struct desk other = { .folder = folder_new() };

	(void)desk;
	assert_int_equal(desk_try_open(&other, "H51.15", MORE_THAN_ANY_DISK), -ENOSPC);
	assert_int_equal(desk_try_open(&other, "H51.15", 0), STORE_OK);
	folder_remove(&other.folder);
}

static void only_the_owner_can_read_the_files(void **state) {
	struct desk *desk = *state;
	struct stat status;
	char path[128];

	snprintf(path, sizeof(path), "%s/store.mdb", desk->folder.path);
	assert_int_equal(stat(path, &status), 0);
	assert_int_equal(status.st_mode & 0777, 0600);
}

static void size_tells_what_is_used_of_the_map(void **state) {
	struct desk *desk = *state;
	struct store_size size;

	store_size(desk->store, &size);
	assert_true(size.used_bytes > 0 && size.used_bytes < size.map_bytes);
	assert_int_equal(size.map_bytes, 256u << 20);
}

#define DESK_TEST(claim) cmocka_unit_test_setup_teardown(claim, desk_setup, desk_teardown)

int main(void) {
	const struct CMUnitTest tests[] = {
		DESK_TEST(what_was_committed_is_there_after_opening_again),
		DESK_TEST(leaving_the_scope_aborts),
		DESK_TEST(aborting_twice_and_after_a_commit_does_nothing),
		DESK_TEST(the_first_error_stays_and_nothing_after_it_happens),
		DESK_TEST(a_key_that_lmdb_refuses_fails_the_transaction),
		DESK_TEST(a_reader_cannot_write),
		DESK_TEST(a_full_map_is_told_as_no_space_and_nothing_is_kept),
		DESK_TEST(a_reader_keeps_what_it_saw_while_others_write),
		DESK_TEST(cursors_go_in_the_order_of_keys),
		DESK_TEST(a_store_of_another_node_is_refused),
		DESK_TEST(a_store_is_open_in_one_process_at_a_time),
		DESK_TEST(a_store_whose_maker_was_killed_begins_anew),
		DESK_TEST(a_store_that_was_cut_is_refused),
		DESK_TEST(a_store_of_a_newer_format_is_refused),
		DESK_TEST(a_store_whose_identity_is_damaged_is_refused),
		DESK_TEST(a_file_that_is_no_store_is_refused),
		DESK_TEST(below_the_reserve_writing_is_refused_and_reading_goes_on),
		DESK_TEST(below_the_reserve_no_store_is_made),
		DESK_TEST(only_the_owner_can_read_the_files),
		DESK_TEST(size_tells_what_is_used_of_the_map),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
