/* SPDX-License-Identifier: MIT */
#include "services/reporting/outline.h"

#include <string.h>
#include <utf8proc.h>

#include "services/reporting/outline_tidy.h"
#include "services/reporting/template_program.h"

static const char *const head_keys[] = { "superior", "agency", "number", "place", "mark", NULL };
static const char *const sign_keys[] = { "authority", "position", "signer", NULL };

/* What begins a block. */
struct start {
	const char *word;
	enum outline_kind kind;
	unsigned level;
	bool alone;              /* nothing of the next line belongs to it */
	bool otherwise;          /* printed only below an empty heading */
	const char *const *keys; /* of the lines that follow */
};

static const struct start starts[] = {
	/* Words that begin like another one come first. */
	{ "#### ", OUTLINE_HEADING, 4, true, false, NULL },
	{ "### ", OUTLINE_HEADING, 3, true, false, NULL },
	{ "## ", OUTLINE_HEADING, 2, true, false, NULL },
	{ "# ", OUTLINE_TITLE, 1, true, false, NULL },
	{ "- ", OUTLINE_ITEM, 1, false, false, NULL },
	{ "+ ", OUTLINE_ITEM, 2, false, false, NULL },
	{ "@head", OUTLINE_HEAD, 0, true, false, head_keys },
	{ "@sign", OUTLINE_SIGN, 0, true, false, sign_keys },
	{ "@form ", OUTLINE_FORM, 0, true, false, NULL },
	{ "@coverage", OUTLINE_COVERAGE, 0, true, false, NULL },
	{ "@otherwise ", OUTLINE_PARAGRAPH, 0, false, true, NULL },
};

static const struct start paragraph = { "", OUTLINE_PARAGRAPH, 0, false, false, NULL };

struct line {
	const char *text; /* without blanks at either end */
	size_t length;
};

struct reading {
	struct arena *arena;
	struct text scratch;
	const char *at;
	const char *limit;
	struct outline_block *first;
	struct outline_block **end;
	struct outline_block *last;
};

static void reading_deinit(struct reading *reading) {
	text_deinit(&reading->scratch);
}

static bool is_blank(char c) {
	return c == ' ' || c == '\t' || c == '\r';
}

static struct line trimmed(const char *text, const char *end) {
	while (text < end && is_blank(*text))
		text++;
	while (end > text && is_blank(end[-1]))
		end--;
	return (struct line) { text, (size_t)(end - text) };
}

static struct line line_at(const char *at, const char *limit, const char **ret_next) {
	const char *end = at < limit ? memchr(at, '\n', (size_t)(limit - at)) : NULL;

	*ret_next = end ? end + 1 : limit;
	return trimmed(at, end ? end : limit);
}

static bool begins(struct line line, const char *word) {
	size_t length = strlen(word);

	return line.length >= length && memcmp(line.text, word, length) == 0;
}

/* A word without a blank behind it has to be the whole line; one with a blank may end with the
 * line, when a condition left nothing of what followed. */
static bool starts_with(struct line line, const char *word) {
	size_t length = strlen(word);

	if (word[length - 1] != ' ')
		return line.length == length && begins(line, word);
	return begins(line, word) ||
	       (line.length == length - 1 && memcmp(line.text, word, length - 1) == 0);
}

static const struct start *start_of(struct line line) {
	for (size_t i = 0; i < LENGTH_OF(starts); i++) {
		if (starts_with(line, starts[i].word))
			return &starts[i];
	}
	return &paragraph;
}

/* The key of a line `key: text` among `keys`, or null; *ret_text is what follows it. */
static const char *key_of(struct line line, const char *const *keys, struct line *ret_text) {
	for (; *keys; keys++) {
		size_t length = strlen(*keys);

		if (begins(line, *keys) && line.length > length && line.text[length] == ':') {
			*ret_text = trimmed(line.text + length + 1, line.text + line.length);
			return *keys;
		}
	}
	return NULL;
}

static int add_block(struct reading *reading, const struct start *start) {
	struct outline_block *block = arena_alloc(reading->arena, sizeof(*block));

	if (!block)
		return failed_here(-ENOMEM);
	block->kind = start->kind;
	block->level = start->level;
	*reading->end = reading->last = block;
	reading->end = &block->next;
	return 0;
}

static bool ends_fields(struct line line) {
	const struct start *start = start_of(line);

	return line.length == 0 || (start != &paragraph && start->kind != OUTLINE_ITEM);
}

static int read_fields(struct reading *reading, const struct start *start) {
	struct outline_field **end = &reading->last->fields;
	const char *next;
	int r = 0;

	while (reading->at < reading->limit && r == 0) {
		struct line line = line_at(reading->at, reading->limit, &next);
		struct line text = { NULL, 0 };
		struct outline_span *spans = NULL;
		const char *key;

		if (ends_fields(line))
			break;
		reading->at = next;
		key = key_of(line, start->keys, &text);
		if (!key && start->kind == OUTLINE_SIGN && begins(line, "- ")) {
			key = "-";
			text = (struct line) { line.text + 2, line.length - 2 };
		}
		if (!key)
			continue;
		r = outline_tidy(reading->arena, text.text, text.length, &reading->scratch, &spans);
		if (r < 0 || !spans)
			continue;
		*end = arena_alloc(reading->arena, sizeof(**end));
		if (!*end)
			return failed_here(-ENOMEM);
		(*end)->key = key;
		(*end)->text = spans;
		end = &(*end)->next;
	}
	return r;
}

