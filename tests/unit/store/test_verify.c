/* SPDX-License-Identifier: MIT */
/* Whatever happened, a store that nobody damaged is whole, also while it is written to. */
#include <pthread.h>
#include <stdatomic.h>

#include "common/store/event_log.h"
#include "common/store/log_entry.h"
#include "tests/unit/store/proof.h"

enum { ROUNDS = 40, COMMITS = 60 };

static void a_store_nobody_damaged_is_whole(void **state) {
	struct office *office = *state;
	VerifyResult *result = proof_expect_whole(office, proof_in_one_go);

	assert_int_equal(result->events, office_entries(office, TABLE_LOG));
	assert_int_equal(result->records, office_entries(office, TABLE_STATE));
	assert_int_equal(result->index_entries, office_entries(office, TABLE_BY_DAY));
	assert_true(result->counters >= office_entries(office, TABLE_CELLS));
	assert_int_equal(result->n_logs, 2);
	assert_string_equal(result->logs[0]->mark->origin, OFFICE_NODE);
	for (int i = 0; i < ROUNDS; i++) {
		office_happen(office, (int)chance_below(&office->chance, 20));
		proof_expect_whole(office, i % 2 ? proof_entry_by_entry : proof_in_one_go);
		proof_expect_whole(office, proof_in_several_passes);
	}
}

static void an_empty_store_is_whole(void **state) {
	struct office *office = *state;

	desk_close(&office->desk);
	desk_open(&office->desk, OFFICE_NODE);
	assert_int_equal(proof_expect_whole(office, proof_in_one_go)->events, 0);
}

static void a_copy_that_holds_events_is_whole_and_lists_them(void **state) {
	struct office *office = *state;
	struct office district = { .chance = office->chance };
	Event *event = NULL;
	VerifyResult *result;

	desk_open(&district.desk, "H51.15");
	arena_init(&district.arena, (size_t)64 << 20);
	desk_follow(&district.desk, &office->desk, STREAM__STREAM_PROCEDURES);
	desk_follow(&district.desk, &office->desk, STREAM__STREAM_RECORDS);
	{
		AUTO(store_abort) struct store_txn from = desk_write(&office->desk);
		AUTO(store_abort) struct store_txn to = desk_write(&district.desk);
		struct store_value value;
		struct log_entry entry;
		struct key key;
		uint64_t sequence = event_log_append(&from, &(struct event_draft) {
		                                                .stream = STREAM__STREAM_RECORDS,
		                                                .type = RECORD_TYPE__RECORD_NEWS,
		                                            });

		key = event_log_key(
		    OFFICE_NODE, STREAM__STREAM_RECORDS, store_epoch(office->desk.store), sequence);
		assert_int_equal(store_get(&from, TABLE_LOG, &key, &value), STORE_OK);
		assert_int_equal(log_entry_read(value, &entry), STORE_OK);
		assert_int_equal(
		    event_log_keep(&to, STREAM__STREAM_RECORDS, entry.event.data, entry.event.len, &event),
		    EVENT_LOG_OK);
		event_log_hold(&to, event, "news are not kept here");
		desk_keep(&to);
		desk_keep(&from);
	}
	result = proof_expect_whole(&district, proof_in_one_go);
	assert_int_equal(result->held_events, 1);
	assert_string_equal(result->held[0]->origin, OFFICE_NODE);
	assert_string_equal(result->held[0]->reason, "news are not kept here");
	proof_expect_whole(&district, proof_entry_by_entry);
	proof_expect_only(office, VERIFY_FINDING__KIND__EVENT_WITHOUT_EFFECT, "log", NULL);
	arena_deinit(&district.arena);
	desk_close(&district.desk);
}

struct writer {
	struct office *office;
	atomic_bool stop;
	atomic_int commits;
};

static void *go_on_writing(void *context) {
	struct writer *writer = context;

	while (!atomic_load(&writer->stop)) {
		struct store_txn txn = STORE_TXN_NULL;

		if (store_begin(writer->office->desk.store, STORE_WRITE, &txn) < 0)
			return NULL;
		for (int i = 0; i < OFFICE_STEPS_A_COMMIT; i++)
			lives_step(writer->office->lives, &txn);
		if (store_commit(&txn) < 0)
			return NULL;
		writer->commits++;
	}
	return NULL;
}

static void it_is_whole_while_it_is_written_to(void **state) {
	struct writer writer = { .office = *state };
	pthread_t thread;

	assert_int_equal(pthread_create(&thread, NULL, go_on_writing, &writer), 0);
	while (atomic_load(&writer.commits) < COMMITS) {
		proof_expect_whole(writer.office, proof_entry_by_entry);
		proof_expect_whole(writer.office, proof_in_several_passes);
		proof_expect_whole(writer.office, proof_in_one_go);
	}
	atomic_store(&writer.stop, true);
	pthread_join(thread, NULL);
	proof_expect_whole(writer.office, proof_in_one_go);
}

/* An entry of a table, the nth. */
#define OFFICE_TEST(claim)                                                                         \
	cmocka_unit_test_setup_teardown(claim, proof_office_open, proof_office_close)

int main(void) {
	const struct CMUnitTest tests[] = {
		OFFICE_TEST(a_store_nobody_damaged_is_whole),
		OFFICE_TEST(an_empty_store_is_whole),
		OFFICE_TEST(a_copy_that_holds_events_is_whole_and_lists_them),
		OFFICE_TEST(it_is_whole_while_it_is_written_to),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
