/* SPDX-License-Identifier: MIT */
/*
 * Transcoder: a message read from JSON
 */
#include "services/cli/transcoder.h"

#include <ctype.h>
#include <sodium.h>
#include <stdbool.h>
#include <string.h>

#include "common/base/message.h"
#include "services/cli/transcoder_internal.h"

#define EXACT_REAL_MAX 9007199254740992.0 /* 2^53: above it a real no longer tells each integer */

struct reading {
	struct arena *arena;
	struct transcode_fault *ret_fault;
};

struct integer {
	bool negative;
	uint64_t magnitude;
};

static int refuse(const struct reading *reading, const struct transcode_place *place,
    enum transcode_answer answer, const char *nearest) {
	transcode_fault_at(place, nearest, reading->ret_fault);
	return (int)answer;
}

static bool holds_nul(const json_t *text) {
	return strlen(json_string_value(text)) != json_string_length(text);
}

/* The form of an integer in JSON: no plus, no leading zero, no blank. */
static enum transcode_answer integer_from_text(const char *text, struct integer *ret_integer) {
	struct integer integer = { .negative = *text == '-' };
	const char *digits = text + integer.negative;

	if (!*digits || digits[strspn(digits, "0123456789")] || (digits[0] == '0' && digits[1]))
		return TRANSCODE_WRONG_TYPE;
	for (const char *digit = digits; *digit; digit++) {
		unsigned value = (unsigned)(*digit - '0');

		if (integer.magnitude > (UINT64_MAX - value) / 10)
			return TRANSCODE_OUT_OF_RANGE;
		integer.magnitude = integer.magnitude * 10 + value;
	}
	*ret_integer = integer;
	return TRANSCODE_OK;
}

static struct integer integer_from_signed(int64_t value) {
	return (struct integer) {
		.negative = value < 0,
		.magnitude = value < 0 ? 0 - (uint64_t)value : (uint64_t)value,
	};
}

static enum transcode_answer integer_from_real(double real, struct integer *ret_integer) {
	if (!(real >= -EXACT_REAL_MAX && real <= EXACT_REAL_MAX))
		return TRANSCODE_OUT_OF_RANGE;
	if ((double)(int64_t)real != real)
		return TRANSCODE_WRONG_TYPE;
	*ret_integer = integer_from_signed((int64_t)real);
	return TRANSCODE_OK;
}

static enum transcode_answer integer_from_json(const json_t *json, struct integer *ret_integer) {
	switch (json_typeof(json)) {
	case JSON_INTEGER:
		*ret_integer = integer_from_signed(json_integer_value(json));
		return TRANSCODE_OK;
	case JSON_REAL: return integer_from_real(json_real_value(json), ret_integer);
	case JSON_STRING:
		if (holds_nul(json))
			return TRANSCODE_WRONG_TYPE;
		return integer_from_text(json_string_value(json), ret_integer);
	default: return TRANSCODE_WRONG_TYPE;
	}
}

static int read_signed(const struct reading *reading, const struct transcode_place *place,
    uint64_t max, int64_t *ret_value) {
	struct integer integer = { 0 };
	enum transcode_answer answer = integer_from_json(place->json, &integer);

	if (answer == TRANSCODE_OK && integer.magnitude > max + integer.negative)
		answer = TRANSCODE_OUT_OF_RANGE;
	if (answer)
		return refuse(reading, place, answer, NULL);
	/* The lowest number has no positive twin, so the sign is put on before the cast. */
	*ret_value = (int64_t)(integer.negative ? 0 - integer.magnitude : integer.magnitude);
	return TRANSCODE_OK;
}

static int read_unsigned(const struct reading *reading, const struct transcode_place *place,
    uint64_t max, uint64_t *ret_value) {
	struct integer integer = { 0 };
	enum transcode_answer answer = integer_from_json(place->json, &integer);

	if (answer == TRANSCODE_OK &&
	    (integer.magnitude > max || (integer.negative && integer.magnitude > 0)))
		answer = TRANSCODE_OUT_OF_RANGE;
	if (answer)
		return refuse(reading, place, answer, NULL);
	*ret_value = integer.magnitude;
	return TRANSCODE_OK;
}

static int read_signed_32(
    const struct reading *reading, const struct transcode_place *place, int32_t *ret_value) {
	int64_t value = 0;
	int answer = read_signed(reading, place, INT32_MAX, &value);

	if (answer == TRANSCODE_OK)
		*ret_value = (int32_t)value;
	return answer;
}

static int read_unsigned_32(
    const struct reading *reading, const struct transcode_place *place, uint32_t *ret_value) {
	uint64_t value = 0;
	int answer = read_unsigned(reading, place, UINT32_MAX, &value);

	if (answer == TRANSCODE_OK)
		*ret_value = (uint32_t)value;
	return answer;
}

