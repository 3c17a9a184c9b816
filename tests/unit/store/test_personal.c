/* SPDX-License-Identifier: MIT */
/* Names of persons: where they stand, that they stay there, and that they can be erased for good.
 */
#include <string.h>

#include "common/base/message.h"
#include "common/store/erasure.h"
#include "common/store/log_entry.h"
#include "common/store/record.h"
#include "services/dossiers/dossiers.h"
#include "tests/unit/store/proof.h"

#define RECORDS STREAM__STREAM_RECORDS
#define NAME    "Kim Thị Sa Rây"
#define CODE    OFFICE_NODE "-240205-0777"
#define OTHER   OFFICE_NODE "-240205-0888"

static Dossier dossier_of(const char *code, const char *name, uint64_t due) {
	Dossier dossier = DOSSIER__INIT;

	dossier.code = text_of(code);
	dossier.procedure = text_of("1.000001");
	dossier.unit = text_of(OFFICE_NODE);
	dossier.applicant = text_of(name);
	dossier.accepted = 20240205080000;
	dossier.due = due;
	dossier.status = DOSSIER__STATUS__PROCESSING;
	return dossier;
}

static void put(
    struct store_txn *txn, const char *code, const char *name, uint64_t due, int expected) {
	Dossier dossier = dossier_of(code, name, due);

	desk_record(txn, &dossiers_register, &dossier.base, expected);
}

static void record(struct desk *desk, const char *name, uint64_t due, int expected) {
	AUTO(store_abort) struct store_txn txn = desk_write(desk);

	put(&txn, CODE, name, due, expected);
	desk_keep(&txn);
}

static bool has_name(struct desk *desk, enum store_table table) {
	struct store_value dump = desk_dump(desk, table);

	return memmem(dump.bytes, dump.size, NAME, strlen(NAME)) != NULL;
}

static bool has_name_anywhere(struct desk *desk) {
	for (int table = 0; table < TABLE_COUNT; table++)
		if (has_name(desk, (enum store_table)table))
			return true;
	return false;
}

static void erase(struct office *office, const char *code, int expected) {
	struct erasure erasure = ERASURE_NULL;
	int r;

	{
		AUTO(store_abort) struct store_txn txn = desk_read(&office->desk);

		r = erasure_begin(&txn, &dossiers_register, code, &erasure);
	}
	assert_int_equal(r, expected);
	if (r != ERASURE_OK)
		return;
	do {
		AUTO(store_abort) struct store_txn txn = desk_read(&office->desk);

		r = erasure_search(&txn, &erasure, 0);
	} while (r == ERASURE_LATER);
	assert_int_equal(r, ERASURE_OK);
	{
		AUTO(store_abort) struct store_txn txn = desk_write(&office->desk);

		struct erased erased;

		assert_int_equal(
		    erasure_write(&txn, &erasure, "Điều 16", "administrator", &erased), ERASURE_OK);
		desk_keep(&txn);
	}
	erasure_end(&erasure);
}

static Dossier *load_code(struct desk *desk, const char *code) {
	AUTO(store_abort) struct store_txn txn = desk_read(desk);
	ProtobufCMessage *found;

	assert_int_equal(
	    register_load(&txn, &dossiers_register, code, &desk->arena, &found, NULL), STORE_OK);
	return (Dossier *)found;
}

static Dossier *load(struct desk *desk) {
	return load_code(desk, CODE);
}

/* The last event of the office, in the transaction's arena, and its entry. */
static Event *last_event(struct store_txn *txn, struct log_entry *ret_entry) {
	struct store_value value;
	struct event_mark mark;
	struct key key;
	Event *event;

	assert_int_equal(event_mark_load(txn, OFFICE_NODE, RECORDS, &mark), 0);
	do {
		key = event_log_key(OFFICE_NODE, RECORDS, mark.epoch, mark.sequence--);
		assert_int_equal(store_get(txn, TABLE_LOG, &key, &value), STORE_OK);
		assert_int_equal(log_entry_read(value, ret_entry), STORE_OK);
		event = event__unpack(&txn->arena->allocator, ret_entry->event.len, ret_entry->event.data);
		assert_non_null(event);
	} while (event->type == RECORD_TYPE__RECORD_CHECKPOINT);
	return event;
}

static void a_name_stands_beside_the_chain_and_never_in_it(void **state) {
	struct office *office = *state;
	AUTO(store_abort) struct store_txn txn = STORE_TXN_NULL;
	struct log_entry entry;
	Event *event;

	record(&office->desk, NAME, 20240212170000, REGISTER_ADDED);
	assert_string_equal(load(&office->desk)->applicant, NAME);
	txn = desk_read(&office->desk);
	event = last_event(&txn, &entry);
	assert_null(memmem(entry.event.data, entry.event.len, NAME, strlen(NAME)));
	assert_non_null(memmem(entry.personal.data, entry.personal.len, NAME, strlen(NAME)));
	assert_true(personal_fits(entry.personal, event));
}

