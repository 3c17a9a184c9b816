/* SPDX-License-Identifier: MIT */
/*
 * Kinds of sheets
 *
 * libcyaml reads the file into the structs of the header; then each sheet is bound to the contract.
 */
#include "services/cli/import/sheet.h"

#include <cyaml/cyaml.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <utf8proc.h>

#include "common/base/file.h"
#include "services/cli/import/sheet_bind.h"

static const cyaml_strval_t type_names[] = {
	{ "text", SHEET_TEXT },
	{ "day", SHEET_DAY },
	{ "stamp", SHEET_STAMP },
	{ "number", SHEET_NUMBER },
	{ "flag", SHEET_FLAG },
	{ "choice", SHEET_CHOICE },
	{ "percent", SHEET_PERCENT },
};

/* libcyaml's own bool takes any word for true, also a mistyped "flase". */
static const cyaml_strval_t bool_names[] = { { "false", false }, { "true", true } };

#define NAME(key, owner, member)                                                                   \
	CYAML_FIELD_STRING_PTR(key, CYAML_FLAG_POINTER, owner, member, 1, SHEET_NAME_MAX)
#define BOOLEAN(key, owner, member)                                                                \
	CYAML_FIELD_ENUM(key, CYAML_FLAG_OPTIONAL | CYAML_FLAG_STRICT, owner, member, bool_names,      \
	    LENGTH_OF(bool_names))

static const cyaml_schema_field_t choice_fields[] = {
	NAME("text", struct sheet_choice, text),
	NAME("value", struct sheet_choice, value),
	CYAML_FIELD_END,
};

static const cyaml_schema_value_t choice_schema = {
	CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct sheet_choice, choice_fields),
};

static const cyaml_schema_field_t column_fields[] = {
	NAME("name", struct sheet_column, name),
	NAME("field", struct sheet_column, field),
	CYAML_FIELD_ENUM(
	    "type", CYAML_FLAG_STRICT, struct sheet_column, type, type_names, LENGTH_OF(type_names)),
	BOOLEAN("required", struct sheet_column, required),
	BOOLEAN("key", struct sheet_column, key),
	CYAML_FIELD_SEQUENCE("choices", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct sheet_column,
	    choices, &choice_schema, 1, SHEET_CHOICES_MAX),
	CYAML_FIELD_END,
};

static const cyaml_schema_value_t column_schema = {
	CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct sheet_column, column_fields),
};

static const cyaml_schema_field_t reference_fields[] = {
	NAME("reason", struct sheet_reference, reason),
	NAME("sheet", struct sheet_reference, sheet),
	CYAML_FIELD_END,
};

static const cyaml_schema_value_t reference_schema = {
	CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct sheet_reference, reference_fields),
};

static const cyaml_schema_field_t title_fields[] = {
	NAME("vi", struct sheet_title, vi),
	NAME("en", struct sheet_title, en),
	CYAML_FIELD_END,
};

static const cyaml_schema_field_t sheet_fields[] = {
	NAME("file", struct sheet, file),
	CYAML_FIELD_MAPPING("title", CYAML_FLAG_DEFAULT, struct sheet, title, title_fields),
	NAME("method", struct sheet, method),
	NAME("record", struct sheet, record),
	BOOLEAN("catalogue", struct sheet, catalogue),
	CYAML_FIELD_SEQUENCE("references", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct sheet,
	    references, &reference_schema, 1, SHEET_SHEETS_MAX),
	CYAML_FIELD_SEQUENCE(
	    "columns", CYAML_FLAG_POINTER, struct sheet, columns, &column_schema, 1, SHEET_COLUMNS_MAX),
	CYAML_FIELD_END,
};

static const cyaml_schema_value_t sheet_schema = {
	CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct sheet, sheet_fields),
};

static const cyaml_schema_field_t catalogue_fields[] = {
	CYAML_FIELD_SEQUENCE("sheets", CYAML_FLAG_POINTER, struct sheet_catalogue, sheets,
	    &sheet_schema, 1, SHEET_SHEETS_MAX),
	CYAML_FIELD_END,
};

static const cyaml_schema_value_t catalogue_schema = {
	CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, struct sheet_catalogue, catalogue_fields),
};

/* Takes libcyaml's first message and, of the backtrace that follows it, the lowest place. */
static void keep_message(cyaml_log_t level, void *context, const char *format, va_list arguments) {
	struct sheet_catalogue_fault *fault = context;
	char message[sizeof(fault->text)];
	const char *place;

	(void)level;
	vsnprintf(message, sizeof(message), format, arguments);
	message[strcspn(message, "\n")] = '\0';
	place = strstr(message, "(line: ");
	if (strncmp(message, "  in ", 5) == 0 && place) {
		unsigned line = (unsigned)strtoul(place + 7, NULL, 10);

		fault->line = line > fault->line ? line : fault->line;
	} else if (!fault->text[0] && !strstr(message, "Backtrace")) {
		snprintf(fault->text, sizeof(fault->text), "%s",
		    strncmp(message, "Load: ", 6) == 0 ? message + 6 : message);
	}
}

static const cyaml_config_t free_config = { .mem_fn = cyaml_mem };

void sheet_catalogue_free(struct sheet_catalogue *catalogue) {
	if (catalogue)
		cyaml_free(&free_config, &catalogue_schema, catalogue, 0);
}

void sheet_catalogue_freep(struct sheet_catalogue **catalogue) {
	sheet_catalogue_free(*catalogue);
	*catalogue = NULL;
}