/* The end of the block that begins at the line at hand: lines are joined until one is empty or
 * begins a block itself. */
static const char *block_end(const struct reading *reading, const struct start *start) {
	const char *next;
	struct line line = line_at(reading->at, reading->limit, &next);

	while (!start->alone && next < reading->limit) {
		const char *after;

		line = line_at(next, reading->limit, &after);
		if (line.length == 0 || start_of(line) != &paragraph)
			break;
		next = after;
	}
	return next;
}

static bool stands_alone(const struct reading *reading) {
	return !reading->last || reading->last->kind == OUTLINE_HEADING;
}

static int read_block(struct reading *reading, struct line line) {
	const struct start *start = start_of(line);
	const char *end = block_end(reading, start);
	size_t word = strlen(start->word);
	const char *text = line.text + (word < line.length ? word : line.length);
	struct outline_span *spans = NULL;
	bool bare = start->kind >= OUTLINE_HEAD && start->kind != OUTLINE_FORM;
	int r;

	reading->at = end;
	if (start->otherwise && !stands_alone(reading))
		return 0;
	r = outline_tidy(
	    reading->arena, text, text < end ? (size_t)(end - text) : 0, &reading->scratch, &spans);
	if (r < 0)
		return failed_below(r);
	if (!spans && !bare)
		return 0;
	r = add_block(reading, start);
	if (r < 0)
		return failed_below(r);
	reading->last->text = spans;
	return start->keys ? read_fields(reading, start) : 0;
}

int outline_read(
    struct arena *arena, const char *text, size_t length, struct outline_block **ret_blocks) {
	AUTO(reading_deinit)
	struct reading reading = { .arena = arena, .at = text, .limit = text + length };

	reading.end = &reading.first;
	while (reading.at < reading.limit) {
		const char *next;
		struct line line = line_at(reading.at, reading.limit, &next);
		int r = 0;

		if (line.length == 0)
			reading.at = next;
		else
			r = read_block(&reading, line);
		if (r < 0)
			return failed_below(r);
	}
	*ret_blocks = reading.first;
	return 0;
}

void outline_add_value(const char *name, const char *printed, struct text *out) {
	const utf8proc_uint8_t *bytes = (const utf8proc_uint8_t *)printed;
	utf8proc_ssize_t left = (utf8proc_ssize_t)strlen(printed);

	text_add_char(out, VALUE_OPEN);
	text_add(out, name);
	text_add_char(out, VALUE_NAMED);
	while (left > 0) {
		utf8proc_int32_t point;
		utf8proc_ssize_t step = utf8proc_iterate(bytes, left, &point);

		if (step <= 0)
			text_add(out, "\xef\xbf\xbd");
		else if (point < 0x20 || point == 0x7f)
			text_add_char(out, ' ');
		else
			text_add_bytes(out, (const char *)bytes, (size_t)step);
		step = step <= 0 ? 1 : step;
		bytes += step;
		left -= step;
	}
	text_add_char(out, VALUE_CLOSE);
}

static int fault_at(
    unsigned line, const char *text, size_t length, struct template_fault *ret_fault) {
	struct template_fault fault = { .reason = TEMPLATE_DIRECTIVE, .line = line, .column = 1 };

	template_fault_name(&fault, text, length);
	*ret_fault = fault;
	return TEMPLATE_FAULTY;
}

/* The forms that the faces can draw. */
static bool is_unknown_form(struct line line, const struct start *start) {
	static const char known[] = "@form II.06";

	return start->kind == OUTLINE_FORM &&
	       (line.length != strlen(known) || memcmp(line.text, known, line.length) != 0);
}

int outline_check(const char *source, size_t size, struct template_fault *ret_fault) {
	const char *limit = source + size;
	const char *const *keys = NULL;
	unsigned number = 1;

	for (const char *at = source; at < limit; number++) {
		struct line line = line_at(at, limit, &at);
		const struct start *start = start_of(line);
		struct line text;

		if (ends_fields(line))
			keys = start->keys;
		if (begins(line, "@") && (start == &paragraph || is_unknown_form(line, start)))
			return fault_at(number, line.text, line.length, ret_fault);
		if (keys && !start->keys && !begins(line, "- ") && !begins(line, "{{") &&
		    !begins(line, "%%") && !key_of(line, keys, &text))
			return fault_at(number, line.text, line.length, ret_fault);
	}
	return TEMPLATE_OK;
}

const struct outline_span *outline_field_find(const struct outline_block *block, const char *key) {
	for (const struct outline_field *field = block->fields; field; field = field->next) {
		if (strcmp(field->key, key) == 0)
			return field->text;
	}
	return NULL;
}

void outline_add_plain(const struct outline_span *spans, struct text *out) {
	for (const struct outline_span *span = spans; span; span = span->next)
		text_add(out, span->text);
}
