/* SPDX-License-Identifier: MIT */
#include "services/reporting/face_text_tables.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "services/reporting/form_groups.h"
#include "services/reporting/report_words.h"
#include "services/reporting/template_program.h"
#include "services/reporting/text_layout.h"

#define NUMBER_WIDTH   4  /* of the column STT */
#define COLUMN_MIN     6  /* of a column of figures, with the blank before it */
#define FIELD_MIN      16 /* of the column of fields */
#define SERVICE_WIDTH  20
#define MOMENT_WIDTH   18
#define SEQUENCE_WIDTH 12
#define STATE_WIDTH    12

struct table {
	struct text *out;
	struct text scratch;
	size_t field_width;
	size_t column_width;
};

/* Headings over several columns. */
static const struct {
	const char *words;
	size_t columns;
} spans[] = { { "Tiếp nhận", 4 }, { "Đã giải quyết", 4 }, { "Đang giải quyết", 3 } };

static void table_deinit(struct table *table) {
	text_deinit(&table->scratch);
}

/* Borrowed until the next call. */
static const char *count_words(struct table *table, int64_t count) {
	struct template_value value = { .kind = TEMPLATE_COUNT, .number = count };

	text_clear(&table->scratch);
	template_format_add(FORMAT_TABLE, &value, &table->scratch);
	table->out->failed |= text_failed(&table->scratch);
	return text_get(&table->scratch);
}

static size_t widest(struct table *table, const struct form_groups *groups) {
	size_t width = COLUMN_MIN;

	/* No column of a part is wider than that of the whole. */
	for (size_t i = 0; i < FORM_COLUMNS; i++) {
		size_t length = strlen(count_words(table, groups->sums[i])) + 1;

		if (length > width)
			width = length;
	}
	return width;
}

static size_t table_width(const struct table *table) {
	return NUMBER_WIDTH + table->field_width + FORM_COLUMNS * table->column_width;
}

static void add_head_line(
    const struct table *table, const char *number, const char *field, size_t line) {
	layout_pad_left(table->out, number, NUMBER_WIDTH);
	layout_pad_left(table->out, field, table->field_width);
	for (size_t i = 0; i < FORM_COLUMNS; i++) {
		const struct form_heading *heading = &form_headings[i];
		char column[16];

		snprintf(column, sizeof(column), "(%s)", heading->number);
		layout_pad_right(table->out,
		    line == 0   ? heading->upper
		    : line == 1 ? heading->lower
		                : column,
		    table->column_width);
	}
	text_add_char(table->out, '\n');
}

static void add_head(const struct table *table) {
	layout_pad_left(table->out, "", NUMBER_WIDTH + table->field_width);
	for (size_t i = 0; i < LENGTH_OF(spans); i++) {
		size_t room = spans[i].columns * table->column_width;
		size_t words = layout_width(spans[i].words, strlen(spans[i].words));
		bool last = i + 1 == LENGTH_OF(spans);

		layout_pad_left(table->out, "", (room - words + 1) / 2);
		layout_pad_left(table->out, spans[i].words, last ? 0 : words + (room - words) / 2);
	}
	text_add_char(table->out, '\n');
	add_head_line(table, "STT", "Lĩnh vực", 0);
	add_head_line(table, "", "", 1);
	add_head_line(table, "(1)", "(2)", 2);
	layout_rule(table->out, table_width(table));
}

/* The figures stand on the first line of a field that takes several. */
static void add_row(struct table *table, const char *number, const char *field,
    const int64_t columns[FORM_COLUMNS]) {
	AUTO(text_deinit) struct text label = TEXT_NULL;
	AUTO(text_deinit) struct text figures = TEXT_NULL;
	AUTO(text_deinit) struct text lines = TEXT_NULL;
	struct layout layout = { .width = table->field_width - 1 };

	layout_add(&lines, &layout, field);
	for (const char *line = text_get(&lines); *line; line += strcspn(line, "\n") + 1) {
		layout_pad_left(&label, line == text_get(&lines) ? number : "", NUMBER_WIDTH);
		text_add_bytes(&label, line, strcspn(line, "\n") + 1);
	}
	for (size_t i = 0; i < FORM_COLUMNS; i++)
		layout_pad_right(&figures, count_words(table, columns[i]), table->column_width);
	layout_beside(
	    table->out, text_get(&label), NUMBER_WIDTH + table->field_width, text_get(&figures));
	table->out->failed |= text_failed(&label) || text_failed(&figures) || text_failed(&lines);
}

static void add_group(struct table *table, const struct form_group *group, size_t number) {
	struct layout layout = { .width = table_width(table) };

	text_add_char(table->out, '\n');
	text_format(table->out, "Bảng %zu. ", number);
	layout_add(table->out, &layout, group->rows->node_name);
	layout_rule(table->out, table_width(table));
	add_head(table);
	for (size_t i = 0; i < group->count; i++) {
		char row[24];

		snprintf(row, sizeof(row), "%zu", i + 1);
		add_row(table, row, form_field_words(&group->rows[i]), group->rows[i].columns);
	}
	layout_rule(table->out, table_width(table));
	add_row(table, "", "Cộng", group->sums);
}