static int read_bool(const struct reading *reading, const struct transcode_place *place,
    protobuf_c_boolean *ret_value) {
	if (!json_is_boolean(place->json))
		return refuse(reading, place, TRANSCODE_WRONG_TYPE, NULL);
	*ret_value = json_is_true(place->json);
	return TRANSCODE_OK;
}

static int read_enum_name(const struct reading *reading, const ProtobufCEnumDescriptor *type,
    const struct transcode_place *place, int *ret_value) {
	const char *name = json_string_value(place->json);
	const ProtobufCEnumValue *known = NULL;

	if (!holds_nul(place->json))
		known = protobuf_c_enum_descriptor_get_value_by_name(type, name);
	if (!known)
		return refuse(reading, place, TRANSCODE_OUT_OF_RANGE, transcode_nearest_value(type, name));
	*ret_value = known->value;
	return TRANSCODE_OK;
}

static int read_enum(const struct reading *reading, const ProtobufCEnumDescriptor *type,
    const struct transcode_place *place, int *ret_value) {
	int32_t value = 0;
	int answer;

	if (json_is_string(place->json))
		return read_enum_name(reading, type, place, ret_value);
	answer = read_signed_32(reading, place, &value);
	if (answer)
		return answer;
	if (!protobuf_c_enum_descriptor_get_value(type, value))
		return refuse(reading, place, TRANSCODE_OUT_OF_RANGE, NULL);
	*ret_value = value;
	return TRANSCODE_OK;
}

static int read_text(
    const struct reading *reading, const struct transcode_place *place, char **ret_text) {
	char *text;

	if (!json_is_string(place->json))
		return refuse(reading, place, TRANSCODE_WRONG_TYPE, NULL);
	if (holds_nul(place->json))
		return refuse(reading, place, TRANSCODE_OUT_OF_RANGE, NULL);
	text = arena_copy_text(
	    reading->arena, json_string_value(place->json), json_string_length(place->json));
	if (!text)
		return failed_here(-ENOMEM);
	*ret_text = text;
	return TRANSCODE_OK;
}

static int base64_variant(const char *text, size_t length) {
	bool padded = length > 0 && text[length - 1] == '=';

	if (text[strcspn(text, "-_")])
		return padded ? sodium_base64_VARIANT_URLSAFE : sodium_base64_VARIANT_URLSAFE_NO_PADDING;
	return padded ? sodium_base64_VARIANT_ORIGINAL : sodium_base64_VARIANT_ORIGINAL_NO_PADDING;
}

static int read_bytes(const struct reading *reading, const struct transcode_place *place,
    ProtobufCBinaryData *ret_bytes) {
	const char *text = json_string_value(place->json);
	size_t length = json_string_length(place->json);
	size_t max = length / 4 * 3 + 3;
	size_t size = 0;
	uint8_t *bytes;

	if (!text)
		return refuse(reading, place, TRANSCODE_WRONG_TYPE, NULL);
	bytes = arena_alloc_raw(reading->arena, max);
	if (!bytes)
		return failed_here(-ENOMEM);
	if (sodium_base642bin(
	        bytes, max, text, length, NULL, &size, NULL, base64_variant(text, length)))
		return refuse(reading, place, TRANSCODE_WRONG_TYPE, NULL);
	*ret_bytes = (ProtobufCBinaryData) { .len = size, .data = bytes };
	return TRANSCODE_OK;
}

static int read_message(const struct reading *reading, const ProtobufCMessageDescriptor *type,
    const struct transcode_place *place, ProtobufCMessage **ret_message);

static int read_value(const struct reading *reading, const ProtobufCFieldDescriptor *field,
    const struct transcode_place *place, void *ret_value) {
	switch (field->type) {
	case PROTOBUF_C_TYPE_INT32:
	case PROTOBUF_C_TYPE_SINT32:
	case PROTOBUF_C_TYPE_SFIXED32: return read_signed_32(reading, place, ret_value);
	case PROTOBUF_C_TYPE_UINT32:
	case PROTOBUF_C_TYPE_FIXED32: return read_unsigned_32(reading, place, ret_value);
	case PROTOBUF_C_TYPE_INT64:
	case PROTOBUF_C_TYPE_SINT64:
	case PROTOBUF_C_TYPE_SFIXED64: return read_signed(reading, place, INT64_MAX, ret_value);
	case PROTOBUF_C_TYPE_UINT64:
	case PROTOBUF_C_TYPE_FIXED64: return read_unsigned(reading, place, UINT64_MAX, ret_value);
	case PROTOBUF_C_TYPE_BOOL: return read_bool(reading, place, ret_value);
	case PROTOBUF_C_TYPE_ENUM: return read_enum(reading, field->descriptor, place, ret_value);
	case PROTOBUF_C_TYPE_STRING: return read_text(reading, place, ret_value);
	case PROTOBUF_C_TYPE_BYTES: return read_bytes(reading, place, ret_value);
	case PROTOBUF_C_TYPE_MESSAGE: return read_message(reading, field->descriptor, place, ret_value);
	default: return failed_here(-ENOTSUP);
	}
}

