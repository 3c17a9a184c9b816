/* SPDX-License-Identifier: MIT */
#include "common/store/register.h"

#include <sodium.h>
#include <string.h>

#include "common/base/message.h"
#include "common/store/cells.h"
#include "common/store/checkpoint.h"
#include "common/store/day_index.h"
#include "common/store/erasure.h"
#include "common/store/event_log.h"
#include "common/store/names.h"
#include "common/store/record.h"

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

/* A record of ours that does not unpack fails the transaction: half of what counts must not be
 * taken for all of it. */
static int no_record(struct store_txn *txn, const struct arena *arena) {
	store_fail(txn, failed_here(arena->refused ? -ENOMEM : -EBADMSG));
	return txn->error;
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
	origin = name_text(txn, record_origin(value), txn->arena);
	record = record_unpack(counted->type, value, txn->arena);
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

enum field_index_change { FIELD_INDEX_ADD, FIELD_INDEX_REMOVE };

static void index_field(struct store_txn *txn, const struct register_type *type,
    const struct key *key, enum field_index_change change) {
	struct store_value value;
	ProtobufCMessage *record;
	struct key entry;

	if (!type->index_field || store_get(txn, TABLE_STATE, key, &value) != STORE_OK)
		return;
	record = record_unpack(type, value, txn->arena);
	if (!record) {
		no_record(txn, txn->arena);
		return;
	}
	entry = record_field_key(type, record_field_text(record, type->index_field, txn->arena));
	key_add_bytes(&entry, key->bytes + 2, KEY_CODE_SIZE);
	if (change == FIELD_INDEX_ADD)
		store_put(txn, TABLE_BY_FIELD, &entry, "", 0);
	else
		store_delete(txn, TABLE_BY_FIELD, &entry);
}

static void count_new(
    struct store_txn *txn, const struct register_type *type, const struct key *key) {
	struct key place = record_type_key(type);
	struct key size = KEY_EMPTY;
	struct store_value value;

	if (store_get(txn, TABLE_STATE, key, &value) != STORE_NOT_FOUND)
		return;
	key_add_u64(&size, register_count(txn, type) + 1);
	store_put(txn, TABLE_SIZES, &place, size.bytes, size.size);
}

static void put_record(struct store_txn *txn, const struct register_type *type,
    const struct key *key, const char *origin, const struct record_bytes *bytes) {
	struct counted counted;

	record_counted(type, key, &counted);
	count_new(txn, type, key);
	count_record(txn, &counted, -1);
	index_field(txn, type, key, FIELD_INDEX_REMOVE);
	record_put_value(txn, key, origin, bytes);
	index_field(txn, type, key, FIELD_INDEX_ADD);
	count_record(txn, &counted, +1);
}

struct packed {
	struct key key;
	struct record_bytes bytes;
};

static int pack(struct store_txn *txn, const struct register_type *type,
    const ProtobufCMessage *record, struct arena *arena, struct packed *ret_packed) {
	int r = record_key(type, record, arena, &ret_packed->key);

	if (r == 0)
		r = record_pack(type, record, arena, &ret_packed->bytes);
	/* What was erased stays so, whichever sheet still has it. */
	if (r == 0 && ret_packed->bytes.personal.len && erasure_covers(txn, &ret_packed->key))
		ret_packed->bytes.personal.len = 0;
	return r < 0 ? failed_below(r) : 0;
}

/* Who owns the record, or the one it hangs on, if that is another node; else null. */
static const char *other_owner(struct store_txn *txn, const struct register_type *type,
    const struct key *key, const char *node, struct arena *arena) {
	struct counted counted;
	struct store_value value;
	const char *owner = node;

	record_counted(type, key, &counted);
	if (type->owner && store_get(txn, TABLE_STATE, &counted.key, &value) == STORE_OK)
		owner = name_text(txn, record_origin(value), arena);
	if (strcmp(owner, node) == 0 && store_get(txn, TABLE_STATE, key, &value) == STORE_OK)
		owner = name_text(txn, record_origin(value), arena);
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
	return record_is(value, &packed->bytes) ? REGISTER_UNCHANGED : REGISTER_CHANGED;
}

int register_compare(struct store_txn *txn, const struct register_type *type,
    const ProtobufCMessage *record, struct arena *arena, const char **ret_owner) {
	struct packed packed;
	int r = pack(txn, type, record, arena, &packed);

	return r < 0 ? failed_below(r) : compare_packed(txn, type, &packed, arena, ret_owner);
}

int register_write(struct store_txn *txn, const struct register_type *type,
    const ProtobufCMessage *record, const char *actor, const char **ret_owner) {
	struct packed packed;
	int r = pack(txn, type, record, txn->arena, &packed);

	if (r < 0)
		return failed_below(r);
	r = compare_packed(txn, type, &packed, txn->arena, ret_owner);
	if (r < 0 || r == REGISTER_UNCHANGED || r == REGISTER_OTHER_OWNER)
		return r;
	event_log_append(txn, &(struct event_draft) {
	                          .stream = type->stream,
	                          .type = type->type,
	                          .actor = actor,
	                          .body = packed.bytes.open,
	                          .personal = packed.bytes.personal,
	                      });
	put_record(txn, type, &packed.key, store_node(txn->store), &packed.bytes);
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

/* The record of an event. Return: STORE_OK, STORE_NOT_FOUND when no register takes it, or a
 * negative errno. */
static int record_of(struct store_txn *txn, const struct schema *schema, const Event *event,
    const struct register_type **ret_type, ProtobufCMessage **ret_record) {
	const struct register_type *type = schema_register(schema, event->type);

	if (!type || type->stream != event->stream)
		return STORE_NOT_FOUND;
	if (message_unpack(type->record, event->body.data, event->body.len, txn->arena, ret_record))
		return txn->arena->refused ? no_record(txn, txn->arena) : STORE_NOT_FOUND;
	*ret_type = type;
	return STORE_OK;
}

/* Events that are no records. Return: as register_apply; STORE_NOT_FOUND also for any other. */
static int apply_act(struct store_txn *txn, const Event *event) {
	switch (event->type) {
	case RECORD_TYPE__RECORD_CHECKPOINT: return checkpoint_apply(txn, event);
	case RECORD_TYPE__RECORD_ERASURE: return erasure_apply(txn, event);
	default: return STORE_NOT_FOUND;
	}
}

int register_apply(struct store_txn *txn, const struct schema *schema, const Event *event) {
	const struct register_type *type;
	ProtobufCMessage *record;
	const char *owner;
	struct key key;
	int r = record_of(txn, schema, event, &type, &record);

	if (r == STORE_NOT_FOUND)
		return apply_act(txn, event);
	if (r)
		return r < 0 ? failed_below(r) : r;
	r = check_record(txn, type, record);
	if (r)
		return r;
	r = record_key(type, record, txn->arena, &key);
	if (r < 0)
		return failed_below(r);
	owner = other_owner(txn, type, &key, event->origin, txn->arena);
	if (owner && !stands_above(event->origin, owner))
		return STORE_NOT_FOUND;
	put_record(txn, type, &key, event->origin, &(struct record_bytes) { .open = event->body });
	return txn->error;
}

int register_replay(struct store_txn *txn, const struct schema *schema, const Event *event,
    ProtobufCBinaryData personal) {
	const struct register_type *type;
	ProtobufCMessage *record;
	struct store_value value;
	struct key key;
	int r = record_of(txn, schema, event, &type, &record);

	if (r == STORE_NOT_FOUND)
		return apply_act(txn, event);
	if (r < 0)
		return failed_below(r);
	r = record_key(type, record, txn->arena, &key);
	if (r == 0)
		r = store_get(txn, TABLE_STATE, &key, &value);
	if (r < 0)
		return failed_below(r);
	/* What stands above wrote last, or this event would have had no effect. */
	if (r == STORE_NOT_FOUND ||
	    !stands_above(name_text(txn, record_origin(value), txn->arena), event->origin))
		put_record(txn, type, &key, event->origin,
		    &(struct record_bytes) { .open = event->body, .personal = personal });
	return txn->error;
}

int register_load(struct store_txn *txn, const struct register_type *type, const char *code,
    struct arena *arena, ProtobufCMessage **ret_record, const char **ret_origin) {
	struct key key = record_key_of_code(type, code);
	ProtobufCMessage *record;
	struct store_value value;
	int r = store_get(txn, TABLE_STATE, &key, &value);

	if (r)
		return r;
	record = record_unpack(type, value, arena);
	if (!record)
		return no_record(txn, arena);
	if (ret_origin)
		*ret_origin = name_text(txn, record_origin(value), arena);
	*ret_record = record;
	return STORE_OK;
}

bool register_has(struct store_txn *txn, const struct register_type *type, const char *code) {
	struct key key = record_key_of_code(type, code);
	struct store_value value;

	return store_get(txn, TABLE_STATE, &key, &value) == STORE_OK;
}

bool register_is_empty(struct store_txn *txn, const struct register_type *type) {
	return register_count(txn, type) == 0;
}

int register_visit(struct store_txn *txn, const struct register_type *type, const char *owner,
    struct arena *arena, register_function *function, void *context) {
	AUTO(store_cursor_close) struct store_cursor cursor = STORE_CURSOR_NULL;
	struct key prefix = record_type_key(type);
	int r = store_cursor_open(txn, TABLE_STATE, &cursor);

	if (r < 0)
		return failed_below(r);
	if (owner)
		key_add_code(&prefix, owner);
	for (r = store_cursor_seek(&cursor, &prefix);
	     r == STORE_OK && store_cursor_has_prefix(&cursor, &prefix);
	     r = store_cursor_next(&cursor)) {
		ProtobufCMessage *record = record_unpack(type, cursor.value, arena);

		if (!record)
			return no_record(txn, arena);
		r = function(context, record, name_text(txn, record_origin(cursor.value), arena));
		if (r)
			return r;
	}
	return r < 0 ? failed_below(r) : 0;
}

int register_visit_field(struct store_txn *txn, const struct register_type *type, const char *value,
    struct arena *arena, register_function *function, void *context) {
	AUTO(store_cursor_close) struct store_cursor cursor = STORE_CURSOR_NULL;
	struct key prefix = record_field_key(type, value);
	int r = store_cursor_open(txn, TABLE_BY_FIELD, &cursor);

	if (r < 0)
		return failed_below(r);
	for (r = store_cursor_seek(&cursor, &prefix);
	     r == STORE_OK && store_cursor_has_prefix(&cursor, &prefix);
	     r = store_cursor_next(&cursor)) {
		struct key key = record_type_key(type);
		struct store_value found;
		ProtobufCMessage *record;

		key_add_bytes(
		    &key, (const uint8_t *)cursor.key.bytes + prefix.size, cursor.key.size - prefix.size);
		if (store_get(txn, TABLE_STATE, &key, &found) != STORE_OK)
			return failed_here(-EBADMSG);
		record = record_unpack(type, found, arena);
		if (!record)
			return no_record(txn, arena);
		r = function(context, record, name_text(txn, record_origin(found), arena));
		if (r)
			return r;
	}
	return r < 0 ? failed_below(r) : 0;
}

uint64_t register_count(struct store_txn *txn, const struct register_type *type) {
	struct key place = record_type_key(type);
	struct store_value value;

	return store_get(txn, TABLE_SIZES, &place, &value) == STORE_OK ? key_u64_at(value.bytes, 0) : 0;
}
