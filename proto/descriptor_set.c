/* SPDX-License-Identifier: MIT */
#include "proto/descriptor_set.h"

#include <string.h>

bool set_is_ours(const File *file) {
	return file->name && strncmp(file->name, "cchc/", 5) == 0;
}

const char *set_last_word(const char *dotted) {
	const char *dot = strrchr(dotted, '.');

	return dot ? dot + 1 : dotted;
}

/* Options of ours are unknown fields to descriptor.proto. */
uint64_t set_option(const Method *method, uint32_t number) {
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

bool set_streams_requests(const Method *method) {
	return method->has_client_streaming && method->client_streaming;
}

bool set_streams_replies(const Method *method) {
	return method->has_server_streaming && method->server_streaming;
}

struct set_path set_path_below(struct set_path path, int32_t kind, size_t index) {
	if (path.depth + 2 > PATH_STEPS_MAX)
		return path;
	path.steps[path.depth++] = kind;
	path.steps[path.depth++] = (int32_t)index;
	return path;
}

const Location *set_location(const File *file, const struct set_path *path) {
	for (size_t i = 0; file->source_code_info && i < file->source_code_info->n_location; i++) {
		const Location *location = file->source_code_info->location[i];

		if (location->n_path == path->depth &&
		    memcmp(location->path, path->steps, path->depth * sizeof(path->steps[0])) == 0)
			return location;
	}
	return NULL;
}
