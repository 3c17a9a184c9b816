/* SPDX-License-Identifier: MIT */
/* Events of other nodes: what has an effect here, and what is held. */
#include <stdio.h>
#include <string.h>

#include "common/base/message.h"
#include "common/store/event_log.h"
#include "common/store/figures.h"
#include "services/dossiers/dossiers.h"
#include "tests/unit/store/desk.h"

#define NODE    "H51.15"
#define COMMUNE "H51.15.61"
#define SIBLING "H51.15.62"
#define PARENT  "H51"

static int desk_setup(void **state) {
	static struct desk desk;

	desk_open(&desk, NODE);
	*state = &desk;
	return 0;
}

static int desk_teardown(void **state) {
	desk_close(*state);
	return 0;
}

static Dossier dossier_of(const char *code) {
	Dossier dossier = DOSSIER__INIT;

	dossier.code = text_of(code);
	dossier.procedure = text_of("1.004139");
	dossier.unit = text_of(COMMUNE);
	dossier.status = DOSSIER__STATUS__PROCESSING;
	dossier.accepted = UINT64_C(20240115082258);
	dossier.due = UINT64_C(20240120170000);
	return dossier;
}

static SupplementRound round_of(const char *dossier) {
	SupplementRound round = SUPPLEMENT_ROUND__INIT;

	round.dossier = text_of(dossier);
	round.requested = UINT64_C(20240116080000);
	return round;
}

/* A record as the next event of this origin, kept in the log. */
static Event *keep(struct store_txn *txn, const char *origin, const struct register_type *type,
    uint8_t *bytes, size_t size) {
	Event event = EVENT__INIT;
	struct event_mark mark;
	Event *kept = NULL;
	uint8_t *packed;
	size_t packed_size;

	assert_int_equal(event_mark_load(txn, origin, type->stream, &mark), 0);
	event.origin = text_of(origin);
	event.stream = type->stream;
	event.epoch = mark.sequence ? mark.epoch : 7;
	event.sequence = mark.sequence + 1;
	if (mark.sequence)
		event.previous = (ProtobufCBinaryData) { EVENT_HASH_SIZE, mark.head };
	event.type = type->type;
	event.body = (ProtobufCBinaryData) { size, bytes };
	assert_int_equal(message_pack(&event.base, txn->arena, &packed, &packed_size), 0);
	assert_int_equal(event_log_keep(txn, type->stream, packed, packed_size, &kept), EVENT_LOG_OK);
	return kept;
}

static int apply_bytes(struct store_txn *txn, const char *origin, const struct register_type *type,
    uint8_t *bytes, size_t size) {
	return register_apply(txn, &dossiers_schema, keep(txn, origin, type, bytes, size));
}

/* A record as an event of this origin; nothing is kept of it when it is held. */
static int apply(struct desk *desk, const char *origin, const struct register_type *type,
    const ProtobufCMessage *record) {
	AUTO(store_abort) struct store_txn txn = desk_write(desk);
	struct store_value before = desk_dump(desk, TABLE_STATE);
	uint8_t *bytes;
	size_t size;
	int answer;

	assert_int_equal(message_pack(record, txn.arena, &bytes, &size), 0);
	answer = apply_bytes(&txn, origin, type, bytes, size);
	desk_keep(&txn);
	if (answer == STORE_NOT_FOUND) {
		uint8_t copy[4096];
		struct store_value after;

		assert_true(before.size <= sizeof(copy));
		memcpy(copy, before.bytes, before.size);
		after = desk_dump(desk, TABLE_STATE);
		assert_int_equal(before.size, after.size);
		assert_memory_equal(copy, after.bytes, after.size);
	}
	return answer;
}

static void write_own(struct desk *desk, const struct register_type *type,
    const ProtobufCMessage *record, int expected) {
	AUTO(store_abort) struct store_txn txn = desk_write(desk);

	desk_record(&txn, type, record, expected);
	desk_keep(&txn);
}

static void expect_fee(struct desk *desk, const char *origin, uint64_t fee) {
	AUTO(store_abort) struct store_txn txn = desk_read(desk);
	ProtobufCMessage *record;
	const char *owner;

	assert_int_equal(
	    register_load(&txn, &dossiers_register, "D-1", &desk->arena, &record, &owner), STORE_OK);
	assert_string_equal(owner, origin);
	assert_int_equal(((Dossier *)record)->fee, fee);
	assert_int_equal(register_count(&txn, &dossiers_register), 1);
}

