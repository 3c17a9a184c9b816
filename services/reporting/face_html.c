/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "services/reporting/face.h"
#include "services/reporting/face_html_parts.h"

struct page {
	const struct report *report;
	struct arena *arena;
	struct text *out;
	const struct outline_block *previous;
};

static void add_element(
    struct page *page, const char *element, const char *class, const struct outline_span *spans) {
	if (!spans)
		return;
	text_format(page->out, "<%s", element);
	if (class)
		text_format(page->out, " class=\"%s\"", class);
	text_add_char(page->out, '>');
	face_html_spans(page->report, spans, page->out);
	text_format(page->out, "</%s>\n", element);
}

static void add_head(struct page *page, const struct outline_block *block) {
	text_add(page->out, "<header class=\"head\">\n<div class=\"issuer\">\n");
	add_element(page, "p", "superior", outline_field_find(block, "superior"));
	add_element(page, "p", "agency", outline_field_find(block, "agency"));
	text_add(page->out, "</div>\n<div class=\"nation\">\n"
	                    "<p class=\"state\">CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM</p>\n"
	                    "<p class=\"motto\">Độc lập - Tự do - Hạnh phúc</p>\n</div>\n"
	                    "<div class=\"number\">\n");
	add_element(page, "p", NULL, outline_field_find(block, "number"));
	add_element(page, "p", "mark", outline_field_find(block, "mark"));
	text_add(page->out, "</div>\n<div class=\"place\">\n");
	add_element(page, "p", NULL, outline_field_find(block, "place"));
	text_add(page->out, "</div>\n</header>\n");
}

static void add_sign(struct page *page, const struct outline_block *block) {
	text_add(page->out, "<footer class=\"sign\">\n<div class=\"recipients\">\n"
	                    "<p>Nơi nhận:</p>\n<ul>\n");
	for (const struct outline_field *field = block->fields; field; field = field->next) {
		if (strcmp(field->key, "-") == 0)
			add_element(page, "li", NULL, field->text);
	}
	text_add(page->out, "</ul>\n</div>\n<div class=\"signer\">\n");
	add_element(page, "p", NULL, outline_field_find(block, "authority"));
	add_element(page, "p", NULL, outline_field_find(block, "position"));
	text_add(page->out, "<div class=\"signature\"></div>\n");
	add_element(page, "p", "name", outline_field_find(block, "signer"));
	text_add(page->out, "</div>\n</footer>\n");
}

static bool is_item_of(const struct outline_block *block, unsigned level) {
	return block && block->kind == OUTLINE_ITEM && block->level == level;
}

static void add_item(struct page *page, const struct outline_block *block) {
	if (!is_item_of(page->previous, block->level))
		text_format(page->out, "<ul class=\"%s\">\n", block->level == 1 ? "dash" : "plus");
	add_element(page, "li", NULL, block->text);
	if (!is_item_of(block->next, block->level))
		text_add(page->out, "</ul>\n");
}

/* All titles are one heading: the kind of document, then what it is about. */
static void add_title(struct page *page, const struct outline_block *block) {
	bool first = !page->previous || page->previous->kind != OUTLINE_TITLE;

	if (first)
		text_add(page->out, "<h1>\n");
	add_element(page, "span", first ? "kind" : "subject", block->text);
	if (!block->next || block->next->kind != OUTLINE_TITLE)
		text_add(page->out, "</h1>\n");
}

static int add_block(struct page *page, const struct outline_block *block) {
	static const char *const headings[] = { "h2", "h2", "h2", "h3", "h4" };

	switch (block->kind) {
	case OUTLINE_TITLE: add_title(page, block); return 0;
	case OUTLINE_HEADING: add_element(page, headings[block->level], NULL, block->text); return 0;
	case OUTLINE_PARAGRAPH: add_element(page, "p", NULL, block->text); return 0;
	case OUTLINE_ITEM: add_item(page, block); return 0;
	case OUTLINE_HEAD: add_head(page, block); return 0;
	case OUTLINE_SIGN: add_sign(page, block); return 0;
	case OUTLINE_FORM: return face_html_form(page->arena, page->report, page->out);
	case OUTLINE_COVERAGE: return face_html_coverage(page->arena, page->report, page->out);
	}
	return 0;
}

static void add_page_title(struct page *page, const struct outline_block *blocks) {
	AUTO(text_deinit) struct text title = TEXT_NULL;

	for (const struct outline_block *block = blocks; block; block = block->next) {
		if (block->kind != OUTLINE_TITLE)
			continue;
		if (title.length > 0)
			text_add_char(&title, ' ');
		outline_add_plain(block->text, &title);
	}
	text_add(page->out, "<title>");
	text_add_html(page->out, title.length > 0 ? text_get(&title) : "Báo cáo");
	text_add(page->out, "</title>\n");
	page->out->failed |= text_failed(&title);
}

int face_html(const struct report *report, const char *outline, size_t size, struct text *out,
    struct template_fault *ret_fault) {
	AUTO(arena_deinit) struct arena arena;
	struct page page = { .report = report, .arena = &arena, .out = out };
	struct outline_block *blocks = NULL;
	size_t start = out->length;
	int answer;

	arena_init(&arena, FACE_ARENA_MAX);
	answer = face_read(&arena, report, outline, size, &blocks, ret_fault);
	if (answer != TEMPLATE_OK)
		return answer;
	text_add(out, "<!DOCTYPE html>\n<html lang=\"vi\">\n<head>\n<meta charset=\"utf-8\">\n"
	              "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n");
	add_page_title(&page, blocks);
	text_add(out, "<style>\n");
	text_add(out, face_html_style);
	text_add(out, "</style>\n</head>\n<body>\n<main>\n");
	for (const struct outline_block *block = blocks; block && answer == TEMPLATE_OK;
	     block = block->next) {
		answer = add_block(&page, block);
		page.previous = block;
		if (answer == TEMPLATE_OK && out->length - start > FACE_OUTPUT_MAX)
			return TEMPLATE_TOO_LARGE;
	}
	face_html_figures(report, out);
	text_add(out, "</main>\n</body>\n</html>\n");
	if (answer == TEMPLATE_OK && text_failed(out))
		return failed_here(-ENOMEM);
	return answer;
}
