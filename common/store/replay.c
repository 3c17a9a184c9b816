/* SPDX-License-Identifier: MIT */
#include "common/store/replay.h"

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

/* Return: 0, REPLAY_DAMAGED or a negative errno. */
static int replay_one(struct store_txn *txn, const struct schema *schema, const struct key *key,
    struct store_value value) {
	struct store_value reason;
	struct log_entry entry;
	Event *event;
	int r =
	    store_count(txn, TABLE_HELD) ? store_get(txn, TABLE_HELD, key, &reason) : STORE_NOT_FOUND;

	if (r != STORE_NOT_FOUND)
		return r < 0 ? failed_below(r) : 0;
	if (log_entry_read(value, &entry) != STORE_OK)
		return REPLAY_DAMAGED;
	event = event__unpack(&txn->arena->allocator, entry.event.len, entry.event.data);
	if (!event)
		return txn->arena->refused ? failed_here(-ENOMEM) : REPLAY_DAMAGED;
	r = register_replay(txn, schema, event);
	return r < 0 ? failed_below(r) : r == STORE_OK ? 0 : REPLAY_DAMAGED;
}

int replay_some(
    struct store_txn *txn, const struct schema *schema, unsigned count, struct key *after) {
	for (unsigned i = 0; i < count; i++) {
		struct store_value value = { .size = 0 };
		int r = next_entry(txn, after, &value);

		if (r == STORE_NOT_FOUND)
			return REPLAY_END;
		if (r == STORE_OK)
			r = replay_one(txn, schema, after, value);
		if (r)
			return r < 0 ? failed_below(r) : r;
	}
	return REPLAY_MORE;
}
