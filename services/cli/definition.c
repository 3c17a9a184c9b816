/* SPDX-License-Identifier: MIT */
#include "services/cli/definition_internal.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "common/base/message.h"
#include "common/base/nearest.h"

int definition_set_read(
    const uint8_t *bytes, size_t size, struct arena *arena, const FileSet **ret_set) {
	ProtobufCMessage *set;

	switch (message_unpack(
	    &google__protobuf__file_descriptor_set__descriptor, bytes, size, arena, &set)) {
	case MESSAGE_OK: *ret_set = (const FileSet *)set; return 0;
	case MESSAGE_TOO_LARGE: return failed_here(-ENOMEM);
	default: return failed_here(-EBADMSG);
	}
}

struct walk {
	definition_visitor *visit;
	void *context;
};

static struct definition below(const struct definition *above, enum definition_kind kind,
    const char *separator, const char *name, int32_t step, size_t index) {
	struct definition definition = *above;

	definition.kind = kind;
	definition.path = set_path_below(above->path, step, index);
	snprintf(definition.name, sizeof(definition.name), "%.*s%s%s", DEFINITION_NAME_MAX / 2,
	    above->name, *above->name ? separator : "", present(name));
	return definition;
}

static void walk_enum(const struct walk *walk, const struct definition *above, const Enum *type,
    int32_t step, size_t index) {
	struct definition definition = below(above, DEFINITION_ENUM, ".", type->name, step, index);

	definition.type = type;
	walk->visit(walk->context, &definition);
}

static void walk_message(const struct walk *walk, const struct definition *above,
    const Message *message, int32_t step, size_t index) {
	struct definition definition =
	    below(above, DEFINITION_MESSAGE, ".", message->name, step, index);

	definition.message = message;
	walk->visit(walk->context, &definition);
	for (size_t i = 0; i < message->n_enum_type; i++)
		walk_enum(walk, &definition, message->enum_type[i], PATH_NESTED_ENUM, i);
	for (size_t i = 0; i < message->n_nested_type; i++)
		walk_message(walk, &definition, message->nested_type[i], PATH_NESTED, i);
}

static void walk_service(
    const struct walk *walk, const struct definition *above, const Service *service, size_t index) {
	struct definition definition =
	    below(above, DEFINITION_SERVICE, "", service->name, PATH_SERVICE, index);

	definition.service = service;
	walk->visit(walk->context, &definition);
	for (size_t i = 0; i < service->n_method; i++) {
		struct definition method =
		    below(&definition, DEFINITION_METHOD, "/", service->method[i]->name, PATH_METHOD, i);

		method.method = service->method[i];
		walk->visit(walk->context, &method);
	}
}

void definition_walk(const FileSet *set, definition_visitor *visit, void *context) {
	struct walk walk = { visit, context };

	for (size_t i = 0; i < set->n_file; i++) {
		const File *file = set->file[i];
		struct definition root = { .set = set, .file = file };

		if (!set_is_ours(file))
			continue;
		for (size_t j = 0; j < file->n_service; j++)
			walk_service(&walk, &root, file->service[j], j);
		for (size_t j = 0; j < file->n_message_type; j++)
			walk_message(&walk, &root, file->message_type[j], PATH_MESSAGE, j);
		for (size_t j = 0; j < file->n_enum_type; j++)
			walk_enum(&walk, &root, file->enum_type[j], PATH_ENUM, j);
	}
}

struct search {
	struct nearest
	    nearest; /* of names; the last offered one is copied, for it goes with its visit */
	char *name;
	struct definition *found;
	bool done;
};

static void compare(void *context, const struct definition *definition) {
	struct search *search = context;
	unsigned before = search->nearest.distance;

	if (search->done)
		return;
	if (strcmp(definition->name, search->nearest.given) == 0) {
		*search->found = *definition;
		search->done = true;
		return;
	}
	nearest_offer(&search->nearest, definition->name);
	if (search->nearest.distance < before)
		memcpy(search->name, definition->name, sizeof(definition->name));
}

bool definition_find(const FileSet *set, const char *name, struct definition *ret_definition,
    char ret_nearest[DEFINITION_NAME_MAX + 1]) {
	struct search search = {
		.nearest = NEAREST(definition_type_name(name)),
		.name = ret_nearest,
		.found = ret_definition,
	};

	*ret_nearest = '\0';
	definition_walk(set, compare, &search);
	return search.done;
}

const char *definition_kind_name(enum definition_kind kind) {
	static const char *const names[] = {
		[DEFINITION_SERVICE] = "service",
		[DEFINITION_METHOD] = "method",
		[DEFINITION_MESSAGE] = "message",
		[DEFINITION_ENUM] = "enum",
	};

	return names[kind];
}

