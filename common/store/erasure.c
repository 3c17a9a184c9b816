/* SPDX-License-Identifier: MIT */
#include "common/store/erasure.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/base/message.h"
#include "common/store/log_entry.h"
#include "common/store/record.h"

#define EVENT_CAP ((size_t)16 << 20)

enum { LOOK_EVERY = 64 };

/* Return: ERASURE_OK, _UNKNOWN, _OTHER_OWNER or a negative errno. */
static int check_owner(struct store_txn *txn, const struct key *record) {
	struct store_value value;
	int r = store_get(txn, TABLE_STATE, record, &value);

	if (r)
		return r < 0 ? failed_below(r) : ERASURE_UNKNOWN;
	return strcmp(record_origin(txn, value, txn->arena), store_node(txn->store)) == 0
	           ? ERASURE_OK
	           : ERASURE_OTHER_OWNER;
}

int erasure_begin(struct store_txn *txn, const struct register_type *type, const char *code,
    struct erasure *ret_erasure) {
	struct erasure erasure = { .type = type, .code = code };
	int r;

	if (!type->personal_fields[0])
		return ERASURE_NOTHING;
	erasure.record = record_key_of_code(type, code);
	r = check_owner(txn, &erasure.record);
	if (r)
		return r < 0 ? failed_below(r) : r;
	erasure.searched = event_log_key(store_node(txn->store), type->stream, 0, 0);
	*ret_erasure = erasure;
	return ERASURE_OK;
}

void erasure_end(struct erasure *erasure) {
	free(erasure->events);
	*erasure = ERASURE_NULL;
}

static int note(struct erasure *erasure, struct store_value key) {
	if (erasure->count == erasure->capacity) {
		size_t capacity = erasure->capacity ? erasure->capacity * 2 : 16;
		struct key *events = realloc(erasure->events, capacity * sizeof(*events));

		if (!events)
			return failed_here(-ENOMEM);
		erasure->events = events;
		erasure->capacity = capacity;
	}
	erasure->events[erasure->count] = KEY_EMPTY;
	key_add_bytes(&erasure->events[erasure->count++], key.bytes, key.size);
	return 0;
}

/* Whether the entry is an event of the record. Return: STORE_OK, STORE_NOT_FOUND, or a negative
 * errno. */
static int is_of_record(
    const struct erasure *erasure, struct store_value value, struct arena *arena) {
	ProtobufCMessage *record = NULL;
	struct log_entry entry;
	struct key key;
	Event *event;
	int r;

	if (log_entry_read(value, &entry) != STORE_OK)
		return STORE_NOT_FOUND;
	event = event__unpack(&arena->allocator, entry.event.len, entry.event.data);
	if (event && event->type == erasure->type->type)
		record = protobuf_c_message_unpack(
		    erasure->type->record, &arena->allocator, event->body.len, event->body.data);
	if (!record)
		return arena->refused ? failed_here(-ENOMEM) : STORE_NOT_FOUND;
	r = record_key(erasure->type, record, arena, &key);
	if (r < 0)
		return failed_below(r);
	return key.size == erasure->record.size &&
	               memcmp(key.bytes, erasure->record.bytes, key.size) == 0
	           ? STORE_OK
	           : STORE_NOT_FOUND;
}

static int search(struct store_txn *txn, struct erasure *erasure, uint64_t end_us) {
	AUTO(arena_deinit) struct arena arena;
	AUTO(store_cursor_close) struct store_cursor cursor = STORE_CURSOR_NULL;
	struct key prefix = event_mark_key(store_node(txn->store), erasure->type->stream);
	unsigned looked = 0;
	int r = store_cursor_open(txn, TABLE_LOG, &cursor);

	arena_init(&arena, EVENT_CAP);
	if (r == 0)
		r = store_cursor_seek(&cursor, &erasure->searched);
	for (; r == STORE_OK && store_cursor_has_prefix(&cursor, &prefix);
	     r = store_cursor_next(&cursor)) {
		erasure->searched = KEY_EMPTY;
		key_add_bytes(&erasure->searched, cursor.key.bytes, cursor.key.size);
		if (++looked % LOOK_EVERY == 0 && clock_monotonic_us() >= end_us)
			return ERASURE_LATER;
		arena_reset(&arena);
		r = is_of_record(erasure, cursor.value, &arena);
		if (r == STORE_OK)
			r = note(erasure, cursor.key);
		if (r < 0)
			return failed_below(r);
		key_add_u8(&erasure->searched, 0); /* the least key behind it */
	}
	return r < 0 ? failed_below(r) : ERASURE_OK;
}

int erasure_search(struct store_txn *txn, struct erasure *erasure, uint64_t slice_us) {
	return search(txn, erasure, clock_monotonic_us() + slice_us);
}

static bool has_name_in_chain(
    const struct erasure *erasure, const struct log_entry *entry, struct arena *arena) {
	struct record_bytes bytes = { .personal = { 0, NULL } };
	ProtobufCMessage *record;

	if (log_entry_body(entry, &bytes.open) != STORE_OK)
		return false;
	record = protobuf_c_message_unpack(
	    erasure->type->record, &arena->allocator, bytes.open.len, bytes.open.data);
	return record && record_pack(erasure->type, record, arena, &bytes) == 0 && bytes.personal.len;
}

