/* SPDX-License-Identifier: MIT */
/*
 * Kinds of sheets
 *
 * libcyaml reads the file into the structs of the header; then each sheet is bound to the contract.
 * libcyaml keeps no positions, so a mistake found while binding is looked up in the text again.
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

/* A catalogue being bound; `sheet` and `column` are where, null outside of them. */
struct binding {
	const char *yaml;
	const struct sheet_catalogue *catalogue;
	const struct sheet *sheet;
	const struct sheet_column *column;
	struct sheet_catalogue_fault fault;
};

/* Comments become blanks, so that nothing is found in them. */
static void comments_blank(char *yaml) {
	bool comment = false;

	for (char *c = yaml; *c; c++) {
		comment = *c != '\n' && (comment || (*c == '#' && (c == yaml || strchr(" \t\n", c[-1]))));
		if (comment)
			*c = ' ';
	}
}

/* Behind the next `key: value` from `yaml` on, or `yaml` itself when there is none. */
static const char *find_entry(const char *yaml, const char *key, const char *value) {
	size_t length = strlen(value);

	for (const char *at = yaml; (at = strstr(at, key)); at++) {
		const char *start = at + strlen(key);

		if ((at > yaml && !strchr(" \t\n,{-", at[-1])) || *start != ':')
			continue;
		start += 1 + strspn(start + 1, " \t\"'");
		if (strncmp(start, value, length) == 0 && strchr(" \t\r\n,}]\"'", start[length]))
			return start + length;
	}
	return yaml;
}

__attribute__((format(printf, 4, 5))) static int wrong_at(
    struct binding *binding, const char *key, const char *value, const char *format, ...) {
	const char *at = binding->yaml;
	size_t used = 0;
	va_list arguments;

	if (binding->sheet) {
		at = find_entry(at, "file", binding->sheet->file);
		used = (size_t)snprintf(binding->fault.text, sizeof(binding->fault.text), "sheet \"%s\"%s",
		    binding->sheet->file, binding->column ? "" : ": ");
	}
	if (binding->column) {
		at = find_entry(at, "name", binding->column->name);
		used += (size_t)snprintf(binding->fault.text + used, sizeof(binding->fault.text) - used,
		    ", column \"%s\": ", binding->column->name);
	}
	at = find_entry(at, key, value);
	binding->fault.line = 1;
	for (const char *c = binding->yaml; c < at; c++)
		binding->fault.line += *c == '\n';
	if (used < sizeof(binding->fault.text)) {
		va_start(arguments, format);
		vsnprintf(
		    binding->fault.text + used, sizeof(binding->fault.text) - used, format, arguments);
		va_end(arguments);
	}
	return SHEET_CATALOGUE_WRONG;
}

static bool type_fits(enum sheet_type type, const ProtobufCFieldDescriptor *field) {
	if (field->label == PROTOBUF_C_LABEL_REPEATED)
		return false;
	switch (type) {
	case SHEET_TEXT: return field->type == PROTOBUF_C_TYPE_STRING;
	case SHEET_DAY:
	case SHEET_PERCENT: return field->type == PROTOBUF_C_TYPE_UINT32;
	case SHEET_STAMP: return field->type == PROTOBUF_C_TYPE_UINT64;
	case SHEET_NUMBER:
		return field->type == PROTOBUF_C_TYPE_UINT32 || field->type == PROTOBUF_C_TYPE_UINT64;
	case SHEET_FLAG: return field->type == PROTOBUF_C_TYPE_BOOL;
	case SHEET_CHOICE:
		return field->type == PROTOBUF_C_TYPE_ENUM || field->type == PROTOBUF_C_TYPE_STRING;
	default: return false;
	}
}

static int bind_choice(struct binding *binding, struct sheet_choice *choice) {
	const ProtobufCFieldDescriptor *field = binding->column->descriptor;
	const ProtobufCEnumValue *value;

	if (sheet_choice_find(binding->column, choice->text, strlen(choice->text)) != choice)
		return wrong_at(binding, "text", choice->text, "choice \"%s\" stands twice", choice->text);
	choice->number = 0;
	if (field->type == PROTOBUF_C_TYPE_STRING)
		return SHEET_CATALOGUE_OK;
	value = protobuf_c_enum_descriptor_get_value_by_name(field->descriptor, choice->value);
	if (!value)
		return wrong_at(binding, "value", choice->value, "field \"%s\" has no value \"%s\"",
		    field->name, choice->value);
	choice->number = value->value;
	return SHEET_CATALOGUE_OK;
}

