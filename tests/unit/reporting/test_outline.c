/* SPDX-License-Identifier: MIT */
/*
 * Outlines
 *
 * What was read is kept as one text: a line for each block, bold as <…>, values as [name=text].
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "services/reporting/outline.h"

static const char *const kind_names[] = {
	[OUTLINE_TITLE] = "title",
	[OUTLINE_HEADING] = "heading",
	[OUTLINE_PARAGRAPH] = "paragraph",
	[OUTLINE_ITEM] = "item",
	[OUTLINE_HEAD] = "head",
	[OUTLINE_SIGN] = "sign",
	[OUTLINE_FORM] = "form",
	[OUTLINE_COVERAGE] = "coverage",
};

static void show_spans(const struct outline_span *spans, struct text *shown) {
	for (const struct outline_span *span = spans; span; span = span->next) {
		text_add(shown, span->bold ? "<" : "");
		if (span->name[0] != '\0')
			text_format(shown, "[%s=%s]", span->name, span->text);
		else
			text_add(shown, span->text);
		text_add(shown, span->bold ? ">" : "");
	}
}

static void show(const struct outline_block *block, struct text *shown) {
	text_add(shown, kind_names[block->kind]);
	if (block->level > 0)
		text_format(shown, "%u", block->level);
	text_add(shown, block->text ? " " : "");
	show_spans(block->text, shown);
	for (const struct outline_field *field = block->fields; field; field = field->next) {
		text_format(shown, " | %s: ", field->key);
		show_spans(field->text, shown);
	}
	text_add_char(shown, '\n');
}

static void expect_bytes(const char *outline, size_t length, const char *expected) {
	AUTO(arena_deinit) struct arena arena;
	AUTO(text_deinit) struct text shown = TEXT_NULL;
	struct outline_block *blocks = NULL;

	arena_init(&arena, 1 << 20);
	assert_int_equal(outline_read(&arena, outline, length, &blocks), 0);
	for (const struct outline_block *block = blocks; block; block = block->next)
		show(block, &shown);
	assert_string_equal(text_get(&shown), expected);
}

static void expect(const char *outline, const char *expected) {
	expect_bytes(outline, strlen(outline), expected);
}

static void lines_become_blocks(void **state) {
	(void)state;
	expect("# BÁO CÁO\n# Sơ kết\n\n## I.\n### 1.\n#### a)\nMột\nhai\n\nBa\n",
	    "title1 BÁO CÁO\ntitle1 Sơ kết\nheading2 I.\nheading3 1.\nheading4 a)\n"
	    "paragraph Một hai\nparagraph Ba\n");
	expect("Đầu\n- một\n  tiếp\n- hai\n+ ba\n\nCuối", "paragraph Đầu\nitem1 một tiếp\nitem1 hai\n"
	                                                  "item2 ba\nparagraph Cuối\n");
	expect("@form II.06\n@coverage\n", "form II.06\ncoverage\n");
	expect("#không phải\r\n-cũng không\r\n", "paragraph #không phải -cũng không\n");
	expect("", "");
	expect("\n \n\t\r\n", "");
}

static void head_and_sign_have_fields(void **state) {
	(void)state;
	expect("@head\nagency: ỦY BAN\nplace:  Cù Lao Dung , ngày …\nmark:\n\nA\n",
	    "head | agency: ỦY BAN | place: Cù Lao Dung, ngày …\nparagraph A\n");
	expect("@sign\nauthority: TM.\nposition: CHỦ TỊCH\nsigner:\n- A;\n- Lưu: VT.\n\nB",
	    "sign | authority: TM. | position: CHỦ TỊCH | -: A; | -: Lưu: VT.\nparagraph B\n");
}

static void bold_is_a_span(void **state) {
	(void)state;
	expect("a **b** c", "paragraph a <b> c\n");
	expect("**a**", "paragraph <a>\n");
	expect("a ** b", "paragraph a **b\n");
	expect("a **b** ** c", "paragraph a <b> **c\n");
	expect("a **** b", "paragraph a b\n");
}

static void what_conditions_leave_is_tidied(void **state) {
	(void)state;
	expect("a  b \t c", "paragraph a b c\n");
	expect("a , b ; c . d", "paragraph a, b; c. d\n");
	expect("a ( b ) c", "paragraph a (b) c\n");
	expect("a, , b", "paragraph a, b\n");
	expect("a, ; b, .", "paragraph a; b.\n");
	expect("a. . b", "paragraph a. b\n");
	expect("a./.", "paragraph a./.\n");
	expect("a ./.", "paragraph a./.\n");
	expect("a... b", "paragraph a... b\n");
	expect("1.334 và 84,31%", "paragraph 1.334 và 84,31%\n");
}

static void a_block_without_words_vanishes(void **state) {
	(void)state;
	expect(" .\n\n- ;\n\n## …\n\na", "paragraph a\n");
	expect("a\n- \n- b\n+\n", "paragraph a\nitem1 b\n");
}

static void otherwise_stands_in_for_nothing(void **state) {
	(void)state;
	expect("### 2.\n\n@otherwise Không có.\n", "heading3 2.\nparagraph Không có.\n");
	expect("### 2.\n\nCó.\n\n@otherwise Không có.\nThật.\n\nB", "heading3 2.\nparagraph Có.\n"
	                                                            "paragraph B\n");
	expect("### 2.\n\n.\n\n@otherwise Không có.\n", "heading3 2.\nparagraph Không có.\n");
	expect("@otherwise Một.\n", "paragraph Một.\n");
}

static void a_value_is_text_whatever_it_holds(void **state) {
	AUTO(text_deinit) struct text text = TEXT_NULL;

	(void)state;
	outline_add_value("x", "## **a**\n- b  ,\x01\x02\x03\xff", &text);
	text_add(&text, " , c ");
	outline_add_value("", "@form", &text);
	outline_add_value("y", "", &text);
	text_add(&text, " .");
	expect_bytes(
	    text_get(&text), text.length, "paragraph [x=## **a** - b  ,   \xef\xbf\xbd], c @form.\n");
}

static void broken_marks_do_no_harm(void **state) {
	(void)state;
	expect("\x01", "");
	expect("a\x01x\x02z", "paragraph a\n");
	expect("\x02\x03 b", "paragraph b\n");
}

static void a_line_that_does_not_exist_is_found(void **state) {
	struct template_fault fault;
	const char unknown[] = "a\n\n@hed\n";
	const char key[] = "@head\nagency: a\nplase: b\n\nc: d\n";
	const char form[] = "@form\n";
	const char fine[] =
	    "@head\nagency: a\n{{?x}}\nplace: b\n%% c\n\nc: d\n@sign\n- a\n@otherwise b\n";

	(void)state;
	assert_int_equal(outline_check(unknown, strlen(unknown), &fault), TEMPLATE_FAULTY);
	assert_int_equal(fault.reason, TEMPLATE_DIRECTIVE);
	assert_int_equal(fault.line, 3);
	assert_string_equal(fault.name, "@hed");
	assert_int_equal(outline_check(key, strlen(key), &fault), TEMPLATE_FAULTY);
	assert_int_equal(fault.line, 3);
	assert_int_equal(outline_check(form, strlen(form), &fault), TEMPLATE_FAULTY);
	assert_int_equal(outline_check(fine, strlen(fine), &fault), TEMPLATE_OK);
	expect("@hed x\n", "paragraph @hed x\n");
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_become_blocks),
		cmocka_unit_test(head_and_sign_have_fields),
		cmocka_unit_test(bold_is_a_span),
		cmocka_unit_test(what_conditions_leave_is_tidied),
		cmocka_unit_test(a_block_without_words_vanishes),
		cmocka_unit_test(otherwise_stands_in_for_nothing),
		cmocka_unit_test(a_value_is_text_whatever_it_holds),
		cmocka_unit_test(broken_marks_do_no_harm),
		cmocka_unit_test(a_line_that_does_not_exist_is_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
