/* SPDX-License-Identifier: MIT */
/*
 * Text builder
 *
 * A growing, always terminated text on the heap. The first allocation that fails is remembered and
 * later additions do nothing, so a writer adds freely and asks once at the end (text_failed).
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "common/base/error.h"

struct text {
	char *bytes; /* terminated; null while empty */
	size_t length;
	size_t capacity;
	bool failed;
};

#define TEXT_NULL ((struct text) { .bytes = NULL })

void text_deinit(struct text *text);

/* Forget the content, keep the memory. */
void text_clear(struct text *text);

void text_add(struct text *text, const char *addition);
void text_add_bytes(struct text *text, const char *bytes, size_t length);
void text_add_char(struct text *text, char c);
void text_format(struct text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Add `addition` with & < > " ' as entities. */
void text_add_html(struct text *text, const char *addition);

/* The content, "" when empty; borrowed until the next change. */
const char *text_get(const struct text *text);

static inline bool text_failed(const struct text *text) {
	return text->failed;
}
