/* SPDX-License-Identifier: MIT */
/*
 * Build step: checks the rules of the contract over its descriptor set and prints the method table.
 *
 * Rules: no recursive message (protobuf-c unpacks without a depth limit), no `optional` and no
 * map<> (protobuf-c cannot compile the one and does not de-duplicate the other), no group, no
 * floating point, every enum starts at 0, every message, field, enum value, service and method has
 * a comment, every method names its access, permission and deadline, no streaming before the wire
 * has it.
 *
 * Usage: contract DESCRIPTOR_SET > contract.c
 */
#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "google/protobuf/descriptor.pb-c.h"

typedef Google__Protobuf__FileDescriptorSet FileSet;
typedef Google__Protobuf__FileDescriptorProto File;
typedef Google__Protobuf__DescriptorProto Message;
typedef Google__Protobuf__FieldDescriptorProto Field;
typedef Google__Protobuf__EnumDescriptorProto Enum;
typedef Google__Protobuf__MethodDescriptorProto Method;
typedef Google__Protobuf__SourceCodeInfo__Location Location;

enum { OPTION_ACCESS = 50001, OPTION_PERMISSION = 50002, OPTION_DEADLINE = 50003 };
enum {
	PATH_MESSAGE = 4,
	PATH_ENUM = 5,
	PATH_SERVICE = 6
}; /* descriptor.proto, FileDescriptorProto */
enum { PATH_FIELD = 2, PATH_NESTED = 3, PATH_NESTED_ENUM = 4, PATH_VALUE = 2, PATH_METHOD = 2 };
enum { PATH_MAX_DEPTH = 8 };

struct path {
	int32_t steps[PATH_MAX_DEPTH];
	size_t depth;
};

static unsigned faults;

static void fault(const File *file, const char *where, const char *what) {
	fprintf(stderr, "%s: %s: %s\n", file->name, where, what);
	faults++;
}

static struct path path_below(struct path path, int32_t kind, size_t index) {
	path.steps[path.depth++] = kind;
	path.steps[path.depth++] = (int32_t)index;
	return path;
}

static bool has_comment(const File *file, struct path path) {
	for (size_t i = 0; file->source_code_info && i < file->source_code_info->n_location; i++) {
		const Location *location = file->source_code_info->location[i];

		if (location->n_path == path.depth &&
		    memcmp(location->path, path.steps, path.depth * sizeof(path.steps[0])) == 0)
			return location->leading_comments || location->trailing_comments;
	}
	return false;
}

static void need_comment(const File *file, struct path path, const char *name) {
	if (!has_comment(file, path))
		fault(file, name, "has no comment");
}

static void check_enum(const File *file, const Enum *type, struct path path) {
	need_comment(file, path, type->name);
	if (type->n_value == 0 || type->value[0]->number != 0)
		fault(file, type->name, "does not start at 0");
	for (size_t i = 0; i < type->n_value; i++)
		need_comment(file, path_below(path, PATH_VALUE, i), type->value[i]->name);
}

static void check_field(const File *file, const Field *field, struct path path) {
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

static void check_message(const File *file, const Message *message, struct path path) {
	need_comment(file, path, message->name);
	if (message->options && message->options->has_map_entry && message->options->map_entry)
		fault(file, message->name, "is a map entry; use `repeated` with a documented key");
	for (size_t i = 0; i < message->n_field; i++)
		check_field(file, message->field[i], path_below(path, PATH_FIELD, i));
	for (size_t i = 0; i < message->n_nested_type; i++)
		check_message(file, message->nested_type[i], path_below(path, PATH_NESTED, i));
	for (size_t i = 0; i < message->n_enum_type; i++)
		check_enum(file, message->enum_type[i], path_below(path, PATH_NESTED_ENUM, i));
}

static const char *last_word(const char *dotted) {
	const char *dot = strrchr(dotted, '.');

	return dot ? dot + 1 : dotted;
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
		if (strcmp(last_word(from->field[i]->type_name), name) == 0)
			return true;
		next = find_message(set, last_word(from->field[i]->type_name));
		if (next && reaches(set, next, name, depth + 1))
			return true;
	}
	return false;
}

/* Custom options are unknown fields to descriptor.proto; ours are all varints. */
static uint64_t method_option(const Method *method, uint32_t number) {
	const ProtobufCMessage *options = (const ProtobufCMessage *)method->options;
	uint64_t value = 0;

	for (size_t i = 0; options && i < options->n_unknown_fields; i++) {
		const ProtobufCMessageUnknownField *field = &options->unknown_fields[i];

		if (field->tag != number)
			continue;
		for (size_t byte = 0; byte < field->len && byte < 9; byte++)
			value |= (uint64_t)(field->data[byte] & 0x7f) << (7 * byte);
	}
	return value;
}

/* protoc-c's name of a message's descriptor: CamelCase to snake_case. */
static void print_descriptor_name(const char *type) {
	for (const char *c = type; *c; c++) {
		if (isupper((unsigned char)*c) && c != type)
			putchar('_');
		putchar(tolower((unsigned char)*c));
	}
	fputs("__descriptor", stdout);
}

struct row {
	char name[128];
	const Method *method;
};

static int compare_rows(const void *left, const void *right) {
	return strcmp(((const struct row *)left)->name, ((const struct row *)right)->name);
}

static bool is_ours(const File *file) {
	return strncmp(file->name, "cchc/", 5) == 0;
}

