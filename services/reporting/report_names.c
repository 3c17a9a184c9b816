/* SPDX-License-Identifier: MIT */
#include "services/reporting/report_names.h"

#include <string.h>

#include "services/reporting/outline.h"
#include "services/reporting/report_words.h"
#include "services/reporting/template_program.h"

#define ROWS_MAX 24

/* Those that an outline may ask for although no such document was looked for. */
static const char *const citation_ids[] = {
	"plan.reform",
	"plan.inspection",
	"plan.procedures",
	"plan.procedure_review",
	"plan.downsizing",
	"plan.training",
	"plan.rotation",
	"plan.communication",
	"plan.legal_review",
	"decision.legal_review",
};

#define CITE_PREFIX "cite."

struct row {
	const char *name;
	struct template_value value;
};

struct names {
	const struct report *report;
	struct arena *arena;
	struct row rows[ROWS_MAX];
	size_t row_count;
	struct row *citations;
	size_t citation_count;
	const struct report_coverage **silent; /* one entry of each node nothing was heard of */
	size_t silent_count;
	bool failed; /* the arena has no more */
};

enum list {
	LIST_LATE_DISTRICT,
	LIST_LATE_COMMUNE,
	LIST_OPEN_LATE_DISTRICT,
	LIST_OPEN_LATE_COMMUNE,
	LIST_SILENT,
	LISTS,
};

static const char *const list_names[LISTS] = { "late.district", "late.commune",
	"open_late.district", "open_late.commune", "coverage.late" };

static const char *const dossier_fields[] = { "code", "node", "due", "ended", "correction", NULL };
static const char *const silent_fields[] = { "origin", "origin_name", NULL };

static struct template_value text_value(const char *text) {
	return (struct template_value) {
		.kind = TEMPLATE_TEXT, .none = !text, .text = text ? text : "", .day = DAY_NONE
	};
}

static struct template_value day_value(struct day day) {
	return (struct template_value) { .kind = TEMPLATE_DAY, .none = day_is_none(day), .day = day };
}

static struct template_value number_value(enum template_kind kind, int64_t number) {
	return (struct template_value) { .kind = kind, .number = number, .day = DAY_NONE };
}

static void add_row(struct names *names, const char *name, struct template_value value) {
	names->rows[names->row_count++] = (struct row) { name, value };
}

/* A text that had to be made: null means that the arena has no more. */
static void add_made(struct names *names, const char *name, const char *text) {
	names->failed |= !text;
	add_row(names, name, text_value(text));
}

static void add_period(struct names *names) {
	const struct period *period = &names->report->period;
	struct arena *arena = names->arena;
	struct day as_of = names->report->as_of;
	int year = 0;
	int month = 0;

	add_made(names, "period.name", period_words(arena, period));
	add_made(names, "period.short", period_words_short(arena, period));
	add_row(names, "period.word", text_value(period_word(period)));
	add_row(names, "period.months", number_value(TEMPLATE_COUNT, period_months(period)));
	add_row(names, "period.year", number_value(TEMPLATE_PLAIN, period->year));
	add_row(names, "period.previous_year", number_value(TEMPLATE_PLAIN, period->year - 1));
	add_row(names, "period.next_year", number_value(TEMPLATE_PLAIN, period->year + 1));
	add_row(names, "period.first", day_value(period->first));
	add_row(names, "period.last", day_value(period->last));
	add_row(names, "period.calendar",
	    number_value(TEMPLATE_COUNT, period->calendar == PERIOD_CALENDAR));
	if (day_is_none(as_of))
		as_of = period->last;
	if (!day_is_none(as_of))
		day_split(as_of, &year, &month, NULL);
	add_row(names, "as_of", day_value(as_of));
	/* Months one and two have a leading zero in place and date: 10, 11 cannot become 1. */
	add_made(names, "as_of.month", arena_format(arena, month < 3 ? "%02d" : "%d", month));
	add_row(names, "as_of.year", number_value(TEMPLATE_PLAIN, year));
	add_row(names, "as_of.early", number_value(TEMPLATE_COUNT, as_of.number < period->last.number));
	add_made(names, "review_term", review_term_words(arena, period->year));
}