/* Leave the event as it was hashed, and nothing beside it. Return: 0 or a negative errno. */
static int strip(struct store_txn *txn, const struct erasure *erasure, const struct key *place,
    struct erased *erased) {
	struct store_value value;
	struct log_entry entry;
	void *bytes;
	int r = store_get(txn, TABLE_LOG, place, &value);

	if (r < 0)
		return failed_below(r);
	/* What is written back must not be borrowed from where it is written to. */
	value.bytes = r == STORE_OK ? arena_copy(txn->arena, value.bytes, value.size) : NULL;
	if (!value.bytes)
		return failed_here(r == STORE_OK ? -ENOMEM : -EBADMSG);
	if (log_entry_read(value, &entry) != STORE_OK)
		return failed_here(-EBADMSG);
	erased->chained += has_name_in_chain(erasure, &entry, txn->arena);
	if (entry.personal.len == 0)
		return txn->error;
	/* Over the old one, or its bytes would stay in the page behind the shorter one. */
	bytes = store_put_place(txn, TABLE_LOG, place, value.size);
	if (bytes)
		memset(bytes, 0, value.size);
	entry.personal = (ProtobufCBinaryData) { 0, NULL };
	log_entry_put(txn, place, &entry);
	erased->events++;
	return txn->error;
}

static int append(
    struct store_txn *txn, const struct erasure *erasure, const char *reason, const char *actor) {
	Erasure message = ERASURE__INIT;
	ProtobufCBinaryData body;
	int r;

	message.type = erasure->type->type;
	message.key =
	    (ProtobufCBinaryData) { erasure->record.size, (uint8_t *)(uintptr_t)erasure->record.bytes };
	message.code = (char *)(uintptr_t)erasure->code;
	message.reason = (char *)(uintptr_t)reason;
	r = message_pack(&message.base, txn->arena, &body.data, &body.len);
	if (r < 0)
		return failed_below(r);
	event_log_append(txn, &(struct event_draft) {
	                          .stream = erasure->type->stream,
	                          .type = RECORD_TYPE__RECORD_ERASURE,
	                          .actor = actor,
	                          .body = body,
	                      });
	return txn->error;
}

static int note_erased(
    struct store_txn *txn, const struct erasure *erasure, const char *reason, const char *actor) {
	struct event_mark mark;
	struct key place;
	int r = event_mark_load(txn, store_node(txn->store), erasure->type->stream, &mark);

	if (r < 0)
		return failed_below(r);
	place = event_log_key(mark.origin, mark.stream, store_epoch(txn->store), mark.sequence + 1);
	store_put(txn, TABLE_ERASED, &erasure->record, place.bytes, place.size);
	return append(txn, erasure, reason, actor);
}

/* A state of format 1 that is the record's last: write it again, without what was erased. */
static int renew(struct store_txn *txn, const struct erasure *erasure, const char *actor) {
	ProtobufCMessage *record;
	struct store_value value;
	const char *owner;
	int r = store_get(txn, TABLE_STATE, &erasure->record, &value);

	if (r)
		return failed_here(r < 0 ? r : -EBADMSG);
	record = record_unpack(txn, erasure->type, value, txn->arena);
	if (!record)
		return failed_here(txn->arena->refused ? -ENOMEM : -EBADMSG);
	r = register_write(txn, erasure->type, record, actor, &owner);
	return r < 0 ? failed_below(r) : txn->error;
}

static int erase(struct store_txn *txn, struct erasure *erasure, const char *reason,
    const char *actor, struct erased *erased) {
	bool before = erasure_covers(txn, &erasure->record);
	int r = search(txn, erasure, UINT64_MAX);

	for (size_t i = 0; i < erasure->count && r == 0; i++)
		r = strip(txn, erasure, &erasure->events[i], erased);
	if (r == 0 && !before)
		r = note_erased(txn, erasure, reason, actor);
	if (r == 0 && !before && erased->chained)
		r = renew(txn, erasure, actor);
	return r < 0 ? failed_below(r) : ERASURE_OK;
}

int erasure_write(struct store_txn *txn, struct erasure *erasure, const char *reason,
    const char *actor, struct erased *ret_erased) {
	struct key searched = erasure->searched;
	size_t count = erasure->count;
	int r = check_owner(txn, &erasure->record);

	*ret_erased = (struct erased) { .events = 0 };
	if (r == ERASURE_OK)
		r = erase(txn, erasure, reason, actor, ret_erased);
	/* What this transaction found may not be there when it is run again. */
	erasure->searched = searched;
	erasure->count = count;
	return r < 0 ? failed_below(r) : r;
}

bool erasure_covers(struct store_txn *txn, const struct key *record) {
	struct store_value place;

	return store_count(txn, TABLE_ERASED) > 0 &&
	       store_get(txn, TABLE_ERASED, record, &place) == STORE_OK;
}

int erasure_apply(struct store_txn *txn, const Event *event) {
	struct key place = event_log_key(event->origin, event->stream, event->epoch, event->sequence);
	struct key record = KEY_EMPTY;
	Erasure *erasure = NULL;

	/* Others keep their personal data themselves, and may not speak of ours. */
	if (strcmp(event->origin, store_node(txn->store)) != 0)
		return STORE_OK;
	if (message_unpack(&erasure__descriptor, event->body.data, event->body.len, txn->arena,
	        (ProtobufCMessage **)&erasure) != MESSAGE_OK)
		return txn->arena->refused ? failed_here(-ENOMEM) : STORE_NOT_FOUND;
	if (erasure->key.len == 0 || erasure->key.len > KEY_SIZE_MAX)
		return STORE_NOT_FOUND;
	key_add_bytes(&record, erasure->key.data, erasure->key.len);
	store_put(txn, TABLE_ERASED, &record, place.bytes, place.size);
	return txn->error;
}
