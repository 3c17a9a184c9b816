/* SPDX-License-Identifier: MIT */
#include "common/base/message.h"

#include <string.h>

enum wire_type { WIRE_VARINT = 0, WIRE_64_BIT = 1, WIRE_LENGTH = 2, WIRE_32_BIT = 5 };

struct scan {
	const uint8_t *at;
	const uint8_t *end;
	unsigned *fields; /* seen so far, over all depths */
	unsigned depth;
};

static bool read_varint(struct scan *scan, uint64_t *ret_value) {
	uint64_t value = 0;

	for (unsigned shift = 0; shift < 64 && scan->at < scan->end; shift += 7) {
		uint8_t byte = *scan->at++;

		value |= (uint64_t)(byte & 0x7f) << shift;
		if (!(byte & 0x80)) {
			*ret_value = value;
			return true;
		}
	}
	return false;
}

/* A NUL would cut the C string that is made of the text. */
bool message_is_text(const void *bytes, size_t size) {
	const uint8_t *at = bytes;
	const uint8_t *end = at + size;

	while (at < end) {
		uint32_t code;
		unsigned more;

		if (*at < 0x80) {
			if (*at++ == 0)
				return false;
			continue;
		}
		more = *at >= 0xf0 ? 3 : *at >= 0xe0 ? 2 : 1;
		if (*at < 0xc2 || *at > 0xf4 || (size_t)(end - at) <= more)
			return false;
		code = *at++ & (0x3fu >> more);
		for (unsigned i = 0; i < more; i++, at++) {
			if ((*at & 0xc0) != 0x80)
				return false;
			code = code << 6 | (*at & 0x3f);
		}
		if (code < (more == 1      ? 0x80u
		               : more == 2 ? 0x800u
		                           : 0x10000u) ||
		    code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff))
			return false;
	}
	return true;
}

static int scan_message(const ProtobufCMessageDescriptor *type, struct scan *scan);

static int scan_length_field(
    const ProtobufCFieldDescriptor *field, struct scan *scan, const uint8_t *bytes, size_t size) {
	struct scan inner = { bytes, bytes + size, scan->fields, scan->depth + 1 };
	uint64_t value;

	switch (field->type) {
	case PROTOBUF_C_TYPE_STRING:
		return message_is_text(bytes, size) ? MESSAGE_OK : MESSAGE_MALFORMED;
	case PROTOBUF_C_TYPE_BYTES: return MESSAGE_OK;
	case PROTOBUF_C_TYPE_MESSAGE: return scan_message(field->descriptor, &inner);
	case PROTOBUF_C_TYPE_ENUM:
		while (inner.at < inner.end)
			if (!read_varint(&inner, &value) ||
			    !protobuf_c_enum_descriptor_get_value(field->descriptor, (int)value))
				return MESSAGE_MALFORMED;
		return MESSAGE_OK;
	default:
		/* Packed numbers: their memory is bounded by their bytes. */
		return field->label == PROTOBUF_C_LABEL_REPEATED ? MESSAGE_OK : MESSAGE_MALFORMED;
	}
}

static int scan_field(const ProtobufCFieldDescriptor *field, struct scan *scan, unsigned wire) {
	uint64_t value = 0;
	int answer = MESSAGE_OK;

	switch (wire) {
	case WIRE_VARINT:
		if (!read_varint(scan, &value))
			return MESSAGE_MALFORMED;
		if (field && field->type == PROTOBUF_C_TYPE_ENUM &&
		    (value > INT32_MAX ||
		        !protobuf_c_enum_descriptor_get_value(field->descriptor, (int)value)))
			return MESSAGE_MALFORMED;
		return MESSAGE_OK;
	case WIRE_64_BIT:
	case WIRE_32_BIT:
		if ((size_t)(scan->end - scan->at) < (wire == WIRE_64_BIT ? 8 : 4))
			return MESSAGE_MALFORMED;
		scan->at += wire == WIRE_64_BIT ? 8 : 4;
		return MESSAGE_OK;
	case WIRE_LENGTH:
		if (!read_varint(scan, &value) || value > (uint64_t)(scan->end - scan->at))
			return MESSAGE_MALFORMED;
		if (field)
			answer = scan_length_field(field, scan, scan->at, (size_t)value);
		scan->at += value;
		return answer;
	default: return MESSAGE_MALFORMED;
	}
}

static int scan_message(const ProtobufCMessageDescriptor *type, struct scan *scan) {
	if (scan->depth > MESSAGE_DEPTH_MAX)
		return MESSAGE_MALFORMED;
	while (scan->at < scan->end) {
		const ProtobufCFieldDescriptor *field;
		uint64_t tag;
		int answer;

		if (!read_varint(scan, &tag) || tag >> 3 == 0 || tag >> 3 > 0x1fffffff)
			return MESSAGE_MALFORMED;
		if (++*scan->fields > MESSAGE_FIELDS_MAX)
			return MESSAGE_TOO_LARGE;
		field = protobuf_c_message_descriptor_get_field(type, (unsigned)(tag >> 3));
		answer = scan_field(field, scan, (unsigned)(tag & 7));
		if (answer)
			return answer;
	}
	return MESSAGE_OK;
}

int message_unpack(const ProtobufCMessageDescriptor *type, const uint8_t *bytes, size_t size,
    struct arena *arena, ProtobufCMessage **ret_message) {
	unsigned fields = 0;
	struct scan scan = { bytes, bytes + size, &fields, 0 };
	int answer = size ? scan_message(type, &scan) : MESSAGE_OK;
	bool refused = arena->refused;
	ProtobufCMessage *message;

	if (answer)
		return answer;
	/* The bytes are well-formed: what stops the unpacking now is a wrong wire type or the cap. */
	arena->refused = false;
	message = protobuf_c_message_unpack(type, &arena->allocator, size, bytes);
	if (!message)
		return arena->refused ? MESSAGE_TOO_LARGE : MESSAGE_MALFORMED;
	arena->refused = refused;
	*ret_message = message;
	return MESSAGE_OK;
}

ProtobufCMessage *message_new(const ProtobufCMessageDescriptor *type, struct arena *arena) {
	ProtobufCMessage *message = arena_alloc_raw(arena, type->sizeof_message);

	if (message)
		protobuf_c_message_init(type, message);
	return message;
}

int message_pack(
    const ProtobufCMessage *message, struct arena *arena, uint8_t **ret_bytes, size_t *ret_size) {
	size_t size = protobuf_c_message_get_packed_size(message);
	uint8_t *bytes = arena_alloc_raw(arena, size + 1);

	if (!bytes)
		return failed_here(-ENOMEM);
	protobuf_c_message_pack(message, bytes);
	*ret_bytes = bytes;
	*ret_size = size;
	return 0;
}