static void add_node(struct names *names) {
	const struct report *report = names->report;
	const struct level_words *level = level_words_of(report->node_name);

	add_row(names, "node.name", text_value(report->node_name));
	add_row(names, "node.area", text_value(area_of(report->node_name)));
	add_row(names, "node.level", text_value(level->level));
	add_row(names, "node.party", text_value(level->party));
	add_row(names, "node.communes", text_value(level->communes));
	add_row(names, "node.code", text_value(report->node));
	add_row(names, "place", text_value(report->place));
}

static int64_t count_of(const struct report *report, const char *id) {
	const struct report_figure *figure = report_find(report, id);

	return figure ? figure->value : 0;
}

/* Of the units with a decision on their functions, those that did not issue it themselves. */
static void add_derived(struct names *names) {
	int64_t others = count_of(names->report, "units.public_service.regulated") -
	                 count_of(names->report, "units.public_service.self_issued");

	add_row(names, "units.public_service.committee_issued",
	    number_value(TEMPLATE_COUNT, others > 0 ? others : 0));
}

static struct template_value citation_value(
    struct names *names, const struct report_citation *citation) {
	const char *words;

	if (!citation || !citation->found)
		return text_value(NULL);
	words = citation_words(names->arena, citation->number, citation->day);
	names->failed |= !words;
	return text_value(words);
}

static const struct report_citation *find_citation(const struct report *report, const char *id) {
	for (size_t i = 0; i < report->citation_count; i++) {
		if (strcmp(report->citations[i].id, id) == 0)
			return &report->citations[i];
	}
	return NULL;
}

static void add_citation(
    struct names *names, const char *id, const struct report_citation *citation) {
	const char *name = arena_format(names->arena, CITE_PREFIX "%s", id);

	names->failed |= !name;
	names->citations[names->citation_count++] =
	    (struct row) { name ? name : "", citation_value(names, citation) };
}

static void add_citations(struct names *names) {
	const struct report *report = names->report;
	size_t most = report->citation_count + LENGTH_OF(citation_ids);

	names->citations = arena_alloc(names->arena, most * sizeof(*names->citations));
	if (!names->citations) {
		names->failed = true;
		return;
	}
	for (size_t i = 0; i < report->citation_count; i++)
		add_citation(names, report->citations[i].id, &report->citations[i]);
	for (size_t i = 0; i < LENGTH_OF(citation_ids); i++) {
		if (!find_citation(report, citation_ids[i]))
			add_citation(names, citation_ids[i], NULL);
	}
}

static bool is_silent(const struct names *names, const char *origin) {
	for (size_t i = 0; i < names->silent_count; i++) {
		if (strcmp(names->silent[i]->origin, origin) == 0)
			return true;
	}
	return false;
}

static void add_silent(struct names *names) {
	const struct report *report = names->report;

	names->silent = arena_alloc(names->arena, (report->coverage_count + 1) * sizeof(const void *));
	if (!names->silent) {
		names->failed = true;
		return;
	}
	for (size_t i = 0; i < report->coverage_count; i++) {
		const struct report_coverage *coverage = &report->coverage[i];

		if (coverage->late && !is_silent(names, coverage->origin))
			names->silent[names->silent_count++] = coverage;
	}
}

static struct template_value figure_value(const struct report_figure *figure) {
	struct template_value value = number_value(TEMPLATE_COUNT, figure->value);

	value.none = figure->none;
	if (figure->kind == FIGURE_RATE) {
		value.kind = TEMPLATE_RATE;
		value.rounded = !figure->none && figure->denominator > 0 &&
		                (__int128)figure->numerator * 10000 % figure->denominator != 0;
	} else if (figure->kind == FIGURE_TARGET)
		value.kind = TEMPLATE_TARGET;
	return value;
}

static const struct row *find_row(const struct row *rows, size_t count, const char *name) {
	for (size_t i = 0; i < count; i++) {
		if (strcmp(rows[i].name, name) == 0)
			return &rows[i];
	}
	return NULL;
}

void template_figure_text(const struct report_figure *figure, struct text *out) {
	struct template_value value = figure_value(figure);

	template_format_add(FORMAT_DEFAULT, &value, out);
}

static int names_value(const void *context, const char *name, struct template_value *ret_value) {
	const struct names *names = context;
	const struct report_figure *figure = report_find(names->report, name);
	const struct row *row;

	if (figure) {
		*ret_value = figure_value(figure);
		return TEMPLATE_OK;
	}
	row = find_row(names->rows, names->row_count, name);
	if (!row)
		row = find_row(names->citations, names->citation_count, name);
	if (!row)
		return TEMPLATE_UNKNOWN;
	*ret_value = row->value;
	return TEMPLATE_OK;
}

