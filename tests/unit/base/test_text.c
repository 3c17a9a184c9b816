/* SPDX-License-Identifier: MIT */
#include "common/base/text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void an_empty_text_is_a_text(void **state) {
	AUTO(text_deinit) struct text text = TEXT_NULL;

	(void)state;
	assert_string_equal(text_get(&text), "");
	text_clear(&text);
	text_add(&text, "");
	text_add_bytes(&text, "", 0);
	text_format(&text, "%s", "");
	text_add_html(&text, "");
	assert_string_equal(text_get(&text), "");
	assert_false(text_failed(&text));
}

static void additions_stand_in_a_row(void **state) {
	AUTO(text_deinit) struct text text = TEXT_NULL;

	(void)state;
	text_add(&text, "Cù ");
	text_add_bytes(&text, "Laos", 3);
	text_add_char(&text, ' ');
	text_format(&text, "%s %d", "Dung", 945);
	assert_string_equal(text_get(&text), "Cù Lao Dung 945");
	assert_int_equal(text.length, strlen(text_get(&text)));
}

static void a_text_grows_over_every_size(void **state) {
	AUTO(text_deinit) struct text text = TEXT_NULL;

	(void)state;
	for (size_t i = 0; i < 5000; i++) {
		if (i % 2)
			text_add_char(&text, (char)('a' + i % 26));
		else
			text_format(&text, "%c", (char)('a' + i % 26));
		assert_int_equal(text.length, i + 1);
		assert_int_equal(text_get(&text)[i + 1], '\0');
	}
	for (size_t i = 0; i < 5000; i++)
		assert_int_equal(text_get(&text)[i], 'a' + i % 26);
	text_format(&text, "%100000d", 7);
	assert_int_equal(text.length, 105000);
}

static void a_cleared_text_keeps_its_memory(void **state) {
	AUTO(text_deinit) struct text text = TEXT_NULL;
	const char *memory;

	(void)state;
	text_add(&text, "before");
	memory = text_get(&text);
	text_clear(&text);
	assert_string_equal(text_get(&text), "");
	text_add(&text, "after");
	assert_ptr_equal(text_get(&text), memory);
	assert_string_equal(text_get(&text), "after");
}

static void html_shows_what_was_meant(void **state) {
	AUTO(text_deinit) struct text text = TEXT_NULL;

	(void)state;
	text_add_html(&text, "<a href=\"x\" title='y'>Đất & đai</a>");
	assert_string_equal(
	    text_get(&text), "&lt;a href=&quot;x&quot; title=&#39;y&#39;&gt;Đất &amp; đai&lt;/a&gt;");
	text_clear(&text);
	text_add_html(&text, "&&amp;");
	assert_string_equal(text_get(&text), "&amp;&amp;amp;");
}

static void after_a_failure_nothing_is_added(void **state) {
	AUTO(text_deinit) struct text text = TEXT_NULL;

	(void)state;
	text_add(&text, "kept");
	text.failed = true; /* as when memory was out */
	text_add(&text, "skipped");
	text_add_char(&text, 'x');
	text_format(&text, "%0300d", 1);
	assert_true(text_failed(&text));
	assert_string_equal(text_get(&text), "kept");
	text_clear(&text);
	assert_false(text_failed(&text));
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_empty_text_is_a_text),
		cmocka_unit_test(additions_stand_in_a_row),
		cmocka_unit_test(a_text_grows_over_every_size),
		cmocka_unit_test(a_cleared_text_keeps_its_memory),
		cmocka_unit_test(html_shows_what_was_meant),
		cmocka_unit_test(after_a_failure_nothing_is_added),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
