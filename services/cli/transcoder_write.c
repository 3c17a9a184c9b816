/* SPDX-License-Identifier: MIT */
/*
 * Transcoder: a message written as JSON
 */
#include "services/cli/transcoder.h"

#include <inttypes.h>
#include <sodium.h>
#include <stdbool.h>
#include <stdlib.h>

#include "common/base/message.h"
#include "services/cli/transcoder_internal.h"

static void free_bytes(char **bytes) {
	free(*bytes);
}

static int made(json_t *json, json_t **ret_json) {
	if (!json)
		return failed_here(-ENOMEM);
	*ret_json = json;
	return 0;
}

static int write_text(const char *text, json_t **ret_json) {
	AUTO(json_decrefp) json_t *unchecked = NULL;
	json_t *json = json_string(text ? text : "");

	if (json)
		return made(json, ret_json);
	/* jansson gives no reason: text it takes unchecked was not UTF-8, else memory is out. */
	unchecked = json_string_nocheck(text ? text : "");
	return failed_here(unchecked ? -EILSEQ : -ENOMEM);
}

static int write_bytes(const ProtobufCBinaryData *bytes, json_t **ret_json) {
	size_t size = sodium_base64_encoded_len(bytes->len, sodium_base64_VARIANT_ORIGINAL);
	AUTO(free_bytes) char *base64 = malloc(size);

	if (!base64)
		return failed_here(-ENOMEM);
	sodium_bin2base64(base64, size, bytes->data, bytes->len, sodium_base64_VARIANT_ORIGINAL);
	return made(json_string_nocheck(base64), ret_json);
}

static int write_enum(const ProtobufCEnumDescriptor *type, int value, json_t **ret_json) {
	const ProtobufCEnumValue *known = protobuf_c_enum_descriptor_get_value(type, value);

	return made(known ? json_string(known->name) : json_integer(value), ret_json);
}

static int write_message(const ProtobufCMessage *message, enum transcode_defaults defaults,
    unsigned depth, json_t **ret_json);

static int write_value(const ProtobufCFieldDescriptor *field, const void *value,
    enum transcode_defaults defaults, unsigned depth, json_t **ret_json) {
	switch (field->type) {
	case PROTOBUF_C_TYPE_INT32:
	case PROTOBUF_C_TYPE_SINT32:
	case PROTOBUF_C_TYPE_SFIXED32: return made(json_integer(*(const int32_t *)value), ret_json);
	case PROTOBUF_C_TYPE_UINT32:
	case PROTOBUF_C_TYPE_FIXED32: return made(json_integer(*(const uint32_t *)value), ret_json);
	case PROTOBUF_C_TYPE_INT64:
	case PROTOBUF_C_TYPE_SINT64:
	case PROTOBUF_C_TYPE_SFIXED64:
		return made(json_sprintf("%" PRId64, *(const int64_t *)value), ret_json);
	case PROTOBUF_C_TYPE_UINT64:
	case PROTOBUF_C_TYPE_FIXED64:
		return made(json_sprintf("%" PRIu64, *(const uint64_t *)value), ret_json);
	case PROTOBUF_C_TYPE_BOOL:
		return made(json_boolean(*(const protobuf_c_boolean *)value), ret_json);
	case PROTOBUF_C_TYPE_ENUM: return write_enum(field->descriptor, *(const int *)value, ret_json);
	case PROTOBUF_C_TYPE_STRING: return write_text(*(char *const *)value, ret_json);
	case PROTOBUF_C_TYPE_BYTES: return write_bytes(value, ret_json);
	case PROTOBUF_C_TYPE_MESSAGE:
		return write_message(*(ProtobufCMessage *const *)value, defaults, depth + 1, ret_json);
	default: return failed_here(-ENOTSUP);
	}
}

static int write_list(const ProtobufCFieldDescriptor *field, const ProtobufCMessage *message,
    enum transcode_defaults defaults, unsigned depth, json_t **ret_json) {
	AUTO(json_decrefp) json_t *list = json_array();
	size_t count = *(const size_t *)((const char *)message + field->quantifier_offset);
	const char *items = *(char *const *)((const char *)message + field->offset);
	size_t size = transcode_value_size(field->type);

	if (!list)
		return failed_here(-ENOMEM);
	for (size_t i = 0; i < count; i++) {
		json_t *item = NULL;
		int r = write_value(field, items + i * size, defaults, depth, &item);

		if (r < 0)
			return failed_below(r);
		if (json_array_append_new(list, item) < 0)
			return failed_here(-ENOMEM);
	}
	*ret_json = list;
	list = NULL;
	return 0;
}

static bool has_default(const ProtobufCFieldDescriptor *field, const void *value) {
	const char *text = field->type == PROTOBUF_C_TYPE_STRING ? *(char *const *)value : NULL;

	switch (field->type) {
	case PROTOBUF_C_TYPE_STRING: return !text || !*text;
	case PROTOBUF_C_TYPE_BYTES: return ((const ProtobufCBinaryData *)value)->len == 0;
	case PROTOBUF_C_TYPE_MESSAGE: return !*(ProtobufCMessage *const *)value;
	default:
		return transcode_value_size(field->type) == sizeof(uint64_t)
		           ? *(const uint64_t *)value == 0
		           : *(const uint32_t *)value == 0;
	}
}

static bool is_written(const ProtobufCFieldDescriptor *field, const ProtobufCMessage *message,
    enum transcode_defaults defaults) {
	const char *base = (const char *)message;

	if (transcode_is_in_oneof(field) &&
	    *(const uint32_t *)(base + field->quantifier_offset) != field->id)
		return false;
	if (field->label == PROTOBUF_C_LABEL_REPEATED)
		return defaults == TRANSCODE_KEEP_DEFAULTS ||
		       *(const size_t *)(base + field->quantifier_offset) > 0;
	if (field->type == PROTOBUF_C_TYPE_MESSAGE)
		return !has_default(field, base + field->offset);
	return defaults == TRANSCODE_KEEP_DEFAULTS || transcode_is_in_oneof(field) ||
	       !has_default(field, base + field->offset);
}

static int write_field(const ProtobufCFieldDescriptor *field, const ProtobufCMessage *message,
    enum transcode_defaults defaults, unsigned depth, json_t *object) {
	json_t *json = NULL;
	int r;

	if (field->label == PROTOBUF_C_LABEL_REPEATED)
		r = write_list(field, message, defaults, depth, &json);
	else
		r = write_value(field, (const char *)message + field->offset, defaults, depth, &json);
	if (r < 0)
		return failed_below(r);
	return json_object_set_new_nocheck(object, field->name, json) < 0 ? failed_here(-ENOMEM) : 0;
}

static int write_message(const ProtobufCMessage *message, enum transcode_defaults defaults,
    unsigned depth, json_t **ret_json) {
	AUTO(json_decrefp) json_t *object = json_object();

	if (!object)
		return failed_here(-ENOMEM);
	if (depth > MESSAGE_DEPTH_MAX)
		return failed_here(-ELOOP);
	for (unsigned i = 0; i < message->descriptor->n_fields; i++) {
		const ProtobufCFieldDescriptor *field = &message->descriptor->fields[i];
		int r = 0;

		if (is_written(field, message, defaults))
			r = write_field(field, message, defaults, depth, object);
		if (r < 0)
			return failed_below(r);
	}
	*ret_json = object;
	object = NULL;
	return 0;
}

int transcode_to_json(
    const ProtobufCMessage *message, enum transcode_defaults defaults, json_t **ret_json) {
	return write_message(message, defaults, 0, ret_json);
}
