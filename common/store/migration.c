/* SPDX-License-Identifier: MIT */
#include "common/store/migration.h"

#include <string.h>

#include "common/base/log.h"
#include "common/store/log_entry.h"
#include "common/store/store_parts.h"

enum { ENTRIES_A_COMMIT = 2000 };

enum { MIGRATION_MORE = 1 };

/* Where the step at hand has come to; empty: it begins. */
static int read_progress(struct store_txn *txn, struct key *ret_after) {
	struct key name = store_meta_key("migrated");
	struct store_value value;
	int r = store_get(txn, TABLE_META, &name, &value);

	*ret_after = KEY_EMPTY;
	if (r == STORE_OK)
		key_add_bytes(ret_after, value.bytes, value.size);
	return r < 0 ? failed_below(r) : 0;
}

static void put_format(struct store_txn *txn, uint32_t format) {
	struct key name = store_meta_key("format");
	struct key progress = store_meta_key("migrated");

	store_put(txn, TABLE_META, &name, &format, sizeof(format));
	store_delete(txn, TABLE_META, &progress);
}

/* The least entry behind `after`, copied. Return: STORE_OK, STORE_NOT_FOUND or a negative errno. */
static int next_entry(struct store_txn *txn, enum store_table table, struct key *after,
    struct store_value *ret_value) {
	AUTO(store_cursor_close) struct store_cursor cursor = STORE_CURSOR_NULL;
	struct key start = *after;
	int r = store_cursor_open(txn, table, &cursor);

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

/* Return: MIGRATION_MORE, 0 at the end of the table, or a negative errno. */
static int part_entries(struct store_txn *txn) {
	struct key name = store_meta_key("migrated");
	struct key after;
	int r = read_progress(txn, &after);

	for (int i = 0; r == 0 && i < ENTRIES_A_COMMIT; i++) {
		struct store_value value = { .size = 0 };
		struct log_entry entry;

		r = next_entry(txn, TABLE_LOG, &after, &value);
		if (r)
			return r < 0 ? failed_below(r) : 0;
		if (read_format_1(value, &entry) != STORE_OK)
			return failed_here(-EBADMSG);
		log_entry_put(txn, &after, &entry);
		r = txn->error;
	}
	store_put(txn, TABLE_META, &name, after.bytes, after.size);
	return r < 0 ? failed_below(r) : MIGRATION_MORE;
}

/* By the format it begins with. */
static int (*const steps[STORE_FORMAT])(struct store_txn *txn) = {
	[1] = part_entries,
};

static int run_slice(struct store *store, uint32_t format) {
	AUTO(store_abort) struct store_txn txn = STORE_TXN_NULL;
	int r = store_begin(store, STORE_WRITE, &txn);
	int committed;

	if (r == 0)
		r = steps[format](&txn);
	if (r < 0)
		return failed_below(r);
	if (r == 0)
		put_format(&txn, format + 1);
	committed = store_commit(&txn);
	return committed < 0 ? failed_below(committed) : r;
}

int migration_run(struct store *store, uint32_t format) {
	uint32_t from = format;

	while (format < STORE_FORMAT) {
		int r;

		if (format == 0)
			return failed_here(-EBADMSG);
		while ((r = run_slice(store, format)) == MIGRATION_MORE)
			;
		if (r < 0)
			return failed_below(r);
		format++;
	}
	if (format != from)
		log_info("store-migrated", "from format %u to %u", from, format);
	return 0;
}
