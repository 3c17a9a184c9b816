/* SPDX-License-Identifier: MIT */
#include "common/store/register.h"

#include <stdio.h>
#include <string.h>

#include "cchc/documents.pb-c.h"
#include "common/store/event_log.h"
#include "services/dossiers/dossiers.h"
#include "tests/unit/store/desk.h"

#define NODE "H51.15"

/* Like the documents service's, which is not linked here. */
static const struct register_type papers = {
	.name = "papers",
	.type = RECORD_TYPE__RECORD_DOCUMENT,
	.stream = STREAM__STREAM_RECORDS,
	.record = &document__descriptor,
	.code_fields = { "unit", "direction", "number", "issued_day" },
	.index_field = "type",
};

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
	dossier.unit = text_of(NODE);
	dossier.status = DOSSIER__STATUS__PROCESSING;
	dossier.accepted = UINT64_C(20240115082258);
	return dossier;
}

static SupplementRound round_of(const char *dossier, uint64_t requested) {
	SupplementRound round = SUPPLEMENT_ROUND__INIT;

	round.dossier = text_of(dossier);
	round.requested = requested;
	return round;
}

static Document paper_of(const char *number, const char *type) {
	Document paper = DOCUMENT__INIT;

	paper.unit = text_of(NODE);
	paper.direction = DOCUMENT__DIRECTION__OUTGOING;
	paper.number = text_of(number);
	paper.issued_day = 20240115;
	paper.type = text_of(type);
	return paper;
}

static void write_one(struct desk *desk, const struct register_type *type,
    const ProtobufCMessage *record, int expected) {
	AUTO(store_abort) struct store_txn txn = desk_write(desk);

	desk_record(&txn, type, record, expected);
	desk_keep(&txn);
}

static uint64_t log_length(struct desk *desk) {
	AUTO(store_abort) struct store_txn txn = desk_read(desk);
	struct event_mark mark;

	assert_int_equal(event_mark_load(&txn, NODE, STREAM__STREAM_RECORDS, &mark), 0);
	return mark.sequence;
}

static uint64_t count_of(struct desk *desk, const struct register_type *type) {
	AUTO(store_abort) struct store_txn txn = desk_read(desk);

	assert_int_equal(register_is_empty(&txn, type), register_count(&txn, type) == 0);
	return register_count(&txn, type);
}

static void a_record_is_added_then_unchanged_then_changed(void **state) {
	struct desk *desk = *state;
	Dossier dossier = dossier_of("D-1");

	write_one(desk, &dossiers_register, &dossier.base, REGISTER_ADDED);
	write_one(desk, &dossiers_register, &dossier.base, REGISTER_UNCHANGED);
	dossier.fee = 50000;
	write_one(desk, &dossiers_register, &dossier.base, REGISTER_CHANGED);
	write_one(desk, &dossiers_register, &dossier.base, REGISTER_UNCHANGED);
	assert_int_equal(log_length(desk), 2);
	assert_int_equal(count_of(desk, &dossiers_register), 1);
	assert_int_equal(count_of(desk, &procedures_register), 0);
}

static void what_is_compared_is_not_written(void **state) {
	struct desk *desk = *state;
	AUTO(store_abort) struct store_txn txn = STORE_TXN_NULL;
	Dossier dossier = dossier_of("D-1");
	const char *owner = NULL;

	write_one(desk, &dossiers_register, &dossier.base, REGISTER_ADDED);
	dossier.fee = 50000;
	txn = desk_read(desk);
	assert_int_equal(
	    register_compare(&txn, &dossiers_register, &dossier.base, &desk->arena, &owner),
	    REGISTER_CHANGED);
	dossier.code = text_of("D-2");
	assert_int_equal(
	    register_compare(&txn, &dossiers_register, &dossier.base, &desk->arena, &owner),
	    REGISTER_ADDED);
	assert_int_equal(txn.error, 0);
}