static enum list list_find(const char *name) {
	size_t list = 0;

	while (list < LISTS && strcmp(name, list_names[list]) != 0)
		list++;
	return (enum list)list;
}

static const struct report_dossiers *dossiers_of(const struct names *names, enum list list) {
	switch (list) {
	case LIST_LATE_DISTRICT: return &names->report->late[0];
	case LIST_LATE_COMMUNE: return &names->report->late[1];
	case LIST_OPEN_LATE_DISTRICT: return &names->report->open_late[0];
	default: return &names->report->open_late[1];
	}
}

static int names_list(const void *context, const char *name, size_t *ret_count) {
	const struct names *names = context;
	enum list list = list_find(name);

	if (list == LISTS)
		return TEMPLATE_UNKNOWN;
	*ret_count = list == LIST_SILENT ? names->silent_count : dossiers_of(names, list)->count;
	return TEMPLATE_OK;
}

static int silent_field(
    const struct names *names, size_t item, const char *name, struct template_value *ret_value) {
	static const struct report_coverage nothing = { .origin = "", .origin_name = "" };
	const struct report_coverage *coverage =
	    item < names->silent_count ? names->silent[item] : &nothing;

	if (strcmp(name, "origin") == 0)
		*ret_value = text_value(coverage->origin);
	else if (strcmp(name, "origin_name") == 0)
		*ret_value = text_value(coverage->origin_name);
	else
		return TEMPLATE_UNKNOWN;
	return TEMPLATE_OK;
}

static int dossier_field(const struct report_dossiers *dossiers, size_t item, const char *name,
    struct template_value *ret_value) {
	static const struct report_dossier nothing = { .due = { INT32_MIN }, .ended = { INT32_MIN } };
	const struct report_dossier *dossier =
	    item < dossiers->count ? &dossiers->items[item] : &nothing;

	if (strcmp(name, "code") == 0)
		*ret_value = text_value(dossier->code);
	else if (strcmp(name, "node") == 0)
		*ret_value = text_value(dossier->node);
	else if (strcmp(name, "due") == 0)
		*ret_value = day_value(dossier->due);
	else if (strcmp(name, "ended") == 0)
		*ret_value = day_value(dossier->ended);
	else if (strcmp(name, "correction") == 0)
		*ret_value = text_value(dossier->correction);
	else
		return TEMPLATE_UNKNOWN;
	return TEMPLATE_OK;
}

static int names_field(const void *context, const char *list_name, size_t item, const char *name,
    struct template_value *ret_value) {
	const struct names *names = context;
	enum list list = list_find(list_name);

	if (list == LISTS)
		return TEMPLATE_UNKNOWN;
	if (list == LIST_SILENT)
		return silent_field(names, item, name, ret_value);
	return dossier_field(dossiers_of(names, list), item, name, ret_value);
}

static const char *known_field(const char *list_name, size_t index) {
	const char *const *fields =
	    list_find(list_name) == LIST_SILENT ? silent_fields : dossier_fields;

	while (index > 0 && *fields) {
		fields++;
		index--;
	}
	return *fields;
}

static const char *names_known(const void *context, const char *list, size_t index) {
	const struct names *names = context;

	if (list)
		return known_field(list, index);
	if (index < names->report->figure_count)
		return names->report->figures[index].id;
	index -= names->report->figure_count;
	if (index < names->row_count)
		return names->rows[index].name;
	index -= names->row_count;
	if (index < names->citation_count)
		return names->citations[index].name;
	index -= names->citation_count;
	return index < LISTS ? list_names[index] : NULL;
}

int report_names_init(
    struct arena *arena, const struct report *report, struct template_names *ret_names) {
	struct names *names = arena_alloc(arena, sizeof(*names));

	if (!names)
		return failed_here(-ENOMEM);
	names->report = report;
	names->arena = arena;
	add_period(names);
	add_node(names);
	add_derived(names);
	add_citations(names);
	add_silent(names);
	if (names->failed)
		return failed_here(-ENOMEM);
	*ret_names = (struct template_names) {
		.context = names,
		.value = names_value,
		.list = names_list,
		.field = names_field,
		.known = names_known,
		.print = outline_add_value,
	};
	return 0;
}