static const char *comment_of(const struct definition *definition) {
	const Location *location = set_location(definition->file, &definition->path);

	if (!location)
		return "";
	return location->leading_comments ? location->leading_comments
	                                  : present(location->trailing_comments);
}

void definition_comment(const struct definition *definition, struct text *out) {
	definition_one_line(comment_of(definition), out);
}

/* The end of the first sentence: a full stop that no word goes on after. */
static size_t first_sentence(const char *text) {
	for (const char *at = text; *at; at++)
		if (*at == '.' && at > text && at[1] == ' ' && at[2] >= 'A' && at[2] <= 'Z')
			return (size_t)(at + 1 - text);
	return strlen(text);
}

void definition_summary(const struct definition *definition, struct text *out) {
	AUTO(text_deinit) struct text line = TEXT_NULL;

	definition_comment(definition, &line);
	text_add_bytes(out, text_get(&line), first_sentence(text_get(&line)));
}

void definition_one_line(const char *comment, struct text *out) {
	size_t start = out->length;
	bool between = false;

	for (; *comment; comment++) {
		if (*comment == ' ' || *comment == '\n') {
			between = out->length > start;
			continue;
		}
		if (between)
			text_add_char(out, ' ');
		between = false;
		text_add_char(out, *comment);
	}
}

void definition_request(const Method *method, struct text *out) {
	text_add(out, set_streams_requests(method) ? "stream " : "");
	text_add(out, definition_type_name(present(method->input_type)));
}

void definition_reply(const Method *method, struct text *out) {
	text_add(out, set_streams_replies(method) ? "stream " : "");
	text_add(out, definition_type_name(present(method->output_type)));
}

/* The package is the same everywhere, and not part of a name as people know it. */
const char *definition_type_name(const char *dotted) {
	static const char *const prefixes[] = { ".cchc.", "cchc.", "." };

	for (size_t i = 0; i < LENGTH_OF(prefixes); i++)
		if (strncmp(dotted, prefixes[i], strlen(prefixes[i])) == 0)
			return dotted + strlen(prefixes[i]);
	return dotted;
}

void definition_field_type(const Field *field, struct text *out) {
	static const char *const names[] = { "", "double", "float", "int64", "uint64", "int32",
		"fixed64", "fixed32", "bool", "string", "group", "", "bytes", "uint32", "", "sfixed32",
		"sfixed64", "sint32", "sint64" };
	size_t type = field->has_type ? (size_t)field->type : 0;

	if (field->has_label &&
	    field->label == GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__LABEL__LABEL_REPEATED)
		text_add(out, "repeated ");
	text_add(out, field->type_name ? definition_type_name(field->type_name)
	                               : names[type < LENGTH_OF(names) ? type : 0]);
}

static const Field *find_extension(const FileSet *set, uint32_t number) {
	for (size_t i = 0; i < set->n_file; i++)
		for (size_t j = 0; j < set->file[i]->n_extension; j++)
			if (set->file[i]->extension[j]->number == (int32_t)number &&
			    strcmp(present(set->file[i]->extension[j]->extendee),
			        ".google.protobuf.MethodOptions") == 0)
				return set->file[i]->extension[j];
	return NULL;
}

static const char *find_value_name(const FileSet *set, const char *type, uint64_t number) {
	const char *name = definition_type_name(present(type));

	for (size_t i = 0; i < set->n_file; i++)
		for (size_t j = 0; j < set->file[i]->n_enum_type; j++) {
			const Enum *found = set->file[i]->enum_type[j];

			for (size_t k = 0; strcmp(present(found->name), name) == 0 && k < found->n_value; k++)
				if (found->value[k]->number == (int32_t)number)
					return found->value[k]->name;
		}
	return NULL;
}

const char *definition_option_name(const FileSet *set, uint32_t number) {
	const Field *extension = find_extension(set, number);

	return extension ? extension->name : NULL;
}

void definition_option(
    const FileSet *set, const Method *method, uint32_t number, struct text *out) {
	const Field *extension = find_extension(set, number);
	uint64_t value = set_option(method, number);
	const char *name = extension ? find_value_name(set, extension->type_name, value) : NULL;

	if (name)
		text_add(out, name);
	else if (value)
		text_format(out, "%" PRIu64, value);
}

const char *definition_idempotency(const Method *method) {
	const ProtobufCEnumValue *value;

	if (!method->options || !method->options->has_idempotency_level)
		return NULL;
	value = protobuf_c_enum_descriptor_get_value(
	    &google__protobuf__method_options__idempotency_level__descriptor,
	    (int)method->options->idempotency_level);
	return value ? value->name : NULL;
}
