/* SPDX-License-Identifier: MIT */
/* Opening where it is uncomfortable: strange histories, strange places to go on from, large pages.
 */
#include <stdio.h>
#include <string.h>

#include "common/base/message.h"
#include "common/store/figures.h"
#include "services/dossiers/dossiers.h"
#include "tests/unit/store/chance.h"
#include "tests/unit/store/desk.h"

enum {
	DOSSIERS = 120,
	ROUNDS = 10,
	WINDOWS = 150,
	PAGE_MAX = 500,
	REPLY_MAX = 1 << 20, /* what goes over the wire at once */
};

struct office {
	struct desk desk;
	struct chance chance;
};

static int office_open(void **state) {
	static struct office office;

	desk_open(&office.desk, "H51.15");
	office.chance = chance_new();
	*state = &office;
	return 0;
}

static int office_close(void **state) {
	struct office *office = *state;

	desk_close(&office->desk);
	return 0;
}

static void put(
    struct store_txn *txn, const struct register_type *type, const ProtobufCMessage *record) {
	const char *owner = NULL;

	assert_true(register_write(txn, type, record, "tester", &owner) >= 0);
}

static uint64_t any_stamp(struct chance *chance) {
	return chance_stamp(chance, day_of(2024, 1, 1).number + chance_between(chance, 0, 100));
}

/* Whatever the checks let pass: rounds before the intake and after the end, due dates that nobody
 * promised, all of it changed again and again. */
static void put_strange_dossier(struct chance *chance, struct store_txn *txn, const char *code) {
	Dossier dossier = DOSSIER__INIT;

	dossier.code = text_of(code);
	dossier.unit = text_of("H51.15.61");
	dossier.procedure = text_of("1.000001");
	dossier.status = (Dossier__Status)chance_between(chance, 1, 10);
	dossier.channel = (Dossier__Channel)chance_below(chance, 4);
	dossier.accepted = chance_of(chance, 95) ? any_stamp(chance) : 0;
	dossier.due = chance_of(chance, 90) ? any_stamp(chance) : 0;
	dossier.ended = chance_of(chance, 50) ? any_stamp(chance) : 0;
	dossier.refused = chance_of(chance, 10) ? any_stamp(chance) : 0;
	if (dossier.ended && dossier.ended < dossier.accepted)
		dossier.ended = dossier.accepted;
	put(txn, &dossiers_register, &dossier.base);
	for (uint32_t i = chance_below(chance, ROUNDS); i > 0; i--) {
		SupplementRound round = SUPPLEMENT_ROUND__INIT;

		round.dossier = text_of(code);
		round.requested = any_stamp(chance);
		round.answered = chance_of(chance, 80) ? any_stamp(chance) : 0;
		round.due_before = chance_of(chance, 80) ? any_stamp(chance) : 0;
		round.due_after = chance_of(chance, 80) ? any_stamp(chance) : 0;
		put(txn, &supplement_rounds_register, &round.base);
	}
}

static int64_t figure(struct desk *desk, const struct figure_window *window, size_t measure) {
	AUTO(store_abort) struct store_txn txn = desk_read(desk);
	Evaluation evaluation = EVALUATION__INIT;
	int64_t total = 0;

	assert_int_equal(
	    figures_evaluate(&txn, &dossiers_schema, "dossiers", window, &desk->arena, &evaluation),
	    STORE_OK);
	for (size_t i = 0; i < evaluation.tables[0]->n_rows; i++)
		total += evaluation.tables[0]->rows[i]->values[measure];
	return total;
}

/* One page; its records are in the desk's arena until the next transaction. */
static OpenReply open_page(struct desk *desk, const struct figure_opening *opening, int expected) {
	AUTO(store_abort) struct store_txn txn = desk_read(desk);
	OpenReply reply = OPEN_REPLY__INIT;

	assert_int_equal(figures_open(&txn, &dossiers_schema, opening, &desk->arena, &reply), expected);
	assert_int_equal(txn.error, 0);
	return reply;
}

