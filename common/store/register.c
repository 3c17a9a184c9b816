/* SPDX-License-Identifier: MIT */
#include "common/store/register.h"

#include <sodium.h>
#include <string.h>

#include "common/base/message.h"
#include "common/store/cells.h"
#include "common/store/day_index.h"
#include "common/store/event_log.h"
#include "common/store/names.h"

enum { ORIGIN_SIZE = 4 }; /* the origin's number before each stored record */

const struct register_type *schema_register(const struct schema *schema, RecordType type) {
	for (size_t i = 0; i < schema->register_count; i++)
		if (schema->registers[i]->type == type)
			return schema->registers[i];
	return NULL;
}

const struct measure_table *schema_table(const struct schema *schema, const char *name) {
	for (size_t i = 0; i < schema->table_count; i++)
		if (strcmp(schema->tables[i]->name, name) == 0)
			return schema->tables[i];
	return NULL;
}

static const char *field_text(
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
	const char *code = field_text(record, type->code_fields[first], arena);

	for (size_t i = first + 1; code && i < count; i++) {
		const char *part = field_text(record, type->code_fields[i], arena);

		code = part ? arena_format(arena, "%s/%s", code, part) : NULL;
	}
	return code;
}

const char *register_code(
    const struct register_type *type, const ProtobufCMessage *record, struct arena *arena) {
	return join_code(type, record, 0, arena);
}

static struct key type_key(const struct register_type *type) {
	struct key key = KEY_EMPTY;

	key_add_u16(&key, (uint16_t)type->type);
	return key;
}

static struct key state_key_of_code(const struct register_type *type, const char *code) {
	struct key key = type_key(type);

	key_add_code(&key, code);
	return key;
}

