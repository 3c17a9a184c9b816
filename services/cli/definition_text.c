/* SPDX-License-Identifier: MIT */
/* A definition as the .proto file has it. */
#include <string.h>

#include "services/cli/definition_internal.h"

enum { INDENT = 2 };

struct printer {
	const FileSet *set;
	const File *file;
	struct text *out;
};

static void print_indent(const struct printer *printer, unsigned depth) {
	text_format(printer->out, "%*s", (int)(depth * INDENT), "");
}

/* Lines above a definition, broken where their author broke them. */
static void print_leading(
    const struct printer *printer, const struct set_path *path, unsigned depth) {
	const Location *location = set_location(printer->file, path);
	const char *line = location ? present(location->leading_comments) : "";

	while (*line) {
		size_t length = strcspn(line, "\n");

		print_indent(printer, depth);
		text_add(printer->out, "//");
		text_add_bytes(printer->out, line, length);
		text_add_char(printer->out, '\n');
		line += length + (line[length] ? 1 : 0);
	}
}

/* A declaration of one line, its comment behind it, where those of its block begin. */
static void print_line(const struct printer *printer, const struct set_path *path, unsigned depth,
    const char *declaration, size_t width) {
	const Location *location = set_location(printer->file, path);
	AUTO(text_deinit) struct text comment = TEXT_NULL;

	print_leading(printer, path, depth);
	print_indent(printer, depth);
	definition_one_line(location ? present(location->trailing_comments) : "", &comment);
	if (comment.length)
		text_format(printer->out, "%-*s  // %s\n", (int)width, declaration, text_get(&comment));
	else
		text_format(printer->out, "%s\n", declaration);
}

static void declare_field(const Message *message, size_t i, struct text *out) {
	const Field *field = message->field[i];

	text_clear(out);
	definition_field_type(field, out);
	text_format(out, " %s = %d;", present(field->name), field->number);
}

static void declare_value(const Enum *type, size_t i, struct text *out) {
	text_clear(out);
	text_format(out, "%s = %d;", present(type->value[i]->name), type->value[i]->number);
}

static void print_enum(
    const struct printer *printer, const Enum *type, struct set_path path, unsigned depth) {
	AUTO(text_deinit) struct text line = TEXT_NULL;
	size_t width = 0;

	for (size_t i = 0; i < type->n_value; i++) {
		declare_value(type, i, &line);
		width = line.length > width ? line.length : width;
	}
	print_leading(printer, &path, depth);
	print_indent(printer, depth);
	text_format(printer->out, "enum %s {\n", present(type->name));
	for (size_t i = 0; i < type->n_value; i++) {
		struct set_path value = set_path_below(path, PATH_VALUE, i);

		declare_value(type, i, &line);
		print_line(printer, &value, depth + 1, text_get(&line), width);
	}
	print_indent(printer, depth);
	text_add(printer->out, "}\n");
}

static void print_reserved(const struct printer *printer, const Message *message, unsigned depth) {
	for (size_t i = 0; i < message->n_reserved_range; i++) {
		int first = message->reserved_range[i]->start;
		int last = message->reserved_range[i]->end - 1;

		print_indent(printer, depth);
		text_format(printer->out, "reserved %d", first);
		if (last > first)
			text_format(printer->out, " to %d", last);
		text_add(printer->out, ";\n");
	}
	for (size_t i = 0; i < message->n_reserved_name; i++) {
		print_indent(printer, depth);
		text_format(printer->out, "reserved \"%s\";\n", message->reserved_name[i]);
	}
}

/* Fields of one oneof stand together, as protoc demands. */
static void print_fields(
    const struct printer *printer, const Message *message, struct set_path path, unsigned depth) {
	AUTO(text_deinit) struct text line = TEXT_NULL;
	int open = -1;
	size_t width = 0;

	for (size_t i = 0; i < message->n_field; i++) {
		declare_field(message, i, &line);
		width = line.length > width ? line.length : width;
	}
	for (size_t i = 0; i < message->n_field; i++) {
		struct set_path field = set_path_below(path, PATH_FIELD, i);
		int group = message->field[i]->has_oneof_index ? message->field[i]->oneof_index : -1;

		if (open >= 0 && group != open) {
			print_indent(printer, depth);
			text_add(printer->out, "}\n");
		}
		if (group >= 0 && group != open) {
			print_indent(printer, depth);
			text_format(printer->out, "oneof %s {\n",
			    (size_t)group < message->n_oneof_decl ? present(message->oneof_decl[group]->name)
			                                          : "");
		}
		open = group;
		declare_field(message, i, &line);
		print_line(printer, &field, depth + (open >= 0 ? 1 : 0), text_get(&line), width);
	}
	if (open >= 0) {
		print_indent(printer, depth);
		text_add(printer->out, "}\n");
	}
}

