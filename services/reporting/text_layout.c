/* SPDX-License-Identifier: MIT */
#include "services/reporting/text_layout.h"

#include <stdbool.h>
#include <string.h>
#include <utf8proc.h>

size_t layout_width(const char *text, size_t length) {
	utf8proc_ssize_t left = (utf8proc_ssize_t)length;
	size_t width = 0;

	while (left > 0) {
		utf8proc_int32_t point;
		utf8proc_ssize_t step = utf8proc_iterate((const utf8proc_uint8_t *)text, left, &point);

		if (step <= 0 || point == LAYOUT_GLUE) {
			step = 1;
			width++;
		} else
			width += (size_t)utf8proc_charwidth(point);
		text += step;
		left -= step;
	}
	return width;
}

static void add_blanks(struct text *out, size_t count) {
	while (count-- > 0)
		text_add_char(out, ' ');
}

/* What would break a line or a terminal becomes a blank. */
static void add_printable(struct text *out, const char *text, size_t length) {
	for (size_t i = 0; i < length; i++) {
		unsigned char c = (unsigned char)text[i];

		text_add_char(out, c < 0x20 || c == 0x7f ? ' ' : text[i]);
	}
}

/* The bytes of `text` that fit into `width` columns, cut at the last blank; the whole first word
 * when not even that fits. */
static size_t line_length(const char *text, size_t width) {
	size_t length = strcspn(text, " ");

	for (;;) {
		size_t next = length + strspn(text + length, " ");

		if (text[next] == '\0')
			return length;
		next += strcspn(text + next, " ");
		if (layout_width(text, next) > width)
			return length;
		length = next;
	}
}

void layout_add(struct text *out, const struct layout *layout, const char *text) {
	size_t indent = layout->first;

	text += strspn(text, " ");
	while (*text != '\0' && !text_failed(out)) {
		size_t room = layout->width > indent ? layout->width - indent : 1;
		size_t length = line_length(text, room);
		size_t width = layout_width(text, length);

		if (layout->align == LAYOUT_CENTRE && width < room)
			indent += (room - width) / 2;
		add_blanks(out, indent);
		add_printable(out, text, length);
		text_add_char(out, '\n');
		text += length;
		text += strspn(text, " ");
		indent = layout->others;
	}
}

void layout_pad_left(struct text *out, const char *text, size_t width) {
	size_t taken = layout_width(text, strlen(text));

	add_printable(out, text, strlen(text));
	add_blanks(out, taken < width ? width - taken : 0);
}

void layout_pad_right(struct text *out, const char *text, size_t width) {
	size_t taken = layout_width(text, strlen(text));

	add_blanks(out, taken < width ? width - taken : 0);
	add_printable(out, text, strlen(text));
}

void layout_beside(struct text *out, const char *left, size_t width, const char *right) {
	while (*left != '\0' || *right != '\0') {
		size_t left_length = strcspn(left, "\n");
		size_t right_length = strcspn(right, "\n");
		size_t taken = layout_width(left, left_length);

		text_add_bytes(out, left, left_length);
		if (right_length > 0) {
			add_blanks(out, taken < width ? width - taken : 1);
			text_add_bytes(out, right, right_length);
		}
		text_add_char(out, '\n');
		left += left_length + (left[left_length] == '\n');
		right += right_length + (right[right_length] == '\n');
	}
}

void layout_rule(struct text *out, size_t width) {
	while (width-- > 0)
		text_add(out, "─");
	text_add_char(out, '\n');
}