static void a_record_is_found_by_its_code_with_all_it_holds(void **state) {
	struct desk *desk = *state;
	AUTO(store_abort) struct store_txn txn = STORE_TXN_NULL;
	Dossier dossier = dossier_of("D-1");
	ProtobufCMessage *found;
	const char *origin;

	dossier.applicant = text_of("Thạch Mỹ Vinh");
	write_one(desk, &dossiers_register, &dossier.base, REGISTER_ADDED);
	desk_open_again(desk);
	txn = desk_read(desk);
	assert_int_equal(
	    register_load(&txn, &dossiers_register, "D-1", &desk->arena, &found, &origin), STORE_OK);
	assert_string_equal(origin, NODE);
	assert_string_equal(((Dossier *)found)->applicant, "Thạch Mỹ Vinh");
	assert_int_equal(((Dossier *)found)->accepted, dossier.accepted);
	assert_true(register_has(&txn, &dossiers_register, "D-1"));
	assert_false(register_has(&txn, &dossiers_register, "D-"));
	assert_false(register_has(&txn, &procedures_register, "D-1"));
	assert_int_equal(register_load(&txn, &dossiers_register, "D-2", &desk->arena, &found, NULL),
	    STORE_NOT_FOUND);
}

static void codes_longer_than_a_key_stay_apart(void **state) {
	struct desk *desk = *state;
	static const char *const codes[] = {
		"0123456789abcdef0123456789abcdef", /* as long as a key */
		"0123456789abcdef0123456789abcdef0",
		"0123456789abcdef0123456789abcdef1",
		"0123456789abcdef0123456789abcde",
	};

	for (size_t i = 0; i < LENGTH_OF(codes); i++) {
		Dossier dossier = dossier_of(codes[i]);

		write_one(desk, &dossiers_register, &dossier.base, REGISTER_ADDED);
	}
	for (size_t i = 0; i < LENGTH_OF(codes); i++) {
		AUTO(store_abort) struct store_txn txn = desk_read(desk);
		ProtobufCMessage *found;

		assert_int_equal(
		    register_load(&txn, &dossiers_register, codes[i], &desk->arena, &found, NULL),
		    STORE_OK);
		assert_string_equal(((Dossier *)found)->code, codes[i]);
	}
	assert_int_equal(count_of(desk, &dossiers_register), LENGTH_OF(codes));
}

struct visited {
	char codes[16][32];
	size_t count;
	size_t stop_at;
};

static int on_round(void *context, ProtobufCMessage *record, const char *origin) {
	struct visited *visited = context;
	SupplementRound *round = (SupplementRound *)record;

	assert_string_equal(origin, NODE);
	snprintf(visited->codes[visited->count++], 32, "%s/%llu", round->dossier,
	    (unsigned long long)round->requested);
	return visited->count == visited->stop_at ? 17 : 0;
}

static int on_paper(void *context, ProtobufCMessage *record, const char *origin) {
	struct visited *visited = context;

	(void)origin;
	snprintf(visited->codes[visited->count++], 32, "%s", ((Document *)record)->number);
	return 0;
}

static void add_rounds(struct desk *desk) {
	static const char *const dossiers[] = { "D-2", "D-1", "D-10" };

	for (size_t i = 0; i < LENGTH_OF(dossiers); i++) {
		Dossier dossier = dossier_of(dossiers[i]);

		write_one(desk, &dossiers_register, &dossier.base, REGISTER_ADDED);
		for (uint64_t j = 3; j > 0; j--) {
			SupplementRound round = round_of(dossiers[i], UINT64_C(20240115000000) + j);

			write_one(desk, &supplement_rounds_register, &round.base, REGISTER_ADDED);
		}
	}
}

static void what_hangs_on_a_record_is_visited_with_it_alone_and_in_order(void **state) {
	struct desk *desk = *state;
	AUTO(store_abort) struct store_txn txn = STORE_TXN_NULL;
	struct visited visited = { .count = 0 };

	add_rounds(desk);
	txn = desk_read(desk);
	assert_int_equal(
	    register_visit(&txn, &supplement_rounds_register, "D-1", &desk->arena, on_round, &visited),
	    0);
	assert_int_equal(visited.count, 3);
	assert_string_equal(visited.codes[0], "D-1/20240115000001");
	assert_string_equal(visited.codes[2], "D-1/20240115000003");
	assert_int_equal(
	    register_visit(&txn, &supplement_rounds_register, "D-3", &desk->arena, on_round, &visited),
	    0);
	assert_int_equal(visited.count, 3);
	assert_int_equal(register_count(&txn, &supplement_rounds_register), 9);
}

