/* SPDX-License-Identifier: MIT */
/* Room in a store, and who keeps it from being used again. */
#include <string.h>

#include "common/base/clock.h"
#include "tests/unit/store/desk.h"

enum { MAP_MIB = 4, DEADLINE_MS = 60000 };

static struct key key_of(uint32_t number) {
	struct key key = KEY_EMPTY;

	key_add_u32(&key, number);
	return key;
}

static void open_with(struct desk *desk, struct store_options options) {
	store_closep(&desk->store);
	options.folder = desk->folder.path;
	options.node = desk->node;
	if (!options.map_mib)
		options.map_mib = MAP_MIB;
	assert_int_equal(store_open(&options, &desk->store), STORE_OK);
}

/* Return: whether there was room for it. */
static bool put_one(struct desk *desk, uint32_t number) {
	AUTO(store_abort) struct store_txn txn = STORE_TXN_NULL;
	static const char bytes[2000];
	struct key key = key_of(number);

	if (store_begin(desk->store, STORE_WRITE, &txn) != STORE_OK)
		return false;
	store_put(&txn, TABLE_STATE, &key, bytes, sizeof(bytes));
	return store_commit(&txn) == STORE_OK;
}

static void delete_all(struct desk *desk, uint32_t count) {
	for (uint32_t first = 0; first < count; first += 50) {
		AUTO(store_abort) struct store_txn txn = desk_write(desk);

		for (uint32_t i = first; i < first + 50 && i < count; i++) {
			struct key key = key_of(i);

			store_delete(&txn, TABLE_STATE, &key);
		}
		desk_keep(&txn);
	}
}

static void a_full_map_takes_no_new_work_then_nothing_and_recovers(void **state) {
	struct desk *desk = *state;
	uint32_t count = 0;
	uint32_t when_full;

	open_with(desk, (struct store_options) { .full_percent = 60, .stop_percent = 80 });
	while (store_room(desk->store) == STORE_ROOMY) {
		assert_true(put_one(desk, count++));
		store_look(desk->store);
	}
	assert_string_equal(store_lacks(desk->store), "map");
	when_full = count;
	while (store_room(desk->store) == STORE_FULL) {
		assert_true(put_one(desk, count++)); /* what frees or confirms something goes on */
		store_look(desk->store);
	}
	assert_true(count > when_full);
	assert_false(put_one(desk, count));
	/* More room in the map, as a person would give it; then less is used. */
	open_with(desk,
	    (struct store_options) { .map_mib = 2 * MAP_MIB, .full_percent = 60, .stop_percent = 80 });
	delete_all(desk, count);
	open_with(desk, (struct store_options) { .full_percent = 60, .stop_percent = 80 });
	store_look(desk->store);
	assert_int_equal(store_room(desk->store), STORE_ROOMY);
	assert_string_equal(store_lacks(desk->store), "");
}

static void a_store_full_of_free_pages_has_room_when_it_is_opened(void **state) {
	struct desk *desk = *state;

	for (uint32_t i = 0; i < 800; i++)
		assert_true(put_one(desk, i));
	delete_all(desk, 800);
	open_with(desk, (struct store_options) { .full_percent = 60, .stop_percent = 80 });
	assert_int_equal(store_room(desk->store), STORE_ROOMY);
}

static void a_map_of_no_size_is_refused(void **state) {
	struct desk *desk = *state;
	struct store_options options = { .folder = desk->folder.path, .node = desk->node };
	struct store *store;

	store_closep(&desk->store);
	assert_int_equal(store_open(&options, &store), -EINVAL);
	options.map_mib = UINT64_C(1) << 44;
	assert_int_equal(store_open(&options, &store), -EINVAL);
}

static void a_disk_near_its_reserve_takes_no_new_work(void **state) {
	struct desk *desk = *state;
	struct store_size size;

	/* Far more than any disk has; and a reserve of which the disk has a quarter. */
	open_with(desk, (struct store_options) { .reserve_mib = UINT64_C(1) << 40 });
	assert_int_equal(store_room(desk->store), STORE_STUCK);
	assert_string_equal(store_lacks(desk->store), "disk");
	assert_false(put_one(desk, 1));
	store_size(desk->store, &size);
	assert_true(size.used_bytes > 0);
}

