/* SPDX-License-Identifier: MIT */
#include <inttypes.h>

#include "services/reporting/face_html_parts.h"
#include "services/reporting/form_groups.h"
#include "services/reporting/report_words.h"

static const char form_head[] =
    "<thead>\n"
    "<tr><th scope=\"col\" rowspan=\"3\">STT</th>"
    "<th scope=\"col\" rowspan=\"3\" class=\"field\">Lĩnh vực giải quyết</th>"
    "<th scope=\"colgroup\" colspan=\"4\">Số lượng hồ sơ tiếp nhận</th>"
    "<th scope=\"colgroup\" colspan=\"4\">Số lượng hồ sơ đã giải quyết</th>"
    "<th scope=\"colgroup\" colspan=\"3\">Số lượng hồ sơ đang giải quyết</th></tr>\n"
    "<tr><th scope=\"col\" rowspan=\"2\">Tổng số</th>"
    "<th scope=\"colgroup\" colspan=\"2\">Trong kỳ</th>"
    "<th scope=\"col\" rowspan=\"2\">Từ kỳ trước</th>"
    "<th scope=\"col\" rowspan=\"2\">Tổng số</th><th scope=\"col\" rowspan=\"2\">Trước hạn</th>"
    "<th scope=\"col\" rowspan=\"2\">Đúng hạn</th><th scope=\"col\" rowspan=\"2\">Quá hạn</th>"
    "<th scope=\"col\" rowspan=\"2\">Tổng số</th><th scope=\"col\" rowspan=\"2\">Trong hạn</th>"
    "<th scope=\"col\" rowspan=\"2\">Quá hạn</th></tr>\n"
    "<tr><th scope=\"col\">Trực tuyến</th>"
    "<th scope=\"col\">Trực tiếp, dịch vụ bưu chính</th></tr>\n"
    "<tr class=\"numbers\"><td>(1)</td><td>(2)</td><td>(3)=(4)+(5)+(6)</td><td>(4)</td>"
    "<td>(5)</td><td>(6)</td><td>(7)=(8)+(9)+(10)</td><td>(8)</td><td>(9)</td><td>(10)</td>"
    "<td>(11)=(12)+(13)</td><td>(12)</td><td>(13)</td></tr>\n"
    "</thead>\n";

static const char form_columns[] =
    "<colgroup><col class=\"order\"><col class=\"field\"></colgroup>"
    "<colgroup><col><col><col class=\"wide\"><col></colgroup>"
    "<colgroup span=\"4\"></colgroup><colgroup span=\"3\"></colgroup>\n";

static void add_columns(const int64_t columns[FORM_COLUMNS], struct text *out) {
	for (size_t i = 0; i < FORM_COLUMNS; i++) {
		text_add(out, "<td class=\"count\">");
		face_html_count(columns[i], out);
		text_add(out, "</td>");
	}
	text_add(out, "</tr>\n");
}

static void add_row(
    size_t number, const char *label, const int64_t columns[FORM_COLUMNS], struct text *out) {
	text_format(out, "<tr><td>%zu</td><th scope=\"row\">", number);
	text_add_html(out, label);
	text_add(out, "</th>");
	add_columns(columns, out);
}

static void add_sums(
    const char *class, const char *label, const int64_t columns[FORM_COLUMNS], struct text *out) {
	text_format(out, "<tr class=\"%s\"><th scope=\"row\" colspan=\"2\">", class);
	text_add_html(out, label);
	text_add(out, "</th>");
	add_columns(columns, out);
}

static void open_table(const char *caption, const char *node, struct text *out) {
	text_add(out, "<div class=\"scroll\" role=\"region\" tabindex=\"0\" aria-label=\"");
	text_add_html(out, caption);
	text_add(out, "\">\n<table class=\"form\"");
	if (node) {
		text_add(out, " data-node=\"");
		text_add_html(out, node);
		text_add_char(out, '"');
	}
	text_add(out, ">\n<caption>");
	text_add_html(out, caption);
	text_add(out, "</caption>\n");
	text_add(out, form_columns);
	text_add(out, form_head);
	text_add(out, "<tbody>\n");
}

static void close_table(struct text *out) {
	text_add(out, "</tbody>\n</table>\n</div>\n");
}

