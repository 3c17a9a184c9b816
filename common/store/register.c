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

/* Add (sign +1) or take back (-1) what a record adds to cells and day index. */
static void count_message(struct store_txn *txn, const struct counted *counted,
    const ProtobufCMessage *record, const char *origin, int sign) {
	struct contributions contributions = { .count = 0 };

	if (!counted->type->measure)
		return;
	counted->type->measure(txn, record, origin, &contributions);
	cells_add(txn, counted->type->table, &contributions, sign);
	day_index_change(txn, counted->type, counted->code, &contributions,
	    sign > 0 ? DAY_INDEX_ADD : DAY_INDEX_REMOVE);
}

/* The same of the record that one hangs on, as it stands. */
static void count_owner(struct store_txn *txn, const struct counted *counted, int sign) {
	struct store_value value;
	ProtobufCMessage *record;
	const char *origin;

	if (!counted->type->measure)
		return;
	if (store_get(txn, TABLE_STATE, &counted->key, &value) != STORE_OK)
		return;
	origin = record_origin(txn, value, txn->arena);
	record = record_unpack(txn, counted->type, value, txn->arena);
	if (record)
		count_message(txn, counted, record, origin, sign);
	else
		no_record(txn, txn->arena);
}

/* What stood at a record's place before it is written. */
struct before {
	bool exists;
	const char *origin;
	ProtobufCMessage *record; /* null when nobody needs it */
};

/* The value is borrowed, so all that is needed of it is taken before anything is written. */
static int look_before(struct store_txn *txn, const struct register_type *type,
    const struct store_value *value, struct before *ret_before) {
	*ret_before = (struct before) { .exists = value != NULL };
	if (!value || (!type->index_field && (type->owner || !type->measure)))
		return 0;
	ret_before->origin = record_origin(txn, *value, txn->arena);
	ret_before->record = record_unpack(txn, type, *value, txn->arena);
	return ret_before->record ? txn->error : no_record(txn, txn->arena);
}

static struct key field_entry(struct store_txn *txn, const struct register_type *type,
    const struct key *key, const ProtobufCMessage *record) {
	const char *text = record_field_text(record, type->index_field, txn->arena);
	struct key entry = record_field_key(type, text ? text : "");

	if (!text)
		store_fail(txn, failed_here(-ENOMEM));
	key_add_bytes(&entry, key->bytes + 2, KEY_CODE_SIZE);
	return entry;
}

static void index_field(struct store_txn *txn, const struct register_type *type,
    const struct key *key, const struct before *before, const ProtobufCMessage *record) {
	struct key entry;

	if (!type->index_field)
		return;
	if (before->record) {
		entry = field_entry(txn, type, key, before->record);
		store_delete(txn, TABLE_BY_FIELD, &entry);
	}
	entry = field_entry(txn, type, key, record);
	store_put(txn, TABLE_BY_FIELD, &entry, "", 0);
}

static void count_new(struct store_txn *txn, const struct register_type *type) {
	struct key place = record_type_key(type);
	struct key size = KEY_EMPTY;

	key_add_u64(&size, register_count(txn, type) + 1);
	store_put(txn, TABLE_SIZES, &place, size.bytes, size.size);
}

/* A record on its way into the state. */
struct arrival {
	const struct register_type *type;
	struct key key;
	const char *origin;
	uint32_t epoch; /* of its event */
	uint64_t sequence;
	const ProtobufCMessage *record;
	struct record_bytes bytes; /* of one that is written here */
};

static void put_record(
    struct store_txn *txn, const struct arrival *arrival, const struct before *before) {
	const struct register_type *type = arrival->type;
	struct counted counted;

	record_counted(type, &arrival->key, &counted);
	if (!before->exists)
		count_new(txn, type);
	if (type->owner)
		count_owner(txn, &counted, -1);
	else if (before->record)
		count_message(txn, &counted, before->record, before->origin, -1);
	record_place_put(txn, &arrival->key,
	    &(struct record_place) {
	        .origin = name_number(txn, arrival->origin),
	        .epoch = arrival->epoch,
	        .sequence = arrival->sequence,
	    });
	index_field(txn, type, &arrival->key, before, arrival->record);
	if (type->owner)
		count_owner(txn, &counted, +1);
	else
		count_message(txn, &counted, arrival->record, arrival->origin, +1);
}

