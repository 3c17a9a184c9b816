/* SPDX-License-Identifier: MIT */
/* The report as text: its sentences follow from its figures. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "services/reporting/text_layout.h"
#include "tests/unit/reporting/face_office.h"

#define WIDTH 100

static void no_late_dossier(struct office *office) {
	seed_set_count(&office->seed, "dossiers.district.late", 0);
	seed_set_rate(&office->seed, "dossiers.district.on_time_rate", 1125, 1125);
	office->seed.report.late[0].count = 0;
}

static void every_target_reached(struct office *office) {
	struct seed *seed = &office->seed;

	no_late_dossier(office);
	seed_set_count(seed, "dossiers.commune.recorded_provincial", 4398);
	seed_set_rate(seed, "dossiers.commune.recorded_provincial_rate", 4398, 4398);
	seed_set_rate(seed, "dossiers.district.digitised_rate", 900, 1125);
	seed_set_rate(seed, "dossiers.commune.digitised_rate", 4000, 4398);
	seed_set_rate(seed, "dossiers.online_payment_rate", 500, 812);
	seed_set_count(seed, "documents.district.electronic", 2328);
	seed_set_rate(seed, "documents.district.electronic_rate", 2328, 2328);
	seed_set_count(seed, "documents.commune.electronic", 803);
	seed_set_rate(seed, "documents.commune.electronic_rate", 803, 803);
	seed_set_count(seed, "plan.targets.done", 19);
	seed_set_rate(seed, "plan.targets.rate", 19, 19);
}

static void the_seed_says_what_the_real_report_says(void **state) {
	static const char *const sentences[] = {
		"ỦY BAN NHÂN DÂN HUYỆN CÙ LAO DUNG",
		"CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM",
		"Độc lập - Tự do - Hạnh phúc",
		"Số: …/BC-UBND",
		"Cù Lao Dung, ngày … tháng 3 năm 2024",
		"DỰ THẢO",
		"BÁO CÁO",
		"Thực hiện Kế hoạch số 04/KH-UBND ngày 12/01/2024 của Ủy ban nhân dân huyện",
		"I. KẾT QUẢ THỰC HIỆN QUÝ I",
		"Kế hoạch số 31/KH-UBND ngày 26/02/2024 về kiểm tra CCHC",
		"hoàn thành 07/19 chỉ tiêu, đạt 36,84% kế hoạch CCHC.",
		"Trong quý I, UBND huyện không ban hành văn bản QPPL.",
		"Nghị định số 34/2016/NĐ-CP ngày 14/5/2016",
		"Quyết định số 423/QĐ-UBND ngày 28/02/2024",
		"trong kỳ hệ thống hóa 2019 – 2023. Trong đó, có 14 văn bản còn hiệu lực",
		"18 văn bản hết hiệu lực, ngưng hiệu lực toàn bộ",
		"03 văn bản hết hiệu lực, ngưng hiệu lực một phần",
		"Kế hoạch số 06/KH-UBND ngày 17/01/2024",
		"389 TTHC áp dụng trên địa bàn huyện (cấp huyện 266 TTHC và cấp xã 123 TTHC",
		"không phát sinh phản ánh của tổ chức, cá nhân về TTHC.",
		"tiếp nhận 1.334 hồ sơ thủ tục hành chính, đã giải quyết 1.125 hồ sơ, 01 hồ sơ trễ hạn "
		"(H51.15-231227-0001: đã trả kết quả đúng hẹn; công chức một cửa kết thúc trễ trên phần "
		"mềm), đang giải quyết trong hạn 209 hồ sơ; 100% hồ sơ tiếp nhận trực tuyến và cập nhật",
		"đã tiếp nhận 4.398 hồ sơ thủ tục hành chính, đã giải quyết 4.398 hồ sơ, 100% hồ sơ cấp xã "
		"đã giải quyết trả kết quả đúng và trước hạn, không có hồ sơ trả kết quả trễ hạn, 84,31% "
		"hồ sơ cập nhật trên Hệ thống thông tin giải quyết TTHC tỉnh",
		"11 cơ quan chuyên môn, 31 đơn vị sự nghiệp công lập, 08 UBND cấp xã.",
		"của 30 đơn vị sự nghiệp, 01 đơn vị tự ban hành",
		"đạt 100% số đơn vị sự nghiệp.",
		"82 biên chế công chức cho 11 phòng chuyên môn; 856 người làm việc",
		"và 04 người làm việc cho Hội Chữ thập đỏ",
		"đối với 09 cán bộ, công chức, viên chức năm 2024.",
		"đã tinh giản biên chế được 01 cán bộ, công chức, viên chức, đạt 11,11% kế hoạch năm.",
		"38 lượt cán bộ, công chức, viên chức",
		"số 37/KH-UBND ngày 05/03/2024, dự kiến chuyển đổi vị trí công tác đối với 16 công chức",
		"Các cơ quan hành chính huyện và UBND 08 xã, thị trấn",
		"31 đơn vị sự nghiệp công lập thực hiện cơ chế tự chủ",
		"2.328 văn bản. Trong đó: 1.801 văn bản phát hành dưới dạng điện tử, đạt 77,36%; 1.635 văn "
		"bản phát hành có ký số, đạt 70,23%.",
		"803 văn bản. Trong đó: 517 văn bản phát hành dưới dạng điện tử, đạt 64,38%; 407 văn bản "
		"phát hành có ký số, đạt 50,68%.",
		"tại 11 cơ quan hành chính và 8/8 UBND các xã, thị trấn.",
		"số 32/KH-UBND ngày 26/02/2024 về tuyên truyền",
		"đã đăng 02 tin bài về CCHC.",
		"không có cán bộ, công chức, viên chức bị kỷ luật.",
		"đối với 04 UBND cấp xã.",
		"(0%/30%)",
		"(0%/80%)",
		"(0%/75%)",
		"(cấp xã đạt 84,31%)",
		"cấp huyện đạt 80%, cấp xã đạt 75% số hồ sơ",
		"chỉ số CCHC năm 2023",
		"trên địa bàn huyện Cù Lao Dung./.",
		"Nơi nhận:",
		"- Thường trực Huyện ủy;",
		"TM. ỦY BAN NHÂN DÂN",
		"CHỦ TỊCH",
	};
	struct office *office = *state;

	print_text(office);
	for (size_t i = 0; i < LENGTH_OF(sentences); i++)
		expect_said(office, sentences[i]);
}

static void the_slips_of_the_real_report_are_gone(void **state) {
	static const char *const slips[] = {
		"70/23",
		"11, 11",
		"22/6/2016",
		"Trong năm không",
		"hợp cơ quan",
		"nếu đề phát sinh",
		"thủ tục hành 3",
		"UBNDTTQ",
		"Lưu: VT.",
		"không có hồ sơ trễ hạn",
		"Một cửa huyện không có hồ sơ trả kết quả trễ hạn",
		" ,",
		" .",
		",,",
		"( ",
		"{{",
		"}}",
		"%%",
	};
	struct office *office = *state;
	char *form;

	print_text(office);
	form = strstr(office->plain.bytes, "BIỂU SỐ II.06");
	assert_non_null(form);
	*form = '\0';
	for (size_t i = 0; i < LENGTH_OF(slips); i++)
		expect_not_said(office, slips[i]);
}

static void without_late_dossiers_none_is_told_of(void **state) {
	struct office *office = *state;

	no_late_dossier(office);
	print_text(office);
	expect_said(office, "đã giải quyết 1.125 hồ sơ, không có hồ sơ trễ hạn, đang giải quyết");
	expect_said(office, "Bộ phận Một cửa huyện không có hồ sơ trả kết quả trễ hạn.");
	expect_not_said(office, "H51.15-231227-0001");
	expect_not_said(office, "01 hồ sơ trễ hạn");
	expect_not_said(office, "còn 01 hồ sơ");
}

static void late_dossiers_are_named_where_they_are(void **state) {
	struct office *office = *state;
	struct seed *seed = &office->seed;

	for (size_t i = 0; i < SEED_LATE_MAX; i++) {
		seed->late[i] = seed->late[0];
		seed->late[i].correction = i == 1 ? "" : "đã trả";
	}
	seed->late[1].code = "H51.15.61-240102-0007";
	seed_set_count(seed, "dossiers.commune.late", 2);
	seed_set_rate(seed, "dossiers.commune.on_time_rate", 4396, 4398);
	seed->report.late[1] = (struct report_dossiers) { seed->late + 1, 2 };
	seed_set_count(seed, "dossiers.district.late", SEED_LATE_MAX);
	seed->report.late[0] = (struct report_dossiers) { seed->late, SEED_LATE_MAX };
	print_text(office);
	expect_said(office, "99,95% hồ sơ cấp xã đã giải quyết trả kết quả đúng và trước hạn, 02 hồ sơ "
	                    "trả kết quả trễ hạn (H51.15.61-240102-0007; H51.15-231227-0001: đã trả)");
	expect_said(office, "08 hồ sơ trễ hạn, đang giải quyết");
	expect_said(office, "HỒ SƠ CẤP HUYỆN TRẢ KẾT QUẢ TRỄ HẠN");
	expect_said(office,
	    "- H51.15-231227-0001: hẹn trả ngày 11/01/2024, kết thúc ngày 12/01/2024; đã "
	    "trả.");
	expect_not_said(office, "HỒ SƠ CẤP XÃ TRẢ KẾT QUẢ TRỄ HẠN");
	expect_not_said(office, "không có hồ sơ trả kết quả trễ hạn");
	expect_not_said(office, "100% hồ sơ cấp xã");
}

static void open_late_dossiers_are_limits(void **state) {
	struct office *office = *state;
	struct seed *seed = &office->seed;

	no_late_dossier(office);
	seed->late[0].ended = DAY_NONE;
	seed->late[0].correction = "";
	seed->report.open_late[0] = (struct report_dossiers) { seed->late, 1 };
	seed_set_count(seed, "dossiers.district.open_late", 1);
	seed_set_count(seed, "dossiers.district.open_in_time", 208);
	print_text(office);
	expect_said(office, "đang giải quyết trong hạn 208 hồ sơ, đang giải quyết quá hạn 01 hồ sơ "
	                    "(H51.15-231227-0001);");
	expect_said(office, "Bộ phận Một cửa huyện còn 01 hồ sơ đang giải quyết đã quá hạn.");
	expect_not_said(office, "Bộ phận Một cửa huyện không có hồ sơ trả kết quả trễ hạn.");
}

static void counts_change_their_sentences(void **state) {
	struct office *office = *state;

	seed_set_count(&office->seed, "legal.issued", 2);
	seed_set_count(&office->seed, "staffing.discipline", 1);
	seed_set_count(&office->seed, "feedback.procedures", 12);
	seed_set_count(&office->seed, "feedback.attitude", 3);
	seed_set_count(&office->seed, "dossiers.refused", 5);
	seed_set_count(&office->seed, "news.published", 0);
	print_text(office);
	expect_said(office, "UBND huyện ban hành 02 văn bản QPPL.");
	expect_not_said(office, "không ban hành văn bản QPPL");
	expect_said(office, "có 01 cán bộ, công chức, viên chức bị kỷ luật.");
	expect_not_said(office, "không có cán bộ, công chức, viên chức bị kỷ luật");
	expect_said(office, "huyện tiếp nhận 12 phản ánh, kiến nghị");
	expect_not_said(office, "không phát sinh phản ánh");
	expect_said(office, "phát sinh 03 ý kiến phản ánh");
	expect_not_said(office, "không phát sinh ý kiến phản ánh");
	expect_not_said(office, "quan tâm thực hiện quy chế văn hóa công sở");
	expect_said(office, "có 05 hồ sơ bị từ chối tiếp nhận");
	expect_not_said(office, "không có hồ sơ bị từ chối");
	expect_said(office, "chưa đăng tin bài về CCHC");
}

static void where_all_is_reached_no_limit_is_told(void **state) {
	struct office *office = *state;

	every_target_reached(office);
	print_text(office);
	expect_said(office,
	    "2. Hạn chế và nguyên nhân Trong quý I, qua số liệu theo dõi không phát sinh "
	    "hạn chế. III.");
	expect_said(office, "đạt chỉ tiêu nghị quyết của Huyện ủy (80%/80%)");
	expect_said(office, "hoàn thành 19/19 chỉ tiêu, đạt 100% kế hoạch CCHC");
	expect_said(office, "Đã hoàn thành toàn bộ 19 chỉ tiêu");
	expect_not_said(office, "chưa đạt");
	expect_not_said(office, "Một số xã chưa");
}

static void what_is_nearly_all_is_not_all(void **state) {
	struct office *office = *state;

	every_target_reached(office);
	seed_set_count(&office->seed, "dossiers.commune.solved", 1000000);
	seed_set_count(&office->seed, "dossiers.commune.received", 1000000);
	seed_set_rate(&office->seed, "dossiers.commune.recorded_provincial_rate", 999999, 1000000);
	print_text(office);
	expect_said(office, "Một số xã chưa cập nhật kịp thời");
	expect_said(office, "100,00% hồ sơ cập nhật trên Hệ thống thông tin giải quyết TTHC tỉnh");
	expect_not_said(office, "không phát sinh hạn chế");
}

static void targets_nobody_set_are_not_missed(void **state) {
	struct office *office = *state;

	seed_set_target(&office->seed, "targets.digitisation.district", -1);
	seed_set_target(&office->seed, "targets.digitisation.commune", -1);
	seed_set_target(&office->seed, "targets.online_payment", -1);
	print_text(office);
	expect_said(
	    office, "Chưa thực hiện số hóa kết quả giải quyết hồ sơ thủ tục hành chính cấp huyện.");
	expect_not_said(office, "chỉ tiêu nghị quyết");
	expect_not_said(office, "Nghị quyết số 08-NQ/HU");
	expect_said(office, "số hóa hồ sơ, kết quả giải quyết thủ tục hành chính theo quy định. -");
}

static void an_empty_district_has_a_report_too(void **state) {
	struct office *office = *state;

	seed_empty(&office->seed);
	print_text(office);
	expect_said(office, "Bộ phận Một cửa huyện không phát sinh hồ sơ thủ tục hành chính.");
	expect_said(office, "Bộ phận Một cửa cấp xã không phát sinh hồ sơ thủ tục hành chính.");
	expect_said(
	    office, "1. Ưu điểm Qua số liệu theo dõi trong quý I chưa ghi nhận ưu điểm nổi bật. 2.");
	expect_said(office, "Trong kỳ không phát sinh hồ sơ.");
	expect_not_said(office, "100% hồ sơ");
	expect_not_said(office, "Kế hoạch số");
	expect_not_said(office, "0,00%");
	expect_not_said(office, "hồ sơ trễ hạn");
	expect_not_said(office, " 0 ");
	print_html(office);
}

static void plans_are_cited_only_when_found(void **state) {
	struct office *office = *state;

	for (size_t i = 0; i < SEED_CITATIONS; i++)
		office->seed.citations[i].found = false;
	print_text(office);
	expect_not_said(office, "Kế hoạch số");
	expect_not_said(office, "Quyết định số 423");
	expect_not_said(office, "Kế hoạch ngày");
	expect_said(office,
	    "Theo kế hoạch năm 2024, huyện thực hiện chính sách tinh giản biên chế đối với "
	    "09 cán bộ");
}

static void silent_nodes_are_told_of(void **state) {
	struct office *office = *state;

	office->seed.coverage[5].late = true;
	office->seed.coverage[6].late = true;
	office->seed.coverage[7] = office->seed.coverage[6];
	print_text(office);
	expect_said(office,
	    "chưa nhận đủ số liệu hồ sơ trong kỳ của: Ủy ban nhân dân xã An Thạnh 1; Ủy ban "
	    "nhân dân xã An Thạnh Tây. Các số");
	expect_said(office, "của 02 đơn vị");
	expect_said(office, "CHƯA ĐỦ");
}

static void another_district_has_its_own_words(void **state) {
	struct office *office = *state;

	office->seed.report.node_name = "Ủy ban nhân dân thành phố Ngã Năm";
	office->seed.report.place = "Ngã Năm";
	print_text(office);
	expect_said(office, "ỦY BAN NHÂN DÂN THÀNH PHỐ NGÃ NĂM");
	expect_said(office, "UBND thành phố");
	expect_said(office, "- Thường trực Thành ủy;");
	expect_said(office, "UBND các xã, phường");
	expect_not_said(office, "Cù Lao Dung, ngày");
	expect_not_said(office, "UBND huyện");
	expect_not_said(office, "Huyện ủy");
}

static void periods_have_their_words(void **state) {
	static const struct {
		const char *name;
		enum period_calendar calendar;
		const char *words;
		const char *window;
	} rows[] = {
		{ "2024-Q3", PERIOD_STATUTORY,
		    "Sơ kết thực hiện công tác cải cách hành chính quý III năm 2024",
		    "từ ngày 15/06/2024 đến hết ngày 14/09/2024 (kỳ báo cáo theo Nghị định số 09/2019" },
		{ "2024-H1", PERIOD_STATUTORY, "hành chính 6 tháng đầu năm 2024",
		    "KẾT QUẢ THỰC HIỆN 6 THÁNG ĐẦU NĂM" },
		{ "2024-9M", PERIOD_STATUTORY, "hành chính 9 tháng năm 2024", "Trong 9 tháng, UBND huyện" },
		{ "2024", PERIOD_STATUTORY, "Tổng kết thực hiện công tác cải cách hành chính năm 2024",
		    "KẾT QUẢ THỰC HIỆN NĂM 2024" },
		{ "2024-03", PERIOD_STATUTORY, "hành chính tháng 3 năm 2024", "Trong tháng 3, UBND huyện" },
		{ "2024-Q1", PERIOD_CALENDAR, "hành chính quý I năm 2024",
		    "từ ngày 01/01/2024 đến hết ngày 31/03/2024 (tính theo tháng dương lịch)" },
	};
	struct office *office = *state;

	for (size_t i = 0; i < LENGTH_OF(rows); i++) {
		struct report *report = &office->seed.report;

		assert_int_equal(period_parse(rows[i].name, rows[i].calendar, &report->period), PERIOD_OK);
		report->as_of = report->period.last;
		print_text(office);
		expect_said(office, rows[i].words);
		expect_said(office, rows[i].window);
		expect_not_said(office, "kỳ báo cáo chưa kết thúc");
		if (rows[i].calendar == PERIOD_CALENDAR)
			expect_said(office, "31/03/2024, tính theo tháng dương lịch)");
	}
}

static void a_period_that_goes_on_says_so(void **state) {
	struct office *office = *state;

	office->seed.report.as_of = day_of(2024, 2, 5);
	print_text(office);
	expect_said(office, "đến hết ngày 05/02/2024");
	expect_said(office, "kỳ báo cáo chưa kết thúc.");
	expect_said(office, "ngày … tháng 02 năm 2024");
}

static void text_is_at_most_a_hundred_columns_wide(void **state) {
	struct office *office = *state;

	print_text(office);
	for (const char *line = text_get(&office->page); *line;) {
		size_t length = strcspn(line, "\n");

		if (layout_width(line, length) > WIDTH)
			fail_msg("%.*s", (int)length, line);
		if (length > 0 && line[length - 1] == ' ')
			fail_msg("blank at the end: \"%.*s\"", (int)length, line);
		line += length + (line[length] == '\n');
	}
}

static void moments_are_local(void **state) {
	struct office *office = *state;

	print_text(office);
	expect_said(office, "14/03/2024 16:05 1.000 đã nhận");
	office->seed.coverage[0].as_of_ms = UINT64_MAX;
	office->seed.coverage[1].as_of_ms = 0;
	print_text(office);
	expect_said(office, "Hồ sơ 1.000 đã nhận");
}

static void a_figure_has_its_text(void **state) {
	struct office *office = *state;
	struct text text = TEXT_NULL;

	template_figure_text(seed_find(&office->seed, "dossiers.district.late"), &text);
	text_add_char(&text, ' ');
	template_figure_text(seed_find(&office->seed, "plan.targets.rate"), &text);
	text_add_char(&text, ' ');
	template_figure_text(seed_find(&office->seed, "targets.online_payment"), &text);
	assert_string_equal(text_get(&text), "01 36,84% 30%");
	text_deinit(&text);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		SCENARIO(the_seed_says_what_the_real_report_says),
		SCENARIO(the_slips_of_the_real_report_are_gone),
		SCENARIO(without_late_dossiers_none_is_told_of),
		SCENARIO(late_dossiers_are_named_where_they_are),
		SCENARIO(open_late_dossiers_are_limits),
		SCENARIO(counts_change_their_sentences),
		SCENARIO(where_all_is_reached_no_limit_is_told),
		SCENARIO(what_is_nearly_all_is_not_all),
		SCENARIO(targets_nobody_set_are_not_missed),
		SCENARIO(an_empty_district_has_a_report_too),
		SCENARIO(plans_are_cited_only_when_found),
		SCENARIO(silent_nodes_are_told_of),
		SCENARIO(another_district_has_its_own_words),
		SCENARIO(periods_have_their_words),
		SCENARIO(a_period_that_goes_on_says_so),
		SCENARIO(text_is_at_most_a_hundred_columns_wide),
		SCENARIO(moments_are_local),
		SCENARIO(a_figure_has_its_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