static void check_method(const File *file, const Method *method, const char *name) {
	uint64_t access = method_option(method, OPTION_ACCESS);

	if (access < 1 || access > 3)
		fault(file, name, "does not say its access");
	if (method_option(method, OPTION_PERMISSION) == 0)
		fault(file, name, "does not say its permission");
	if (method_option(method, OPTION_DEADLINE) == 0)
		fault(file, name, "does not say its deadline");
	if (!method->options || !method->options->has_idempotency_level)
		fault(file, name, "does not say whether it has side effects");
	if ((method->has_client_streaming && method->client_streaming) ||
	    (method->has_server_streaming && method->server_streaming))
		fault(file, name, "streams, which the wire does not carry");
}

static void print_row(const struct row *row) {
	static const char *const access[] = { "", "ACCESS__READS", "ACCESS__WRITES", "ACCESS__CALLS" };
	static const char *const permission[] = { "", "PERMISSION__OFFICE", "PERMISSION__PEER" };
	bool keyed = method_option(row->method, OPTION_ACCESS) == 2;

	printf("\t{ \"%s\", %s, %s, %u, %s, &", row->name,
	    access[method_option(row->method, OPTION_ACCESS)],
	    permission[method_option(row->method, OPTION_PERMISSION)],
	    (unsigned)method_option(row->method, OPTION_DEADLINE), keyed ? "true" : "false");
	print_descriptor_name(last_word(row->method->input_type));
	fputs(", &", stdout);
	print_descriptor_name(last_word(row->method->output_type));
	puts(" },");
}

static void print_table(const FileSet *set, struct row *rows, size_t count) {
	puts("/* Made by proto/tool/contract.c from the descriptor set. */");
	puts("#include \"proto/contract.h\"\n\n#include <stdlib.h>\n#include <string.h>\n");
	for (size_t i = 0; i < set->n_file; i++)
		if (is_ours(set->file[i]))
			printf("#include \"%.*s.pb-c.h\"\n", (int)(strlen(set->file[i]->name) - 6),
			    set->file[i]->name);
	puts("\nconst struct contract_method contract_methods[] = {");
	for (size_t i = 0; i < count; i++)
		print_row(&rows[i]);
	printf("};\nconst size_t contract_methods_count = %zu;\n\n", count);
	puts("static const ProtobufCMessageDescriptor *const messages[] = {");
	for (size_t i = 0; i < set->n_file; i++) {
		for (size_t j = 0; is_ours(set->file[i]) && j < set->file[i]->n_message_type; j++) {
			fputs("\t&", stdout);
			print_descriptor_name(set->file[i]->message_type[j]->name);
			puts(",");
		}
	}
	puts("};\n");
	puts("static int compare(const void *name, const void *row) {\n"
	     "\treturn strcmp(name, ((const struct contract_method *)row)->name);\n}\n\n"
	     "const struct contract_method *contract_find(const char *name) {\n"
	     "\treturn bsearch(name, contract_methods, contract_methods_count,\n"
	     "\t\tsizeof(contract_methods[0]), compare);\n}\n\n"
	     "const ProtobufCMessageDescriptor *contract_message(const char *name) {\n"
	     "\tfor (size_t i = 0; i < sizeof(messages) / sizeof(messages[0]); i++)\n"
	     "\t\tif (strcmp(messages[i]->short_name, name) == 0)\n"
	     "\t\t\treturn messages[i];\n\treturn NULL;\n}");
}

static FileSet *read_set(const char *path) {
	FILE *stream = fopen(path, "rb");
	static uint8_t bytes[4u << 20];
	size_t size;

	if (!stream)
		return NULL;
	size = fread(bytes, 1, sizeof(bytes), stream);
	fclose(stream);
	return google__protobuf__file_descriptor_set__unpack(NULL, size, bytes);
}

int main(int argc, char **argv) {
	static struct row rows[512];
	size_t count = 0;
	FileSet *set = argc == 2 ? read_set(argv[1]) : NULL;

	if (!set) {
		fputs("usage: contract DESCRIPTOR_SET > contract.c\n", stderr);
		return 2;
	}
	for (size_t i = 0; i < set->n_file; i++) {
		const File *file = set->file[i];
		struct path root = { .depth = 0 };

		if (!is_ours(file))
			continue;
		for (size_t j = 0; j < file->n_message_type; j++) {
			check_message(file, file->message_type[j], path_below(root, PATH_MESSAGE, j));
			if (reaches(set, file->message_type[j], file->message_type[j]->name, 0))
				fault(file, file->message_type[j]->name, "is recursive");
		}
		for (size_t j = 0; j < file->n_enum_type; j++)
			check_enum(file, file->enum_type[j], path_below(root, PATH_ENUM, j));
		for (size_t j = 0; j < file->n_service; j++) {
			struct path path = path_below(root, PATH_SERVICE, j);

			need_comment(file, path, file->service[j]->name);
			for (size_t k = 0; k < file->service[j]->n_method && count < 512; k++) {
				struct row *row = &rows[count++];

				row->method = file->service[j]->method[k];
				snprintf(row->name, sizeof(row->name), "%s/%s", file->service[j]->name,
				    row->method->name);
				need_comment(file, path_below(path, PATH_METHOD, k), row->name);
				check_method(file, row->method, row->name);
			}
		}
	}
	if (faults)
		return 1;
	qsort(rows, count, sizeof(rows[0]), compare_rows);
	print_table(set, rows, count);
	google__protobuf__file_descriptor_set__free_unpacked(set, NULL);
	return 0;
}
