/* SPDX-License-Identifier: MIT */
/*
 * Figures against a second opinion: after everything that happens to some dossiers, windows are
 * evaluated and every measure is opened page by page.
 */
#include "common/store/figures.h"

#include <stdio.h>
#include <string.h>

#include "tests/unit/store/desk.h"
#include "tests/unit/store/lives.h"

enum { STEPS = 260, STEPS_A_COMMIT = 6, COUNTERS_MAX = 16 };

struct office {
	struct desk desk;
	struct chance chance;
	struct lives *lives;
};

static int office_open(void **state) {
	static struct office office;

	desk_open(&office.desk, "H51.15");
	office.chance = chance_new();
	office.lives = lives_new(&office.chance, "H51.15-240101");
	*state = &office;
	return 0;
}

static int office_close(void **state) {
	struct office *office = *state;

	lives_freep(&office->lives);
	desk_close(&office->desk);
	return 0;
}

static const MeasureTable *table_of(const Evaluation *evaluation, const char *name) {
	for (size_t i = 0; i < evaluation->n_tables; i++)
		if (strcmp(evaluation->tables[i]->name, name) == 0)
			return evaluation->tables[i];
	fail_msg("no table \"%s\"", name);
	return NULL;
}

static int64_t value_at(
    const MeasureTable *table, const char *unit, const char *category, size_t measure) {
	for (size_t i = 0; i < table->n_rows; i++)
		if (strcmp(table->rows[i]->unit, unit) == 0 &&
		    strcmp(table->rows[i]->category, category) == 0)
			return table->rows[i]->values[measure];
	return 0;
}

static int64_t total_of(const MeasureTable *table, size_t measure) {
	int64_t total = 0;

	for (size_t i = 0; i < table->n_rows; i++)
		total += table->rows[i]->values[measure];
	return total;
}

static void expect_rows_in_order(const MeasureTable *table) {
	for (size_t i = 0; i < table->n_rows; i++) {
		const MeasureRow *row = table->rows[i];
		const MeasureRow *before = i ? table->rows[i - 1] : NULL;
		int order = before ? strcmp(before->unit, row->unit) : -1;
		bool any = false;

		for (size_t j = 0; j < row->n_values; j++)
			any = any || row->values[j] != 0;
		assert_true(any);
		assert_true(order < 0 || (order == 0 && strcmp(before->category, row->category) < 0));
	}
}

static void expect_dossiers(
    const struct office *office, const MeasureTable *table, const struct figure_window *window) {
	const struct lives *lives = office->lives;

	expect_rows_in_order(table);
	assert_int_equal(table->n_measures, dossiers_measures.count);
	for (size_t m = 0; m < table->n_measures; m++) {
		int64_t total = 0;

		for (size_t i = 0; i < lives->count; i++) {
			const struct life *life = &lives->items[i];
			const char *field = lives_field(lives, life);
			int64_t row = 0;

			for (size_t j = 0; j < lives->count; j++) {
				const struct life *other = &lives->items[j];

				if (strcmp(other->record.unit, life->record.unit) == 0 &&
				    strcmp(lives_field(lives, other), field) == 0)
					row += life_counts(other, table->measures[m], window);
			}
			if (value_at(table, life->record.unit, field, m) != row)
				fail_msg("seed %llu: %s of %s, %s over days %d … %d: %lld, should be %lld",
				    (unsigned long long)office->chance.seed, table->measures[m], life->record.unit,
				    field, window->first.number, window->last.number,
				    (long long)value_at(table, life->record.unit, field, m), (long long)row);
			total += life_counts(life, table->measures[m], window);
		}
		assert_int_equal(total_of(table, m), total);
	}
}

static void expect_procedures(const struct office *office, const MeasureTable *table) {
	static const char *const levels[] = { "", "district", "commune" };

	for (int level = 1; level <= 2; level++) {
		int64_t all = 0;
		int64_t published = 0;

		for (size_t i = 0; i < LIVES_PROCEDURES; i++) {
			const Procedure *procedure = &office->lives->procedures[i];

			if (!office->lives->published[i] || (int)procedure->level != level)
				continue;
			all++;
			published += procedure->published_day != 0;
		}
		assert_int_equal(value_at(table, "", levels[level], 0), all);
		assert_int_equal(value_at(table, "", levels[level], 1), published);
	}
}

static void expect_feedback(
    const struct office *office, const MeasureTable *table, const struct figure_window *window) {
	static const char *const kinds[] = { "", "rules", "acts", "attitude" };

	for (int kind = 1; kind <= 3; kind++) {
		int64_t count = 0;

		for (size_t i = 0; i < LIVES_FEEDBACK_MAX; i++) {
			const Feedback *feedback = &office->lives->feedback[i];
			struct day day = stamp_day(feedback->received);

			count += office->lives->heard[i] && (int)feedback->kind == kind &&
			         day.number >= window->first.number && day.number <= window->last.number;
		}
		assert_int_equal(value_at(table, "H51.15", kinds[kind], 0), count);
	}
}

