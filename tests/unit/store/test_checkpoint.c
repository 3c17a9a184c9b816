/* SPDX-License-Identifier: MIT */
/* What a node signs of its logs, and who believes it. */
#include "common/store/checkpoint.h"

#include <sodium.h>
#include <string.h>

#include "common/base/message.h"
#include "common/store/event_log.h"
#include "common/store/log_entry.h"
#include "services/dossiers/dossiers.h"
#include "tests/unit/store/proof.h"

#define RECORDS STREAM__STREAM_RECORDS

static struct event_mark mark_of(struct desk *desk) {
	AUTO(store_abort) struct store_txn txn = desk_read(desk);
	struct event_mark mark;

	assert_int_equal(event_mark_load(&txn, OFFICE_NODE, RECORDS, &mark), 0);
	return mark;
}

static struct checkpoint last_of(struct desk *desk) {
	AUTO(store_abort) struct store_txn txn = desk_read(desk);
	struct checkpoint last = { .sequence = 0 };

	assert_true(checkpoint_load(&txn, OFFICE_NODE, RECORDS, &last) >= 0);
	return last;
}

static void sign_old(struct desk *desk, uint64_t age_ms) {
	AUTO(store_abort) struct store_txn txn = desk_write(desk);

	checkpoint_append_old(&txn, age_ms);
	desk_keep(&txn);
}

static void a_log_is_signed_every_so_many_events(void **state) {
	struct office *office = *state;
	struct checkpoint last = last_of(&office->desk);
	struct event_mark mark = mark_of(&office->desk);

	assert_true(last.sequence > 0 && mark.sequence - last.sequence < 20);
	assert_memory_equal(last.key, store_signer(office->desk.store)->public_key, SIGNER_PUBLIC_SIZE);
}

static void a_log_that_rests_is_signed_after_a_while_and_once(void **state) {
	struct office *office = *state;
	struct event_mark mark;

	office_happen(office, 3);
	mark = mark_of(&office->desk);
	if (last_of(&office->desk).sequence == mark.sequence)
		return; /* chance has signed it just now */
	sign_old(&office->desk, 3600 * 1000);
	assert_int_equal(mark_of(&office->desk).sequence, mark.sequence);
	sign_old(&office->desk, 0);
	assert_int_equal(last_of(&office->desk).sequence, mark.sequence + 1);
	sign_old(&office->desk, 0);
	assert_int_equal(mark_of(&office->desk).sequence, mark.sequence + 1);
	proof_expect_whole(office, proof_in_one_go);
}

static void verify_tells_how_far_a_log_is_signed(void **state) {
	struct office *office = *state;
	VerifyResult *result = proof_expect_whole(office, proof_in_one_go);
	struct checkpoint last = last_of(&office->desk);
	bool told = false;

	for (size_t i = 0; i < result->n_logs; i++)
		if (result->logs[i]->stream == RECORDS)
			told = result->logs[i]->signed_sequence == last.sequence - 1;
	assert_true(told);
}

/* A body like the one checkpoint_append makes, signed by whoever. */
static ProtobufCBinaryData forge(struct store_txn *txn, const struct signer *signer,
    const struct event_mark *mark, const uint8_t *next_key) {
	CheckpointStatement statement = CHECKPOINT_STATEMENT__INIT;
	Checkpoint checkpoint = CHECKPOINT__INIT;
	uint8_t signature[crypto_sign_BYTES];
	ProtobufCBinaryData body;

	statement.service = text_of("dossiers");
	statement.origin = text_of(mark->origin);
	statement.stream = mark->stream;
	statement.epoch = mark->epoch;
	statement.sequence = mark->sequence;
	statement.clock = mark->clock;
	statement.head = (ProtobufCBinaryData) { EVENT_HASH_SIZE, (uint8_t *)(uintptr_t)mark->head };
	statement.key = (ProtobufCBinaryData) { SIGNER_PUBLIC_SIZE, (uint8_t *)(uintptr_t)next_key };
	assert_int_equal(message_pack(&statement.base, txn->arena, &checkpoint.statement.data,
	                     &checkpoint.statement.len),
	    0);
	crypto_sign_detached(
	    signature, NULL, checkpoint.statement.data, checkpoint.statement.len, signer->secret_key);
	checkpoint.signature = (ProtobufCBinaryData) { sizeof(signature), signature };
	assert_int_equal(message_pack(&checkpoint.base, txn->arena, &body.data, &body.len), 0);
	return body;
}

static void append_forged(struct desk *desk, const struct signer *signer, const uint8_t *next_key) {
	AUTO(store_abort) struct store_txn txn = desk_write(desk);
	struct event_mark mark;

	assert_int_equal(event_mark_load(&txn, OFFICE_NODE, RECORDS, &mark), 0);
	event_log_append(&txn, &(struct event_draft) {
	                           .stream = RECORDS,
	                           .type = RECORD_TYPE__RECORD_CHECKPOINT,
	                           .body = forge(&txn, signer, &mark, next_key),
	                       });
	desk_keep(&txn);
}

static uint64_t held(struct desk *desk) {
	AUTO(store_abort) struct store_txn txn = desk_read(desk);

	return store_count(&txn, TABLE_HELD);
}