/* Or who has the chain could try names until one fits. */
static void the_same_name_is_committed_to_in_other_bytes_each_time(void **state) {
	struct office *office = *state;
	uint8_t commitments[2][EVENT_HASH_SIZE];

	for (uint64_t i = 0; i < 2; i++) {
		AUTO(store_abort) struct store_txn txn = STORE_TXN_NULL;
		Event *event;

		record(&office->desk, NAME, 20240212170000 + i, i ? REGISTER_CHANGED : REGISTER_ADDED);
		txn = desk_read(&office->desk);
		event = last_event(&txn, &(struct log_entry) { .hash = NULL });
		assert_int_equal(event->personal.len, EVENT_HASH_SIZE);
		memcpy(commitments[i], event->personal.data, EVENT_HASH_SIZE);
	}
	assert_memory_not_equal(commitments[0], commitments[1], EVENT_HASH_SIZE);
}

static void a_name_does_not_travel(void **state) {
	AUTO(desk_close) struct desk parent;
	struct office *office = *state;

	desk_open(&parent, "H51.15");
	record(&office->desk, NAME, 20240212170000, REGISTER_ADDED);
	desk_follow(&parent, &office->desk, RECORDS);
	assert_true(has_name(&office->desk, TABLE_LOG));
	assert_false(has_name_anywhere(&parent));
	assert_string_equal(load(&parent)->applicant, "");
	assert_true(load(&parent)->due == 20240212170000);
}

static void what_is_erased_is_gone_from_every_state_the_record_had(void **state) {
	struct office *office = *state;
	struct store_value marks;

	record(&office->desk, NAME, 20240212170000, REGISTER_ADDED);
	office_happen(office, 30);
	record(&office->desk, NAME, 20240213170000, REGISTER_CHANGED);
	marks = desk_dump(&office->desk, TABLE_MARKS);
	erase(office, CODE, ERASURE_OK);
	assert_false(has_name_anywhere(&office->desk));
	assert_string_equal(load(&office->desk)->applicant, "");
	assert_true(load(&office->desk)->due == 20240213170000);
	assert_true(desk_dump(&office->desk, TABLE_MARKS).size == marks.size);
	proof_expect_whole(office, proof_in_one_go);
	proof_expect_whole(office, proof_entry_by_entry);
	proof_expect_whole(office, proof_in_several_passes);
}

static void what_was_erased_does_not_come_back_with_an_old_sheet(void **state) {
	struct office *office = *state;

	record(&office->desk, NAME, 20240212170000, REGISTER_ADDED);
	erase(office, CODE, ERASURE_OK);
	record(&office->desk, NAME, 20240212170000, REGISTER_UNCHANGED);
	record(&office->desk, NAME, 20240219170000, REGISTER_CHANGED);
	assert_false(has_name_anywhere(&office->desk));
	erase(office, CODE, ERASURE_OK); /* once more does no harm */
	proof_expect_whole(office, proof_in_one_go);
}

static void an_erasure_is_followed_and_replayed(void **state) {
	AUTO(desk_close) struct desk parent;
	struct office *office = *state;

	desk_open(&parent, "H51.15");
	record(&office->desk, NAME, 20240212170000, REGISTER_ADDED);
	erase(office, CODE, ERASURE_OK);
	desk_follow(&parent, &office->desk, RECORDS);
	assert_int_equal(desk_dump(&parent, TABLE_HELD).size, 0);
	assert_int_equal(desk_dump(&parent, TABLE_ERASED).size, 0); /* it never had the name */
}

static void what_cannot_be_erased_is_told(void **state) {
	AUTO(desk_close) struct desk parent;
	struct office *office = *state;
	struct erasure erasure;
	struct store_txn txn;

	record(&office->desk, NAME, 20240212170000, REGISTER_ADDED);
	erase(office, "nobody", ERASURE_UNKNOWN);
	txn = desk_read(&office->desk);
	assert_int_equal(
	    erasure_begin(&txn, &procedures_register, "1.000001", &erasure), ERASURE_NOTHING);
	store_abort(&txn);
	desk_open(&parent, "H51.15");
	desk_follow(&parent, &office->desk, RECORDS);
	txn = desk_read(&parent);
	assert_int_equal(erasure_begin(&txn, &dossiers_register, CODE, &erasure), ERASURE_OTHER_OWNER);
	store_abort(&txn);
}

/* A batch whose other job failed is run again without it, and another event has its place then. */
static void an_erasure_that_is_run_again_erases_what_is_there_then(void **state) {
	struct office *office = *state;
	AUTO(erasure_end) struct erasure erasure = ERASURE_NULL;
	struct erased erased;

	record(&office->desk, NAME, 20240212170000, REGISTER_ADDED);
	{
		AUTO(store_abort) struct store_txn txn = desk_read(&office->desk);

		assert_int_equal(erasure_begin(&txn, &dossiers_register, CODE, &erasure), ERASURE_OK);
		assert_int_equal(erasure_search(&txn, &erasure, UINT32_MAX), ERASURE_OK);
	}
	{
		AUTO(store_abort) struct store_txn txn = desk_write(&office->desk);

		put(&txn, CODE, NAME, 20240213170000, REGISTER_CHANGED);
		assert_int_equal(erasure_write(&txn, &erasure, "x", "x", &erased), ERASURE_OK);
		assert_int_equal(erased.events, 2);
	}
	{
		AUTO(store_abort) struct store_txn txn = desk_write(&office->desk);

		put(&txn, OTHER, "Somebody Else", 20240214170000, REGISTER_ADDED);
		assert_int_equal(erasure_write(&txn, &erasure, "x", "x", &erased), ERASURE_OK);
		assert_int_equal(erased.events, 1);
		desk_keep(&txn);
	}
	assert_false(has_name_anywhere(&office->desk));
	assert_string_equal(load_code(&office->desk, OTHER)->applicant, "Somebody Else");
	proof_expect_whole(office, proof_in_one_go);
}

