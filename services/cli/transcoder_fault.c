/* SPDX-License-Identifier: MIT */
/*
 * Transcoder: what a person is told of a mistake
 */
#include "services/cli/transcoder_internal.h"

#include <stdio.h>
#include <string.h>

#include "common/base/nearest.h"

struct buffer {
	char *bytes;
	size_t length;
	size_t max;
};

static void buffer_add(struct buffer *buffer, const char *bytes, size_t size) {
	size_t room = buffer->max - buffer->length;

	if (size > room)
		size = room;
	memcpy(buffer->bytes + buffer->length, bytes, size);
	buffer->length += size;
}

/* The cut may have split the last character. */
static void buffer_end(struct buffer *buffer) {
	size_t lead = buffer->length;
	unsigned char first;

	while (lead > 0 && ((unsigned char)buffer->bytes[lead - 1] & 0xc0) == 0x80)
		lead--;
	if (lead > 0) {
		first = (unsigned char)buffer->bytes[lead - 1];
		if (buffer->length - lead < (first >= 0xf0 ? 3u : first >= 0xe0 ? 2u : first >= 0xc0))
			buffer->length = lead - 1;
	}
	buffer->bytes[buffer->length] = '\0';
}

static int buffer_take(const char *bytes, size_t size, void *context) {
	struct buffer *buffer = context;

	buffer_add(buffer, bytes, size);
	return buffer->length < buffer->max ? 0 : -1; /* a full buffer ends the dump */
}

/* A name from outside must not steer the terminal it is shown on. */
static bool is_control(char c) {
	return (unsigned char)c < 0x20 || c == 0x7f;
}

static void add_path(struct buffer *buffer, const struct transcode_place *place) {
	char index[32];

	if (!place->above)
		return;
	add_path(buffer, place->above);
	if (!place->name) {
		snprintf(index, sizeof(index), "[%zu]", place->index);
		buffer_add(buffer, index, strlen(index));
		return;
	}
	if (buffer->length > 0)
		buffer_add(buffer, ".", 1);
	for (const char *c = place->name; *c; c++)
		buffer_add(buffer, is_control(*c) ? "?" : c, 1);
}

void transcode_fault_at(
    const struct transcode_place *place, const char *nearest, struct transcode_fault *ret_fault) {
	struct buffer path = { ret_fault->path, 0, TRANSCODE_PATH_MAX };
	struct buffer value = { ret_fault->value, 0, TRANSCODE_VALUE_MAX };

	add_path(&path, place);
	buffer_end(&path);
	json_dump_callback(place->json, buffer_take, &value, JSON_COMPACT | JSON_ENCODE_ANY);
	buffer_end(&value);
	ret_fault->nearest = nearest;
}

const char *transcode_nearest_field(const ProtobufCMessageDescriptor *type, const char *given) {
	struct nearest nearest = NEAREST(given);

	for (unsigned i = 0; i < type->n_fields; i++)
		nearest_offer(&nearest, type->fields[i].name);
	return nearest.name;
}

const char *transcode_nearest_value(const ProtobufCEnumDescriptor *type, const char *given) {
	struct nearest nearest = NEAREST(given);

	for (unsigned i = 0; i < type->n_value_names; i++)
		nearest_offer(&nearest, type->values_by_name[i].name);
	return nearest.name;
}
