/* SPDX-License-Identifier: MIT */
/*
 * Rules of the contract: no recursive message (protobuf-c unpacks without a depth limit), no
 * `optional` and no map<> (protobuf-c cannot compile the one and does not de-duplicate the other),
 * no group, no floating point, every enum starts at 0, every message, field, enum value, service
 * and method has a comment, every method names its access, permission, deadline and side effects,
 * streams run where they may wait, and only what is safe is made again.
 */
#include <stdio.h>
#include <string.h>

#include "proto/tool/contract_set.h"

static unsigned faults;

static void fault(const File *file, const char *where, const char *what) {
	fprintf(stderr, "%s: %s: %s\n", file->name, where, what);
	faults++;
}

static bool has_comment(const File *file, struct set_path path) {
	const Location *location = set_location(file, &path);

	return location && (location->leading_comments || location->trailing_comments);
}

static void need_comment(const File *file, struct set_path path, const char *name) {
	if (!has_comment(file, path))
		fault(file, name, "has no comment");
}

static void check_enum(const File *file, const Enum *type, struct set_path path) {
	need_comment(file, path, type->name);
	if (type->n_value == 0 || type->value[0]->number != 0)
		fault(file, type->name, "does not start at 0");
	for (size_t i = 0; i < type->n_value; i++)
		need_comment(file, set_path_below(path, PATH_VALUE, i), type->value[i]->name);
}

static void check_field(const File *file, const Field *field, struct set_path path) {
	need_comment(file, path, field->name);
	if (field->has_proto3_optional && field->proto3_optional)
		fault(file, field->name, "is `optional`; protobuf-c cannot compile it");
	switch (field->type) {
	case GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__TYPE__TYPE_DOUBLE:
	case GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__TYPE__TYPE_FLOAT:
		fault(file, field->name, "is floating point; figures are integers");
		break;
	case GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__TYPE__TYPE_GROUP:
		fault(file, field->name, "is a group");
		break;
	default: break;
	}
}

static void check_message(const File *file, const Message *message, struct set_path path) {
	need_comment(file, path, message->name);
	if (message->options && message->options->has_map_entry && message->options->map_entry)
		fault(file, message->name, "is a map entry; use `repeated` with a documented key");
	for (size_t i = 0; i < message->n_field; i++)
		check_field(file, message->field[i], set_path_below(path, PATH_FIELD, i));
	for (size_t i = 0; i < message->n_nested_type; i++)
		check_message(file, message->nested_type[i], set_path_below(path, PATH_NESTED, i));
	for (size_t i = 0; i < message->n_enum_type; i++)
		check_enum(file, message->enum_type[i], set_path_below(path, PATH_NESTED_ENUM, i));
}

static const Message *find_message(const FileSet *set, const char *name) {
	for (size_t i = 0; i < set->n_file; i++)
		for (size_t j = 0; j < set->file[i]->n_message_type; j++)
			if (strcmp(set->file[i]->message_type[j]->name, name) == 0)
				return set->file[i]->message_type[j];
	return NULL;
}

static bool reaches(const FileSet *set, const Message *from, const char *name, unsigned depth) {
	if (depth > 32)
		return true;
	for (size_t i = 0; i < from->n_field; i++) {
		const Message *next;

		if (!from->field[i]->type_name)
			continue;
		if (strcmp(set_last_word(from->field[i]->type_name), name) == 0)
			return true;
		next = find_message(set, set_last_word(from->field[i]->type_name));
		if (next && reaches(set, next, name, depth + 1))
			return true;
	}
	return false;
}

static void check_method(const File *file, const Method *method, const char *name) {
	uint64_t access = set_option(method, OPTION_ACCESS);

	if (access < 1 || access > 3)
		fault(file, name, "does not say its access");
	if (set_option(method, OPTION_PERMISSION) == 0)
		fault(file, name, "does not say its permission");
	if (set_option(method, OPTION_DEADLINE) == 0)
		fault(file, name, "does not say its deadline");
	if (!method->options || !method->options->has_idempotency_level)
		fault(file, name, "does not say whether it has side effects");
	if ((set_streams_requests(method) || set_streams_replies(method)) && access != 3)
		fault(file, name, "streams and must say that it CALLS: a stream waits for its caller");
	if (set_option(method, OPTION_ATTEMPTS) > 1 && !set_is_repeatable(method))
		fault(file, name, "may be made again although it has side effects");
	if (set_option(method, OPTION_ATTEMPTS) > 10)
		fault(file, name, "is made again too often");
}

unsigned set_check(const FileSet *set, const struct row *rows, size_t count) {
	for (size_t i = 0; i < set->n_file; i++) {
		const File *file = set->file[i];
		struct set_path root = { .depth = 0 };

		if (!set_is_ours(file))
			continue;
		for (size_t j = 0; j < file->n_message_type; j++) {
			check_message(file, file->message_type[j], set_path_below(root, PATH_MESSAGE, j));
			if (reaches(set, file->message_type[j], file->message_type[j]->name, 0))
				fault(file, file->message_type[j]->name, "is recursive");
		}
		for (size_t j = 0; j < file->n_enum_type; j++)
			check_enum(file, file->enum_type[j], set_path_below(root, PATH_ENUM, j));
		for (size_t j = 0; j < file->n_service; j++) {
			struct set_path path = set_path_below(root, PATH_SERVICE, j);

			need_comment(file, path, file->service[j]->name);
			for (size_t k = 0; k < file->service[j]->n_method; k++)
				need_comment(
				    file, set_path_below(path, PATH_METHOD, k), file->service[j]->method[k]->name);
		}
	}
	for (size_t i = 0; i < count; i++)
		check_method(rows[i].file, rows[i].method, rows[i].name);
	return faults;
}
