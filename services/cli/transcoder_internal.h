/* SPDX-License-Identifier: MIT */
/*
 * Transcoder: what its files share
 */
#pragma once

#include <stdbool.h>

#include "services/cli/transcoder.h"

/* A value being read: where it stands, for the fault's path, and what it is. */
struct transcode_place {
	const struct transcode_place *above;
	const char *name; /* null: an item of the list above */
	size_t index;
	const json_t *json;
	unsigned depth; /* of messages */
};

/* Write all of *ret_fault for the value at `place`; `nearest` may be null. */
void transcode_fault_at(
    const struct transcode_place *place, const char *nearest, struct transcode_fault *ret_fault);

/* The known name most like `given`, or null. Borrowed from the descriptor. */
const char *transcode_nearest_field(const ProtobufCMessageDescriptor *type, const char *given);
const char *transcode_nearest_value(const ProtobufCEnumDescriptor *type, const char *given);

/* Bytes that a value of the type takes in a message. */
static inline size_t transcode_value_size(ProtobufCType type) {
	switch (type) {
	case PROTOBUF_C_TYPE_INT64:
	case PROTOBUF_C_TYPE_SINT64:
	case PROTOBUF_C_TYPE_SFIXED64:
	case PROTOBUF_C_TYPE_UINT64:
	case PROTOBUF_C_TYPE_FIXED64:
	case PROTOBUF_C_TYPE_DOUBLE: return sizeof(uint64_t);
	case PROTOBUF_C_TYPE_STRING: return sizeof(char *);
	case PROTOBUF_C_TYPE_BYTES: return sizeof(ProtobufCBinaryData);
	case PROTOBUF_C_TYPE_MESSAGE: return sizeof(ProtobufCMessage *);
	default: return sizeof(uint32_t);
	}
}

static inline bool transcode_is_in_oneof(const ProtobufCFieldDescriptor *field) {
	return field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF;
}
