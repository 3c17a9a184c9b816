/* SPDX-License-Identifier: MIT */
#include "services/cli/transcoder.h"

#include <ctype.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/message.h"

#define NAME_MAX_COMPARED 64 /* no name of a contract is longer; a longer one is like none */
#define EXACT_REAL_MAX    9007199254740992.0 /* 2^53: above it a real no longer tells each integer */

/* A value being read: where it stands, for the fault's path, and what it is. */
struct place {
	const struct place *above;
	const char *name; /* null: an item of the list above */
	size_t index;
	const json_t *json;
	unsigned depth; /* of messages */
};

struct reading {
	struct arena *arena;
	struct transcode_fault *ret_fault;
};

struct integer {
	bool negative;
	uint64_t magnitude;
};

struct buffer {
	char *bytes;
	size_t length;
	size_t max;
};

static void free_bytes(char **bytes) {
	free(*bytes);
}

static size_t value_size(ProtobufCType type) {
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

static bool is_in_oneof(const ProtobufCFieldDescriptor *field) {
	return field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF;
}

/* Writing */

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
	size_t size = value_size(field->type);

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
		return value_size(field->type) == sizeof(uint64_t) ? *(const uint64_t *)value == 0
		                                                   : *(const uint32_t *)value == 0;
	}
}