/* Open and late at the end of a day well after the due date. */
static void expect_open(struct desk *desk, int64_t open, int64_t open_late) {
	AUTO(store_abort) struct store_txn txn = desk_read(desk);
	struct figure_window window = { day_of(2024, 1, 1), day_of(2024, 3, 1), 2024 };
	Evaluation evaluation = EVALUATION__INIT;
	const MeasureTable *table;

	assert_int_equal(
	    figures_evaluate(&txn, &dossiers_schema, "dossiers", &window, &desk->arena, &evaluation),
	    STORE_OK);
	table = evaluation.tables[0];
	assert_int_equal(table->n_rows, open ? 1 : 0);
	if (!open)
		return;
	assert_string_equal(table->measures[6], "open");
	assert_string_equal(table->measures[7], "open_late");
	assert_int_equal(table->rows[0]->values[6], open);
	assert_int_equal(table->rows[0]->values[7], open_late);
}

static void a_record_of_another_node_is_kept_and_counted_as_that_node_s(void **state) {
	struct desk *desk = *state;
	Dossier dossier = dossier_of("D-1");

	assert_int_equal(apply(desk, COMMUNE, &dossiers_register, &dossier.base), STORE_OK);
	expect_fee(desk, COMMUNE, 0);
	expect_open(desk, 1, 1);
	dossier.fee = 10;
	assert_int_equal(apply(desk, COMMUNE, &dossiers_register, &dossier.base), STORE_OK);
	expect_fee(desk, COMMUNE, 10);
	expect_open(desk, 1, 1);
}

static void only_the_owner_changes_a_record(void **state) {
	struct desk *desk = *state;
	AUTO(store_abort) struct store_txn txn = STORE_TXN_NULL;
	Dossier dossier = dossier_of("D-1");
	const char *owner = NULL;

	assert_int_equal(apply(desk, COMMUNE, &dossiers_register, &dossier.base), STORE_OK);
	dossier.fee = 10;
	txn = desk_write(desk);
	assert_int_equal(register_compare(&txn, &dossiers_register, &dossier.base, txn.arena, &owner),
	    REGISTER_OTHER_OWNER);
	assert_string_equal(owner, COMMUNE);
	owner = NULL;
	assert_int_equal(register_write(&txn, &dossiers_register, &dossier.base, "tester", &owner),
	    REGISTER_OTHER_OWNER);
	assert_string_equal(owner, COMMUNE);
	desk_keep(&txn);
	expect_fee(desk, COMMUNE, 0);
	assert_int_equal(apply(desk, SIBLING, &dossiers_register, &dossier.base), STORE_NOT_FOUND);
	expect_fee(desk, COMMUNE, 0);
}

static void a_node_below_cannot_take_over_a_record_and_a_node_above_can(void **state) {
	struct desk *desk = *state;
	Dossier dossier = dossier_of("D-1");

	write_own(desk, &dossiers_register, &dossier.base, REGISTER_ADDED);
	dossier.fee = 10;
	assert_int_equal(apply(desk, COMMUNE, &dossiers_register, &dossier.base), STORE_NOT_FOUND);
	expect_fee(desk, NODE, 0);
	assert_int_equal(apply(desk, "H5", &dossiers_register, &dossier.base), STORE_NOT_FOUND);
	expect_fee(desk, NODE, 0);
	assert_int_equal(apply(desk, PARENT, &dossiers_register, &dossier.base), STORE_OK);
	expect_fee(desk, PARENT, 10);
	expect_open(desk, 1, 1);
}

static void a_round_stops_the_clock_of_its_owner_s_dossier_only(void **state) {
	struct desk *desk = *state;
	Dossier dossier = dossier_of("D-1");
	SupplementRound round = round_of("D-1");

	assert_int_equal(
	    apply(desk, COMMUNE, &supplement_rounds_register, &round.base), STORE_NOT_FOUND);
	assert_int_equal(apply(desk, COMMUNE, &dossiers_register, &dossier.base), STORE_OK);
	expect_open(desk, 1, 1);
	assert_int_equal(
	    apply(desk, SIBLING, &supplement_rounds_register, &round.base), STORE_NOT_FOUND);
	write_own(desk, &supplement_rounds_register, &round.base, REGISTER_OTHER_OWNER);
	expect_open(desk, 1, 1);
	assert_int_equal(apply(desk, COMMUNE, &supplement_rounds_register, &round.base), STORE_OK);
	expect_open(desk, 1, 0);
}

