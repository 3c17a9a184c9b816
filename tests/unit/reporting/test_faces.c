/* SPDX-License-Identifier: MIT */
/* What holds for every face of a report. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "tests/unit/reporting/face_office.h"

static void both_faces_say_the_same(void **state) {
	struct office *office = *state;
	struct text text = TEXT_NULL;
	const char *paragraph;

	print_text(office);
	paragraph = strstr(text_get(&office->plain), "Thực hiện Kế hoạch số 04");
	text_add_bytes(&text, paragraph, (size_t)(strstr(paragraph, "Số văn bản điện tử") - paragraph));
	print_html(office);
	expect_said(office, text_get(&text));
	text_deinit(&text);
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
	expect_said(office, "TỔNG CỘNG 12.146 9.585 2.480 81 11.741 7.857 3.883 1 405 405 0");
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

int main(void) {
	const struct CMUnitTest tests[] = {
		SCENARIO(both_faces_say_the_same),
		SCENARIO(the_form_adds_up),
		SCENARIO(a_faulty_outline_makes_no_face),
		SCENARIO(a_face_is_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
