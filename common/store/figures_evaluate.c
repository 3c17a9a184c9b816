/* SPDX-License-Identifier: MIT */
/* Figures as sums of cells. */
#include "common/store/figures.h"

#include <string.h>
#include <uthash.h>

#include "common/store/cells.h"
#include "common/store/event_mark.h"
#include "common/store/names.h"

/* Sums of one (unit, shown category) while cells are visited. */
struct sum {
	struct {
		uint32_t unit;
		uint32_t category;
	} key;
	int64_t opening[MEASURE_CELLS_MAX];
	int64_t window[MEASURE_CELLS_MAX];
	int64_t plan[MEASURE_CELLS_MAX];
	UT_hash_handle hh;
};

struct summing {
	struct sum *sums;
	struct arena *arena;
	uint16_t year;
	bool in_window;
	bool failed;
};

static void add_amounts(int64_t sums[MEASURE_CELLS_MAX], const struct cell *cell) {
	for (size_t i = 0; i < MEASURE_CELLS_MAX; i++)
		sums[i] += cell->amounts[i];
}

static void on_cell(void *context, const struct cell *cell) {
	struct summing *summing = context;
	struct sum *sum;
	struct sum probe = { .key = { cell->unit, cell->category } };

	HASH_FIND(hh, summing->sums, &probe.key, sizeof(probe.key), sum);
	if (!sum) {
		sum = arena_alloc(summing->arena, sizeof(*sum));
		if (!sum) {
			summing->failed = true;
			return;
		}
		sum->key = probe.key;
		HASH_ADD(hh, summing->sums, key, sizeof(sum->key), sum);
	}
	add_amounts(summing->in_window ? sum->window : sum->opening, cell);
	if (cell->year && cell->year == summing->year)
		add_amounts(sum->plan, cell);
}

static int64_t value_of(const struct sum *sum, const struct measure *measure) {
	switch (measure->nature) {
	case MEASURE_FLOW: return sum->window[measure->cell];
	case MEASURE_OPENING: return sum->opening[measure->cell];
	case MEASURE_PLAN: return sum->plan[measure->cell];
	case MEASURE_STOCK: break;
	}
	return sum->opening[measure->cell] + sum->window[measure->cell];
}

/* Rows of the reply, by unit and shown category: several counted categories fold into one. */
struct row {
	MeasureRow message;
	char *place; /* unit, a zero byte, category */
	size_t place_size;
	UT_hash_handle hh;
};

struct rows {
	struct row *all;
	struct arena *arena;
	size_t measures;
};

static struct row *row_of(struct rows *rows, const char *unit, const char *category) {
	size_t unit_size = strlen(unit) + 1;
	size_t size = unit_size + strlen(category) + 1;
	char *place = arena_alloc_raw(rows->arena, size);
	struct row *row = NULL;

	if (!place)
		return NULL;
	memcpy(place, unit, unit_size);
	memcpy(place + unit_size, category, size - unit_size);
	HASH_FIND(hh, rows->all, place, size, row);
	if (row)
		return row;
	row = arena_alloc(rows->arena, sizeof(*row));
	if (!row)
		return NULL;
	measure_row__init(&row->message);
	row->message.values = arena_alloc(rows->arena, rows->measures * sizeof(int64_t));
	if (!row->message.values)
		return NULL;
	row->place = place;
	row->place_size = size;
	row->message.unit = place;
	row->message.category = place + unit_size;
	row->message.n_values = rows->measures;
	HASH_ADD_KEYPTR(hh, rows->all, row->place, row->place_size, row);
	return row;
}

static int compare_rows(struct row *left, struct row *right) {
	int order = strcmp(left->message.unit, right->message.unit);

	return order ? order : strcmp(left->message.category, right->message.category);
}

/* Category names are few and asked for once per (unit, category): fold while building rows. */
static int build_rows(
    struct store_txn *txn, const struct measure_table *table, struct sum *sums, struct rows *rows) {
	struct sum *sum;
	struct sum *next;

	HASH_ITER(hh, sums, sum, next) {
		const char *category = name_text(txn, sum->key.category, rows->arena);
		struct row *row;
		bool any = false;

		for (size_t i = 0; i < table->count; i++)
			any = any || value_of(sum, &table->measures[i]) != 0;
		if (!any)
			continue;
		if (table->category)
			category = table->category(txn, category, rows->arena);
		row = row_of(rows, name_text(txn, sum->key.unit, rows->arena), category);
		if (!row)
			return failed_here(-ENOMEM);
		for (size_t i = 0; i < table->count; i++)
			row->message.values[i] += value_of(sum, &table->measures[i]);
	}
	return 0;
}

static int fill_table(struct rows *rows, const struct measure_table *table, MeasureTable *message) {
	struct row *row;
	struct row *next;

	message->name = (char *)(uintptr_t)table->name;
	message->n_measures = table->count;
	message->measures = arena_alloc(rows->arena, table->count * sizeof(char *));
	message->rows = arena_alloc(rows->arena, (HASH_COUNT(rows->all) + 1) * sizeof(MeasureRow *));
	if (!message->measures || !message->rows)
		return failed_here(-ENOMEM);
	for (size_t i = 0; i < table->count; i++)
		message->measures[i] = (char *)(uintptr_t)table->measures[i].name;
	while (table->categories && table->categories[message->n_categories])
		message->n_categories++;
	message->categories = (char **)(uintptr_t)table->categories;
	HASH_SORT(rows->all, compare_rows);
	HASH_ITER(hh, rows->all, row, next) {
		message->rows[message->n_rows++] = &row->message;
	}
	return 0;
}

static int evaluate_table(struct store_txn *txn, const struct measure_table *table,
    const struct figure_window *window, struct arena *arena, MeasureTable *message) {
	struct summing summing = { .arena = arena, .year = window->year };
	struct rows rows = { .arena = arena, .measures = table->count };
	int r = cells_visit(txn, table, DAY_NONE, day_plus(window->first, -1), on_cell, &summing);

	if (r == STORE_OK) {
		summing.in_window = true;
		r = cells_visit(txn, table, window->first, window->last, on_cell, &summing);
	}
	if (r == STORE_OK && summing.failed)
		r = failed_here(-ENOMEM);
	if (r == STORE_OK)
		r = build_rows(txn, table, summing.sums, &rows);
	if (r == 0)
		r = fill_table(&rows, table, message);
	HASH_CLEAR(hh, summing.sums);
	HASH_CLEAR(hh, rows.all);
	return r < 0 ? failed_below(r) : STORE_OK;
}

int figures_evaluate(struct store_txn *txn, const struct schema *schema, const char *service,
    const struct figure_window *window, struct arena *arena, Evaluation *ret_evaluation) {
	int r;

	ret_evaluation->tables = arena_alloc(arena, (schema->table_count + 1) * sizeof(MeasureTable *));
	if (!ret_evaluation->tables)
		return failed_here(-ENOMEM);
	for (size_t i = 0; i < schema->table_count; i++) {
		MeasureTable *table = arena_alloc(arena, sizeof(*table));

		if (!table)
			return failed_here(-ENOMEM);
		measure_table__init(table);
		ret_evaluation->tables[ret_evaluation->n_tables++] = table;
		r = evaluate_table(txn, schema->tables[i], window, arena, table);
		if (r < 0)
			return failed_below(r);
	}
	r = event_marks_watermarks(
	    txn, service, arena, &ret_evaluation->watermarks, &ret_evaluation->n_watermarks);
	return r < 0 ? failed_below(r) : STORE_OK;
}