static void an_event_that_is_no_record_of_this_schema_is_held(void **state) {
	struct desk *desk = *state;
	AUTO(store_abort) struct store_txn txn = desk_write(desk);
	struct register_type unknown = dossiers_register;
	struct register_type elsewhere = dossiers_register;
	uint8_t no_text[] = { 0x0a, 0x02, 0xc3, 0x28 };
	uint8_t no_status[] = { 0x60, 0x63 };
	uint8_t torn[] = { 0x0a, 0x05, 'D' };

	unknown.type = (RecordType)9999;
	elsewhere.stream = STREAM__STREAM_PROCEDURES;
	assert_int_equal(apply_bytes(&txn, COMMUNE, &unknown, NULL, 0), STORE_NOT_FOUND);
	assert_int_equal(apply_bytes(&txn, COMMUNE, &elsewhere, NULL, 0), STORE_NOT_FOUND);
	assert_int_equal(
	    apply_bytes(&txn, COMMUNE, &dossiers_register, no_text, sizeof(no_text)), STORE_NOT_FOUND);
	assert_int_equal(apply_bytes(&txn, COMMUNE, &dossiers_register, no_status, sizeof(no_status)),
	    STORE_NOT_FOUND);
	assert_int_equal(
	    apply_bytes(&txn, COMMUNE, &dossiers_register, torn, sizeof(torn)), STORE_NOT_FOUND);
	assert_int_equal(txn.error, 0);
	assert_int_equal(store_count(&txn, TABLE_STATE), 0);
}

static void a_record_that_breaks_a_rule_is_held(void **state) {
	struct desk *desk = *state;
	Dossier dossier = dossier_of("");

	assert_int_equal(apply(desk, COMMUNE, &dossiers_register, &dossier.base), STORE_NOT_FOUND);
	dossier = dossier_of("D-1");
	dossier.ended = dossier.accepted - 1000000;
	assert_int_equal(apply(desk, COMMUNE, &dossiers_register, &dossier.base), STORE_NOT_FOUND);
	dossier = dossier_of("D-1");
	dossier.due = UINT64_C(20241399000000);
	assert_int_equal(apply(desk, COMMUNE, &dossiers_register, &dossier.base), STORE_NOT_FOUND);
	dossier = dossier_of("D-1");
	dossier.unit = text_of("no code of a unit");
	assert_int_equal(apply(desk, COMMUNE, &dossiers_register, &dossier.base), STORE_NOT_FOUND);
	expect_open(desk, 0, 0);
}

static void what_only_the_other_node_s_catalogue_knows_is_taken(void **state) {
	struct desk *desk = *state;
	Procedure procedure = PROCEDURE__INIT;
	Dossier dossier = dossier_of("D-1");

	procedure.code = text_of("1.000001");
	procedure.field = text_of("Đất đai");
	write_own(desk, &procedures_register, &procedure.base, REGISTER_ADDED);
	dossier.unit = text_of("H51.15.61.9");
	assert_int_equal(apply(desk, COMMUNE, &dossiers_register, &dossier.base), STORE_OK);
	expect_open(desk, 1, 1);
}

static void short_memory_fails_the_transaction_and_holds_nothing(void **state) {
	struct desk *desk = *state;
	Dossier dossier = dossier_of("D-1");
	uint8_t bytes[200];
	size_t size = dossier__pack(&dossier, bytes);
	size_t fits = 0;

	for (size_t left = 0; !fits && left < 20000; left += 16) {
		AUTO(store_abort) struct store_txn txn = desk_write(desk);
		Event *event = keep(&txn, COMMUNE, &dossiers_register, bytes, size);
		size_t cap = txn.arena->cap;
		int answer;

		txn.arena->cap = txn.arena->used + left;
		answer = register_apply(&txn, &dossiers_schema, event);
		if (answer == STORE_OK)
			fits = left;
		else
			assert_int_equal(answer, -ENOMEM);
		assert_int_equal(txn.error, answer);
		txn.arena->cap = cap;
	}
	assert_true(fits > 500);
}

#define DESK_TEST(claim) cmocka_unit_test_setup_teardown(claim, desk_setup, desk_teardown)

int main(void) {
	const struct CMUnitTest tests[] = {
		DESK_TEST(a_record_of_another_node_is_kept_and_counted_as_that_node_s),
		DESK_TEST(only_the_owner_changes_a_record),
		DESK_TEST(a_node_below_cannot_take_over_a_record_and_a_node_above_can),
		DESK_TEST(a_round_stops_the_clock_of_its_owner_s_dossier_only),
		DESK_TEST(an_event_that_is_no_record_of_this_schema_is_held),
		DESK_TEST(a_record_that_breaks_a_rule_is_held),
		DESK_TEST(what_only_the_other_node_s_catalogue_knows_is_taken),
		DESK_TEST(short_memory_fails_the_transaction_and_holds_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
