/* SPDX-License-Identifier: MIT */
#include "common/store/migration.h"

#include <string.h>

#include "common/base/log.h"
#include "common/store/idempotency.h"
#include "common/store/replay.h"
#include "common/store/store_parts.h"

enum { ENTRIES_A_COMMIT = 10000 };

static int read_format_1(struct store_value value, struct log_entry *ret_entry) {
	uint8_t *bytes = (uint8_t *)(uintptr_t)value.bytes;

	if (value.size < EVENT_HASH_SIZE)
		return STORE_NOT_FOUND;
	*ret_entry = (struct log_entry) {
		.hash = bytes,
		.event = { value.size - EVENT_HASH_SIZE, bytes + EVENT_HASH_SIZE },
	};
	return STORE_OK;
}

static bool fits(const struct log_entry *entry) {
	uint8_t hash[EVENT_HASH_SIZE];

	event_hash(entry->event.data, entry->event.len, hash);
	return memcmp(hash, entry->hash, EVENT_HASH_SIZE) == 0;
}

bool migration_log_entry(struct store_value value, struct log_entry *ret_entry) {
	if (log_entry_read(value, ret_entry) == STORE_OK && fits(ret_entry))
		return true;
	return read_format_1(value, ret_entry) == STORE_OK && fits(ret_entry);
}

/* Keys that name a stream: origin, then in format 1 its number, which is small, and in format 2 the
 * number inverted, which is large. So each key tells its format, and moving them needs no notes. */
enum { STREAM_AT = KEY_ORIGIN_SIZE, OLD_STREAM_MAX = 127 };

void migration_log_prefix(const void *key, uint8_t ret_prefix[EVENT_LOG_PREFIX_SIZE]) {
	memcpy(ret_prefix, key, EVENT_LOG_PREFIX_SIZE);
	if (ret_prefix[STREAM_AT] <= OLD_STREAM_MAX)
		ret_prefix[STREAM_AT] = (uint8_t) ~(unsigned)ret_prefix[STREAM_AT];
}

static const enum store_table rekeyed[] = { TABLE_LOG, TABLE_MARKS, TABLE_HELD };

/* The first entry at or behind `start` whose key is of format 1, copied.
 * Return: STORE_OK, STORE_NOT_FOUND or a negative errno. */
static int find_old(struct store_txn *txn, enum store_table table, struct key start,
    struct key *ret_key, struct store_value *ret_value) {
	AUTO(store_cursor_close) struct store_cursor cursor = STORE_CURSOR_NULL;
	int r = store_cursor_open(txn, table, &cursor);

	while (r == STORE_OK && (r = store_cursor_seek(&cursor, &start)) == STORE_OK) {
		const uint8_t *key = cursor.key.bytes;

		if (cursor.key.size <= STREAM_AT)
			return failed_here(-EBADMSG);
		if (key[STREAM_AT] <= OLD_STREAM_MAX) {
			*ret_key = KEY_EMPTY;
			key_add_bytes(ret_key, key, cursor.key.size);
			ret_value->size = cursor.value.size;
			ret_value->bytes = arena_copy(txn->arena, cursor.value.bytes, cursor.value.size);
			return ret_value->bytes ? STORE_OK : failed_here(-ENOMEM);
		}
		/* Those of this origin that were moved: on to the next one. */
		start = KEY_EMPTY;
		key_add_bytes(&start, key, STREAM_AT);
		key_add_u8(&start, UINT8_MAX);
		key_add_u8(&start, 0);
	}
	return r < 0 ? failed_below(r) : r;
}

static int move_entry(
    struct store_txn *txn, enum store_table table, struct key key, struct store_value value) {
	struct log_entry entry;

	store_delete(txn, table, &key);
	key.bytes[STREAM_AT] = (uint8_t) ~(unsigned)key.bytes[STREAM_AT];
	if (table != TABLE_LOG) {
		store_put(txn, table, &key, value.bytes, value.size);
		return txn->error;
	}
	if (read_format_1(value, &entry) != STORE_OK)
		return failed_here(-EBADMSG);
	log_entry_put(txn, &key, &entry);
	return txn->error;
}