static void print_message(
    const struct printer *printer, const Message *message, struct set_path path, unsigned depth) {
	print_leading(printer, &path, depth);
	print_indent(printer, depth);
	text_format(printer->out, "message %s {\n", present(message->name));
	for (size_t i = 0; i < message->n_enum_type; i++)
		print_enum(
		    printer, message->enum_type[i], set_path_below(path, PATH_NESTED_ENUM, i), depth + 1);
	for (size_t i = 0; i < message->n_nested_type; i++)
		print_message(
		    printer, message->nested_type[i], set_path_below(path, PATH_NESTED, i), depth + 1);
	if (message->n_field && (message->n_enum_type || message->n_nested_type))
		text_add_char(printer->out, '\n');
	print_reserved(printer, message, depth + 1);
	print_fields(printer, message, path, depth + 1);
	print_indent(printer, depth);
	text_add(printer->out, "}\n");
}

static void print_options(const struct printer *printer, const Method *method, unsigned depth) {
	const ProtobufCMessage *options = (const ProtobufCMessage *)method->options;
	const char *idempotency = definition_idempotency(method);

	for (size_t i = 0; options && i < options->n_unknown_fields; i++) {
		uint32_t number = options->unknown_fields[i].tag;
		const char *name = definition_option_name(printer->set, number);

		if (!name)
			continue;
		print_indent(printer, depth);
		text_format(printer->out, "option (%s) = ", name);
		definition_option(printer->set, method, number, printer->out);
		text_add(printer->out, ";\n");
	}
	if (idempotency) {
		print_indent(printer, depth);
		text_format(printer->out, "option idempotency_level = %s;\n", idempotency);
	}
}

static void print_method(
    const struct printer *printer, const Method *method, struct set_path path, unsigned depth) {
	print_leading(printer, &path, depth);
	print_indent(printer, depth);
	text_format(printer->out, "rpc %s(", present(method->name));
	definition_request(method, printer->out);
	text_add(printer->out, ") returns (");
	definition_reply(method, printer->out);
	text_add(printer->out, ") {\n");
	print_options(printer, method, depth + 1);
	print_indent(printer, depth);
	text_add(printer->out, "}\n");
}

static void print_service(
    const struct printer *printer, const Service *service, struct set_path path) {
	print_leading(printer, &path, 0);
	text_format(printer->out, "service %s {\n", present(service->name));
	for (size_t i = 0; i < service->n_method; i++)
		print_method(printer, service->method[i], set_path_below(path, PATH_METHOD, i), 1);
	text_add(printer->out, "}\n");
}

static void print_type(const FileSet *set, const char *name, struct text *out) {
	char nearest[DEFINITION_NAME_MAX + 1];
	struct definition found;

	text_add_char(out, '\n');
	if (definition_find(set, present(name), &found, nearest))
		definition_print(&found, out);
}

void definition_print(const struct definition *definition, struct text *out) {
	struct printer printer = { definition->set, definition->file, out };
	const Method *method = definition->method;

	text_format(out, "// %s\n\n", present(definition->file->name));
	switch (definition->kind) {
	case DEFINITION_SERVICE: print_service(&printer, definition->service, definition->path); break;
	case DEFINITION_MESSAGE:
		print_message(&printer, definition->message, definition->path, 0);
		break;
	case DEFINITION_ENUM: print_enum(&printer, definition->type, definition->path, 0); break;
	case DEFINITION_METHOD:
		print_method(&printer, method, definition->path, 0);
		print_type(definition->set, method->input_type, out);
		if (strcmp(present(method->input_type), present(method->output_type)) != 0)
			print_type(definition->set, method->output_type, out);
		break;
	}
}
