/* SPDX-License-Identifier: MIT */
/*
 * Text in columns
 *
 * Lines of plain text counted in columns of a terminal: a letter with its marks is one column, a
 * full-width character two.
 */
#pragma once

#include <stddef.h>

#include "common/base/text.h"

/* Stands for a blank where a line may not end. */
#define LAYOUT_GLUE '\x1f'

struct layout {
	size_t width;  /* columns of a line */
	size_t first;  /* columns left blank before the first line, and */
	size_t others; /* before the others */
	enum { LAYOUT_LEFT, LAYOUT_CENTRE } align;
};

/* Columns that the first `length` bytes of `text` take. */
size_t layout_width(const char *text, size_t length);

/* Add `text` broken at blanks into lines, each with a line end. A word longer than a line stays
 * whole. */
void layout_add(struct text *out, const struct layout *layout, const char *text);

/* Add `text` and blanks up to `width` columns, or blanks first when `right` columns are wanted. */
void layout_pad_left(struct text *out, const char *text, size_t width);
void layout_pad_right(struct text *out, const char *text, size_t width);

/* Add two texts of lines side by side; the left one takes `width` columns. */
void layout_beside(struct text *out, const char *left, size_t width, const char *right);

/* Add `width` times a line's worth of rule, and a line end. */
void layout_rule(struct text *out, size_t width);