/* Format 1 had the name in the chain: there it stays, and is told; the record loses it. */
static void a_name_in_the_chain_is_told_and_leaves_the_record(void **state) {
	struct office *office = *state;
	AUTO(erasure_end) struct erasure erasure = ERASURE_NULL;
	struct erased erased;

	{
		AUTO(store_abort) struct store_txn txn = desk_write(&office->desk);
		Dossier dossier = dossier_of(CODE, NAME, 20240212170000);
		struct log_entry entry;
		ProtobufCBinaryData body;

		assert_int_equal(message_pack(&dossier.base, txn.arena, &body.data, &body.len), 0);
		event_log_append(&txn, &(struct event_draft) {
		                           .stream = RECORDS,
		                           .type = RECORD_TYPE__RECORD_DOSSIER,
		                           .body = body,
		                       });
		assert_int_equal(
		    register_replay(&txn, &dossiers_schema, last_event(&txn, &entry)), STORE_OK);
		put(&txn, CODE, NAME, 20240212170000, REGISTER_UNCHANGED); /* the old sheet again */
		assert_int_equal(erasure_begin(&txn, &dossiers_register, CODE, &erasure), ERASURE_OK);
		assert_int_equal(erasure_write(&txn, &erasure, "x", "x", &erased), ERASURE_OK);
		desk_keep(&txn);
	}
	assert_int_equal(erased.events, 0);
	assert_int_equal(erased.chained, 1);
	assert_string_equal(load(&office->desk)->applicant, "");
	assert_true(load(&office->desk)->due == 20240212170000);
	proof_expect_whole(office, proof_in_one_go);
}

/* Take the name away behind the log's back. */
static void strip(struct office *office) {
	AUTO(store_abort) struct store_txn txn = desk_write(&office->desk);
	struct log_entry entry;
	Event *event = last_event(&txn, &entry);
	struct key key = event_log_key(OFFICE_NODE, RECORDS, event->epoch, event->sequence);

	entry.hash = arena_copy(txn.arena, entry.hash, EVENT_HASH_SIZE);
	entry.event.data = arena_copy(txn.arena, entry.event.data, entry.event.len);
	entry.personal.len = 0;
	log_entry_put(&txn, &key, &entry);
	desk_keep(&txn);
}

static void a_name_that_went_without_an_erasure_is_missed(void **state) {
	struct office *office = *state;
	VerifyNews news;

	record(&office->desk, NAME, 20240212170000, REGISTER_ADDED);
	strip(office);
	news = proof_verify(office, &dossiers_schema, proof_in_one_go);
	assert_int_equal(news.findings[0]->kind, VERIFY_FINDING__KIND__PERSONAL_MISSING);
}

static void an_erasure_that_is_not_in_the_log_is_found(void **state) {
	struct office *office = *state;
	struct key record_key = record_key_of_code(&dossiers_register, CODE);
	struct key place = event_log_key(OFFICE_NODE, RECORDS, 1, 1);

	record(&office->desk, "", 20240212170000, REGISTER_ADDED);
	{
		AUTO(store_abort) struct store_txn txn = desk_write(&office->desk);

		store_put(&txn, TABLE_ERASED, &record_key, place.bytes, place.size);
		desk_keep(&txn);
	}
	proof_expect_only(office, VERIFY_FINDING__KIND__ERASURE_DIFFERS, "erased", "dossiers/" CODE);
}

#define OFFICE_TEST(test)                                                                          \
	cmocka_unit_test_setup_teardown(test, proof_office_open, proof_office_close)

int main(void) {
	static const struct CMUnitTest tests[] = {
		OFFICE_TEST(a_name_stands_beside_the_chain_and_never_in_it),
		OFFICE_TEST(the_same_name_is_committed_to_in_other_bytes_each_time),
		OFFICE_TEST(a_name_does_not_travel),
		OFFICE_TEST(what_is_erased_is_gone_from_every_state_the_record_had),
		OFFICE_TEST(what_was_erased_does_not_come_back_with_an_old_sheet),
		OFFICE_TEST(an_erasure_that_is_run_again_erases_what_is_there_then),
		OFFICE_TEST(a_name_in_the_chain_is_told_and_leaves_the_record),
		OFFICE_TEST(an_erasure_is_followed_and_replayed),
		OFFICE_TEST(what_cannot_be_erased_is_told),
		OFFICE_TEST(a_name_that_went_without_an_erasure_is_missed),
		OFFICE_TEST(an_erasure_that_is_not_in_the_log_is_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
