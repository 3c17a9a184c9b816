/* SPDX-License-Identifier: MIT */
#include "services/reporting/outline_tidy.h"

#include <string.h>
#include <utf8proc.h>

/* The text being made. `last` is its last character in sight when that stands outside values: bold
 * signs are not in sight, and in a value nothing is touched. */
struct tidier {
	struct text *out;
	char last;
	size_t last_at;
	bool blank; /* one is due before the next character in sight */
	bool bold;  /* a bold sign is open */
};

static bool is_blank(char c) {
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static bool is_bold_sign(const char *c, const char *limit) {
	return limit - c >= 2 && c[0] == '*' && c[1] == '*';
}

/* Where the value at `c` ends; `limit` when it does not, which outline_add_value() never writes. */
static const char *value_end(const char *c, const char *limit) {
	const char *close = memchr(c, VALUE_CLOSE, (size_t)(limit - c));

	return close ? close + 1 : limit;
}

static bool value_is_empty(const char *c, const char *end) {
	const char *named = memchr(c, VALUE_NAMED, (size_t)(end - c));

	return !named || named + 1 >= end || *(named + 1) == VALUE_CLOSE;
}

static void put_blank(struct tidier *tidier) {
	if (tidier->blank && tidier->out->length > 0 && tidier->last != '(' && tidier->last != ' ') {
		text_add_char(tidier->out, ' ');
		tidier->last = ' ';
	}
	tidier->blank = false;
}

static int strength(char c) {
	switch (c) {
	case ',': return 1;
	case ';': return 2;
	case '.': return 3;
	default: return 0;
	}
}

/* Two signs between which a condition left nothing: the stronger one stays. */
static bool signs_meet(const struct tidier *tidier, char c) {
	if (tidier->last == '.')
		return tidier->blank && strength(c) > 0;
	return (tidier->last == ',' || tidier->last == ';') && strength(c) > 0;
}

static void put(struct tidier *tidier, char c) {
	if (signs_meet(tidier, c)) {
		if (strength(c) > strength(tidier->last))
			tidier->out->bytes[tidier->last_at] = tidier->last = c;
		tidier->blank = false;
		return;
	}
	if (strchr(",.;:)", c) && (tidier->last != '\0' || tidier->out->length > 0))
		tidier->blank = false;
	put_blank(tidier);
	tidier->last = c;
	tidier->last_at = tidier->out->length;
	text_add_char(tidier->out, c);
}

static void tidy(struct tidier *tidier, const char *c, const char *limit) {
	while (c < limit && !text_failed(tidier->out)) {
		const char *end = c + 1;

		if (*c == VALUE_OPEN) {
			end = value_end(c, limit);
			if (!value_is_empty(c, end)) {
				put_blank(tidier);
				text_add_bytes(tidier->out, c, (size_t)(end - c));
				tidier->last = '\0';
			}
		} else if (is_bold_sign(c, limit)) {
			end = c + 2;
			if (!tidier->bold)
				put_blank(tidier);
			tidier->bold = !tidier->bold;
			text_add_bytes(tidier->out, c, 2);
		} else if (is_blank(*c))
			tidier->blank = true;
		else if (*c != VALUE_NAMED && *c != VALUE_CLOSE && *c != '\0')
			put(tidier, *c);
		c = end;
	}
}

static bool has_letter(const char *c, const char *limit) {
	while (c < limit) {
		utf8proc_int32_t point;
		utf8proc_ssize_t step = utf8proc_iterate((const utf8proc_uint8_t *)c, limit - c, &point);
		utf8proc_category_t category;

		if (*c == VALUE_OPEN)
			return true;
		if (step <= 0) {
			c++;
			continue;
		}
		category = utf8proc_category(point);
		if (category >= UTF8PROC_CATEGORY_LU && category <= UTF8PROC_CATEGORY_NO &&
		    (category < UTF8PROC_CATEGORY_MN || category > UTF8PROC_CATEGORY_ME))
			return true;
		c += step;
	}
	return false;
}

static size_t count_bold_signs(const char *c, const char *limit) {
	size_t count = 0;

	while (c < limit) {
		if (is_bold_sign(c, limit)) {
			count++;
			c += 2;
		} else
			c = *c == VALUE_OPEN ? value_end(c, limit) : c + 1;
	}
	return count;
}

/* Spans being cut. */
struct cutter {
	struct arena *arena;
	struct outline_span *first;
	struct outline_span **end;
	bool bold;
};

static int add_span(
    struct cutter *cutter, const char *name, size_t name_length, const char *text, size_t length) {
	struct outline_span *span;

	if (length == 0)
		return 0;
	span = arena_alloc(cutter->arena, sizeof(*span));
	if (!span)
		return failed_here(-ENOMEM);
	span->text = arena_copy_text(cutter->arena, text, length);
	span->name = name_length > 0 ? arena_copy_text(cutter->arena, name, name_length) : "";
	span->bold = cutter->bold;
	if (!span->text || !span->name)
		return failed_here(-ENOMEM);
	*cutter->end = span;
	cutter->end = &span->next;
	return 0;
}

static int add_value_span(struct cutter *cutter, const char *c, const char *end) {
	const char *named = memchr(c, VALUE_NAMED, (size_t)(end - c));

	return add_span(cutter, c + 1, (size_t)(named - c - 1), named + 1, (size_t)(end - named - 2));
}

static int cut(struct cutter *cutter, const char *c, const char *limit) {
	size_t signs = count_bold_signs(c, limit) & ~(size_t)1; /* a last one without partner is text */
	const char *text = c;
	int r = 0;

	while (c < limit && r == 0) {
		bool value = *c == VALUE_OPEN;
		bool sign = signs > 0 && is_bold_sign(c, limit);
		const char *end = value ? value_end(c, limit) : sign ? c + 2 : c + 1;

		if (value || sign) {
			r = add_span(cutter, "", 0, text, (size_t)(c - text));
			text = end;
		}
		if (r == 0 && value)
			r = add_value_span(cutter, c, end);
		if (sign) {
			cutter->bold = !cutter->bold;
			signs--;
		}
		c = end;
	}
	return r == 0 ? add_span(cutter, "", 0, text, (size_t)(limit - text)) : r;
}

int outline_tidy(struct arena *arena, const char *text, size_t length, struct text *scratch,
    struct outline_span **ret_spans) {
	struct tidier tidier = { .out = scratch };
	struct cutter cutter = { .arena = arena };
	const char *limit;
	int r;

	cutter.end = &cutter.first;
	text_clear(scratch);
	tidy(&tidier, text, text + length);
	if (text_failed(scratch))
		return failed_here(-ENOMEM);
	text = text_get(scratch);
	limit = text + scratch->length;
	if (has_letter(text, limit)) {
		r = cut(&cutter, text, limit);
		if (r < 0)
			return failed_below(r);
	}
	*ret_spans = cutter.first;
	return 0;
}
