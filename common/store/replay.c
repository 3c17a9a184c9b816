/* SPDX-License-Identifier: MIT */
#include "common/store/replay.h"

#include <string.h>

#include "common/store/log_entry.h"
#include "common/store/names.h"

void replay_begin(struct store_txn *txn) {
	static const enum store_table derived[] = { TABLE_SIZES, TABLE_STATE, TABLE_BY_DAY,
		TABLE_BY_FIELD, TABLE_CELLS, TABLE_CHECKPOINTS, TABLE_ERASED };

	names_clear(txn);
	for (size_t i = 0; i < LENGTH_OF(derived); i++)
		store_clear(txn, derived[i]);
}

/* The entry behind `after`, copied, for what is written moves what a cursor stands on.
 * Return: STORE_OK, STORE_NOT_FOUND or a negative errno. */
static int next_entry(struct store_txn *txn, struct key *after, struct store_value *ret_value) {
	AUTO(store_cursor_close) struct store_cursor cursor = STORE_CURSOR_NULL;
	struct key start = *after;
	int r = store_cursor_open(txn, TABLE_LOG, &cursor);

	key_add_u8(&start, 0);
	if (r == 0)
		r = store_cursor_seek(&cursor, &start);
	if (r)
		return r < 0 ? failed_below(r) : r;
	*after = KEY_EMPTY;
	key_add_bytes(after, cursor.key.bytes, cursor.key.size);
	ret_value->size = cursor.value.size;
	ret_value->bytes = arena_copy(txn->arena, cursor.value.bytes, cursor.value.size);
	return ret_value->bytes ? STORE_OK : failed_here(-ENOMEM);
}

static int replay_one(
    struct store_txn *txn, const struct schema *schema, struct store_value value) {
	struct log_entry entry;
	Event *event;

	if (log_entry_read(value, &entry) != STORE_OK)
		return STORE_NOT_FOUND;
	event = event__unpack(&txn->arena->allocator, entry.event.len, entry.event.data);
	if (!event)
		return txn->arena->refused ? failed_here(-ENOMEM) : STORE_NOT_FOUND;
	return register_replay(txn, schema, event);
}

/* Return: 0, REPLAY_DAMAGED or a negative errno. */
static int replay_or_hold(struct store_txn *txn, const struct schema *schema,
    enum replay_doubt doubt, const struct key *key, struct store_value value) {
	static const char reason[] = "has no effect in this format";
	struct store_value held;
	int r = store_count(txn, TABLE_HELD) ? store_get(txn, TABLE_HELD, key, &held) : STORE_NOT_FOUND;

	if (r != STORE_NOT_FOUND)
		return r < 0 ? failed_below(r) : 0;
	r = replay_one(txn, schema, value);
	if (r <= 0)
		return r < 0 ? failed_below(r) : 0;
	if (doubt == REPLAY_REFUSES)
		return REPLAY_DAMAGED;
	store_put(txn, TABLE_HELD, key, reason, strlen(reason));
	return txn->error;
}

int replay_some(struct store_txn *txn, const struct schema *schema, unsigned count,
    enum replay_doubt doubt, struct key *after) {
	for (unsigned i = 0; i < count; i++) {
		struct store_value value = { .size = 0 };
		int r = next_entry(txn, after, &value);

		if (r == STORE_NOT_FOUND)
			return REPLAY_END;
		if (r == STORE_OK)
			r = replay_or_hold(txn, schema, doubt, after, value);
		if (r)
			return r < 0 ? failed_below(r) : r;
	}
	return REPLAY_MORE;
}