static int bind_column(struct binding *binding, struct sheet_column *column) {
	const struct sheet *sheet = binding->sheet;
	int r = SHEET_CATALOGUE_OK;

	if (sheet_column_of_name(sheet, column->name, strlen(column->name)) != column)
		return wrong_at(binding, "name", column->name, "the column stands twice");
	if (sheet_column_of_field(sheet, column->field) != column)
		return wrong_at(
		    binding, "field", column->field, "field \"%s\" has a column already", column->field);
	column->descriptor =
	    protobuf_c_message_descriptor_get_field_by_name(sheet->message, column->field);
	if (!column->descriptor)
		return wrong_at(binding, "field", column->field, "%s has no field \"%s\"", sheet->record,
		    column->field);
	if (!type_fits(column->type, column->descriptor))
		return wrong_at(binding, "type", type_names[column->type].str,
		    "type \"%s\" does not fit field \"%s\"", type_names[column->type].str, column->field);
	if ((column->type == SHEET_CHOICE) != (column->choices_count > 0))
		return wrong_at(binding, "type", type_names[column->type].str,
		    "a column has choices if and only if its type is \"choice\"");
	for (size_t i = 0; i < column->choices_count && r == SHEET_CATALOGUE_OK; i++)
		r = bind_choice(binding, &column->choices[i]);
	return r;
}

/* The sheet named `file` up to and including the one at hand. */
static const struct sheet *find_bound(const struct binding *binding, const char *file) {
	for (const struct sheet *sheet = binding->catalogue->sheets; sheet <= binding->sheet; sheet++) {
		if (strcmp(sheet->file, file) == 0)
			return sheet;
	}
	return NULL;
}

static int bind_reference(struct binding *binding, struct sheet_reference *reference) {
	const ProtobufCEnumValue *reason =
	    protobuf_c_enum_descriptor_get_value_by_name(&fault__reason__descriptor, reference->reason);

	if (!reason)
		return wrong_at(binding, "reason", reference->reason, "there is no fault reason \"%s\"",
		    reference->reason);
	reference->number = (Fault__Reason)reason->value;
	reference->target = find_bound(binding, reference->sheet);
	if (!reference->target)
		return wrong_at(binding, "sheet", reference->sheet,
		    "the sheet \"%s\" that it refers to does not stand above it", reference->sheet);
	return SHEET_CATALOGUE_OK;
}

/* A key that may be empty would make all rows without one the same. */
static int check_key(struct binding *binding) {
	const struct sheet *sheet = binding->sheet;
	bool keyed = false, required = false;

	for (size_t i = 0; i < sheet->columns_count; i++) {
		keyed = keyed || sheet->columns[i].key;
		required = required || (sheet->columns[i].key && sheet->columns[i].required);
	}
	if (keyed && !required)
		return wrong_at(binding, "columns", "", "none of the key columns is required");
	return SHEET_CATALOGUE_OK;
}

static int bind_method(struct binding *binding, struct sheet *sheet) {
	sheet->call = contract_find(sheet->method);
	if (!sheet->call)
		return wrong_at(
		    binding, "method", sheet->method, "there is no method \"%s\"", sheet->method);
	sheet->message = contract_message(sheet->record);
	if (!sheet->message)
		return wrong_at(
		    binding, "record", sheet->record, "there is no message \"%s\"", sheet->record);
	sheet->records =
	    protobuf_c_message_descriptor_get_field_by_name(sheet->call->request, "records");
	if (!sheet->records || sheet->records->label != PROTOBUF_C_LABEL_REPEATED ||
	    sheet->records->type != PROTOBUF_C_TYPE_MESSAGE ||
	    sheet->records->descriptor != sheet->message)
		return wrong_at(binding, "record", sheet->record, "\"%s\" does not take records of %s",
		    sheet->method, sheet->record);
	return SHEET_CATALOGUE_OK;
}

static int bind_sheet(struct binding *binding, struct sheet *sheet) {
	int r;

	binding->sheet = sheet;
	binding->column = NULL;
	if (sheet->file[strspn(sheet->file, "abcdefghijklmnopqrstuvwxyz0123456789-")])
		return wrong_at(binding, "file", sheet->file, "a file is named with a-z, 0-9 and - only");
	if (find_bound(binding, sheet->file) != sheet)
		return wrong_at(binding, "file", sheet->file, "the sheet stands twice");
	r = bind_method(binding, sheet);
	for (size_t i = 0; i < sheet->references_count && r == SHEET_CATALOGUE_OK; i++)
		r = bind_reference(binding, &sheet->references[i]);
	if (r == SHEET_CATALOGUE_OK)
		r = check_key(binding);
	for (size_t i = 0; i < sheet->columns_count && r == SHEET_CATALOGUE_OK; i++) {
		binding->column = &sheet->columns[i];
		r = bind_column(binding, &sheet->columns[i]);
	}
	return r;
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
	struct binding binding = { .yaml = yaml };
	cyaml_err_t error;

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
	comments_blank(yaml);
	binding.catalogue = catalogue;
	for (size_t i = 0; i < catalogue->sheets_count; i++) {
		if (bind_sheet(&binding, &catalogue->sheets[i]) != SHEET_CATALOGUE_OK) {
			*ret_fault = binding.fault;
			return SHEET_CATALOGUE_WRONG;
		}
	}
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