static void expect_figures(struct office *office, const struct figure_window *window) {
	AUTO(store_abort) struct store_txn txn = desk_read(&office->desk);
	Evaluation evaluation = EVALUATION__INIT;

	assert_int_equal(figures_evaluate(&txn, &dossiers_schema, "dossiers", window,
	                     &office->desk.arena, &evaluation),
	    STORE_OK);
	expect_dossiers(office, table_of(&evaluation, "dossiers"), window);
	expect_procedures(office, table_of(&evaluation, "procedures"));
	expect_feedback(office, table_of(&evaluation, "feedback"), window);
}

/* What an opening has shown so far. */
struct shown {
	int64_t values[LIVES_MAX];
	size_t records;
};

static size_t life_of_code(const struct lives *lives, const char *code) {
	for (size_t i = 0; i < lives->count; i++)
		if (strcmp(lives->items[i].code, code) == 0)
			return i;
	fail_msg("\"%s\" is no dossier of ours", code);
	return 0;
}

static void see(const struct office *office, const OpenedRecord *opened, struct shown *shown) {
	size_t i = life_of_code(office->lives, opened->code);
	const struct life *life = &office->lives->items[i];

	if (shown->values[i] != 0)
		fail_msg("%s was shown twice", opened->code);
	assert_true(opened->value > 0);
	assert_string_equal(opened->unit, life->record.unit);
	assert_string_equal(opened->category, lives_field(office->lives, life));
	assert_int_equal(opened->n_owned, life->round_count);
	shown->values[i] = opened->value;
	shown->records++;
}

/* Opens all pages, each in its own transaction as a caller would. */
static void open_all(struct office *office, struct figure_opening *opening, struct shown *shown) {
	uint8_t next[64];
	size_t pages = 0;

	for (opening->after.len = 0;; pages++) {
		AUTO(store_abort) struct store_txn txn = desk_read(&office->desk);
		OpenReply reply = OPEN_REPLY__INIT;

		assert_int_equal(
		    figures_open(&txn, &dossiers_schema, opening, &office->desk.arena, &reply), FIGURES_OK);
		assert_true(reply.n_records <= opening->limit);
		for (size_t i = 0; i < reply.n_records; i++)
			see(office, reply.records[i], shown);
		if (reply.next.len == 0)
			break;
		assert_true(pages < 1000 && reply.next.len <= sizeof(next));
		memcpy(next, reply.next.data, reply.next.len);
		opening->after = (ProtobufCBinaryData) { reply.next.len, next };
	}
}

static void expect_opened(struct office *office, const struct figure_window *window,
    const char *const *measures, size_t count) {
	struct figure_opening opening = {
		.table = &dossiers_measures,
		.window = *window,
		.measures = measures,
		.measure_count = count,
		.limit = (size_t)chance_between(&office->chance, 1, 30),
	};
	struct shown shown = { .records = 0 };

	open_all(office, &opening, &shown);
	for (size_t i = 0; i < office->lives->count; i++) {
		const struct life *life = &office->lives->items[i];
		int64_t expected = 0;

		for (size_t m = 0; m < count; m++)
			expected += life_counts(life, measures[m], window);
		if (shown.values[i] != expected)
			fail_msg("seed %llu: %s opened over days %d … %d shows %s %lld times, not %lld",
			    (unsigned long long)office->chance.seed, measures[0], window->first.number,
			    window->last.number, life->code, (long long)shown.values[i], (long long)expected);
	}
}

static void expect_everything(struct office *office, const struct figure_window *window) {
	const char *all[COUNTERS_MAX];
	const char *some[COUNTERS_MAX];
	size_t some_count = 0;

	expect_figures(office, window);
	for (size_t m = 0; m < dossiers_measures.count; m++) {
		all[m] = dossiers_measures.measures[m].name;
		expect_opened(office, window, &all[m], 1);
		if (chance_of(&office->chance, 40))
			some[some_count++] = all[m];
	}
	expect_opened(office, window, all, dossiers_measures.count);
	expect_opened(office, window, some, some_count);
}

static void every_figure_is_what_counting_one_by_one_gives_and_opens_as_many(void **state) {
	struct office *office = *state;

	for (int i = 0; i < STEPS; i++) {
		AUTO(store_abort) struct store_txn txn = desk_write(&office->desk);
		uint32_t steps = chance_below(&office->chance, STEPS_A_COMMIT) + 1;
		struct figure_window window = lives_window(&office->chance);

		while (steps--)
			lives_step(office->lives, &txn);
		desk_keep(&txn);
		expect_everything(office, &window);
	}
	assert_int_equal(office->lives->count, LIVES_MAX);
}

static void figures_are_the_same_after_a_restart(void **state) {
	struct office *office = *state;

	desk_open_again(&office->desk);
	for (int i = 0; i < 20; i++) {
		struct figure_window window = lives_window(&office->chance);

		expect_everything(office, &window);
	}
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_figure_is_what_counting_one_by_one_gives_and_opens_as_many),
		cmocka_unit_test(figures_are_the_same_after_a_restart),
	};

	return cmocka_run_group_tests(tests, office_open, office_close);
}
