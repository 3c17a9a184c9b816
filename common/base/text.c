/* SPDX-License-Identifier: MIT */
#include "common/base/text.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void text_deinit(struct text *text) {
	free(text->bytes);
	*text = TEXT_NULL;
}

void text_clear(struct text *text) {
	text->length = 0;
	text->failed = false;
	if (text->bytes)
		text->bytes[0] = '\0';
}

static bool reserve(struct text *text, size_t more) {
	size_t needed = text->length + more + 1;
	size_t capacity = text->capacity ? text->capacity : 256;
	char *bytes;

	if (text->failed)
		return false;
	if (needed <= text->capacity)
		return true;
	while (capacity < needed)
		capacity *= 2;
	bytes = realloc(text->bytes, capacity);
	if (!bytes) {
		text->failed = true;
		return false;
	}
	text->bytes = bytes;
	text->capacity = capacity;
	return true;
}

void text_add_bytes(struct text *text, const char *bytes, size_t length) {
	if (!reserve(text, length))
		return;
	memcpy(text->bytes + text->length, bytes, length);
	text->length += length;
	text->bytes[text->length] = '\0';
}

void text_add(struct text *text, const char *addition) {
	text_add_bytes(text, addition, strlen(addition));
}

void text_add_char(struct text *text, char c) {
	text_add_bytes(text, &c, 1);
}

void text_format(struct text *text, const char *format, ...) {
	va_list arguments;
	va_list again;
	int length;

	va_start(arguments, format);
	va_copy(again, arguments);
	length = vsnprintf(NULL, 0, format, arguments);
	va_end(arguments);
	if (length < 0)
		text->failed = true;
	else if (reserve(text, (size_t)length)) {
		vsnprintf(text->bytes + text->length, (size_t)length + 1, format, again);
		text->length += (size_t)length;
	}
	va_end(again);
}

void text_add_html(struct text *text, const char *addition) {
	for (const char *c = addition; *c;) {
		size_t plain = strcspn(c, "&<>\"'");

		text_add_bytes(text, c, plain);
		c += plain;
		switch (*c) {
		case '&': text_add(text, "&amp;"); break;
		case '<': text_add(text, "&lt;"); break;
		case '>': text_add(text, "&gt;"); break;
		case '"': text_add(text, "&quot;"); break;
		case '\'': text_add(text, "&#39;"); break;
		default: return;
		}
		c++;
	}
}

const char *text_get(const struct text *text) {
	return text->bytes ? text->bytes : "";
}
