/* SPDX-License-Identifier: MIT */
/*
 * The faces of a report, made from the outline we ship
 *
 * Sentences are looked for in one line of text: line breaks count as blanks, and of HTML only what
 * a reader sees counts.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <time.h>

#include "common/base/file.h"
#include "services/reporting/face.h"
#include "services/reporting/text_layout.h"
#include "tests/unit/reporting/seed_report.h"

#define OUTLINE_MAX (1u << 20)
#define WIDTH       100

/* One report and what its faces say. */
struct office {
	struct seed seed;
	char *outline;
	size_t outline_size;
	struct text page;  /* a face as it is */
	struct text plain; /* the same as one line */
};

static int office_open(void **state) {
	struct office *office = calloc(1, sizeof(*office));

	if (!office)
		return -1;
	seed_init(&office->seed);
	if (file_read(CCHC_SHARE_FOLDER "/report/outline.txt", OUTLINE_MAX, &office->outline,
	        &office->outline_size) < 0)
		return -1;
	*state = office;
	return 0;
}

static int office_close(void **state) {
	struct office *office = *state;

	text_deinit(&office->page);
	text_deinit(&office->plain);
	free(office->outline);
	free(office);
	return 0;
}

static void expect_no_fault(int answer, const struct template_fault *fault) {
	struct text words = TEXT_NULL;

	if (answer == TEMPLATE_FAULTY)
		template_fault_add(fault, &words);
	if (answer != TEMPLATE_OK)
		fail_msg("answer %d: %s", answer, text_get(&words));
}

/* Blanks and line ends as single blanks; of HTML without its tags. */
static void make_plain(struct office *office, bool html) {
	const char *c = text_get(&office->page);
	bool blank = true;

	text_clear(&office->plain);
	for (; *c; c++) {
		if (html && *c == '<') {
			bool inside = strncmp(c, "<span", 5) == 0 || strncmp(c, "</span", 6) == 0;

			if (!inside && !blank)
				text_add_char(&office->plain, ' ');
			blank = blank || !inside;
			c = strchr(c, '>');
			assert_non_null(c);
		} else if (*c == ' ' || *c == '\n') {
			if (!blank)
				text_add_char(&office->plain, ' ');
			blank = true;
		} else {
			text_add_char(&office->plain, *c);
			blank = false;
		}
	}
}

static void print_text(struct office *office) {
	struct template_fault fault;
	int answer;

	text_clear(&office->page);
	answer = face_text(
	    &office->seed.report, office->outline, office->outline_size, &office->page, &fault);
	expect_no_fault(answer, &fault);
	make_plain(office, false);
}

static void print_html(struct office *office) {
	struct template_fault fault;
	int answer;

	text_clear(&office->page);
	answer = face_html(
	    &office->seed.report, office->outline, office->outline_size, &office->page, &fault);
	expect_no_fault(answer, &fault);
}

static bool says(const struct office *office, const char *words) {
	return strstr(text_get(&office->plain), words) != NULL;
}

static void expect_said(const struct office *office, const char *words) {
	if (!says(office, words))
		fail_msg("not said: %s", words);
}

static void expect_not_said(const struct office *office, const char *words) {
	if (says(office, words))
		fail_msg("said: %s", words);
}

static void empty_district(struct office *office) {
	for (size_t i = 0; i < LENGTH_OF(seed_figures); i++) {
		struct seed_figure row = seed_figures[i];

		row.numerator = row.kind == FIGURE_TARGET ? -1 : 0;
		row.denominator = 0;
		seed_set(&office->seed, &row);
	}
	office->seed.report.late[0].count = 0;
	office->seed.report.form_count = 0;
	office->seed.report.coverage_count = 0;
	office->seed.report.citation_count = 0;
}

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

