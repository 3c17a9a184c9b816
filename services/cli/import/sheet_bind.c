/* SPDX-License-Identifier: MIT */
/*
 * Binding of a catalogue to the contract
 *
 * libcyaml keeps no positions, so a mistake found here is looked up in the text again.
 */
#include "services/cli/import/sheet_bind.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

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
		return wrong_at(binding, "type", sheet_type_name(column->type),
		    "type \"%s\" does not fit field \"%s\"", sheet_type_name(column->type), column->field);
	if ((column->type == SHEET_CHOICE) != (column->choices_count > 0))
		return wrong_at(binding, "type", sheet_type_name(column->type),
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
	sheet->call = contract_find(&office_contract, sheet->method);
	if (!sheet->call)
		return wrong_at(
		    binding, "method", sheet->method, "there is no method \"%s\"", sheet->method);
	sheet->message = contract_message(&office_contract, sheet->record);
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

int sheet_catalogue_bind(
    struct sheet_catalogue *catalogue, char *yaml, struct sheet_catalogue_fault *ret_fault) {
	struct binding binding = { .yaml = yaml, .catalogue = catalogue };

	comments_blank(yaml);
	for (size_t i = 0; i < catalogue->sheets_count; i++) {
		if (bind_sheet(&binding, &catalogue->sheets[i]) != SHEET_CATALOGUE_OK) {
			*ret_fault = binding.fault;
			return SHEET_CATALOGUE_WRONG;
		}
	}
	return SHEET_CATALOGUE_OK;
}
