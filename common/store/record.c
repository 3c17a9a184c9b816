/* SPDX-License-Identifier: MIT */
#include "common/store/record.h"

#include <sodium.h>
#include <string.h>

#include "common/base/message.h"
#include "common/store/names.h"

const char *record_field_text(
    const ProtobufCMessage *record, const char *name, struct arena *arena) {
	const ProtobufCFieldDescriptor *field =
	    protobuf_c_message_descriptor_get_field_by_name(record->descriptor, name);
	const void *member = (const char *)record + field->offset;

	switch (field->type) {
	case PROTOBUF_C_TYPE_STRING: return *(char *const *)member;
	case PROTOBUF_C_TYPE_UINT64:
		return arena_format(arena, "%llu", (unsigned long long)*(const uint64_t *)member);
	default: return arena_format(arena, "%u", *(const uint32_t *)member);
	}
}

static size_t code_field_count(const struct register_type *type) {
	size_t count = 0;

	while (count < REGISTER_CODE_FIELDS && type->code_fields[count])
		count++;
	return count;
}

/* The fields from `first` on, joined. */
static const char *join_code(const struct register_type *type, const ProtobufCMessage *record,
    size_t first, struct arena *arena) {
	size_t count = code_field_count(type);
	const char *code = record_field_text(record, type->code_fields[first], arena);

	for (size_t i = first + 1; code && i < count; i++) {
		const char *part = record_field_text(record, type->code_fields[i], arena);

		code = part ? arena_format(arena, "%s/%s", code, part) : NULL;
	}
	return code;
}

const char *register_code(
    const struct register_type *type, const ProtobufCMessage *record, struct arena *arena) {
	return join_code(type, record, 0, arena);
}

struct key record_type_key(const struct register_type *type) {
	struct key key = KEY_EMPTY;

	key_add_u16(&key, (uint16_t)type->type);
	return key;
}

struct key record_key_of_code(const struct register_type *type, const char *code) {
	struct key key = record_type_key(type);

	key_add_code(&key, code);
	return key;
}

int record_key(const struct register_type *type, const ProtobufCMessage *record,
    struct arena *arena, struct key *ret_key) {
	const char *code;

	*ret_key = record_type_key(type);
	if (type->owner) {
		const char *owner = record_field_text(record, type->code_fields[0], arena);

		if (!owner)
			return failed_here(-ENOMEM);
		key_add_code(ret_key, owner);
	}
	code = join_code(type, record, type->owner && code_field_count(type) > 1 ? 1 : 0, arena);
	if (!code)
		return failed_here(-ENOMEM);
	key_add_code(ret_key, code);
	return 0;
}

ProtobufCMessage *record_unpack(
    const struct register_type *type, struct store_value value, struct arena *arena) {
	if (value.size < RECORD_ORIGIN_SIZE)
		return NULL;
	return protobuf_c_message_unpack(type->record, &arena->allocator,
	    value.size - RECORD_ORIGIN_SIZE, (const uint8_t *)value.bytes + RECORD_ORIGIN_SIZE);
}

static char **text_member(const ProtobufCMessage *record, const char *name) {
	const ProtobufCFieldDescriptor *field =
	    protobuf_c_message_descriptor_get_field_by_name(record->descriptor, name);

	return (char **)(void *)((char *)(uintptr_t)record + field->offset);
}

static int pack_one(
    const ProtobufCMessage *record, struct arena *arena, ProtobufCBinaryData *ret_bytes) {
	return message_pack(record, arena, &ret_bytes->data, &ret_bytes->len);
}

int record_pack(const struct register_type *type, const ProtobufCMessage *record,
    struct arena *arena, struct record_bytes *ret_bytes) {
	ProtobufCMessage *personal;
	ProtobufCMessage *open;
	int r;

	ret_bytes->personal = (ProtobufCBinaryData) { 0, NULL };
	if (!type->personal_fields[0])
		return pack_one(record, arena, &ret_bytes->open);
	personal = message_new(type->record, arena);
	open = arena_copy(arena, record, type->record->sizeof_message);
	if (!personal || !open)
		return failed_here(-ENOMEM);
	for (size_t i = 0; i < REGISTER_PERSONAL_FIELDS && type->personal_fields[i]; i++) {
		*text_member(personal, type->personal_fields[i]) =
		    *text_member(record, type->personal_fields[i]);
		*text_member(open, type->personal_fields[i]) = (char *)(uintptr_t)protobuf_c_empty_string;
	}
	/* Unknown fields may be anything; they stay with the open part, once. */
	r = pack_one(open, arena, &ret_bytes->open);
	if (r == 0)
		r = pack_one(personal, arena, &ret_bytes->personal);
	return r < 0 ? failed_below(r) : 0;
}

bool record_is(struct store_value value, const struct record_bytes *bytes) {
	const uint8_t *stored = (const uint8_t *)value.bytes + RECORD_ORIGIN_SIZE;

	return value.size == RECORD_ORIGIN_SIZE + bytes->open.len + bytes->personal.len &&
	       (bytes->open.len == 0 || memcmp(stored, bytes->open.data, bytes->open.len) == 0) &&
	       (bytes->personal.len == 0 ||
	           memcmp(stored + bytes->open.len, bytes->personal.data, bytes->personal.len) == 0);
}

void record_put_value(struct store_txn *txn, const struct key *key, const char *origin,
    const struct record_bytes *bytes) {
	struct key number = KEY_EMPTY;
	uint8_t *value;

	key_add_u32(&number, name_number(txn, origin));
	value = store_put_place(
	    txn, TABLE_STATE, key, RECORD_ORIGIN_SIZE + bytes->open.len + bytes->personal.len);
	if (!value)
		return;
	memcpy(value, number.bytes, RECORD_ORIGIN_SIZE);
	value += RECORD_ORIGIN_SIZE;
	if (bytes->open.len)
		memcpy(value, bytes->open.data, bytes->open.len);
	if (bytes->personal.len)
		memcpy(value + bytes->open.len, bytes->personal.data, bytes->personal.len);
}

uint32_t record_origin(struct store_value value) {
	return key_u32_at(value.bytes, 0);
}

void record_counted(
    const struct register_type *type, const struct key *key, struct counted *ret_counted) {
	ret_counted->type = type->owner ? type->owner : type;
	memcpy(ret_counted->code, key->bytes + 2, KEY_CODE_SIZE);
	ret_counted->key = record_type_key(ret_counted->type);
	key_add_bytes(&ret_counted->key, ret_counted->code, KEY_CODE_SIZE);
}

struct key record_field_key(const struct register_type *type, const char *value) {
	struct key key = record_type_key(type);
	uint8_t hash[16];

	crypto_generichash(hash, sizeof(hash), (const uint8_t *)value, strlen(value), NULL, 0);
	key_add_bytes(&key, hash, sizeof(hash));
	return key;
}