static void a_visit_goes_through_all_and_ends_when_told(void **state) {
	struct desk *desk = *state;
	AUTO(store_abort) struct store_txn txn = STORE_TXN_NULL;
	struct visited visited = { .count = 0 };

	add_rounds(desk);
	txn = desk_read(desk);
	assert_int_equal(
	    register_visit(&txn, &supplement_rounds_register, NULL, &desk->arena, on_round, &visited),
	    0);
	assert_int_equal(visited.count, 9);
	assert_string_equal(visited.codes[0], "D-1/20240115000001");
	assert_string_equal(visited.codes[8], "D-2/20240115000003");
	visited = (struct visited) { .stop_at = 2 };
	assert_int_equal(
	    register_visit(&txn, &supplement_rounds_register, NULL, &desk->arena, on_round, &visited),
	    17);
	assert_int_equal(visited.count, 2);
}

static size_t papers_of_type(struct desk *desk, const char *type) {
	AUTO(store_abort) struct store_txn txn = desk_read(desk);
	struct visited visited = { .count = 0 };

	assert_int_equal(
	    register_visit_field(&txn, &papers, type, &desk->arena, on_paper, &visited), 0);
	return visited.count;
}

static void records_are_found_by_the_field_they_have_now(void **state) {
	struct desk *desk = *state;
	Document paper = paper_of("1", "Công văn");

	write_one(desk, &papers, &paper.base, REGISTER_ADDED);
	paper = paper_of("2", "Công văn");
	write_one(desk, &papers, &paper.base, REGISTER_ADDED);
	assert_int_equal(papers_of_type(desk, "Công văn"), 2);
	paper = paper_of("2", "Tờ trình");
	write_one(desk, &papers, &paper.base, REGISTER_CHANGED);
	assert_int_equal(papers_of_type(desk, "Công văn"), 1);
	assert_int_equal(papers_of_type(desk, "Tờ trình"), 1);
	assert_int_equal(papers_of_type(desk, "Tờ"), 0);
	paper = paper_of("3", "");
	write_one(desk, &papers, &paper.base, REGISTER_ADDED);
	assert_int_equal(papers_of_type(desk, ""), 1);
	assert_int_equal(count_of(desk, &papers), 3);
}

static void a_record_that_was_not_committed_is_not_there(void **state) {
	struct desk *desk = *state;
	Dossier dossier = dossier_of("D-1");
	struct store_txn txn = desk_write(desk);

	desk_record(&txn, &dossiers_register, &dossier.base, REGISTER_ADDED);
	store_abort(&txn);
	assert_int_equal(count_of(desk, &dossiers_register), 0);
	assert_int_equal(log_length(desk), 0);
	write_one(desk, &dossiers_register, &dossier.base, REGISTER_ADDED);
}

static void a_failing_store_fails_the_write(void **state) {
	struct desk *desk = *state;
	Dossier dossier = dossier_of("D-1");
	AUTO(store_abort) struct store_txn txn = desk_write(desk);
	const char *owner = NULL;

	store_fail(&txn, -EIO);
	assert_int_equal(
	    register_write(&txn, &dossiers_register, &dossier.base, "tester", &owner), -EIO);
	assert_int_equal(store_commit(&txn), -EIO);
}

#define DESK_TEST(claim) cmocka_unit_test_setup_teardown(claim, desk_setup, desk_teardown)

int main(void) {
	const struct CMUnitTest tests[] = {
		DESK_TEST(a_record_is_added_then_unchanged_then_changed),
		DESK_TEST(what_is_compared_is_not_written),
		DESK_TEST(a_record_is_found_by_its_code_with_all_it_holds),
		DESK_TEST(codes_longer_than_a_key_stay_apart),
		DESK_TEST(what_hangs_on_a_record_is_visited_with_it_alone_and_in_order),
		DESK_TEST(a_visit_goes_through_all_and_ends_when_told),
		DESK_TEST(records_are_found_by_the_field_they_have_now),
		DESK_TEST(a_record_that_was_not_committed_is_not_there),
		DESK_TEST(a_failing_store_fails_the_write),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