static void both_faces_say_the_same(void **state) {
	struct office *office = *state;
	struct text text = TEXT_NULL;
	const char *paragraph;

	print_text(office);
	paragraph = strstr(text_get(&office->plain), "Thực hiện Kế hoạch số 04");
	text_add_bytes(&text, paragraph, (size_t)(strstr(paragraph, "Số văn bản điện tử") - paragraph));
	print_html(office);
	make_plain(office, true);
	expect_said(office, text_get(&text));
	text_deinit(&text);
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

	empty_district(office);
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

static uint64_t next_random(uint64_t *seed) {
	*seed = *seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return *seed >> 33;
}

static int64_t random_up_to(uint64_t *random, int64_t most) {
	/* Both ends often: they are where sentences change. */
	switch (next_random(random) % 3) {
	case 0: return 0;
	case 1: return most;
	default: return most == 0 ? 0 : (int64_t)(next_random(random) % (uint64_t)most);
	}
}

static void randomise_level(struct office *office, uint64_t *random, const char *level) {
	int64_t received = random_up_to(random, 3000);
	int64_t solved = random_up_to(random, received);
	int64_t late = random_up_to(random, solved < 4 ? solved : 4);
	int64_t open_late = random_up_to(random, received - solved);
	int64_t direct = random_up_to(random, received);
	int64_t recorded = random_up_to(random, received);
	int64_t digitised = random_up_to(random, solved);
	const struct {
		const char *measure;
		int64_t numerator;
		int64_t denominator;
	} rows[] = {
		{ "received", received, -1 },
		{ "solved", solved, -1 },
		{ "late", late, -1 },
		{ "open", received - solved, -1 },
		{ "open_late", open_late, -1 },
		{ "open_in_time", received - solved - open_late, -1 },
		{ "direct", direct, -1 },
		{ "online", received - direct, -1 },
		{ "on_time_rate", solved - late, solved },
		{ "online_rate", received - direct, received },
		{ "recorded_provincial_rate", recorded, received },
		{ "digitised_rate", digitised, solved },
	};

	for (size_t i = 0; i < LENGTH_OF(rows); i++) {
		char id[80];

		snprintf(id, sizeof(id), "dossiers.%s.%s", level, rows[i].measure);
		if (rows[i].denominator < 0)
			seed_set_count(&office->seed, id, rows[i].numerator);
		else
			seed_set_rate(&office->seed, id, rows[i].numerator, rows[i].denominator);
	}
	for (size_t i = 0; i < SEED_LATE_MAX; i++)
		office->seed.late[i] = (struct report_dossier) {
			.code = "H51", .node = "H51.15", .due = { 1 }, .ended = { 2 }, .correction = ""
		};
	office->seed.report.late[level[0] == 'c'] =
	    (struct report_dossiers) { office->seed.late, (size_t)late };
}

static int64_t value(struct office *office, const char *id) {
	return seed_find(&office->seed, id)->value;
}

/* Sentences that may stand only when their figures say so, and must then. */
static void expect_claims(struct office *office) {
	int64_t received = value(office, "dossiers.district.received");
	int64_t solved = value(office, "dossiers.district.solved");
	int64_t late = value(office, "dossiers.district.late");
	int64_t commune_solved = value(office, "dossiers.commune.solved");
	int64_t commune_late = value(office, "dossiers.commune.late");
	const struct report_figure *online = seed_find(&office->seed, "dossiers.district.online_rate");
	const struct report_figure *digitised =
	    seed_find(&office->seed, "dossiers.district.digitised_rate");
	const struct {
		const char *words;
		bool expected;
	} claims[] = {
		{ "không có hồ sơ trễ hạn", received > 0 && late == 0 },
		{ "Một cửa huyện không có hồ sơ trả kết quả trễ hạn",
		    solved > 0 && late == 0 && value(office, "dossiers.district.open_late") == 0 },
		{ "trả kết quả trễ hạn trên hệ thống", late > 0 || commune_late > 0 },
		{ "100% hồ sơ cấp xã đã giải quyết trả kết quả", commune_solved > 0 && commune_late == 0 },
		{ "Một cửa huyện không phát sinh hồ sơ", received == 0 },
		{ "100% hồ sơ TTHC tại Bộ phận Một cửa huyện",
		    !online->none && online->numerator == online->denominator },
		{ "hành chính cấp huyện đạt chỉ tiêu", !digitised->none && digitised->value >= 8000 },
		{ "hành chính cấp huyện chưa đạt so với chỉ tiêu",
		    !digitised->none && digitised->value < 8000 && digitised->numerator > 0 },
		{ "Chưa thực hiện số hóa kết quả giải quyết hồ sơ thủ tục hành chính cấp huyện",
		    !digitised->none && digitised->numerator == 0 },
		{ "không phát sinh hạn chế", false },
		{ " ,", false },
		{ " .", false },
		{ ",,", false },
		{ ", ;", false },
	};
	char *form = strstr(office->plain.bytes, "BIỂU SỐ II.06");

	*form = '\0';
	for (size_t i = 0; i < LENGTH_OF(claims); i++) {
		if (says(office, claims[i].words) != claims[i].expected)
			fail_msg("%s: %s", claims[i].expected ? "not said" : "said", claims[i].words);
	}
}

static void whatever_the_figures_the_text_agrees(void **state) {
	struct office *office = *state;
	uint64_t random = 2024;

	for (int i = 0; i < 300; i++) {
		randomise_level(office, &random, "district");
		randomise_level(office, &random, "commune");
		print_text(office);
		expect_claims(office);
	}
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

static void the_form_adds_up(void **state) {
	struct office *office = *state;

	print_text(office);
	expect_said(office, "Bảng 1. Ủy ban nhân dân huyện Cù Lao Dung");
	expect_said(office, "(1) (2) (3) (4) (5) (6) (7) (8) (9) (10) (11) (12) (13)");
	expect_said(office, "Cộng 794 785 0 9 749 502 246 1 45 45 0");
	expect_said(office, "Cộng cấp huyện 794 785 0 9 749 502 246 1 45 45 0");
	expect_said(office, "Cộng cấp xã 11.352 8.800 2.480 72 10.992 7.355 3.637 0 360 360 0");
	expect_said(office, "TỔNG CỘNG 12.146 9.585 2.480 81 11.741 7.857 3.883 1 405 405 0");
	expect_said(office, "10 Thủ tục ngoài danh");
	print_html(office);
	make_plain(office, true);
	expect_said(office, "TỔNG CỘNG 12.146 9.585 2.480 81 11.741 7.857 3.883 1 405 405 0");
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

static void the_page_stands_alone(void **state) {
	struct office *office = *state;
	const char *page;

	print_html(office);
	page = text_get(&office->page);
	assert_non_null(strstr(page, "<html lang=\"vi\">"));
	assert_non_null(strstr(page, "<meta charset=\"utf-8\">"));
	assert_non_null(strstr(page, "<title>BÁO CÁO Sơ kết thực hiện"));
	assert_null(strstr(page, "http"));
	assert_null(strstr(page, "<script"));
	assert_null(strstr(page, "<link"));
	assert_null(strstr(page, "url("));
	assert_null(strstr(page, "src="));
	assert_non_null(strstr(page, "scope=\"col\""));
	assert_non_null(strstr(page, "scope=\"row\""));
	assert_non_null(strstr(page, "<caption>Ủy ban nhân dân huyện Cù Lao Dung</caption>"));
}

static void figures_of_the_page_say_what_they_are(void **state) {
	struct office *office = *state;

	print_html(office);
	assert_non_null(strstr(text_get(&office->page),
	    "<span class=\"figure\" data-figure=\"dossiers.commune.recorded_provincial_rate\" "
	    "data-value=\"84.31\" title=\"Số liệu &lt;thử&gt;: 3.708/4.398 "
	    "[dossiers.commune.recorded_provincial_rate]\">84,31%</span> hồ sơ"));
	assert_non_null(strstr(text_get(&office->page),
	    "data-figure=\"plan.targets.done\" data-value=\"7\" title=\"Số liệu &lt;thử&gt; "
	    "[plan.targets.done]\">07</span>/<span"));
}

static void what_records_say_is_text_only(void **state) {
	struct office *office = *state;

	office->seed.late[0].correction = "<script>alert(1)</script> **x** {{one}}\n# y";
	office->seed.form[0].field = "<b>&\"'";
	office->seed.report.node_name = "<i>Ủy ban";
	print_html(office);
	assert_null(strstr(text_get(&office->page), "<script"));
	assert_null(strstr(text_get(&office->page), "<b>"));
	assert_null(strstr(text_get(&office->page), "<i>"));
	assert_non_null(
	    strstr(text_get(&office->page), "&lt;script&gt;alert(1)&lt;/script&gt; **x** {{one}} # y"));
}

static void a_faulty_outline_makes_no_face(void **state) {
	static const char unknown[] = "# A\n\n{{dossiers.district.recieved}}\n";
	static const char directive[] = "# A\n@from II.06\n";
	struct office *office = *state;
	struct template_fault fault;
	const struct report *report = &office->seed.report;

	assert_int_equal(face_check(report, unknown, strlen(unknown), &fault), TEMPLATE_FAULTY);
	assert_int_equal(fault.line, 3);
	assert_string_equal(fault.nearest, "dossiers.district.received");
	assert_int_equal(
	    face_text(report, unknown, strlen(unknown), &office->page, &fault), TEMPLATE_FAULTY);
	assert_int_equal(
	    face_html(report, unknown, strlen(unknown), &office->page, &fault), TEMPLATE_FAULTY);
	assert_int_equal(office->page.length, 0);
	assert_int_equal(face_check(report, directive, strlen(directive), &fault), TEMPLATE_FAULTY);
	assert_int_equal(fault.reason, TEMPLATE_DIRECTIVE);
	assert_int_equal(
	    face_check(report, office->outline, office->outline_size, &fault), TEMPLATE_OK);
}

static void a_face_is_bounded(void **state) {
	struct office *office = *state;
	struct text outline = TEXT_NULL;
	struct template_fault fault;

	for (int i = 0; i < 20000; i++)
		text_add(&outline, "@form II.06\n");
	assert_int_equal(
	    face_text(&office->seed.report, text_get(&outline), outline.length, &office->page, &fault),
	    TEMPLATE_TOO_LARGE);
	assert_true(office->page.length < FACE_OUTPUT_MAX + (1 << 20));
	text_clear(&office->page);
	assert_int_equal(
	    face_html(&office->seed.report, text_get(&outline), outline.length, &office->page, &fault),
	    TEMPLATE_TOO_LARGE);
	assert_true(office->page.length < FACE_OUTPUT_MAX + (1 << 20));
	text_deinit(&outline);
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

#define scenario(name) cmocka_unit_test_setup_teardown(name, office_open, office_close)

int main(void) {
	const struct CMUnitTest tests[] = {
		scenario(the_seed_says_what_the_real_report_says),
		scenario(the_slips_of_the_real_report_are_gone),
		scenario(both_faces_say_the_same),
		scenario(without_late_dossiers_none_is_told_of),
		scenario(late_dossiers_are_named_where_they_are),
		scenario(open_late_dossiers_are_limits),
		scenario(counts_change_their_sentences),
		scenario(where_all_is_reached_no_limit_is_told),
		scenario(what_is_nearly_all_is_not_all),
		scenario(targets_nobody_set_are_not_missed),
		scenario(an_empty_district_has_a_report_too),
		scenario(plans_are_cited_only_when_found),
		scenario(silent_nodes_are_told_of),
		scenario(another_district_has_its_own_words),
		scenario(periods_have_their_words),
		scenario(a_period_that_goes_on_says_so),
		scenario(whatever_the_figures_the_text_agrees),
		scenario(text_is_at_most_a_hundred_columns_wide),
		scenario(the_form_adds_up),
		scenario(moments_are_local),
		scenario(the_page_stands_alone),
		scenario(figures_of_the_page_say_what_they_are),
		scenario(what_records_say_is_text_only),
		scenario(a_faulty_outline_makes_no_face),
		scenario(a_face_is_bounded),
		scenario(a_figure_has_its_text),
	};

	setenv("TZ", "<+07>-7", 1);
	tzset();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
