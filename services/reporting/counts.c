/* SPDX-License-Identifier: MIT */
#include "services/reporting/counts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unicode/ucol.h>

static bool has_text(const struct texts *texts, const char *text) {
	for (unsigned i = 0; i < texts->count; i++)
		if (strcmp(texts->items[i], text) == 0)
			return true;
	return false;
}

bool figure_takes(
    const struct figure *figure, const struct tree *tree, const char *unit, const char *category) {
	enum figure_level level = figure_level_of(figure);

	if (figure->categories.count && !has_text(&figure->categories, category))
		return false;
	return level == LEVEL_ANY || tree_level(tree, unit) == level;
}

static const MeasureTable *find_table(
    const struct counts *counts, const char *service, const char *name) {
	for (size_t i = 0; i < COUNTED_SERVICES; i++) {
		const Evaluation *evaluation = counts->evaluations[i];

		if (strcmp(counts->services[i], service) != 0)
			continue;
		for (size_t j = 0; j < evaluation->n_tables; j++)
			if (strcmp(evaluation->tables[j]->name, name) == 0)
				return evaluation->tables[j];
	}
	return NULL;
}

static int64_t row_sum(
    const MeasureTable *table, const MeasureRow *row, const struct texts *measures) {
	int64_t sum = 0;

	for (size_t i = 0; i < table->n_measures && i < row->n_values; i++)
		if (has_text(measures, table->measures[i]))
			sum += row->values[i];
	return sum;
}

static int64_t count_of(const struct counts *counts, const struct figure *figure) {
	const MeasureTable *table = find_table(counts, figure->service, figure->table);
	const char *last_unit = NULL;
	int64_t sum = 0;

	for (size_t i = 0; table && i < table->n_rows; i++) {
		const MeasureRow *row = table->rows[i];
		int64_t value = row_sum(table, row, &figure->measures);

		if (!value || !figure_takes(figure, &counts->tree, row->unit, row->category))
			continue;
		if (!figure->distinct_units)
			sum += value;
		else if (!last_unit || strcmp(last_unit, row->unit) != 0)
			sum++; /* rows come ordered by unit */
		last_unit = row->unit;
	}
	return sum;
}

static int64_t sum_of(const struct report *report, const struct texts *ids) {
	int64_t sum = 0;

	for (unsigned i = 0; i < ids->count; i++) {
		const struct report_figure *part = report_find(report, ids->items[i]);

		sum += part ? part->value : 0;
	}
	return sum;
}

int64_t share_of(int64_t numerator, int64_t denominator) {
	return (numerator * 20000 + denominator) / (2 * denominator);
}

static void set_share(
    const struct report *report, const struct figure *figure, struct report_figure *result) {
	result->numerator = sum_of(report, &figure->numerator);
	result->denominator = sum_of(report, &figure->denominator);
	result->none = result->denominator == 0;
	if (!result->none)
		result->value = share_of(result->numerator, result->denominator);
}

static void set_target(
    const struct counts *counts, const struct figure *figure, struct report_figure *result) {
	result->none = true;
	for (size_t i = 0; i < counts->targets->n_targets; i++) {
		const ResolutionTarget *target = counts->targets->targets[i];

		if (strcmp(target->indicator, figure->indicator) != 0 ||
		    (figure->target_level && strcmp(target->level, figure->target_level) != 0))
			continue;
		result->none = false;
		result->value = target->percent_hundredths;
	}
}

static void set_count(const struct counts *counts, const struct report *report,
    const struct figure *figure, struct report_figure *result) {
	result->value = figure->of.count ? sum_of(report, &figure->of) - sum_of(report, &figure->minus)
	                                 : count_of(counts, figure);
	result->numerator = result->value;
}

static bool is_one_of(char *const *names, size_t count, const char *name) {
	for (size_t i = 0; i < count; i++)
		if (strcmp(names[i], name) == 0)
			return true;
	return false;
}

/* A name that no service counts would silently be 0. */
static int check_names(const struct counts *counts, const struct figure *figure) {
	const MeasureTable *table;
	const char *unknown = NULL;

	if (!figure->measures.count)
		return 0;
	table = find_table(counts, figure->service, figure->table);
	if (!table)
		unknown = arena_format(counts->call->arena, "%s %s", figure->service, figure->table);
	for (unsigned i = 0; table && i < figure->measures.count; i++)
		if (!is_one_of(table->measures, table->n_measures, figure->measures.items[i]))
			unknown = figure->measures.items[i];
	for (unsigned i = 0; table && table->n_categories && i < figure->categories.count; i++)
		if (!is_one_of(table->categories, table->n_categories, figure->categories.items[i]))
			unknown = figure->categories.items[i];
	if (!unknown)
		return 0;
	return service_refuse(counts->call, RPC_FAILED_PRECONDITION, FAULT__REASON__DATA_FILE,
	    "report/figures.yaml",
	    arena_format(counts->call->arena, "%s: %s (line: %u)", figure->id, unknown, figure->line));
}

