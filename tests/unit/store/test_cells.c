/* SPDX-License-Identifier: MIT */
#include "common/store/cells.h"

#include <stdio.h>
#include <string.h>

#include "common/calendar/period.h"
#include "common/store/names.h"
#include "tests/unit/store/chance.h"
#include "tests/unit/store/desk.h"

static const struct measure_table table = { .name = "things", .number = 7 };
static const struct measure_table neighbour = { .name = "others", .number = 8 };

enum { ITEMS = 3000, ITEMS_A_COMMIT = 250, WINDOWS = 60, UNITS = 4, CATEGORIES = 3, YEARS = 3 };

static const char *const units[UNITS] = { "H51.15", "H51.15.61", "H51.15.62", "" };
static const char *const categories[CATEGORIES] = { "Đất đai", "Hộ tịch", "" };
static const uint16_t years[YEARS] = { 0, 2023, 2024 };

struct sums {
	int64_t amounts[UNITS][CATEGORIES][YEARS][MEASURE_CELLS_MAX];
	struct store_txn *txn;
	struct arena *arena;
};

static size_t index_of(const char *text, const char *const *texts, size_t count) {
	for (size_t i = 0; i < count; i++)
		if (strcmp(texts[i], text) == 0)
			return i;
	fail_msg("\"%s\" was never counted", text);
	return 0;
}

static size_t year_index(uint16_t year) {
	return year == 0 ? 0 : (size_t)(year - 2022);
}

static void on_cell(void *context, const struct cell *cell) {
	struct sums *sums = context;
	const char *unit = name_text(sums->txn, cell->unit, sums->arena);
	const char *category = name_text(sums->txn, cell->category, sums->arena);

	for (size_t i = 0; i < MEASURE_CELLS_MAX; i++)
		sums->amounts[index_of(unit, units, UNITS)][index_of(category, categories, CATEGORIES)]
		             [year_index(cell->year)][i] += cell->amounts[i];
}

static struct contribution contribution_by_chance(struct chance *chance) {
	struct contribution item = {
		.day = { chance_between(chance, day_of(1990, 1, 1).number, day_of(2030, 12, 31).number) },
		.cell = chance_below(chance, MEASURE_CELLS_MAX),
		.amount = chance_between(chance, -3, 5),
		.unit = units[chance_below(chance, UNITS)],
		.category = categories[chance_below(chance, CATEGORIES)],
		.year = years[chance_below(chance, YEARS)],
	};

	if (chance_of(chance, 10))
		item.day = DAY_NONE;
	if (chance_of(chance, 5))
		item.amount = chance_of(chance, 50) ? INT32_MAX : INT32_MIN;
	return item;
}

static void add_to(struct store_txn *txn, const struct measure_table *to,
    const struct contribution *item, int sign) {
	struct contributions contributions = { .count = 0 };

	contribute(&contributions, *item);
	cells_add(txn, to, &contributions, sign);
}

static void add(struct store_txn *txn, const struct contribution *item, int sign) {
	add_to(txn, &table, item, sign);
}

static void sum_by_hand(const struct contribution *items, size_t count, struct day first,
    struct day last, struct sums *sums) {
	for (size_t i = 0; i < count; i++) {
		const struct contribution *item = &items[i];

		/* DAY_NONE, since always, is before every day. */
		if (item->day.number < first.number || item->day.number > last.number)
			continue;
		sums->amounts[index_of(item->unit, units, UNITS)][index_of(item->category, categories,
		    CATEGORIES)][year_index(item->year)][item->cell] += item->amount;
	}
}

static void expect_sums(struct desk *desk, const struct contribution *items, size_t count,
    struct day first, struct day last) {
	AUTO(store_abort) struct store_txn txn = desk_read(desk);
	static struct sums expected;
	static struct sums sums;

	memset(&expected, 0, sizeof(expected));
	memset(&sums, 0, sizeof(sums));
	sums.txn = &txn;
	sums.arena = &desk->arena;
	sum_by_hand(items, count, first, last, &expected);
	assert_int_equal(cells_visit(&txn, &table, first, last, on_cell, &sums), STORE_OK);
	if (memcmp(sums.amounts, expected.amounts, sizeof(sums.amounts)) != 0)
		fail_msg("wrong sums over days %d … %d", first.number, last.number);
}