static int pack(struct store_txn *txn, const struct register_type *type,
    const ProtobufCMessage *record, struct arena *arena, struct arrival *ret_arrival) {
	int r;

	ret_arrival->type = type;
	ret_arrival->record = record;
	ret_arrival->origin = store_node(txn->store);
	r = record_key(type, record, arena, &ret_arrival->key);
	if (r == 0)
		r = record_pack(type, record, arena, &ret_arrival->bytes);
	/* What was erased stays so, whichever sheet still has it. */
	if (r == 0 && ret_arrival->bytes.personal.len && erasure_covers(txn, &ret_arrival->key))
		ret_arrival->bytes.personal.len = 0;
	return r < 0 ? failed_below(r) : 0;
}

/* Who owns the record, or the one it hangs on, if that is another node; else null. `value` is what
 * stands in the record's place; null: nothing. */
static const char *other_owner(struct store_txn *txn, const struct arrival *arrival,
    const struct store_value *value, struct arena *arena) {
	const char *owner = arrival->origin;
	struct counted counted;
	struct store_value above;

	record_counted(arrival->type, &arrival->key, &counted);
	if (arrival->type->owner && store_get(txn, TABLE_STATE, &counted.key, &above) == STORE_OK)
		owner = record_origin(txn, above, arena);
	if (strcmp(owner, arrival->origin) == 0 && value)
		owner = record_origin(txn, *value, arena);
	return strcmp(owner, arrival->origin) == 0 ? NULL : owner;
}

/* What stands in a record's place; *ret_found is null or `value`.
 * Return: 0 or a negative errno. */
static int find_place(struct store_txn *txn, const struct key *key, struct store_value *value,
    struct store_value **ret_found) {
	int r = store_get(txn, TABLE_STATE, key, value);

	*ret_found = r == STORE_OK ? value : NULL;
	return r < 0 ? failed_below(r) : 0;
}

static bool is_same(ProtobufCBinaryData left, ProtobufCBinaryData right) {
	return left.len == right.len && (left.len == 0 || memcmp(left.data, right.data, left.len) == 0);
}

static bool are_same(const struct record_bytes *left, const struct record_bytes *right) {
	return is_same(left->open, right->open) && is_same(left->personal, right->personal);
}

/* Format 1 had the personal fields within the body: the same record stands there in one part. */
static int part_anew(
    const struct register_type *type, struct arena *arena, struct record_bytes *bytes) {
	ProtobufCMessage *record;

	if (!type->personal_fields[0] || bytes->personal.len)
		return 0;
	record = protobuf_c_message_unpack(
	    type->record, &arena->allocator, bytes->open.len, bytes->open.data);
	if (!record)
		return failed_here(arena->refused ? -ENOMEM : -EBADMSG);
	return record_pack(type, record, arena, bytes);
}

static int compare(struct store_txn *txn, const struct arrival *arrival,
    const struct store_value *value, struct arena *arena, const char **ret_owner) {
	const char *owner = other_owner(txn, arrival, value, arena);
	struct record_bytes bytes;
	int r;

	if (txn->error)
		return txn->error;
	if (owner) {
		*ret_owner = owner;
		return REGISTER_OTHER_OWNER;
	}
	if (!value)
		return REGISTER_ADDED;
	r = record_find(txn, arrival->type, *value, &bytes);
	if (r)
		return failed_here(r < 0 ? r : -EBADMSG);
	if (are_same(&bytes, &arrival->bytes))
		return REGISTER_UNCHANGED;
	r = part_anew(arrival->type, arena, &bytes);
	if (r < 0)
		return failed_below(r);
	return are_same(&bytes, &arrival->bytes) ? REGISTER_UNCHANGED : REGISTER_CHANGED;
}

int register_compare(struct store_txn *txn, const struct register_type *type,
    const ProtobufCMessage *record, struct arena *arena, const char **ret_owner) {
	struct store_value *found = NULL;
	struct store_value value;
	struct arrival arrival;
	int r = pack(txn, type, record, arena, &arrival);

	if (r == 0)
		r = find_place(txn, &arrival.key, &value, &found);
	return r < 0 ? failed_below(r) : compare(txn, &arrival, found, arena, ret_owner);
}