static void add_group(const struct form_group *group, struct text *out) {
	open_table(group->rows->node_name, group->rows->node, out);
	for (size_t i = 0; i < group->count; i++)
		add_row(i + 1, form_field_words(&group->rows[i]), group->rows[i].columns, out);
	add_sums("sum", "Cộng", group->sums, out);
	close_table(out);
}

static void add_summary(const struct form_groups *groups, struct text *out) {
	open_table("Tổng hợp theo đơn vị", NULL, out);
	for (size_t level = 0; level < FORM_LEVELS; level++) {
		for (size_t i = 0; i < groups->count; i++) {
			const struct form_group *group = &groups->groups[i];

			if (group->rows->commune == (level == FORM_LEVEL_COMMUNE))
				add_row(i + 1, group->rows->node_name, group->sums, out);
		}
		if (groups->level_groups[level] > 0)
			add_sums("sum", form_level_names[level], groups->level_sums[level], out);
	}
	add_sums("sum total", "TỔNG CỘNG", groups->sums, out);
	close_table(out);
}

int face_html_form(struct arena *arena, const struct report *report, struct text *out) {
	const char *period = period_words(arena, &report->period);
	const char *window = period_window_words(arena, &report->period, report->as_of);
	struct form_groups groups;
	int r = form_groups_make(arena, report, &groups);

	if (r < 0)
		return failed_below(r);
	if (!period || !window)
		return failed_here(-ENOMEM);
	text_add(out, "<section class=\"form\">\n<h2>Biểu số II.06. Tình hình, kết quả giải quyết thủ "
	              "tục hành chính</h2>\n<p class=\"note\">(Thông tư số 01/2020/TT-VPCP ngày "
	              "21/10/2020 của Văn phòng Chính phủ)</p>\n<p class=\"note\">Đơn vị báo cáo: ");
	text_add_html(out, report->node_name);
	text_format(out, "<br>Kỳ báo cáo: %s (%s)<br>Đơn vị tính: số hồ sơ TTHC</p>\n", period, window);
	for (size_t i = 0; i < groups.count; i++)
		add_group(&groups.groups[i], out);
	if (groups.count > 0)
		add_summary(&groups, out);
	else
		text_add(out, "<p class=\"note\">Trong kỳ không phát sinh hồ sơ.</p>\n");
	text_add(out, "</section>\n");
	return 0;
}

static void add_coverage(const struct report_coverage *coverage, struct text *out) {
	char moment[MOMENT_WORDS_SIZE];

	text_format(out, "<tr%s><th scope=\"row\">", coverage->late ? " class=\"late\"" : "");
	text_add_html(out, coverage->origin_name);
	text_add(out, "</th><td>");
	text_add_html(out, service_words(coverage->service));
	text_format(out, "</td><td class=\"count\">%s</td><td class=\"count\">",
	    moment_words(coverage->as_of_ms, moment));
	face_html_count((int64_t)coverage->sequence, out);
	text_format(out, "</td><td>%s</td></tr>\n", coverage->late ? "Chưa đủ" : "Đã nhận");
}

int face_html_coverage(struct arena *arena, const struct report *report, struct text *out) {
	const char *window = period_window_words(arena, &report->period, report->as_of);

	if (!window)
		return failed_here(-ENOMEM);
	text_add(out, "<section class=\"coverage\">\n<h2>Nguồn và thời điểm chốt số liệu</h2>\n");
	text_format(out, "<p class=\"note\">Số liệu %s</p>\n", window);
	if (report->coverage_count == 0) {
		text_add(
		    out, "<p class=\"note\">Chưa có nguồn số liệu nào được ghi nhận.</p>\n</section>\n");
		return 0;
	}
	text_add(out,
	    "<div class=\"scroll\" role=\"region\" tabindex=\"0\" aria-label=\"Nguồn và thời "
	    "điểm chốt số liệu\">\n<table>\n<caption class=\"hidden\">Nguồn và thời điểm chốt "
	    "số liệu của từng đơn vị</caption>\n<thead><tr><th scope=\"col\">Đơn vị</th>"
	    "<th scope=\"col\">Số liệu</th><th scope=\"col\">Ghi nhận cuối</th>"
	    "<th scope=\"col\">Số thứ tự</th><th scope=\"col\">Tình trạng</th></tr></thead>\n"
	    "<tbody>\n");
	for (size_t i = 0; i < report->coverage_count; i++)
		add_coverage(&report->coverage[i], out);
	text_add(out, "</tbody>\n</table>\n</div>\n</section>\n");
	return 0;
}
