/* SPDX-License-Identifier: MIT */
/* The report as a page: it needs nothing else, and what records say cannot change it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "tests/unit/reporting/face_office.h"

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

int main(void) {
	const struct CMUnitTest tests[] = {
		SCENARIO(the_page_stands_alone),
		SCENARIO(figures_of_the_page_say_what_they_are),
		SCENARIO(what_records_say_is_text_only),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