/* What the parent lacks, as its service takes it: what has no effect is held. */
static void follow(struct desk *parent, struct desk *child) {
	AUTO(store_abort) struct store_txn from = desk_read(child);
	AUTO(store_abort) struct store_txn to = desk_write(parent);
	ProtobufCBinaryData *events = NULL;
	struct event_mark mark;
	size_t count = 0;
	bool more;

	assert_int_equal(event_mark_load(&to, OFFICE_NODE, RECORDS, &mark), 0);
	assert_int_equal(event_log_read(&from, RECORDS, &mark, 1, SIZE_MAX / 2, &child->arena, &events,
	                     &count, &more),
	    0);
	for (size_t i = 0; i < count; i++) {
		Event *event = NULL;

		assert_int_equal(
		    event_log_keep(&to, RECORDS, events[i].data, events[i].len, &event), EVENT_LOG_OK);
		if (register_apply(&to, &dossiers_schema, event) == STORE_NOT_FOUND)
			event_log_hold(&to, event, "not believed");
	}
	desk_keep(&to);
}

static void another_key_is_not_believed(void **state) {
	AUTO(desk_close) struct desk parent;
	struct office *office = *state;
	static const uint8_t seed[32] = { 99 };
	struct signer stranger;
	struct checkpoint before;

	desk_open(&parent, "H51.15");
	follow(&parent, &office->desk);
	before = last_of(&parent);
	assert_true(before.sequence > 0);
	signer_of_seed(seed, &stranger);
	append_forged(&office->desk, &stranger, stranger.public_key);
	follow(&parent, &office->desk);
	assert_int_equal(held(&parent), 1);
	assert_memory_equal(last_of(&parent).key, before.key, SIGNER_PUBLIC_SIZE);
	assert_int_equal(last_of(&parent).sequence, before.sequence);
	assert_int_equal(proof_verify(office, &dossiers_schema, proof_in_one_go).findings[0]->kind,
	    VERIFY_FINDING__KIND__CHECKPOINT_INVALID);
}

static void a_key_is_passed_on_by_the_one_before(void **state) {
	AUTO(desk_close) struct desk parent;
	struct office *office = *state;
	static const uint8_t seed[32] = { 99 };
	struct signer next;

	desk_open(&parent, "H51.15");
	follow(&parent, &office->desk);
	signer_of_seed(seed, &next);
	append_forged(&office->desk, store_signer(office->desk.store), next.public_key);
	append_forged(&office->desk, &next, next.public_key);
	follow(&parent, &office->desk);
	assert_int_equal(held(&parent), 0);
	assert_memory_equal(last_of(&parent).key, next.public_key, SIGNER_PUBLIC_SIZE);
}

static void a_statement_of_another_place_is_none(void **state) {
	struct office *office = *state;
	AUTO(store_abort) struct store_txn txn = desk_write(&office->desk);
	const struct signer *signer = store_signer(office->desk.store);
	struct checkpoint ignored;
	struct event_mark mark;
	Event event = EVENT__INIT;

	assert_int_equal(event_mark_load(&txn, OFFICE_NODE, RECORDS, &mark), 0);
	event.origin = text_of(OFFICE_NODE);
	event.stream = RECORDS;
	event.epoch = mark.epoch;
	event.sequence = mark.sequence + 1;
	event.clock = mark.clock + 1;
	event.previous = (ProtobufCBinaryData) { EVENT_HASH_SIZE, mark.head };
	event.body = forge(&txn, signer, &mark, signer->public_key);
	assert_int_equal(checkpoint_check(&event, "dossiers", NULL, txn.arena, &ignored), STORE_OK);
	assert_int_equal(
	    checkpoint_check(&event, "staffing", NULL, txn.arena, &ignored), STORE_NOT_FOUND);
	event.sequence++;
	assert_int_equal(
	    checkpoint_check(&event, "dossiers", NULL, txn.arena, &ignored), STORE_NOT_FOUND);
	event.sequence--;
	event.epoch++;
	assert_int_equal(
	    checkpoint_check(&event, "dossiers", NULL, txn.arena, &ignored), STORE_NOT_FOUND);
	event.epoch--;
	mark.head[3] ^= 1;
	assert_int_equal(
	    checkpoint_check(&event, "dossiers", NULL, txn.arena, &ignored), STORE_NOT_FOUND);
	mark.head[3] ^= 1;
	event.body.data[event.body.len / 2] ^= 1;
	assert_int_equal(
	    checkpoint_check(&event, "dossiers", NULL, txn.arena, &ignored), STORE_NOT_FOUND);
}

#define OFFICE_TEST(test)                                                                          \
	cmocka_unit_test_setup_teardown(test, proof_office_open, proof_office_close)

int main(void) {
	static const struct CMUnitTest tests[] = {
		OFFICE_TEST(a_log_is_signed_every_so_many_events),
		OFFICE_TEST(a_log_that_rests_is_signed_after_a_while_and_once),
		OFFICE_TEST(verify_tells_how_far_a_log_is_signed),
		OFFICE_TEST(another_key_is_not_believed),
		OFFICE_TEST(a_key_is_passed_on_by_the_one_before),
		OFFICE_TEST(a_statement_of_another_place_is_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
