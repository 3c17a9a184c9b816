/* SPDX-License-Identifier: MIT */
#include "tests/unit/reporting/face_office.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/base/file.h"

#define OUTLINE_MAX (1u << 20)

typedef int make_face(const struct report *report, const char *outline, size_t size,
    struct text *out, struct template_fault *ret_fault);

int office_open(void **state) {
	struct office *office = calloc(1, sizeof(*office));

	if (!office)
		return -1;
	setenv("TZ", "<+07>-7", 1);
	tzset();
	seed_init(&office->seed);
	if (file_read(CCHC_SHARE_FOLDER "/report/outline.txt", OUTLINE_MAX, &office->outline,
	        &office->outline_size) < 0)
		return -1;
	*state = office;
	return 0;
}

int office_close(void **state) {
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

static void print(struct office *office, make_face *face) {
	struct template_fault fault;
	int answer;

	text_clear(&office->page);
	answer =
	    face(&office->seed.report, office->outline, office->outline_size, &office->page, &fault);
	expect_no_fault(answer, &fault);
	make_plain(office, face == face_html);
}

void print_text(struct office *office) {
	print(office, face_text);
}

void print_html(struct office *office) {
	print(office, face_html);
}

bool says(const struct office *office, const char *words) {
	return strstr(text_get(&office->plain), words) != NULL;
}

void expect_said(const struct office *office, const char *words) {
	if (!says(office, words))
		fail_msg("not said: %s", words);
}

void expect_not_said(const struct office *office, const char *words) {
	if (says(office, words))
		fail_msg("said: %s", words);
}
