/* SPDX-License-Identifier: MIT */
#include "services/reporting/face_json.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "services/reporting/report_names.h"
#include "services/reporting/template_program.h"

static json_t *share(const struct report_figure *figure) {
	char text[32];

	if (figure->none)
		return json_null();
	if (figure->kind == FIGURE_TARGET && figure->value % 100 == 0)
		snprintf(text, sizeof(text), "%" PRId64, figure->value / 100);
	else
		snprintf(
		    text, sizeof(text), "%" PRId64 ".%02" PRId64, figure->value / 100, figure->value % 100);
	if (figure->kind == FIGURE_TARGET && figure->value % 100 && figure->value % 10 == 0)
		text[strlen(text) - 1] = '\0';
	return json_string(text);
}

static json_t *number_or_null(const struct report_figure *figure, int64_t number) {
	return figure->kind == FIGURE_TARGET ? json_null() : json_integer(number);
}

static json_t *figure_object(const struct report_figure *figure) {
	json_t *denominator =
	    figure->kind == FIGURE_RATE ? json_integer(figure->denominator) : json_null();
	struct text text = TEXT_NULL;
	json_t *object;

	template_figure_text(figure, &text);
	object = json_pack("{so so so ss}", "value",
	    figure->kind == FIGURE_COUNT ? json_integer(figure->value) : share(figure), "numerator",
	    number_or_null(figure, figure->numerator), "denominator", denominator, "text",
	    text_get(&text));
	text_deinit(&text);
	return object;
}

static json_t *figures_object(const struct report *report) {
	json_t *object = json_object();

	for (size_t i = 0; i < report->figure_count; i++)
		json_object_set_new(object, report->figures[i].id, figure_object(&report->figures[i]));
	return object;
}

static json_t *form_object(const struct report *report) {
	json_t *nodes = json_object();

	for (size_t i = 0; i < report->form_count; i++) {
		const struct form_row *row = &report->form[i];
		json_t *fields = json_object_get(nodes, row->node);
		json_t *columns = json_object();

		if (!fields) {
			fields = json_object();
			json_object_set_new(nodes, row->node, fields);
		}
		for (size_t j = 0; j < FORM_COLUMNS; j++)
			json_object_set_new(columns, form_column_names[j], json_integer(row->columns[j]));
		json_object_set_new(fields, row->field, columns);
	}
	return json_pack("{so}", "II.06", nodes);
}

static json_t *moment(uint64_t ms) {
	time_t seconds = (time_t)(ms / 1000);
	struct tm local;
	char text[40];
	size_t length;

	if (!ms)
		return json_null();
	localtime_r(&seconds, &local);
	length = strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S%z", &local);
	if (length < 2)
		return json_null();
	/* ISO 8601 wants a colon in the zone, strftime writes none. */
	memmove(text + length - 1, text + length - 2, 3);
	text[length - 2] = ':';
	return json_string(text);
}

static json_t *coverage_array(const struct report *report) {
	json_t *array = json_array();

	for (size_t i = 0; i < report->coverage_count; i++) {
		const struct report_coverage *item = &report->coverage[i];

		json_array_append_new(
		    array, json_pack("{ss ss ss so sI sb}", "node", report->node, "service", item->service,
		               "origin", item->origin, "as_of", moment(item->as_of_ms), "sequence",
		               (json_int_t)item->sequence, "late", (int)item->late));
	}
	return array;
}

static json_t *lists_object(const struct report *report) {
	static const char *const levels[] = { "district", "commune" };
	json_t *object = json_object();

	for (size_t i = 0; i < 2; i++) {
		json_t *late = json_array();
		json_t *open_late = json_array();

		for (size_t j = 0; j < report->late[i].count; j++)
			json_array_append_new(late, json_string(report->late[i].items[j].code));
		for (size_t j = 0; j < report->open_late[i].count; j++)
			json_array_append_new(open_late, json_string(report->open_late[i].items[j].code));
		json_object_set_new(
		    object, levels[i], json_pack("{so so}", "late", late, "open_late", open_late));
	}
	return object;
}

static int add_bytes(const char *bytes, size_t size, void *context) {
	text_add_bytes(context, bytes, size);
	return 0;
}

int face_json(const struct report *report, struct text *out) {
	char name[PERIOD_NAME_SIZE];
	char first[DAY_TEXT_SIZE];
	char last[DAY_TEXT_SIZE];
	json_t *root = json_pack("{ss ss ss ss sb so so so so}", "period",
	    period_name(&report->period, name), "from", day_format_iso(report->period.first, first),
	    "to", day_format_iso(report->as_of, last), "node", report->node, "calendar",
	    (int)(report->period.calendar == PERIOD_CALENDAR), "figures", figures_object(report),
	    "forms", form_object(report), "lists", lists_object(report), "coverage",
	    coverage_array(report));

	if (!root)
		return failed_here(-ENOMEM);
	json_dump_callback(root, add_bytes, out, JSON_INDENT(1) | JSON_PRESERVE_ORDER);
	text_add_char(out, '\n');
	json_decref(root);
	return text_failed(out) ? failed_here(-ENOMEM) : 0;
}