/* How much all pages add to the figure; *ret_records: how many records they show. */
static int64_t opened(struct desk *desk, struct figure_opening opening, size_t *ret_records) {
	uint8_t next[64];
	int64_t total = 0;

	*ret_records = 0;
	for (;;) {
		OpenReply reply = open_page(desk, &opening, FIGURES_OK);

		for (size_t i = 0; i < reply.n_records; i++)
			total += reply.records[i]->value;
		*ret_records += reply.n_records;
		if (reply.next.len == 0)
			return total;
		assert_true(reply.next.len <= sizeof(next));
		memcpy(next, reply.next.data, reply.next.len);
		opening.after = (ProtobufCBinaryData) { reply.next.len, next };
	}
}

static void strange_histories_open_as_they_count(void **state) {
	struct office *office = *state;
	size_t records;

	for (int i = 0; i < WINDOWS; i++) {
		AUTO(store_abort) struct store_txn txn = desk_write(&office->desk);
		struct day day = { day_of(2023, 12, 20).number + chance_between(&office->chance, 0, 120) };
		struct figure_window window = { day, day_plus(day, chance_between(&office->chance, 0, 30)),
			2024 };
		char code[32];

		for (int j = 0; j < 8; j++) {
			snprintf(code, sizeof(code), "D-%u", chance_below(&office->chance, DOSSIERS));
			put_strange_dossier(&office->chance, &txn, code);
		}
		desk_keep(&txn);
		for (size_t m = 0; m < dossiers_measures.count; m++) {
			const char *name = dossiers_measures.measures[m].name;
			struct figure_opening opening = {
				.table = &dossiers_measures,
				.window = window,
				.measures = &name,
				.measure_count = 1,
				.limit = 7,
			};

			assert_int_equal(
			    opened(&office->desk, opening, &records), figure(&office->desk, &window, m));
		}
	}
}

static const char *const open_only[] = { "open" };
static const struct figure_opening open_in_spring = {
	.table = &dossiers_measures,
	.window = { { 19790 }, { 19850 }, 2024 },
	.measures = open_only,
	.measure_count = 1,
	.limit = 5,
};

static void put_dossiers(struct office *office, size_t count) {
	AUTO(store_abort) struct store_txn txn = desk_write(&office->desk);

	for (size_t i = 0; i < count; i++) {
		Dossier dossier = DOSSIER__INIT;
		Procedure procedure = PROCEDURE__INIT;
		char code[32];

		snprintf(code, sizeof(code), "D-%zu", i);
		dossier.code = procedure.code = code;
		dossier.status = DOSSIER__STATUS__PROCESSING;
		dossier.accepted = UINT64_C(20240115080000);
		dossier.applicant = text_of("Thạch Mỹ Vinh");
		put(&txn, &dossiers_register, &dossier.base);
		put(&txn, &procedures_register, &procedure.base);
	}
	desk_keep(&txn);
}

static void a_place_that_no_page_gave_is_no_way_to_other_records(void **state) {
	struct office *office = *state;
	struct figure_opening opening = open_in_spring;
	uint8_t after[64];

	put_dossiers(office, 12);
	for (int i = 0; i < 3000; i++) {
		bool like_ours = chance_of(&office->chance, 70);
		OpenReply reply;

		for (size_t j = 0; j < sizeof(after); j++)
			after[j] = (uint8_t)(i % 3 == 0   ? 0
			                     : i % 3 == 1 ? 0xff
			                                  : chance_below(&office->chance, 256));
		if (like_ours) {
			after[0] = 0;
			after[1] = (uint8_t)chance_below(&office->chance, 8); /* of any register */
			after[2] = (uint8_t)chance_below(&office->chance, 8); /* of any group */
		}
		opening.after.data = after;
		opening.after.len = like_ours ? 39 : chance_below(&office->chance, sizeof(after));
		reply = open_page(&office->desk, &opening, FIGURES_OK);
		for (size_t j = 0; j < reply.n_records; j++)
			assert_int_equal(reply.records[j]->type, RECORD_TYPE__RECORD_DOSSIER);
	}
}

static void a_measure_that_is_none_is_told(void **state) {
	static const char *const names[] = { "open", "no such measure" };
	struct office *office = *state;
	struct figure_opening opening = open_in_spring;

	opening.measures = names;
	opening.measure_count = 2;
	open_page(&office->desk, &opening, FIGURES_UNKNOWN_MEASURE);
	opening.measure_count = 0;
	assert_int_equal(open_page(&office->desk, &opening, FIGURES_OK).n_records, 0);
}