static void free_pages_are_counted(void **state) {
	struct desk *desk = *state;
	struct store_size before;
	struct store_size after;

	for (uint32_t i = 0; i < 500; i++)
		assert_true(put_one(desk, i));
	store_look(desk->store);
	store_size(desk->store, &before);
	delete_all(desk, 500);
	store_look(desk->store);
	store_size(desk->store, &after);
	assert_true(after.free_bytes > before.free_bytes + 500 * 2000 / 2);
	assert_true(after.free_bytes < after.used_bytes);
}

/* Read until it fails. Return: the error. */
static int read_on(struct store_txn *txn) {
	uint64_t deadline_ms = clock_monotonic_ms() + DEADLINE_MS;
	struct key key = key_of(1);
	struct store_value value;
	int r = STORE_OK;

	while (r >= 0 && clock_monotonic_ms() < deadline_ms)
		r = store_get(txn, TABLE_STATE, &key, &value);
	return r;
}

static void a_snapshot_of_a_call_ends(void **state) {
	struct desk *desk = *state;
	AUTO(store_abort) struct store_txn txn = STORE_TXN_NULL;

	open_with(desk, (struct store_options) { .reader_max_ms = 20 });
	assert_int_equal(store_begin(desk->store, STORE_READ, &txn), STORE_OK);
	store_read_as(&txn, "a slow call", STORE_ENDS);
	assert_int_equal(read_on(&txn), -ETIME);
	assert_int_equal(txn.error, -ETIME);
}

static void a_cursor_ends_with_its_snapshot(void **state) {
	struct desk *desk = *state;
	AUTO(store_abort) struct store_txn txn = STORE_TXN_NULL;
	AUTO(store_cursor_close) struct store_cursor cursor = STORE_CURSOR_NULL;
	uint64_t deadline_ms = clock_monotonic_ms() + DEADLINE_MS;
	struct key key = key_of(1);
	int r = STORE_OK;

	open_with(desk, (struct store_options) { .reader_max_ms = 20 });
	put_one(desk, 1);
	assert_int_equal(store_begin(desk->store, STORE_READ, &txn), STORE_OK);
	store_read_as(&txn, "a slow scan", STORE_ENDS);
	assert_int_equal(store_cursor_open(&txn, TABLE_STATE, &cursor), STORE_OK);
	while (r >= 0 && clock_monotonic_ms() < deadline_ms)
		r = store_cursor_seek(&cursor, &key);
	assert_int_equal(r, -ETIME);
}

static void an_old_snapshot_is_seen_from_outside(void **state) {
	struct desk *desk = *state;
	AUTO(store_abort) struct store_txn txn = STORE_TXN_NULL;
	uint64_t deadline_ms = clock_monotonic_ms() + DEADLINE_MS;

	open_with(desk, (struct store_options) { .reader_max_ms = 1 });
	assert_int_equal(store_look(desk->store), 0);
	assert_int_equal(store_begin(desk->store, STORE_READ, &txn), STORE_OK);
	store_read_as(&txn, "a forgotten one", STORE_SLICES);
	while (store_look(desk->store) < 2000 && clock_monotonic_ms() < deadline_ms)
		;
	assert_true(store_look(desk->store) >= 2000);
	store_abort(&txn);
	assert_int_equal(store_look(desk->store), 0);
}

static int setup(void **state) {
	static struct desk desk;

	desk_open(&desk, "H51.15");
	*state = &desk;
	return 0;
}

static int teardown(void **state) {
	desk_close(*state);
	return 0;
}

#define DESK_TEST(claim) cmocka_unit_test_setup_teardown(claim, setup, teardown)

int main(void) {
	static const struct CMUnitTest tests[] = {
		DESK_TEST(a_full_map_takes_no_new_work_then_nothing_and_recovers),
		DESK_TEST(a_store_full_of_free_pages_has_room_when_it_is_opened),
		DESK_TEST(a_map_of_no_size_is_refused),
		DESK_TEST(a_disk_near_its_reserve_takes_no_new_work),
		DESK_TEST(free_pages_are_counted),
		DESK_TEST(a_snapshot_of_a_call_ends),
		DESK_TEST(a_cursor_ends_with_its_snapshot),
		DESK_TEST(an_old_snapshot_is_seen_from_outside),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
