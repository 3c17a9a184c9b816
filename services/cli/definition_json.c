/* SPDX-License-Identifier: MIT */
/* A definition for machines. Texts are UTF-8: the set was unpacked from checked bytes. */
#include <stdlib.h>

#include "services/cli/definition_internal.h"

static json_t *json_of(const char *text) {
	return json_string(present(text));
}

static json_t *json_of_text(const struct text *text) {
	return json_string(text_get(text));
}

static json_t *comment_json(const File *file, struct set_path path) {
	struct definition place = { .file = file, .path = path };
	AUTO(text_deinit) struct text line = TEXT_NULL;

	definition_comment(&place, &line);
	return json_of_text(&line);
}

static json_t *field_json(const File *file, const Field *field, struct set_path path) {
	AUTO(text_deinit) struct text type = TEXT_NULL;
	json_t *json = json_object();

	definition_field_type(field, &type);
	json_object_set_new(json, "number", json_integer(field->number));
	json_object_set_new(json, "name", json_of(field->name));
	json_object_set_new(json, "type", json_of_text(&type));
	json_object_set_new(json, "comment", comment_json(file, path));
	return json;
}

static json_t *values_json(const File *file, const Enum *type, struct set_path path) {
	json_t *array = json_array();

	for (size_t i = 0; i < type->n_value; i++) {
		json_t *json = json_object();

		json_object_set_new(json, "number", json_integer(type->value[i]->number));
		json_object_set_new(json, "name", json_of(type->value[i]->name));
		json_object_set_new(
		    json, "comment", comment_json(file, set_path_below(path, PATH_VALUE, i)));
		json_array_append_new(array, json);
	}
	return array;
}

static json_t *enums_json(const File *file, const Message *message, struct set_path path) {
	json_t *array = json_array();

	for (size_t i = 0; i < message->n_enum_type; i++) {
		struct set_path at = set_path_below(path, PATH_NESTED_ENUM, i);
		json_t *json = json_object();

		json_object_set_new(json, "name", json_of(message->enum_type[i]->name));
		json_object_set_new(json, "comment", comment_json(file, at));
		json_object_set_new(json, "values", values_json(file, message->enum_type[i], at));
		json_array_append_new(array, json);
	}
	return array;
}

static void add_message(
    json_t *json, const File *file, const Message *message, struct set_path path) {
	json_t *messages = json_array();
	json_t *fields = json_array();

	for (size_t i = 0; i < message->n_field; i++)
		json_array_append_new(
		    fields, field_json(file, message->field[i], set_path_below(path, PATH_FIELD, i)));
	for (size_t i = 0; i < message->n_nested_type; i++) {
		struct set_path at = set_path_below(path, PATH_NESTED, i);
		json_t *nested = json_object();

		json_object_set_new(nested, "name", json_of(message->nested_type[i]->name));
		json_object_set_new(nested, "comment", comment_json(file, at));
		add_message(nested, file, message->nested_type[i], at);
		json_array_append_new(messages, nested);
	}
	json_object_set_new(json, "fields", fields);
	json_object_set_new(json, "enums", enums_json(file, message, path));
	json_object_set_new(json, "messages", messages);
}

/* A number stays one, for whoever reads a deadline. */
static json_t *option_json(const struct definition *definition, uint32_t number) {
	AUTO(text_deinit) struct text value = TEXT_NULL;
	char *end;
	long long whole;

	definition_option(definition->set, definition->method, number, &value);
	whole = strtoll(text_get(&value), &end, 10);
	return *end || !value.length ? json_of_text(&value) : json_integer(whole);
}

static json_t *options_json(const struct definition *definition) {
	const ProtobufCMessage *options = (const ProtobufCMessage *)definition->method->options;
	const char *idempotency = definition_idempotency(definition->method);
	json_t *json = json_object();

	for (size_t i = 0; options && i < options->n_unknown_fields; i++) {
		uint32_t number = options->unknown_fields[i].tag;
		const char *name = definition_option_name(definition->set, number);

		if (name)
			json_object_set_new(json, name, option_json(definition, number));
	}
	if (idempotency)
		json_object_set_new(json, "idempotency_level", json_of(idempotency));
	return json;
}

static void add_method(json_t *json, const struct definition *definition) {
	const Method *method = definition->method;

	json_object_set_new(
	    json, "request", json_of(definition_type_name(present(method->input_type))));
	json_object_set_new(json, "reply", json_of(definition_type_name(present(method->output_type))));
	json_object_set_new(json, "streams_requests", json_boolean(set_streams_requests(method)));
	json_object_set_new(json, "streams_replies", json_boolean(set_streams_replies(method)));
	json_object_set_new(json, "options", options_json(definition));
}

struct gathering {
	const Service *service;
	json_t *methods;
};

static void gather_method(void *context, const struct definition *definition) {
	struct gathering *gathering = context;

	for (size_t i = 0; definition->kind == DEFINITION_METHOD && i < gathering->service->n_method;
	     i++)
		if (gathering->service->method[i] == definition->method)
			json_array_append_new(gathering->methods, definition_json(definition));
}

json_t *definition_json(const struct definition *definition) {
	json_t *json = json_object();

	json_object_set_new(json, "kind", json_of(definition_kind_name(definition->kind)));
	json_object_set_new(json, "name", json_of(definition->name));
	json_object_set_new(json, "file", json_of(definition->file->name));
	json_object_set_new(json, "comment", comment_json(definition->file, definition->path));
	switch (definition->kind) {
	case DEFINITION_SERVICE: {
		struct gathering gathering = { definition->service, json_array() };

		definition_walk(definition->set, gather_method, &gathering);
		json_object_set_new(json, "methods", gathering.methods);
		break;
	}
	case DEFINITION_METHOD: add_method(json, definition); break;
	case DEFINITION_MESSAGE:
		add_message(json, definition->file, definition->message, definition->path);
		break;
	case DEFINITION_ENUM:
		json_object_set_new(
		    json, "values", values_json(definition->file, definition->type, definition->path));
		break;
	}
	return json;
}