static bool is_written(const ProtobufCFieldDescriptor *field, const ProtobufCMessage *message,
    enum transcode_defaults defaults) {
	const char *base = (const char *)message;

	if (is_in_oneof(field) && *(const uint32_t *)(base + field->quantifier_offset) != field->id)
		return false;
	if (field->label == PROTOBUF_C_LABEL_REPEATED)
		return defaults == TRANSCODE_KEEP_DEFAULTS ||
		       *(const size_t *)(base + field->quantifier_offset) > 0;
	if (field->type == PROTOBUF_C_TYPE_MESSAGE)
		return !has_default(field, base + field->offset);
	return defaults == TRANSCODE_KEEP_DEFAULTS || is_in_oneof(field) ||
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

/* Faults */

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

static void add_path(struct buffer *buffer, const struct place *place) {
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

static int refuse(const struct reading *reading, const struct place *place,
    enum transcode_answer answer, const char *nearest) {
	struct transcode_fault *fault = reading->ret_fault;
	struct buffer path = { fault->path, 0, TRANSCODE_PATH_MAX };
	struct buffer value = { fault->value, 0, TRANSCODE_VALUE_MAX };

	add_path(&path, place);
	buffer_end(&path);
	json_dump_callback(place->json, buffer_take, &value, JSON_COMPACT | JSON_ENCODE_ANY);
	buffer_end(&value);
	fault->nearest = nearest;
	return (int)answer;
}

static unsigned least(unsigned first, unsigned second) {
	return first < second ? first : second;
}

/* Levenshtein's distance, letter case apart; both names are within NAME_MAX_COMPARED. */
static unsigned name_distance(const char *left, const char *right) {
	unsigned row[NAME_MAX_COMPARED + 1];
	unsigned length = (unsigned)strlen(right);

	for (unsigned j = 0; j <= length; j++)
		row[j] = j;
	for (unsigned i = 0; left[i]; i++) {
		unsigned diagonal = row[0];

		row[0] = i + 1;
		for (unsigned j = 0; j < length; j++) {
			bool same = tolower((unsigned char)left[i]) == tolower((unsigned char)right[j]);
			unsigned replaced = diagonal + (same ? 0 : 1);

			diagonal = row[j + 1];
			row[j + 1] = least(replaced, least(row[j], diagonal) + 1);
		}
	}
	return row[length];
}

/* Keep the nearer of two; a name that shares less than half with the given one is not near. */
static void prefer_nearer(
    const char *given, const char *name, const char **nearest, unsigned *distance) {
	size_t given_length = strlen(given);
	size_t length = strlen(name);
	unsigned here;

	if (given_length > NAME_MAX_COMPARED || length > NAME_MAX_COMPARED)
		return;
	here = name_distance(given, name);
	if (here >= *distance || here * 2 > (length > given_length ? length : given_length))
		return;
	*nearest = name;
	*distance = here;
}

static const char *nearest_field(const ProtobufCMessageDescriptor *type, const char *given) {
	const char *nearest = NULL;
	unsigned distance = UINT_MAX;

	for (unsigned i = 0; i < type->n_fields; i++)
		prefer_nearer(given, type->fields[i].name, &nearest, &distance);
	return nearest;
}

static const char *nearest_value(const ProtobufCEnumDescriptor *type, const char *given) {
	const char *nearest = NULL;
	unsigned distance = UINT_MAX;

	for (unsigned i = 0; i < type->n_value_names; i++)
		prefer_nearer(given, type->values_by_name[i].name, &nearest, &distance);
	return nearest;
}

/* Reading */

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

static int read_signed(
    const struct reading *reading, const struct place *place, uint64_t max, int64_t *ret_value) {
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

static int read_unsigned(
    const struct reading *reading, const struct place *place, uint64_t max, uint64_t *ret_value) {
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
    const struct reading *reading, const struct place *place, int32_t *ret_value) {
	int64_t value = 0;
	int answer = read_signed(reading, place, INT32_MAX, &value);

	if (answer == TRANSCODE_OK)
		*ret_value = (int32_t)value;
	return answer;
}

static int read_unsigned_32(
    const struct reading *reading, const struct place *place, uint32_t *ret_value) {
	uint64_t value = 0;
	int answer = read_unsigned(reading, place, UINT32_MAX, &value);

	if (answer == TRANSCODE_OK)
		*ret_value = (uint32_t)value;
	return answer;
}

static int read_bool(
    const struct reading *reading, const struct place *place, protobuf_c_boolean *ret_value) {
	if (!json_is_boolean(place->json))
		return refuse(reading, place, TRANSCODE_WRONG_TYPE, NULL);
	*ret_value = json_is_true(place->json);
	return TRANSCODE_OK;
}

static int read_enum_name(const struct reading *reading, const ProtobufCEnumDescriptor *type,
    const struct place *place, int *ret_value) {
	const char *name = json_string_value(place->json);
	const ProtobufCEnumValue *known = NULL;

	if (!holds_nul(place->json))
		known = protobuf_c_enum_descriptor_get_value_by_name(type, name);
	if (!known)
		return refuse(reading, place, TRANSCODE_OUT_OF_RANGE, nearest_value(type, name));
	*ret_value = known->value;
	return TRANSCODE_OK;
}

static int read_enum(const struct reading *reading, const ProtobufCEnumDescriptor *type,
    const struct place *place, int *ret_value) {
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

static int read_text(const struct reading *reading, const struct place *place, char **ret_text) {
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

static int read_bytes(
    const struct reading *reading, const struct place *place, ProtobufCBinaryData *ret_bytes) {
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
    const struct place *place, ProtobufCMessage **ret_message);

static int read_value(const struct reading *reading, const ProtobufCFieldDescriptor *field,
    const struct place *place, void *ret_value) {
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
    const struct place *place, ProtobufCMessage *message) {
	size_t count = json_array_size(place->json);
	size_t size = value_size(field->type);
	char *items;

	if (!json_is_array(place->json))
		return refuse(reading, place, TRANSCODE_WRONG_TYPE, NULL);
	if (count == 0)
		return TRANSCODE_OK;
	items = arena_alloc(reading->arena, count * size);
	if (!items)
		return failed_here(-ENOMEM);
	for (size_t i = 0; i < count; i++) {
		struct place item = { place, NULL, i, json_array_get(place->json, i), place->depth };
		int answer = read_value(reading, field, &item, items + i * size);

		if (answer)
			return answer < 0 ? failed_below(answer) : answer;
	}
	*(char **)((char *)message + field->offset) = items;
	*(size_t *)((char *)message + field->quantifier_offset) = count;
	return TRANSCODE_OK;
}

static int read_member(const struct reading *reading, const ProtobufCFieldDescriptor *field,
    const struct place *place, ProtobufCMessage *message) {
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
    const struct place *place, ProtobufCMessage *message) {
	if (json_is_null(place->json))
		return TRANSCODE_OK;
	if (field->label == PROTOBUF_C_LABEL_REPEATED)
		return read_list(reading, field, place, message);
	if (is_in_oneof(field))
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

static int read_pair(const struct reading *reading, const struct place *object,
    const struct place *place, ProtobufCMessage *message) {
	const ProtobufCFieldDescriptor *field = find_field(message->descriptor, place->name);

	if (!field)
		return refuse(reading, place, TRANSCODE_UNKNOWN_FIELD,
		    nearest_field(message->descriptor, place->name));
	if (strcmp(field->name, place->name) != 0 && json_object_get(object->json, field->name))
		return refuse(reading, place, TRANSCODE_GIVEN_TWICE, NULL);
	return read_field(reading, field, place, message);
}

static int read_message(const struct reading *reading, const ProtobufCMessageDescriptor *type,
    const struct place *place, ProtobufCMessage **ret_message) {
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
		struct place pair = { place, name, 0, json, place->depth + 1 };
		int answer = read_pair(reading, place, &pair, message);

		if (answer)
			return answer < 0 ? failed_below(answer) : answer;
	}
	*ret_message = message;
	return TRANSCODE_OK;
}

int transcode_to_json(
    const ProtobufCMessage *message, enum transcode_defaults defaults, json_t **ret_json) {
	return write_message(message, defaults, 0, ret_json);
}

int transcode_from_json(const ProtobufCMessageDescriptor *type, const json_t *json,
    struct arena *arena, ProtobufCMessage **ret_message, struct transcode_fault *ret_fault) {
	struct reading reading = { arena, ret_fault };
	struct place root = { .json = json };

	return read_message(&reading, type, &root, ret_message);
}
