/* SPDX-License-Identifier: MIT */
/*
 * Fuzz target of report outlines
 *
 * An outline is a file that offices edit. Any answer will do; what is printed has to be text of
 * bounded size, a fault has to lie in the file, and checking has to find what printing would.
 */
#include "common/base/arena.h"
#include "common/base/error.h"
#include "services/reporting/face.h"
#include "tests/unit/reporting/seed_report.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

#define SIZE_LIMIT 65536u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void promise(int kept) {
	if (!kept)
		abort();
}

static void check_utf8(const struct text *text) {
	const utf8proc_uint8_t *bytes = (const utf8proc_uint8_t *)text_get(text);
	size_t at = 0;

	while (at < text->length) {
		utf8proc_int32_t point;
		utf8proc_ssize_t step =
		    utf8proc_iterate(bytes + at, (utf8proc_ssize_t)(text->length - at), &point);

		promise(step > 0);
		promise(point >= 0x20 || point == '\n');
		at += (size_t)step;
	}
}

static void check_fault(const struct template_fault *fault, const char *source, size_t size) {
	AUTO(text_deinit) struct text words = TEXT_NULL;
	unsigned lines = 1;

	for (size_t i = 0; i < size; i++)
		lines += source[i] == '\n';
	promise(fault->reason != TEMPLATE_NO_REASON);
	promise(fault->line >= 1 && fault->line <= lines && fault->column >= 1);
	promise(strlen(fault->name) < TEMPLATE_NAME_MAX);
	template_fault_add(fault, &words);
	promise(words.length > 0);
}

/* Bytes that no template would let through: the outline may not trust what fills it. */
static void read_raw(const char *source, size_t size) {
	AUTO(arena_deinit) struct arena arena;
	struct outline_block *blocks;

	arena_init(&arena, FACE_ARENA_MAX);
	promise(outline_read(&arena, source, size, &blocks) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
	AUTO(text_deinit) struct text text = TEXT_NULL;
	AUTO(text_deinit) struct text html = TEXT_NULL;
	static struct seed seed;
	const char *source = (const char *)data;
	struct template_fault fault = { .reason = TEMPLATE_NO_REASON };
	struct template_fault again = { .reason = TEMPLATE_NO_REASON };
	int answer;

	if (size > SIZE_LIMIT)
		return 0;
	if (seed.report.figure_count == 0)
		seed_init(&seed);
	answer = face_check(&seed.report, source, size, &fault);
	promise(answer == TEMPLATE_OK || answer == TEMPLATE_FAULTY);
	promise(face_text(&seed.report, source, size, &text, &again) == answer);
	promise(face_html(&seed.report, source, size, &html, &again) == answer);
	if (answer == TEMPLATE_FAULTY) {
		check_fault(&fault, source, size);
		promise(fault.line == again.line && fault.column == again.column);
		promise(text.length == 0 && html.length == 0);
	} else {
		check_utf8(&text);
		check_utf8(&html);
	}
	read_raw(source, size);
	return 0;
}