/* Return: MIGRATION_MORE, 0 when every key is moved, or a negative errno. */
static int move_some(struct store_txn *txn, unsigned count) {
	for (size_t i = 0; i < LENGTH_OF(rekeyed); i++) {
		struct store_value value = { .size = 0 };
		struct key key = KEY_EMPTY;
		int r;

		key_add_u8(&key, 0);
		while ((r = find_old(txn, rekeyed[i], key, &key, &value)) == STORE_OK) {
			r = move_entry(txn, rekeyed[i], key, value);
			if (r < 0)
				return failed_below(r);
			if (--count == 0)
				return MIGRATION_MORE;
		}
		if (r < 0)
			return failed_below(r);
	}
	return 0;
}

/* How far it is: from the first commit on the store says that it is of this format and on its way,
 * so that an older program leaves it alone. The note is 'm' while keys are moved, then 'r' and the
 * key that was replayed last. */
static struct key note_name(void) {
	return store_meta_key("migrating");
}

static void put_note(struct store_txn *txn, char phase, const struct key *after) {
	struct key name = store_meta_key("format");
	uint32_t format = STORE_FORMAT;
	struct key note = KEY_EMPTY;

	key_add_u8(&note, (uint8_t)phase);
	key_add_bytes(&note, after->bytes, after->size);
	store_put(txn, TABLE_META, &name, &format, sizeof(format));
	name = note_name();
	store_put(txn, TABLE_META, &name, note.bytes, note.size);
}

/* Return: STORE_OK, STORE_NOT_FOUND when it has not begun, or a negative errno. */
static int read_note(struct store_txn *txn, char *ret_phase, struct key *ret_after) {
	struct key name = note_name();
	struct store_value value;
	int r = store_get(txn, TABLE_META, &name, &value);

	*ret_after = KEY_EMPTY;
	*ret_phase = 'm';
	if (r)
		return r < 0 ? failed_below(r) : r;
	if (value.size < 1 || value.size > KEY_SIZE_MAX)
		return failed_here(-EBADMSG);
	*ret_phase = *(const char *)value.bytes;
	key_add_bytes(ret_after, (const char *)value.bytes + 1, value.size - 1);
	return STORE_OK;
}

static int move(struct store_txn *txn, unsigned count) {
	int r = move_some(txn, count);

	if (r < 0)
		return failed_below(r);
	if (r == 0) {
		replay_begin(txn);
		idempotency_number_again(txn);
	}
	put_note(txn, r == MIGRATION_MORE ? 'm' : 'r', &KEY_EMPTY);
	return MIGRATION_MORE;
}

static int replay(
    struct store_txn *txn, const struct schema *schema, unsigned count, struct key *after) {
	struct key name = note_name();
	int r = replay_some(txn, schema, count, REPLAY_HOLDS, after);

	if (r < 0)
		return failed_below(r);
	if (r == REPLAY_MORE) {
		put_note(txn, 'r', after);
		return MIGRATION_MORE;
	}
	store_delete(txn, TABLE_META, &name);
	return 0;
}

static int step(struct store_txn *txn, const struct schema *schema, unsigned count) {
	struct key after;
	char phase;
	int r = read_note(txn, &phase, &after);

	if (r < 0)
		return failed_below(r);
	return phase == 'm' ? move(txn, count) : replay(txn, schema, count, &after);
}

int migration_slice(struct store *store, const struct schema *schema, unsigned count) {
	AUTO(store_abort) struct store_txn txn = STORE_TXN_NULL;
	int committed;
	int r = store_begin(store, STORE_WRITE, &txn);

	if (r == STORE_OK)
		r = step(&txn, schema, count);
	if (r < 0)
		return failed_below(r);
	committed = store_commit(&txn);
	return committed < 0 ? failed_below(committed) : r;
}

int migration_is_begun(struct store *store) {
	AUTO(store_abort) struct store_txn txn = STORE_TXN_NULL;
	struct key after;
	char phase;
	int r = store_begin(store, STORE_READ, &txn);

	if (r == STORE_OK)
		r = read_note(&txn, &phase, &after);
	return r < 0 ? failed_below(r) : r == STORE_OK;
}

int migration_run(struct store *store, uint32_t format, const struct schema *schema) {
	int r = format < STORE_FORMAT ? 1 : migration_is_begun(store);

	if (r == 0)
		return 0;
	if (format == 0)
		return failed_here(-EBADMSG);
	for (r = r < 0 ? r : MIGRATION_MORE; r == MIGRATION_MORE;)
		r = migration_slice(store, schema, ENTRIES_A_COMMIT);
	if (r < 0)
		return failed_below(r);
	log_info("store-migrated", "to format %u", STORE_FORMAT);
	return 0;
}