int register_write(struct store_txn *txn, const struct register_type *type,
    const ProtobufCMessage *record, const char *actor, const char **ret_owner) {
	struct store_value *found = NULL;
	struct store_value value;
	struct arrival arrival;
	struct before before;
	int answer;
	int r = pack(txn, type, record, txn->arena, &arrival);

	if (r == 0)
		r = find_place(txn, &arrival.key, &value, &found);
	if (r < 0)
		return failed_below(r);
	answer = compare(txn, &arrival, found, txn->arena, ret_owner);
	if (answer != REGISTER_ADDED && answer != REGISTER_CHANGED)
		return answer;
	r = look_before(txn, type, found, &before);
	if (r < 0)
		return failed_below(r);
	arrival.epoch = store_epoch(txn->store);
	arrival.sequence = event_log_append(txn, &(struct event_draft) {
	                                             .stream = type->stream,
	                                             .type = type->type,
	                                             .actor = actor,
	                                             .body = arrival.bytes.open,
	                                             .personal = arrival.bytes.personal,
	                                         });
	put_record(txn, &arrival, &before);
	return txn->error ? txn->error : answer;
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

/* The record of an event on its way, and what stands in its place. Return: as record_of. */
static int arrive(struct store_txn *txn, const struct schema *schema, const Event *event,
    struct arrival *ret_arrival, struct store_value *value, struct store_value **ret_found) {
	ProtobufCMessage *record;
	int r = record_of(txn, schema, event, &ret_arrival->type, &record);

	if (r)
		return r;
	ret_arrival->record = record;
	ret_arrival->origin = event->origin;
	ret_arrival->epoch = event->epoch;
	ret_arrival->sequence = event->sequence;
	r = record_key(ret_arrival->type, record, txn->arena, &ret_arrival->key);
	if (r == 0)
		r = find_place(txn, &ret_arrival->key, value, ret_found);
	return r < 0 ? failed_below(r) : STORE_OK;
}

static int take_in(
    struct store_txn *txn, const struct arrival *arrival, const struct store_value *found) {
	struct before before;
	int r = look_before(txn, arrival->type, found, &before);

	if (r < 0)
		return failed_below(r);
	put_record(txn, arrival, &before);
	return txn->error;
}

int register_apply(struct store_txn *txn, const struct schema *schema, const Event *event) {
	struct store_value *found = NULL;
	struct store_value value;
	struct arrival arrival;
	const char *owner;
	int r = arrive(txn, schema, event, &arrival, &value, &found);

	if (r == STORE_NOT_FOUND)
		return apply_act(txn, event);
	if (r == STORE_OK)
		r = check_record(txn, arrival.type, arrival.record);
	if (r)
		return r;
	owner = other_owner(txn, &arrival, found, txn->arena);
	if (owner && !stands_above(event->origin, owner))
		return STORE_NOT_FOUND;
	return take_in(txn, &arrival, found);
}

int register_replay(struct store_txn *txn, const struct schema *schema, const Event *event) {
	struct store_value *found = NULL;
	struct store_value value;
	struct arrival arrival;
	int r = arrive(txn, schema, event, &arrival, &value, &found);

	if (r == STORE_NOT_FOUND)
		return apply_act(txn, event);
	if (r < 0)
		return failed_below(r);
	/* What stands above wrote last, or this event would have had no effect. */
	if (found && stands_above(record_origin(txn, *found, txn->arena), event->origin))
		return txn->error;
	return take_in(txn, &arrival, found);
}

int register_load(struct store_txn *txn, const struct register_type *type, const char *code,
    struct arena *arena, ProtobufCMessage **ret_record, const char **ret_origin) {
	struct key key = record_key_of_code(type, code);
	ProtobufCMessage *record;
	struct store_value value;
	int r = store_get(txn, TABLE_STATE, &key, &value);

	if (r)
		return r;
	record = record_unpack(txn, type, value, arena);
	if (!record)
		return no_record(txn, arena);
	if (ret_origin)
		*ret_origin = record_origin(txn, value, arena);
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
	int r;

	/* Most registers whose records hang on others are small: then nothing is sought. */
	if (owner && register_count(txn, type) == 0)
		return txn->error;
	r = store_cursor_open(txn, TABLE_STATE, &cursor);
	if (r < 0)
		return failed_below(r);
	if (owner)
		key_add_code(&prefix, owner);
	for (r = store_cursor_seek(&cursor, &prefix);
	     r == STORE_OK && store_cursor_has_prefix(&cursor, &prefix);
	     r = store_cursor_next(&cursor)) {
		ProtobufCMessage *record = record_unpack(txn, type, cursor.value, arena);

		if (!record)
			return no_record(txn, arena);
		r = function(context, record, record_origin(txn, cursor.value, arena));
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
		record = record_unpack(txn, type, found, arena);
		if (!record)
			return no_record(txn, arena);
		r = function(context, record, record_origin(txn, found, arena));
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