static void a_page_has_a_limit_of_its_own(void **state) {
	struct office *office = *state;
	struct figure_opening opening = open_in_spring;
	size_t records;

	put_dossiers(office, PAGE_MAX + 20);
	opening.limit = 0;
	assert_int_equal(open_page(&office->desk, &opening, FIGURES_OK).n_records, PAGE_MAX);
	opening.limit = SIZE_MAX;
	assert_int_equal(open_page(&office->desk, &opening, FIGURES_OK).n_records, PAGE_MAX);
	assert_int_equal(opened(&office->desk, opening, &records), PAGE_MAX + 20);
	assert_int_equal(records, PAGE_MAX + 20);
}

static void personal_data_is_masked(void **state) {
	struct office *office = *state;
	OpenReply reply;
	Dossier *shown;

	put_dossiers(office, 1);
	reply = open_page(&office->desk, &open_in_spring, FIGURES_OK);
	shown = dossier__unpack(
	    &office->desk.arena.allocator, reply.records[0]->record.len, reply.records[0]->record.data);
	assert_string_equal(shown->applicant, "T. M. V.");
}

static void a_page_full_of_long_corrections_fits_into_a_message(void **state) {
	struct office *office = *state;
	struct figure_opening opening = open_in_spring;
	static char reason[4001];
	struct store_txn txn;
	size_t records;
	OpenReply reply;

	memset(reason, 'x', sizeof(reason) - 1);
	put_dossiers(office, 20);
	txn = desk_write(&office->desk);
	for (uint64_t i = 0; i < 20 * 70; i++) {
		Correction correction = CORRECTION__INIT;
		char code[32];

		snprintf(code, sizeof(code), "D-%u", (unsigned)(i % 20));
		correction.dossier = code;
		correction.handed_over = UINT64_C(20240115080000) + i / 20;
		correction.reason = reason;
		put(&txn, &corrections_register, &correction.base);
	}
	desk_keep(&txn);
	opening.limit = 0;
	reply = open_page(&office->desk, &opening, FIGURES_OK);
	assert_true(reply.n_records > 0);
	assert_true(open_reply__get_packed_size(&reply) < REPLY_MAX);
	assert_int_equal(opened(&office->desk, opening, &records), 20);
}

static void a_dossier_with_too_many_rounds_counts_and_opens(void **state) {
	struct office *office = *state;
	struct store_txn txn;
	size_t records;

	put_dossiers(office, 1);
	txn = desk_write(&office->desk);
	for (uint64_t i = 0; i < 40; i++) {
		SupplementRound round = SUPPLEMENT_ROUND__INIT;

		round.dossier = text_of("D-0");
		round.requested = UINT64_C(20240116000000) + i * 2;
		round.answered = round.requested + 1;
		round.due_after = UINT64_C(20240101000000);
		put(&txn, &supplement_rounds_register, &round.base);
	}
	desk_keep(&txn);
	assert_int_equal(opened(&office->desk, open_in_spring, &records), 1);
}

static void candidates_that_do_not_fit_into_memory_end_the_page(void **state) {
	struct office *office = *state;
	size_t cap = office->desk.arena.cap;
	size_t records;

	put_dossiers(office, 200);
	office->desk.arena.cap = 60000;
	assert_int_equal(opened(&office->desk, open_in_spring, &records), 200);
	office->desk.arena.cap = cap;
}

#define OFFICE_TEST(claim) cmocka_unit_test_setup_teardown(claim, office_open, office_close)

int main(void) {
	const struct CMUnitTest tests[] = {
		OFFICE_TEST(strange_histories_open_as_they_count),
		OFFICE_TEST(a_place_that_no_page_gave_is_no_way_to_other_records),
		OFFICE_TEST(a_measure_that_is_none_is_told),
		OFFICE_TEST(a_page_has_a_limit_of_its_own),
		OFFICE_TEST(personal_data_is_masked),
		OFFICE_TEST(a_page_full_of_long_corrections_fits_into_a_message),
		OFFICE_TEST(a_dossier_with_too_many_rounds_counts_and_opens),
		OFFICE_TEST(candidates_that_do_not_fit_into_memory_end_the_page),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
