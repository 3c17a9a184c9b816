/* SPDX-License-Identifier: MIT */
/* Verifying what is said of single events: which are held, and which erased a record's data. */
#include <string.h>

#include "common/base/message.h"
#include "common/store/verify_parts.h"

static int list_held(struct verify *verify, const struct key *key, struct store_value reason) {
	VerifyResult *result = &verify->result;
	HeldEvent *held;

	if (result->held_events++ >= VERIFY_FINDINGS_MAX)
		return 0;
	held = arena_alloc(&verify->kept, sizeof(*held));
	if (!held)
		return failed_here(-ENOMEM);
	held_event__init(held);
	held->origin = arena_copy_text(&verify->kept, (const char *)key->bytes,
	    strnlen((const char *)key->bytes, KEY_ORIGIN_SIZE));
	held->stream = event_mark_stream(key->bytes);
	held->epoch = key_u32_at(key->bytes, KEY_ORIGIN_SIZE + 1);
	held->sequence = key_u64_at(key->bytes, KEY_ORIGIN_SIZE + 5);
	held->reason = arena_copy_text(&verify->kept, reason.bytes, reason.size);
	if (!held->origin || !held->reason)
		return failed_here(-ENOMEM);
	result->held[result->n_held++] = held;
	return 0;
}

static int look_at_held(struct verify *verify, struct store_value at, struct store_value reason) {
	struct key key = verify_key(at);
	char place[VERIFY_PLACE_SIZE];
	struct store_value event;
	int r = store_get(&verify->now, TABLE_LOG, &key, &event);

	if (r < 0)
		return failed_below(r);
	if (r == STORE_NOT_FOUND)
		verify_find(verify, VERIFY_FINDING__KIND__HELD_WITHOUT_EVENT, "held",
		    verify_key_place(at, place), "", "");
	return at.size == EVENT_LOG_KEY_SIZE ? list_held(verify, &key, reason) : 0;
}

/* The erasure that an entry of the log is. Return: STORE_OK, STORE_NOT_FOUND when it is none, or a
 * negative errno. */
static int erasure_at(struct verify *verify, struct store_value log_key, Erasure **ret_erasure) {
	struct key key = verify_key(log_key);
	struct store_value value;
	struct log_entry entry;
	Event *event;
	int r = store_get(&verify->now, TABLE_LOG, &key, &value);

	if (r)
		return r < 0 ? failed_below(r) : r;
	if (log_entry_read(value, &entry) != STORE_OK)
		return STORE_NOT_FOUND;
	event = event__unpack(&verify->scratch.allocator, entry.event.len, entry.event.data);
	if (!event || event->type != RECORD_TYPE__RECORD_ERASURE ||
	    message_unpack(&erasure__descriptor, event->body.data, event->body.len, &verify->scratch,
	        (ProtobufCMessage **)ret_erasure) != MESSAGE_OK)
		return STORE_NOT_FOUND;
	return STORE_OK;
}

static int look_at_erased(struct verify *verify, struct store_value record, struct store_value at) {
	char place[VERIFY_PLACE_SIZE];
	Erasure *erasure = NULL;
	int r = erasure_at(verify, at, &erasure);

	if (r < 0)
		return failed_below(r);
	if (r == STORE_OK && erasure->key.len == record.size &&
	    memcmp(erasure->key.data, record.bytes, record.size) == 0)
		return 0;
	verify_find(verify, VERIFY_FINDING__KIND__ERASURE_DIFFERS, "erased",
	    verify_record_place(verify, record, place), "", "");
	return 0;
}

typedef int look_function(struct verify *verify, struct store_value key, struct store_value value);

static int look_at_all(struct verify *verify, enum store_table table, look_function *look) {
	AUTO(store_cursor_close) struct store_cursor cursor = STORE_CURSOR_NULL;
	struct key start = KEY_EMPTY;
	int r = store_cursor_open(&verify->now, table, &cursor);

	if (r < 0)
		return failed_below(r);
	key_add_u8(&start, 0);
	for (r = store_cursor_seek(&cursor, &start); r == STORE_OK; r = store_cursor_next(&cursor)) {
		arena_reset(&verify->scratch);
		r = look(verify, cursor.key, cursor.value);
		if (r < 0)
			return failed_below(r);
	}
	return r < 0 ? failed_below(r) : 0;
}

int verify_held(struct verify *verify) {
	verify->result.held =
	    arena_alloc(&verify->kept, VERIFY_FINDINGS_MAX * sizeof(verify->result.held[0]));
	if (!verify->result.held)
		return failed_here(-ENOMEM);
	return look_at_all(verify, TABLE_HELD, look_at_held);
}

int verify_erased(struct verify *verify) {
	return look_at_all(verify, TABLE_ERASED, look_at_erased);
}