static void expect_windows(
    struct desk *desk, struct chance *chance, const struct contribution *items, size_t count) {
	for (int i = 0; i < WINDOWS; i++) {
		struct day first = { chance_between(
			chance, day_of(1989, 6, 1).number, day_of(2031, 6, 1).number) };
		struct day last = day_plus(first, (int)chance_below(chance, i % 2 ? 100 : 6000));

		if (i % 5 == 0)
			first = DAY_NONE;
		if (i % 7 == 0)
			statutory_year_window(statutory_year_of(last), &first, &last);
		if (i % 11 == 0)
			last = day_plus(last, chance_between(chance, -1, 1));
		expect_sums(desk, items, count, first, last);
	}
}

static void sums_over_any_window_are_those_of_adding_up_by_hand(void **state) {
	AUTO(desk_close) struct desk desk;
	struct chance chance = chance_new();
	static struct contribution items[ITEMS];

	(void)state;
	desk_open(&desk, "H51.15");
	for (size_t count = 0; count < ITEMS;) {
		AUTO(store_abort) struct store_txn txn = desk_write(&desk);

		for (size_t i = 0; i < ITEMS_A_COMMIT; i++, count++) {
			items[count] = contribution_by_chance(&chance);
			add(&txn, &items[count], +1);
		}
		desk_keep(&txn);
		expect_windows(&desk, &chance, items, count);
	}
}

static void what_is_taken_back_leaves_no_cell(void **state) {
	AUTO(desk_close) struct desk desk;
	struct chance chance = chance_new();
	static struct contribution items[500];

	(void)state;
	desk_open(&desk, "H51.15");
	for (int sign = 1; sign >= -1; sign -= 2) {
		AUTO(store_abort) struct store_txn txn = desk_write(&desk);

		for (size_t i = 0; i < LENGTH_OF(items); i++) {
			if (sign > 0)
				items[i] = contribution_by_chance(&chance);
			add(&txn, &items[i], sign);
		}
		desk_keep(&txn);
		assert_int_equal(desk_dump(&desk, TABLE_CELLS).size != 0, sign > 0);
	}
}

static const struct contribution one = {
	.day = { 19800 },
	.cell = 2,
	.amount = 1,
	.unit = "H51.15",
	.category = "",
};

static void taking_back_in_the_same_transaction_leaves_no_cell(void **state) {
	AUTO(desk_close) struct desk desk;
	AUTO(store_abort) struct store_txn txn = STORE_TXN_NULL;

	(void)state;
	desk_open(&desk, "H51.15");
	txn = desk_write(&desk);
	add(&txn, &one, +1);
	add(&txn, &one, -1);
	desk_keep(&txn);
	assert_int_equal(desk_dump(&desk, TABLE_CELLS).size, 0);
}

static void what_is_not_committed_is_not_counted(void **state) {
	AUTO(desk_close) struct desk desk;
	struct store_txn txn;

	(void)state;
	desk_open(&desk, "H51.15");
	txn = desk_write(&desk);
	add(&txn, &one, +1);
	store_abort(&txn);
	txn = desk_write(&desk);
	desk_keep(&txn);
	assert_int_equal(desk_dump(&desk, TABLE_CELLS).size, 0);
}

static void a_change_of_cells_counts_as_a_write(void **state) {
	AUTO(desk_close) struct desk desk;
	AUTO(store_abort) struct store_txn txn = STORE_TXN_NULL;
	size_t writes;

	(void)state;
	desk_open(&desk, "H51.15");
	txn = desk_write(&desk);
	add(&txn, &one, +1); /* names are numbered now */
	writes = txn.writes;
	add(&txn, &one, +1);
	assert_true(txn.writes > writes);
}

static void tables_do_not_see_each_other(void **state) {
	AUTO(desk_close) struct desk desk;
	AUTO(store_abort) struct store_txn txn = STORE_TXN_NULL;

	(void)state;
	desk_open(&desk, "H51.15");
	txn = desk_write(&desk);
	add_to(&txn, &neighbour, &one, +1);
	desk_keep(&txn);
	expect_sums(&desk, NULL, 0, DAY_NONE, (struct day) { 20000 });
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sums_over_any_window_are_those_of_adding_up_by_hand),
		cmocka_unit_test(what_is_taken_back_leaves_no_cell),
		cmocka_unit_test(taking_back_in_the_same_transaction_leaves_no_cell),
		cmocka_unit_test(what_is_not_committed_is_not_counted),
		cmocka_unit_test(a_change_of_cells_counts_as_a_write),
		cmocka_unit_test(tables_do_not_see_each_other),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
