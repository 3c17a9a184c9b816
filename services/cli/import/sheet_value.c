/* SPDX-License-Identifier: MIT */
/*
 * Value of a cell
 */
#include "services/cli/import/sheet_value.h"

#include <inttypes.h>
#include <stdbool.h>
#include <string.h>

#include "common/base/error.h"
#include "common/calendar/day.h"

#define PERCENT_MAX 10000u /* hundredths */

#define GOOD FAULT__REASON__UNSPECIFIED

static bool is_digit(char c) {
	return c >= '0' && c <= '9';
}

static bool are_digits(const char *text, size_t length) {
	for (size_t i = 0; i < length; i++) {
		if (!is_digit(text[i]))
			return false;
	}
	return length > 0;
}

/* Whether the dots of a number stand before groups of exactly three digits, so that it cannot be
 * read as a decimal: "1.334", "12.000.000", not "0.334" or "1.33". */
static bool is_grouped(const char *text, size_t length) {
	size_t first = strcspn(text, ".");

	if (first == length)
		return are_digits(text, length);
	if (first > 3 || text[0] == '0' || (length - first) % 4 != 0 || !are_digits(text, first))
		return false;
	for (size_t i = first; i < length; i += 4) {
		if (text[i] != '.' || !are_digits(text + i + 1, 3))
			return false;
	}
	return true;
}

static Fault__Reason read_number(const struct csv_cell *cell, uint64_t max, uint64_t *ret_number) {
	bool negative = cell->text[0] == '-';
	uint64_t number = 0;

	if (!is_grouped(cell->text + negative, cell->length - negative))
		return FAULT__REASON__MALFORMED;
	if (negative)
		return FAULT__REASON__OUT_OF_RANGE;
	for (const char *c = cell->text; *c; c++) {
		unsigned digit = (unsigned)(*c - '0');

		if (*c == '.')
			continue;
		if (number > (max - digit) / 10)
			return FAULT__REASON__OUT_OF_RANGE;
		number = number * 10 + digit;
	}
	*ret_number = number;
	return GOOD;
}

static Fault__Reason read_percent(const struct csv_cell *cell, uint64_t *ret_number) {
	bool negative = cell->text[0] == '-';
	const char *text = cell->text + negative;
	size_t length = cell->length - negative;
	size_t whole, decimals;
	uint64_t number = 0;

	if (length > 0 && text[length - 1] == '%')
		length--;
	while (length > 0 && text[length - 1] == ' ')
		length--;
	whole = strcspn(text, ",.");
	whole = whole < length ? whole : length;
	decimals = whole < length ? length - whole - 1 : 0;
	if (!are_digits(text, whole) || decimals > 2 ||
	    (whole < length && !are_digits(text + whole + 1, decimals)))
		return FAULT__REASON__MALFORMED;
	for (size_t i = 0; i < whole; i++) {
		number = number * 10 + (uint64_t)(text[i] - '0');
		if (number > PERCENT_MAX)
			return FAULT__REASON__OUT_OF_RANGE;
	}
	for (size_t i = 0; i < 2; i++)
		number = number * 10 + (i < decimals ? (uint64_t)(text[whole + 1 + i] - '0') : 0);
	if (negative || number > PERCENT_MAX)
		return FAULT__REASON__OUT_OF_RANGE;
	*ret_number = number;
	return GOOD;
}

static Fault__Reason read_day(const struct csv_cell *cell, uint64_t *ret_number) {
	struct day day;
	int year, month, day_of_month;

	if (day_parse(cell->text, cell->length, &day) != DAY_OK)
		return FAULT__REASON__MALFORMED;
	day_split(day, &year, &month, &day_of_month);
	*ret_number = (uint64_t)(year * 10000 + month * 100 + day_of_month);
	return GOOD;
}

static const char flag_words[] = "0, 1";