int counts_figures(const struct counts *counts, struct report *report) {
	const struct catalogue *catalogue = counts->catalogue;
	struct report_figure *figures =
	    arena_alloc(counts->call->arena, (catalogue->figure_count + 1) * sizeof(*figures));

	if (!figures)
		return failed_here(-ENOMEM);
	report->figures = figures;
	for (unsigned i = 0; i < catalogue->figure_count; i++) {
		const struct figure *figure = &catalogue->figures[i];
		struct report_figure *result = &figures[i];
		int r = check_names(counts, figure);

		if (r)
			return r;
		result->id = figure->id;
		result->name = figure->name;
		result->kind = figure_kind_of(figure);
		switch (result->kind) {
		case FIGURE_COUNT: set_count(counts, report, figure, result); break;
		case FIGURE_RATE: set_share(report, figure, result); break;
		case FIGURE_TARGET: set_target(counts, figure, result); break;
		}
		report->figure_count = i + 1;
	}
	return 0;
}

static struct form_row *form_row_of(
    struct form_row *rows, size_t *count, const char *node, const char *field) {
	for (size_t i = *count; i > 0; i--)
		if (strcmp(rows[i - 1].node, node) == 0 && strcmp(rows[i - 1].field, field) == 0)
			return &rows[i - 1];
	rows[*count] = (struct form_row) { .node = node, .field = field };
	return &rows[(*count)++];
}

static int64_t measure_of(const MeasureTable *table, const MeasureRow *row, const char *name) {
	for (size_t i = 0; i < table->n_measures && i < row->n_values; i++)
		if (strcmp(table->measures[i], name) == 0)
			return row->values[i];
	return 0;
}

static void add_to_form(const MeasureTable *table, const MeasureRow *row, struct form_row *form) {
	int64_t online = measure_of(table, row, "online");
	int64_t direct = measure_of(table, row, "direct");
	int64_t carried = measure_of(table, row, "carried");
	int64_t early = measure_of(table, row, "early");
	int64_t on_time = measure_of(table, row, "on_time");
	int64_t late = measure_of(table, row, "late");
	int64_t open = measure_of(table, row, "open");
	int64_t open_late = measure_of(table, row, "open_late");
	const int64_t columns[FORM_COLUMNS] = {
		[FORM_RECEIVED] = online + direct + carried,
		[FORM_ONLINE] = online,
		[FORM_DIRECT] = direct,
		[FORM_CARRIED] = carried,
		[FORM_SOLVED] = early + on_time + late,
		[FORM_EARLY] = early,
		[FORM_ON_TIME] = on_time,
		[FORM_LATE] = late,
		[FORM_OPEN] = open,
		[FORM_OPEN_IN_TIME] = open - open_late,
		[FORM_OPEN_LATE] = open_late,
	};

	for (size_t i = 0; i < FORM_COLUMNS; i++)
		form->columns[i] += columns[i];
}

/* Vietnamese order of letters: byte order would put every Đ last. Made once; reading it is safe. */
static UCollator *vietnamese(void) {
	static UCollator *collator;
	UErrorCode error = U_ZERO_ERROR;

	if (!collator)
		collator = ucol_open("vi", &error);
	return collator;
}

static int compare_rows(const void *left_row, const void *right_row) {
	const struct form_row *left = left_row;
	const struct form_row *right = right_row;
	UErrorCode error = U_ZERO_ERROR;
	int order = strcmp(left->node, right->node);

	if (order)
		return order;
	if (!vietnamese())
		return strcmp(left->field, right->field);
	return (int)ucol_strcollUTF8(vietnamese(), left->field, -1, right->field, -1, &error);
}

static bool is_empty(const struct form_row *row) {
	for (size_t i = 0; i < FORM_COLUMNS; i++)
		if (row->columns[i])
			return false;
	return true;
}

int counts_form(const struct counts *counts, struct report *report) {
	const MeasureTable *table = find_table(counts, "dossiers", "dossiers");
	size_t most = table ? table->n_rows : 0;
	struct form_row *rows = arena_alloc(counts->call->arena, (most + 1) * sizeof(*rows));
	size_t count = 0;
	size_t kept = 0;

	if (!rows)
		return failed_here(-ENOMEM);
	for (size_t i = 0; i < most; i++) {
		const MeasureRow *row = table->rows[i];

		add_to_form(table, row,
		    form_row_of(
		        rows, &count, tree_administration(&counts->tree, row->unit), row->category));
	}
	for (size_t i = 0; i < count; i++) {
		if (is_empty(&rows[i]))
			continue; /* refusals alone make no row of this form */
		rows[kept] = rows[i];
		rows[kept].node_name = tree_name(&counts->tree, rows[i].node);
		rows[kept].commune = tree_level(&counts->tree, rows[i].node) == LEVEL_OF_COMMUNE;
		kept++;
	}
	qsort(rows, kept, sizeof(rows[0]), compare_rows);
	report->form = rows;
	report->form_count = kept;
	return 0;
}