static void add_summary(struct table *table, const struct form_groups *groups) {
	text_format(table->out, "\nBảng %zu. Tổng hợp theo đơn vị\n", groups->count + 1);
	layout_rule(table->out, table_width(table));
	add_head(table);
	for (size_t level = 0; level < FORM_LEVELS; level++) {
		for (size_t i = 0; i < groups->count; i++) {
			const struct form_group *group = &groups->groups[i];
			char row[24];

			snprintf(row, sizeof(row), "%zu", i + 1);
			if (group->rows->commune == (level == FORM_LEVEL_COMMUNE))
				add_row(table, row, group->rows->node_name, group->sums);
		}
		if (groups->level_groups[level] > 0)
			add_row(table, "", form_level_names[level], groups->level_sums[level]);
	}
	layout_rule(table->out, table_width(table));
	add_row(table, "", "TỔNG CỘNG", groups->sums);
}

static void add_line(struct text *out, const struct layout *layout, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static void add_line(struct text *out, const struct layout *layout, const char *format, ...) {
	va_list arguments;
	char *line = NULL;

	va_start(arguments, format);
	if (vasprintf(&line, format, arguments) < 0)
		out->failed = true;
	else
		layout_add(out, layout, line);
	va_end(arguments);
	free(line);
}

static int add_form_title(
    struct arena *arena, const struct report *report, size_t width, struct text *out) {
	const char *period = period_words(arena, &report->period);
	const char *window = period_window_words(arena, &report->period, report->as_of);
	struct layout centred = { .width = width, .align = LAYOUT_CENTRE };
	struct layout left = { .width = width };

	if (!period || !window)
		return failed_here(-ENOMEM);
	layout_add(out, &centred,
	    "BIỂU SỐ II.06 (Thông tư số 01/2020/TT-VPCP ngày 21/10/2020 của Văn phòng Chính phủ)");
	layout_add(out, &centred, "TÌNH HÌNH, KẾT QUẢ GIẢI QUYẾT THỦ TỤC HÀNH CHÍNH");
	text_add_char(out, '\n');
	add_line(out, &left, "Đơn vị báo cáo: %s", report->node_name);
	add_line(out, &left, "Kỳ báo cáo: %s (%s)", period, window);
	layout_add(out, &left, "Đơn vị tính: số hồ sơ TTHC");
	return 0;
}

int face_text_form(
    struct arena *arena, const struct report *report, size_t width, struct text *out) {
	AUTO(table_deinit) struct table table = { .out = out };
	struct layout left = { .width = width };
	struct form_groups groups;
	size_t taken;
	int r = form_groups_make(arena, report, &groups);

	if (r == 0)
		r = add_form_title(arena, report, width, out);
	if (r < 0)
		return failed_below(r);
	if (groups.count == 0) {
		text_add(out, "\nTrong kỳ không phát sinh hồ sơ.\n");
		return 0;
	}
	table.column_width = widest(&table, &groups);
	taken = NUMBER_WIDTH + FORM_COLUMNS * table.column_width;
	table.field_width = taken + FIELD_MIN < width ? width - taken : FIELD_MIN;
	for (size_t i = 0; i < groups.count; i++)
		add_group(&table, &groups.groups[i], i + 1);
	add_summary(&table, &groups);
	text_add_char(out, '\n');
	layout_add(out, &left,
	    "Ghi chú: (3) = (4) + (5) + (6) = (7) + (11); (7) = (8) + (9) + (10); (11) = (12) + (13); "
	    "cột (5) gồm cả dịch vụ bưu chính công ích.");
	return 0;
}

static void add_coverage(
    struct table *table, const struct report_coverage *coverage, size_t name_width) {
	size_t taken = layout_width(coverage->origin_name, strlen(coverage->origin_name));
	char moment[MOMENT_WORDS_SIZE];

	layout_pad_left(table->out, coverage->origin_name, name_width);
	if (taken >= name_width)
		text_add_char(table->out, ' ');
	layout_pad_left(table->out, service_words(coverage->service), SERVICE_WIDTH);
	layout_pad_left(table->out, moment_words(coverage->as_of_ms, moment), MOMENT_WIDTH);
	layout_pad_right(
	    table->out, count_words(table, (int64_t)coverage->sequence), SEQUENCE_WIDTH - 2);
	text_add(table->out, coverage->late ? "  CHƯA ĐỦ\n" : "  đã nhận\n");
}

int face_text_coverage(
    struct arena *arena, const struct report *report, size_t width, struct text *out) {
	size_t name_width = width - SERVICE_WIDTH - MOMENT_WIDTH - SEQUENCE_WIDTH - STATE_WIDTH;
	struct layout centred = { .width = width, .align = LAYOUT_CENTRE };
	AUTO(table_deinit) struct table table = { .out = out };
	const char *window = period_window_words(arena, &report->period, report->as_of);

	if (!window)
		return failed_here(-ENOMEM);
	layout_add(out, &centred, "NGUỒN VÀ THỜI ĐIỂM CHỐT SỐ LIỆU");
	add_line(out, &centred, "(số liệu %s)", window);
	text_add_char(out, '\n');
	if (report->coverage_count == 0) {
		text_add(out, "Chưa có nguồn số liệu nào được ghi nhận.\n");
		return 0;
	}
	layout_pad_left(out, "Đơn vị", name_width);
	layout_pad_left(out, "Số liệu", SERVICE_WIDTH);
	layout_pad_left(out, "Ghi nhận cuối", MOMENT_WIDTH);
	layout_pad_right(out, "Số thứ tự", SEQUENCE_WIDTH - 2);
	text_add(out, "  Tình trạng\n");
	layout_rule(out, width);
	for (size_t i = 0; i < report->coverage_count; i++)
		add_coverage(&table, &report->coverage[i], name_width);
	return 0;
}