/* Return: 0 or a negative errno. */
static int state_key(const struct register_type *type, const ProtobufCMessage *record,
    struct arena *arena, struct key *ret_key) {
	const char *code;

	*ret_key = type_key(type);
	if (type->owner) {
		const char *owner = field_text(record, type->code_fields[0], arena);

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

static ProtobufCMessage *unpack_record(
    const struct register_type *type, struct store_value value, struct arena *arena) {
	return protobuf_c_message_unpack(type->record, &arena->allocator, value.size - ORIGIN_SIZE,
	    (const uint8_t *)value.bytes + ORIGIN_SIZE);
}

/* A record of ours that does not unpack fails the transaction: half of what counts must not be
 * taken for all of it. */
static int no_record(struct store_txn *txn, const struct arena *arena) {
	store_fail(txn, failed_here(arena->refused ? -ENOMEM : -EBADMSG));
	return txn->error;
}

static uint32_t origin_number(struct store_value value) {
	return key_u32_at(value.bytes, 0);
}

/* The record that counts: itself, or the one it hangs on. */
struct counted {
	const struct register_type *type;
	char code[KEY_CODE_SIZE]; /* as in keys */
	struct key key;
};

static void find_counted(
    const struct register_type *type, const struct key *key, struct counted *ret_counted) {
	ret_counted->type = type->owner ? type->owner : type;
	memcpy(ret_counted->code, key->bytes + 2, KEY_CODE_SIZE);
	ret_counted->key = type_key(ret_counted->type);
	key_add_bytes(&ret_counted->key, ret_counted->code, KEY_CODE_SIZE);
}

/* Add (sign +1) or take back (-1) what the counted record adds to cells and day index. */
static void count_record(struct store_txn *txn, const struct counted *counted, int sign) {
	struct contributions contributions = { .count = 0 };
	struct store_value value;
	ProtobufCMessage *record;
	const char *origin;

	if (!counted->type->measure)
		return;
	if (store_get(txn, TABLE_STATE, &counted->key, &value) != STORE_OK)
		return;
	origin = name_text(txn, origin_number(value), txn->arena);
	record = unpack_record(counted->type, value, txn->arena);
	if (!record) {
		no_record(txn, txn->arena);
		return;
	}
	counted->type->measure(txn, record, origin, &contributions);
	for (size_t i = 0; i < contributions.count; i++)
		cells_add(txn, counted->type->table, &contributions.items[i], sign);
	day_index_change(txn, counted->type, counted->code, &contributions,
	    sign > 0 ? DAY_INDEX_ADD : DAY_INDEX_REMOVE);
}

static struct key field_key(const struct register_type *type, const char *value) {
	struct key key = type_key(type);
	uint8_t hash[16];

	crypto_generichash(hash, sizeof(hash), (const uint8_t *)value, strlen(value), NULL, 0);
	key_add_bytes(&key, hash, sizeof(hash));
	return key;
}

enum field_index_change { FIELD_INDEX_ADD, FIELD_INDEX_REMOVE };

static void index_field(struct store_txn *txn, const struct register_type *type,
    const struct key *key, enum field_index_change change) {
	struct store_value value;
	ProtobufCMessage *record;
	struct key entry;

	if (!type->index_field || store_get(txn, TABLE_STATE, key, &value) != STORE_OK)
		return;
	record = unpack_record(type, value, txn->arena);
	if (!record) {
		no_record(txn, txn->arena);
		return;
	}
	entry = field_key(type, field_text(record, type->index_field, txn->arena));
	key_add_bytes(&entry, key->bytes + 2, KEY_CODE_SIZE);
	if (change == FIELD_INDEX_ADD)
		store_put(txn, TABLE_BY_FIELD, &entry, "", 0);
	else
		store_delete(txn, TABLE_BY_FIELD, &entry);
}

static void count_new(
    struct store_txn *txn, const struct register_type *type, const struct key *key) {
	struct key place = type_key(type);
	struct key size = KEY_EMPTY;
	struct store_value value;

	if (store_get(txn, TABLE_STATE, key, &value) != STORE_NOT_FOUND)
		return;
	key_add_u64(&size, register_count(txn, type) + 1);
	store_put(txn, TABLE_SIZES, &place, size.bytes, size.size);
}

static void put_record(struct store_txn *txn, const struct register_type *type,
    const struct key *key, const char *origin, const uint8_t *bytes, size_t size) {
	uint8_t *value = arena_alloc_raw(txn->arena, ORIGIN_SIZE + size);
	struct key number = KEY_EMPTY;
	struct counted counted;

	if (!value) {
		store_fail(txn, failed_here(-ENOMEM));
		return;
	}
	key_add_u32(&number, name_number(txn, origin));
	memcpy(value, number.bytes, ORIGIN_SIZE);
	memcpy(value + ORIGIN_SIZE, bytes, size);
	find_counted(type, key, &counted);
	count_new(txn, type, key);
	count_record(txn, &counted, -1);
	index_field(txn, type, key, FIELD_INDEX_REMOVE);
	store_put(txn, TABLE_STATE, key, value, ORIGIN_SIZE + size);
	index_field(txn, type, key, FIELD_INDEX_ADD);
	count_record(txn, &counted, +1);
}

struct packed {
	struct key key;
	uint8_t *bytes;
	size_t size;
};

static int pack(const struct register_type *type, const ProtobufCMessage *record,
    struct arena *arena, struct packed *ret_packed) {
	int r = state_key(type, record, arena, &ret_packed->key);

	if (r < 0)
		return failed_below(r);
	ret_packed->size = protobuf_c_message_get_packed_size(record);
	ret_packed->bytes = arena_alloc_raw(arena, ret_packed->size + 1);
	if (!ret_packed->bytes)
		return failed_here(-ENOMEM);
	protobuf_c_message_pack(record, ret_packed->bytes);
	return 0;
}

/* Who owns the record, or the one it hangs on, if that is another node; else null. */
static const char *other_owner(struct store_txn *txn, const struct register_type *type,
    const struct key *key, const char *node, struct arena *arena) {
	struct counted counted;
	struct store_value value;
	const char *owner = node;

	find_counted(type, key, &counted);
	if (type->owner && store_get(txn, TABLE_STATE, &counted.key, &value) == STORE_OK)
		owner = name_text(txn, origin_number(value), arena);
	if (strcmp(owner, node) == 0 && store_get(txn, TABLE_STATE, key, &value) == STORE_OK)
		owner = name_text(txn, origin_number(value), arena);
	return strcmp(owner, node) == 0 ? NULL : owner;
}

static int compare_packed(struct store_txn *txn, const struct register_type *type,
    const struct packed *packed, struct arena *arena, const char **ret_owner) {
	const char *owner = other_owner(txn, type, &packed->key, store_node(txn->store), arena);
	struct store_value value;
	int r = store_get(txn, TABLE_STATE, &packed->key, &value);

	if (r < 0)
		return failed_below(r);
	if (owner) {
		*ret_owner = owner;
		return REGISTER_OTHER_OWNER;
	}
	if (r == STORE_NOT_FOUND)
		return REGISTER_ADDED;
	if (value.size == ORIGIN_SIZE + packed->size &&
	    memcmp((const uint8_t *)value.bytes + ORIGIN_SIZE, packed->bytes, packed->size) == 0)
		return REGISTER_UNCHANGED;
	return REGISTER_CHANGED;
}

int register_compare(struct store_txn *txn, const struct register_type *type,
    const ProtobufCMessage *record, struct arena *arena, const char **ret_owner) {
	struct packed packed;
	int r = pack(type, record, arena, &packed);

	return r < 0 ? failed_below(r) : compare_packed(txn, type, &packed, arena, ret_owner);
}

int register_write(struct store_txn *txn, const struct register_type *type,
    const ProtobufCMessage *record, const char *actor, const char **ret_owner) {
	struct packed packed;
	int r = pack(type, record, txn->arena, &packed);

	if (r < 0)
		return failed_below(r);
	r = compare_packed(txn, type, &packed, txn->arena, ret_owner);
	if (r < 0 || r == REGISTER_UNCHANGED || r == REGISTER_OTHER_OWNER)
		return r;
	event_log_append(txn, &(struct event_draft) {
	                          .stream = type->stream,
	                          .type = type->type,
	                          .actor = actor,
	                          .body = packed.bytes,
	                          .size = packed.size,
	                      });
	put_record(txn, type, &packed.key, store_node(txn->store), packed.bytes, packed.size);
	return txn->error ? txn->error : r;
}

/* What another node wrote is asked the same as what is written here, but for what its catalogues
 * may know and ours do not know yet. Return: STORE_OK, STORE_NOT_FOUND or a negative errno. */
static int check_record(
    struct store_txn *txn, const struct register_type *type, const ProtobufCMessage *record) {
	struct fault_list faults = { .arena = txn->arena };
	struct check check = { .txn = txn, .faults = &faults };

	if (type->check)
		type->check(&check, record);
	for (size_t i = 0; i < faults.count; i++)
		if (faults.items[i]->reason != FAULT__REASON__UNKNOWN_PROCEDURE &&
		    faults.items[i]->reason != FAULT__REASON__UNKNOWN_UNIT)
			return STORE_NOT_FOUND;
	return txn->error;
}

/* Organisation codes are paths: "H51.15" stands above "H51.15.61". */
static bool stands_above(const char *above, const char *code) {
	size_t length = strlen(above);

	return strncmp(code, above, length) == 0 && code[length] == '.';
}

int register_apply(struct store_txn *txn, const struct schema *schema, const Event *event) {
	const struct register_type *type = schema_register(schema, event->type);
	ProtobufCMessage *record;
	const char *owner;
	struct key key;
	int r;

	if (!type || type->stream != event->stream)
		return STORE_NOT_FOUND;
	if (message_unpack(type->record, event->body.data, event->body.len, txn->arena, &record))
		return txn->arena->refused ? no_record(txn, txn->arena) : STORE_NOT_FOUND;
	r = check_record(txn, type, record);
	if (r)
		return r;
	r = state_key(type, record, txn->arena, &key);
	if (r < 0)
		return failed_below(r);
	owner = other_owner(txn, type, &key, event->origin, txn->arena);
	if (owner && !stands_above(event->origin, owner))
		return STORE_NOT_FOUND;
	put_record(txn, type, &key, event->origin, event->body.data, event->body.len);
	return txn->error;
}

int register_load(struct store_txn *txn, const struct register_type *type, const char *code,
    struct arena *arena, ProtobufCMessage **ret_record, const char **ret_origin) {
	struct key key = state_key_of_code(type, code);
	ProtobufCMessage *record;
	struct store_value value;
	int r = store_get(txn, TABLE_STATE, &key, &value);

	if (r)
		return r;
	record = unpack_record(type, value, arena);
	if (!record)
		return no_record(txn, arena);
	if (ret_origin)
		*ret_origin = name_text(txn, origin_number(value), arena);
	*ret_record = record;
	return STORE_OK;
}

bool register_has(struct store_txn *txn, const struct register_type *type, const char *code) {
	struct key key = state_key_of_code(type, code);
	struct store_value value;

	return store_get(txn, TABLE_STATE, &key, &value) == STORE_OK;
}

bool register_is_empty(struct store_txn *txn, const struct register_type *type) {
	return register_count(txn, type) == 0;
}

int register_visit(struct store_txn *txn, const struct register_type *type, const char *owner,
    struct arena *arena, register_function *function, void *context) {
	AUTO(store_cursor_close) struct store_cursor cursor = STORE_CURSOR_NULL;
	struct key prefix = type_key(type);
	int r = store_cursor_open(txn, TABLE_STATE, &cursor);

	if (r < 0)
		return failed_below(r);
	if (owner)
		key_add_code(&prefix, owner);
	for (r = store_cursor_seek(&cursor, &prefix);
	     r == STORE_OK && store_cursor_has_prefix(&cursor, &prefix);
	     r = store_cursor_next(&cursor)) {
		ProtobufCMessage *record = unpack_record(type, cursor.value, arena);

		if (!record)
			return no_record(txn, arena);
		r = function(context, record, name_text(txn, origin_number(cursor.value), arena));
		if (r)
			return r;
	}
	return r < 0 ? failed_below(r) : 0;
}

int register_visit_field(struct store_txn *txn, const struct register_type *type, const char *value,
    struct arena *arena, register_function *function, void *context) {
	AUTO(store_cursor_close) struct store_cursor cursor = STORE_CURSOR_NULL;
	struct key prefix = field_key(type, value);
	int r = store_cursor_open(txn, TABLE_BY_FIELD, &cursor);

	if (r < 0)
		return failed_below(r);
	for (r = store_cursor_seek(&cursor, &prefix);
	     r == STORE_OK && store_cursor_has_prefix(&cursor, &prefix);
	     r = store_cursor_next(&cursor)) {
		struct key key = type_key(type);
		struct store_value found;
		ProtobufCMessage *record;

		key_add_bytes(
		    &key, (const uint8_t *)cursor.key.bytes + prefix.size, cursor.key.size - prefix.size);
		if (store_get(txn, TABLE_STATE, &key, &found) != STORE_OK)
			return failed_here(-EBADMSG);
		record = unpack_record(type, found, arena);
		if (!record)
			return no_record(txn, arena);
		r = function(context, record, name_text(txn, origin_number(found), arena));
		if (r)
			return r;
	}
	return r < 0 ? failed_below(r) : 0;
}

uint64_t register_count(struct store_txn *txn, const struct register_type *type) {
	struct key place = type_key(type);
	struct store_value value;

	return store_get(txn, TABLE_SIZES, &place, &value) == STORE_OK ? key_u64_at(value.bytes, 0) : 0;
}