static int read_list(const struct reading *reading, const ProtobufCFieldDescriptor *field,
    const struct transcode_place *place, ProtobufCMessage *message) {
	size_t count = json_array_size(place->json);
	size_t size = transcode_value_size(field->type);
	char *items;

	if (!json_is_array(place->json))
		return refuse(reading, place, TRANSCODE_WRONG_TYPE, NULL);
	if (count == 0)
		return TRANSCODE_OK;
	items = arena_alloc(reading->arena, count * size);
	if (!items)
		return failed_here(-ENOMEM);
	for (size_t i = 0; i < count; i++) {
		struct transcode_place item = { place, NULL, i, json_array_get(place->json, i),
			place->depth };
		int answer = read_value(reading, field, &item, items + i * size);

		if (answer)
			return answer < 0 ? failed_below(answer) : answer;
	}
	*(char **)((char *)message + field->offset) = items;
	*(size_t *)((char *)message + field->quantifier_offset) = count;
	return TRANSCODE_OK;
}

static int read_member(const struct reading *reading, const ProtobufCFieldDescriptor *field,
    const struct transcode_place *place, ProtobufCMessage *message) {
	uint32_t *which = (uint32_t *)((char *)message + field->quantifier_offset);
	int answer;

	if (*which)
		return refuse(reading, place, TRANSCODE_GIVEN_TWICE, NULL);
	answer = read_value(reading, field, place, (char *)message + field->offset);
	if (answer == TRANSCODE_OK)
		*which = field->id;
	return answer;
}

static int read_field(const struct reading *reading, const ProtobufCFieldDescriptor *field,
    const struct transcode_place *place, ProtobufCMessage *message) {
	if (json_is_null(place->json))
		return TRANSCODE_OK;
	if (field->label == PROTOBUF_C_LABEL_REPEATED)
		return read_list(reading, field, place, message);
	if (transcode_is_in_oneof(field))
		return read_member(reading, field, place, message);
	return read_value(reading, field, place, (char *)message + field->offset);
}

static bool is_camel_case_of(const char *name, const char *given) {
	for (; *name; name++) {
		bool raise = false;

		for (; *name == '_'; name++)
			raise = true;
		if (*given++ != (raise ? toupper((unsigned char)*name) : *name))
			return false;
		if (!*name)
			return true;
	}
	return !*given;
}

static const ProtobufCFieldDescriptor *find_field(
    const ProtobufCMessageDescriptor *type, const char *given) {
	const ProtobufCFieldDescriptor *field =
	    protobuf_c_message_descriptor_get_field_by_name(type, given);

	for (unsigned i = 0; !field && i < type->n_fields; i++)
		if (is_camel_case_of(type->fields[i].name, given))
			field = &type->fields[i];
	return field;
}

static int read_pair(const struct reading *reading, const struct transcode_place *object,
    const struct transcode_place *place, ProtobufCMessage *message) {
	const ProtobufCFieldDescriptor *field = find_field(message->descriptor, place->name);

	if (!field)
		return refuse(reading, place, TRANSCODE_UNKNOWN_FIELD,
		    transcode_nearest_field(message->descriptor, place->name));
	if (strcmp(field->name, place->name) != 0 && json_object_get(object->json, field->name))
		return refuse(reading, place, TRANSCODE_GIVEN_TWICE, NULL);
	return read_field(reading, field, place, message);
}

static int read_message(const struct reading *reading, const ProtobufCMessageDescriptor *type,
    const struct transcode_place *place, ProtobufCMessage **ret_message) {
	json_t *object = (json_t *)place->json; /* jansson's walk takes no const and changes nothing */
	ProtobufCMessage *message;
	const char *name;
	json_t *json;

	if (!json_is_object(object))
		return refuse(reading, place, TRANSCODE_WRONG_TYPE, NULL);
	if (place->depth > MESSAGE_DEPTH_MAX)
		return refuse(reading, place, TRANSCODE_OUT_OF_RANGE, NULL);
	message = message_new(type, reading->arena);
	if (!message)
		return failed_here(-ENOMEM);
	json_object_foreach(object, name, json) {
		struct transcode_place pair = { place, name, 0, json, place->depth + 1 };
		int answer = read_pair(reading, place, &pair, message);

		if (answer)
			return answer < 0 ? failed_below(answer) : answer;
	}
	*ret_message = message;
	return TRANSCODE_OK;
}

int transcode_from_json(const ProtobufCMessageDescriptor *type, const json_t *json,
    struct arena *arena, ProtobufCMessage **ret_message, struct transcode_fault *ret_fault) {
	struct reading reading = { arena, ret_fault };
	struct transcode_place root = { .json = json };

	return read_message(&reading, type, &root, ret_message);
}
