/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "services/reporting/face.h"
#include "services/reporting/face_text_tables.h"
#include "services/reporting/text_layout.h"

#define WIDTH       100
#define LEFT_WIDTH  44
#define RIGHT_WIDTH (WIDTH - LEFT_WIDTH)

/* Words after a figure that stay on its line: "1.334 hồ sơ". */
#define GLUED_BLANKS 2

struct page {
	const struct report *report;
	struct arena *arena;
	struct text *out;
	struct text line; /* the spans at hand as one text */
	struct text left; /* cells of the grids */
	struct text right;
	const struct outline_block *previous;
};

static void page_deinit(struct page *page) {
	text_deinit(&page->line);
	text_deinit(&page->left);
	text_deinit(&page->right);
}

static const char *spans_text(struct page *page, const struct outline_span *spans) {
	size_t glued = 0;

	text_clear(&page->line);
	for (const struct outline_span *span = spans; span; span = span->next) {
		for (const char *c = span->text; *c; c++) {
			bool glue = *c == ' ' && glued > 0;

			text_add_char(&page->line, glue ? LAYOUT_GLUE : *c);
			glued -= glue;
		}
		if (span->name[0] != '\0' && report_find(page->report, span->name))
			glued = GLUED_BLANKS;
	}
	return text_get(&page->line);
}

static void add_spans(struct page *page, struct text *out, const struct layout *layout,
    const struct outline_span *spans) {
	if (spans)
		layout_add(out, layout, spans_text(page, spans));
}

static void add_cell(struct page *page, struct text *out, size_t width, const char *words) {
	struct layout layout = { .width = width, .align = LAYOUT_CENTRE };

	(void)page;
	layout_add(out, &layout, words);
}

static void clear_cells(struct page *page) {
	text_clear(&page->left);
	text_clear(&page->right);
}

static void add_cells(struct page *page) {
	layout_beside(page->out, text_get(&page->left), LEFT_WIDTH, text_get(&page->right));
	page->out->failed |= text_failed(&page->left) || text_failed(&page->right);
}

static void add_head(struct page *page, const struct outline_block *block) {
	struct layout left = { .width = LEFT_WIDTH, .align = LAYOUT_CENTRE };
	struct layout right = { .width = RIGHT_WIDTH, .align = LAYOUT_CENTRE };

	clear_cells(page);
	add_spans(page, &page->left, &left, outline_field_find(block, "superior"));
	add_spans(page, &page->left, &left, outline_field_find(block, "agency"));
	add_cell(page, &page->left, LEFT_WIDTH, "────────────");
	add_cell(page, &page->right, RIGHT_WIDTH, "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM");
	add_cell(page, &page->right, RIGHT_WIDTH, "Độc lập - Tự do - Hạnh phúc");
	add_cell(page, &page->right, RIGHT_WIDTH, "───────────────────────────");
	add_cells(page);
	clear_cells(page);
	add_spans(page, &page->left, &left, outline_field_find(block, "number"));
	add_spans(page, &page->right, &right, outline_field_find(block, "place"));
	text_add_char(page->out, '\n');
	add_cells(page);
	clear_cells(page);
	add_spans(page, &page->left, &left, outline_field_find(block, "mark"));
	if (page->left.length > 0)
		text_add_char(page->out, '\n');
	add_cells(page);
}

static void add_sign(struct page *page, const struct outline_block *block) {
	struct layout left = { .width = LEFT_WIDTH, .others = 2 };
	struct layout right = { .width = RIGHT_WIDTH, .align = LAYOUT_CENTRE };

	clear_cells(page);
	text_add(&page->left, "Nơi nhận:\n");
	for (const struct outline_field *field = block->fields; field; field = field->next) {
		if (strcmp(field->key, "-") != 0)
			continue;
		text_add(&page->left, "- ");
		add_spans(page, &page->left, &left, field->text);
	}
	add_spans(page, &page->right, &right, outline_field_find(block, "authority"));
	add_spans(page, &page->right, &right, outline_field_find(block, "position"));
	text_add(&page->right, "\n\n\n");
	add_spans(page, &page->right, &right, outline_field_find(block, "signer"));
	add_cells(page);
}

static bool is_item(const struct outline_block *block) {
	return block && block->kind == OUTLINE_ITEM;
}

static void add_item(struct page *page, const struct outline_block *block) {
	struct layout layout = { .width = WIDTH, .others = 2 };
	const char *text = spans_text(page, block->text);
	struct text *marked = &page->left;

	text_clear(marked);
	text_format(marked, "%c%c%s", block->level == 1 ? '-' : '+', LAYOUT_GLUE, text);
	layout_add(page->out, &layout, text_get(marked));
	page->out->failed |= text_failed(marked);
}

static int add_block(struct page *page, const struct outline_block *block) {
	static const struct layout plain = { .width = WIDTH };
	static const struct layout centred = { .width = WIDTH, .align = LAYOUT_CENTRE };
	bool titles =
	    block->kind == OUTLINE_TITLE && page->previous && page->previous->kind == OUTLINE_TITLE;

	if (page->previous && !titles && !(is_item(block) && is_item(page->previous)))
		text_add_char(page->out, '\n');
	switch (block->kind) {
	case OUTLINE_TITLE: add_spans(page, page->out, &centred, block->text); return 0;
	case OUTLINE_HEADING:
	case OUTLINE_PARAGRAPH: add_spans(page, page->out, &plain, block->text); return 0;
	case OUTLINE_ITEM: add_item(page, block); return 0;
	case OUTLINE_HEAD: add_head(page, block); return 0;
	case OUTLINE_SIGN: add_sign(page, block); return 0;
	case OUTLINE_FORM: return face_text_form(page->arena, page->report, WIDTH, page->out);
	case OUTLINE_COVERAGE: return face_text_coverage(page->arena, page->report, WIDTH, page->out);
	}
	return 0;
}

int face_text(const struct report *report, const char *outline, size_t size, struct text *out,
    struct template_fault *ret_fault) {
	AUTO(arena_deinit) struct arena arena;
	AUTO(page_deinit) struct page page = { .report = report, .arena = &arena, .out = out };
	struct outline_block *blocks = NULL;
	size_t start = out->length;
	int answer;

	arena_init(&arena, FACE_ARENA_MAX);
	answer = face_read(&arena, report, outline, size, &blocks, ret_fault);
	for (const struct outline_block *block = blocks; block && answer == TEMPLATE_OK;
	     block = block->next) {
		answer = add_block(&page, block);
		page.previous = block;
		if (answer == TEMPLATE_OK && out->length - start > FACE_OUTPUT_MAX)
			return TEMPLATE_TOO_LARGE;
	}
	if (answer == TEMPLATE_OK && (text_failed(out) || text_failed(&page.line)))
		return failed_here(-ENOMEM);
	return answer;
}