static int refuse_yaml(cyaml_err_t error, struct sheet_catalogue_fault *fault,
    struct sheet_catalogue_fault *ret_fault) {
	if (error == CYAML_ERR_OOM)
		return failed_here(-ENOMEM);
	if (!fault->text[0])
		snprintf(fault->text, sizeof(fault->text), "%s", cyaml_strerror(error));
	*ret_fault = *fault;
	return SHEET_CATALOGUE_WRONG;
}

int sheet_catalogue_load_bytes(const char *bytes, size_t size,
    struct sheet_catalogue **ret_catalogue, struct sheet_catalogue_fault *ret_fault) {
	AUTO(sheet_catalogue_freep) struct sheet_catalogue *catalogue = NULL;
	AUTO(heap_freep) char *yaml = strndup(size ? bytes : "", size);
	struct sheet_catalogue_fault fault = { 0 };
	cyaml_config_t config = {
		.log_fn = keep_message,
		.log_ctx = &fault,
		.log_level = CYAML_LOG_ERROR,
		.mem_fn = cyaml_mem,
		.flags = CYAML_CFG_NO_ALIAS,
	};
	cyaml_err_t error;
	int r;

	if (!yaml)
		return failed_here(-ENOMEM);
	error = cyaml_load_data((const uint8_t *)yaml, strlen(yaml), &config, &catalogue_schema,
	    (cyaml_data_t **)&catalogue, NULL);
	if (error != CYAML_OK)
		return refuse_yaml(error, &fault, ret_fault);
	if (!catalogue) {
		*ret_fault = (struct sheet_catalogue_fault) { .text = "the file is empty" };
		return SHEET_CATALOGUE_WRONG;
	}
	r = sheet_catalogue_bind(catalogue, yaml, ret_fault);
	if (r != SHEET_CATALOGUE_OK)
		return r;
	*ret_catalogue = catalogue;
	catalogue = NULL;
	return SHEET_CATALOGUE_OK;
}

int sheet_catalogue_load(const char *path, struct sheet_catalogue **ret_catalogue,
    struct sheet_catalogue_fault *ret_fault) {
	AUTO(heap_freep) char *bytes = NULL;
	size_t size;
	int r = file_read(path, SHEET_CATALOGUE_MAX, &bytes, &size);

	if (r < 0)
		return failed_below(r);
	r = sheet_catalogue_load_bytes(bytes, size, ret_catalogue, ret_fault);
	return r < 0 ? failed_below(r) : r;
}

/* Whether `rest`, what a stem has behind a sheet's name, was added by people or browsers: another
 * word after a hyphen would be another name. */
static bool is_addition(const char *rest, size_t length) {
	if (length == 0 || strchr(" _(", rest[0]))
		return true;
	return length > 1 && strchr("-.", rest[0]) && rest[1] >= '0' && rest[1] <= '9';
}

const struct sheet *sheet_catalogue_find(
    const struct sheet_catalogue *catalogue, const char *path) {
	const char *name = strrchr(path, '/') ? strrchr(path, '/') + 1 : path;
	const char *dot = strrchr(name, '.');
	size_t length = dot && dot > name ? (size_t)(dot - name) : strlen(name);
	const struct sheet *best = NULL;

	for (size_t i = 0; i < catalogue->sheets_count; i++) {
		const struct sheet *sheet = &catalogue->sheets[i];
		size_t known = strlen(sheet->file);

		if (known <= length && strncasecmp(name, sheet->file, known) == 0 &&
		    is_addition(name + known, length - known) && (!best || known > strlen(best->file)))
			best = sheet;
	}
	return best;
}

const char *sheet_type_name(enum sheet_type type) {
	return type_names[type].str;
}

const struct sheet_column *sheet_column_of_name(
    const struct sheet *sheet, const char *name, size_t length) {
	for (size_t i = 0; i < sheet->columns_count; i++) {
		const struct sheet_column *column = &sheet->columns[i];

		if (sheet_text_is(name, length, column->name, strlen(column->name)))
			return column;
	}
	return NULL;
}

const struct sheet_column *sheet_column_of_field(const struct sheet *sheet, const char *field) {
	for (size_t i = 0; i < sheet->columns_count; i++) {
		if (strcmp(sheet->columns[i].field, field) == 0)
			return &sheet->columns[i];
	}
	return NULL;
}

const struct sheet_choice *sheet_choice_find(
    const struct sheet_column *column, const char *text, size_t length) {
	for (size_t i = 0; i < column->choices_count; i++) {
		const struct sheet_choice *choice = &column->choices[i];

		if (sheet_text_is(text, length, choice->text, strlen(choice->text)))
			return choice;
	}
	return NULL;
}

static bool is_ascii(const char *text, size_t length) {
	for (size_t i = 0; i < length; i++) {
		if ((unsigned char)text[i] >= 0x80)
			return false;
	}
	return true;
}

bool sheet_text_is(const char *text, size_t length, const char *other, size_t other_length) {
	const utf8proc_option_t folding = UTF8PROC_STABLE | UTF8PROC_DECOMPOSE | UTF8PROC_CASEFOLD;
	utf8proc_int32_t folded[2][SHEET_NAME_MAX * 4];
	utf8proc_ssize_t count, other_count;

	if (length == other_length && strncasecmp(text, other, length) == 0)
		return true;
	if (is_ascii(text, length))
		return false;
	count = utf8proc_decompose((const utf8proc_uint8_t *)text, (utf8proc_ssize_t)length, folded[0],
	    LENGTH_OF(folded[0]), folding);
	other_count = utf8proc_decompose((const utf8proc_uint8_t *)other,
	    (utf8proc_ssize_t)other_length, folded[1], LENGTH_OF(folded[1]), folding);
	return count > 0 && count == other_count && count <= (utf8proc_ssize_t)LENGTH_OF(folded[0]) &&
	       memcmp(folded[0], folded[1], (size_t)count * sizeof(folded[0][0])) == 0;
}