static Fault__Reason read_flag(const struct csv_cell *cell, uint64_t *ret_number) {
	static const struct {
		const char *word;
		uint64_t number;
	} words[] = { { "0", 0 }, { "1", 1 }, { "x", 1 }, { "có", 1 }, { "không", 0 } };

	for (size_t i = 0; i < LENGTH_OF(words); i++) {
		if (sheet_text_is(cell->text, cell->length, words[i].word, strlen(words[i].word))) {
			*ret_number = words[i].number;
			return GOOD;
		}
	}
	return FAULT__REASON__OUT_OF_RANGE;
}

static Fault__Reason read_choice(
    const struct sheet_column *column, const struct csv_cell *cell, struct sheet_value *ret_value) {
	const struct sheet_choice *choice = sheet_choice_find(column, cell->text, cell->length);

	if (!choice)
		return FAULT__REASON__OUT_OF_RANGE;
	ret_value->text = choice->value;
	ret_value->length = strlen(choice->value);
	ret_value->number = (uint64_t)choice->number;
	return GOOD;
}

static uint64_t number_max(const struct sheet_column *column) {
	return column->descriptor->type == PROTOBUF_C_TYPE_UINT64 ? UINT64_MAX : UINT32_MAX;
}

static Fault__Reason read_filled(
    const struct sheet_column *column, const struct csv_cell *cell, struct sheet_value *ret_value) {
	switch (column->type) {
	case SHEET_TEXT:
		ret_value->text = cell->text;
		ret_value->length = cell->length;
		return cell->length > SHEET_TEXT_MAX ? FAULT__REASON__TOO_LONG : GOOD;
	case SHEET_DAY: return read_day(cell, &ret_value->number);
	case SHEET_STAMP:
		return stamp_parse(cell->text, cell->length, &ret_value->number) == DAY_OK
		           ? GOOD
		           : FAULT__REASON__MALFORMED;
	case SHEET_NUMBER: return read_number(cell, number_max(column), &ret_value->number);
	case SHEET_FLAG: return read_flag(cell, &ret_value->number);
	case SHEET_CHOICE: return read_choice(column, cell, ret_value);
	case SHEET_PERCENT: return read_percent(cell, &ret_value->number);
	default: return FAULT__REASON__MALFORMED;
	}
}

Fault__Reason sheet_value_read(
    const struct sheet_column *column, const struct csv_cell *cell, struct sheet_value *ret_value) {
	*ret_value = SHEET_VALUE_EMPTY;
	ret_value->cell = cell->text;
	if (cell->length > 0)
		return read_filled(column, cell, ret_value);
	return column->required ? FAULT__REASON__MISSING : GOOD;
}

void sheet_value_describe_limit(
    const struct sheet_column *column, Fault__Reason reason, struct text *detail) {
	text_clear(detail);
	if (reason == FAULT__REASON__TOO_LONG) {
		text_format(detail, "%u", SHEET_TEXT_MAX);
	} else if (reason == FAULT__REASON__OUT_OF_RANGE) {
		if (column->type == SHEET_NUMBER)
			text_format(detail, "0 – %" PRIu64, number_max(column));
		else if (column->type == SHEET_PERCENT)
			text_format(detail, "0 – %u", PERCENT_MAX / 100);
		else if (column->type == SHEET_FLAG)
			text_add(detail, flag_words);
		for (size_t i = 0; i < column->choices_count; i++)
			text_format(detail, "%s%s", i > 0 ? ", " : "", column->choices[i].text);
	}
}

void sheet_value_set(const struct sheet_value *value, const ProtobufCFieldDescriptor *field,
    ProtobufCMessage *record) {
	void *place = (char *)record + field->offset;

	switch (field->type) {
	case PROTOBUF_C_TYPE_UINT32: *(uint32_t *)place = (uint32_t)value->number; break;
	case PROTOBUF_C_TYPE_UINT64: *(uint64_t *)place = value->number; break;
	case PROTOBUF_C_TYPE_BOOL: *(protobuf_c_boolean *)place = value->number != 0; break;
	case PROTOBUF_C_TYPE_ENUM: *(int *)place = (int)value->number; break;
	default: break;
	}
}
