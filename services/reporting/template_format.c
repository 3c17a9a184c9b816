/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <utf8proc.h>

#include "services/reporting/template_program.h"

#define KIND(kind) (1u << (kind))
#define NUMBERS    (KIND(TEMPLATE_COUNT) | KIND(TEMPLATE_PLAIN))
#define SHARES     (KIND(TEMPLATE_RATE) | KIND(TEMPLATE_TARGET))

static const struct {
	const char *word;
	unsigned kinds;
} formats[FORMATS] = {
	[FORMAT_DEFAULT] = { "", ~0u },
	[FORMAT_COUNT] = { "so", NUMBERS },
	[FORMAT_TABLE] = { "so_bang", NUMBERS },
	[FORMAT_SHARE] = { "ty_le", SHARES },
	[FORMAT_SHORT] = { "gon", SHARES },
	[FORMAT_DAY] = { "ngay", KIND(TEMPLATE_DAY) },
	[FORMAT_UPPER] = { "hoa", KIND(TEMPLATE_TEXT) },
};

static const enum template_format defaults[] = {
	[TEMPLATE_TEXT] = FORMAT_DEFAULT,
	[TEMPLATE_COUNT] = FORMAT_COUNT,
	[TEMPLATE_PLAIN] = FORMAT_DEFAULT,
	[TEMPLATE_RATE] = FORMAT_SHARE,
	[TEMPLATE_TARGET] = FORMAT_SHARE,
	[TEMPLATE_DAY] = FORMAT_DAY,
};

enum template_format template_format_find(const char *word) {
	for (size_t i = FORMAT_DEFAULT + 1; i < FORMATS; i++) {
		if (strcmp(word, formats[i].word) == 0)
			return (enum template_format)i;
	}
	return FORMATS;
}

bool template_format_fits(enum template_format format, enum template_kind kind) {
	return (formats[format].kinds & KIND(kind)) != 0;
}

static void grouped_add(uint64_t number, struct text *out) {
	char digits[24];
	int length = snprintf(digits, sizeof(digits), "%" PRIu64, number);

	for (int i = 0; i < length; i++) {
		if (i > 0 && (length - i) % 3 == 0)
			text_add_char(out, '.');
		text_add_char(out, digits[i]);
	}
}

static uint64_t magnitude(int64_t number) {
	return number < 0 ? -(uint64_t)number : (uint64_t)number;
}

static void number_add(enum template_format format, int64_t number, struct text *out) {
	if (format == FORMAT_DEFAULT) {
		text_format(out, "%" PRId64, number);
		return;
	}
	if (number < 0)
		text_add_char(out, '-');
	if (format == FORMAT_COUNT && number != 0 && magnitude(number) < 10)
		text_add_char(out, '0');
	grouped_add(magnitude(number), out);
}

static void share_add(
    enum template_format format, const struct template_value *value, struct text *out) {
	uint64_t hundredths = magnitude(value->number);
	bool whole = hundredths % 100 == 0 && !value->rounded;

	if (value->none) {
		text_add(out, "không phát sinh");
		return;
	}
	if (value->number < 0)
		text_add_char(out, '-');
	grouped_add(hundredths / 100, out);
	if (!whole || (value->kind == TEMPLATE_RATE && format != FORMAT_SHORT))
		text_format(out, ",%02u", (unsigned)(hundredths % 100));
	text_add_char(out, '%');
}

static void upper_add(const char *text, struct text *out) {
	const utf8proc_uint8_t *bytes = (const utf8proc_uint8_t *)text;
	utf8proc_ssize_t left = (utf8proc_ssize_t)strlen(text);

	while (left > 0) {
		utf8proc_uint8_t upper[4];
		utf8proc_int32_t point;
		utf8proc_ssize_t step = utf8proc_iterate(bytes, left, &point);
		utf8proc_ssize_t length;

		if (step <= 0) {
			text_add_char(out, (char)*bytes);
			step = 1;
		} else {
			length = utf8proc_encode_char(utf8proc_toupper(point), upper);
			text_add_bytes(out, (const char *)upper, (size_t)length);
		}
		bytes += step;
		left -= step;
	}
}

void template_format_add(
    enum template_format format, const struct template_value *value, struct text *out) {
	char day[DAY_TEXT_SIZE];

	if (format == FORMAT_DEFAULT)
		format = defaults[value->kind];
	if (value->kind == TEMPLATE_RATE || value->kind == TEMPLATE_TARGET)
		share_add(format, value, out);
	else if (value->none)
		return;
	else if (value->kind == TEMPLATE_DAY)
		text_add(out, day_format_local(value->day, day));
	else if (value->kind != TEMPLATE_TEXT)
		number_add(format, value->number, out);
	else if (format == FORMAT_UPPER)
		upper_add(value->text, out);
	else
		text_add(out, value->text);
}
