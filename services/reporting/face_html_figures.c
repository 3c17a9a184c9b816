/* SPDX-License-Identifier: MIT */
#include <inttypes.h>

#include "services/reporting/face_html_parts.h"
#include "services/reporting/template_program.h"

void face_html_count(int64_t count, struct text *out) {
	struct template_value value = { .kind = TEMPLATE_COUNT, .number = count };

	template_format_add(FORMAT_TABLE, &value, out);
}

static void add_parts(const struct report_figure *figure, struct text *out) {
	face_html_count(figure->numerator, out);
	text_add_char(out, '/');
	face_html_count(figure->denominator, out);
}

/* As programs read it, with a decimal point. */
static void add_machine_value(const struct report_figure *figure, struct text *out) {
	if (figure->none)
		return;
	if (figure->kind == FIGURE_COUNT)
		text_format(out, " data-value=\"%" PRId64 "\"", figure->value);
	else
		text_format(out, " data-value=\"%" PRId64 ".%02" PRId64 "\"", figure->value / 100,
		    figure->value % 100);
}

static void add_figure(const struct report_figure *figure, const char *printed, struct text *out) {
	text_add(out, "<span class=\"figure\" data-figure=\"");
	text_add_html(out, figure->id);
	text_add_char(out, '"');
	add_machine_value(figure, out);
	text_add(out, " title=\"");
	text_add_html(out, figure->name);
	if (figure->kind == FIGURE_RATE) {
		text_add(out, ": ");
		add_parts(figure, out);
	}
	text_add(out, " [");
	text_add_html(out, figure->id);
	text_add(out, "]\">");
	text_add_html(out, printed);
	text_add(out, "</span>");
}

void face_html_spans(
    const struct report *report, const struct outline_span *spans, struct text *out) {
	for (const struct outline_span *span = spans; span; span = span->next) {
		const struct report_figure *figure =
		    span->name[0] != '\0' ? report_find(report, span->name) : NULL;

		if (span->bold)
			text_add(out, "<strong>");
		if (figure)
			add_figure(figure, span->text, out);
		else
			text_add_html(out, span->text);
		if (span->bold)
			text_add(out, "</strong>");
	}
}

void face_html_figures(const struct report *report, struct text *out) {
	if (report->figure_count == 0)
		return;
	text_add(out, "<details class=\"figures\">\n<summary>Các số liệu của báo cáo</summary>\n"
	              "<div class=\"scroll\" role=\"region\" tabindex=\"0\" "
	              "aria-label=\"Các số liệu của báo cáo\">\n<table>\n"
	              "<thead><tr><th scope=\"col\">Số liệu</th><th scope=\"col\">Giá trị</th>"
	              "<th scope=\"col\">Tử số/mẫu số</th><th scope=\"col\">Mã</th></tr></thead>\n"
	              "<tbody>\n");
	for (size_t i = 0; i < report->figure_count; i++) {
		const struct report_figure *figure = &report->figures[i];

		text_add(out, "<tr><th scope=\"row\">");
		text_add_html(out, figure->name);
		text_add(out, "</th><td class=\"count\">");
		if (figure->kind == FIGURE_COUNT)
			face_html_count(figure->value, out);
		else
			template_figure_text(figure, out);
		text_add(out, "</td><td class=\"count\">");
		if (figure->kind == FIGURE_RATE)
			add_parts(figure, out);
		text_add(out, "</td><td><code>");
		text_add_html(out, figure->id);
		text_add(out, "</code></td></tr>\n");
	}
	text_add(out, "</tbody>\n</table>\n</div>\n</details>\n");
}
