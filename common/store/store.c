/* SPDX-License-Identifier: MIT */
#include <sodium.h>
#include <string.h>
#include <sys/statvfs.h>

#include "common/base/clock.h"
#include "common/store/cells.h"
#include "common/store/idempotency.h"
#include "common/store/store_parts.h"

enum {
	LOOK_EVERY = 64,             /* reads between two looks at the clock */
	DISK_SPARE_BYTES = 16 << 20, /* more than a transaction writes */
};

int store_error_of(int code) {
	switch (code) {
	case MDB_SUCCESS: return 0;
	case MDB_NOTFOUND: return STORE_NOT_FOUND;
	case MDB_MAP_FULL:
	case MDB_TXN_FULL: return failed_here(-ENOSPC);
	case MDB_CORRUPTED:
	case MDB_INVALID:
	case MDB_VERSION_MISMATCH: return failed_here(-EBADMSG);
	default: return failed_here(code > 0 ? -code : -EIO);
	}
}

const char *store_service(const struct store *store) {
	return store->service;
}

const char *store_node(const struct store *store) {
	return store->node;
}

uint32_t store_epoch(const struct store *store) {
	return store->epoch;
}

struct name_memory *store_names(const struct store *store) {
	return store->names;
}

struct result_memory *store_results(const struct store *store) {
	return store->results;
}

const struct signer *store_signer(const struct store *store) {
	return store->is_signed ? &store->signer : NULL;
}

uint64_t store_checkpoint_events(const struct store *store) {
	return store->checkpoint_events;
}

static uint64_t pages_of(const struct store *store, uint64_t *ret_page_bytes) {
	MDB_envinfo info;
	MDB_stat status;

	mdb_env_info(store->environment, &info);
	mdb_env_stat(store->environment, &status);
	*ret_page_bytes = status.ms_psize;
	return info.me_last_pgno + 1;
}

void store_size(const struct store *store, struct store_size *ret_size) {
	uint64_t page_bytes;
	uint64_t pages = pages_of(store, &page_bytes);

	*ret_size = (struct store_size) {
		.used_bytes = pages * page_bytes,
		.free_bytes = atomic_load(&store->free_pages) * page_bytes,
		.map_bytes = store->map_bytes,
	};
}

/* LMDB keeps free pages as lists, each under the transaction that freed them (mdb.c, MDB_IDL): the
 * first word of a list is its length. */
static uint64_t count_free_pages(struct store *store) {
	enum { FREE_TABLE = 0 };
	MDB_cursor *cursor;
	uint64_t pages = 0;
	MDB_val key;
	MDB_val list;
	MDB_txn *txn;

	if (mdb_txn_begin(store->environment, NULL, MDB_RDONLY, &txn))
		return 0;
	if (mdb_cursor_open(txn, FREE_TABLE, &cursor) == 0) {
		while (mdb_cursor_get(cursor, &key, &list, MDB_NEXT) == 0) {
			size_t count;

			memcpy(&count, list.mv_data, sizeof(count));
			pages += count;
		}
		mdb_cursor_close(cursor);
	}
	mdb_txn_abort(txn);
	return pages;
}

uint64_t store_look(struct store *store) {
	int dead = 0;

	mdb_reader_check(store->environment, &dead);
	atomic_store(&store->free_pages, count_free_pages(store));
	return readers_watch(&store->readers);
}

static enum store_room disk_room(const struct store *store) {
	struct statvfs disk;
	uint64_t free_bytes;

	if (statvfs(store->folder, &disk) < 0)
		return STORE_ROOMY;
	free_bytes = (uint64_t)disk.f_bavail * disk.f_frsize;
	if (free_bytes >= store->reserve_bytes)
		return STORE_ROOMY;
	return free_bytes >= store->reserve_bytes / 4 ? STORE_FULL : STORE_STUCK;
}

static enum store_room map_room(const struct store *store) {
	struct store_size size;
	uint64_t percent;

	store_size(store, &size);
	percent = (size.used_bytes - size.free_bytes) * 100 / size.map_bytes;
	if (percent < store->full_percent)
		return STORE_ROOMY;
	return percent < store->stop_percent ? STORE_FULL : STORE_STUCK;
}

/* LMDB can only give back pages by writing others, so the last of disk and map must stay ours. */
enum store_room store_room(const struct store *store) {
	enum store_room disk = disk_room(store);
	enum store_room map = map_room(store);

	return disk > map ? disk : map;
}

const char *store_lacks(const struct store *store) {
	if (disk_room(store) != STORE_ROOMY)
		return "disk";
	return map_room(store) != STORE_ROOMY ? "map" : "";
}

void store_random(struct store *store, uint8_t *ret_bytes, size_t size) {
	if (store->random_used + size > RANDOM_POOL_SIZE) {
		randombytes_buf(store->random, RANDOM_POOL_SIZE);
		store->random_used = 0;
	}
	memcpy(ret_bytes, store->random + store->random_used, size);
	sodium_memzero(store->random + store->random_used, size);
	store->random_used += size;
}

/* Without a reserve the disk may have been full to the last page; and the map also is when a reader
 * keeps what was freed. */
const char *store_ran_out_of(const struct store *store) {
	struct statvfs disk;
	bool has_disk = statvfs(store->folder, &disk) < 0 ||
	                (uint64_t)disk.f_bavail * disk.f_frsize >= DISK_SPARE_BYTES;

	return has_disk && disk_room(store) == STORE_ROOMY ? "map" : "disk";
}

int store_begin(struct store *store, enum store_access access, struct store_txn *ret_txn) {
	struct store_txn txn = {
		.store = store,
		.access = access,
		.arena = access == STORE_WRITE ? &store->scratch : NULL,
		.room = access == STORE_WRITE ? store_room(store) : STORE_ROOMY,
	};
	int r;

	if (txn.room == STORE_STUCK)
		return failed_here(-ENOSPC);
	if (access == STORE_READ) {
		txn.reader = readers_add(&store->readers, "a reader without a name");
		if (txn.reader == READERS_MAX)
			return failed_here(-EBUSY);
	}
	r = store_error_of(mdb_txn_begin(
	    store->environment, NULL, access == STORE_READ ? MDB_RDONLY : 0, &txn.handle));
	if (r) {
		if (access == STORE_READ)
			readers_remove(&store->readers, txn.reader);
		return failed_below(r);
	}
	if (access == STORE_WRITE)
		txn.names = (uint32_t)store_count(&txn, TABLE_NAMES);
	*ret_txn = txn;
	return STORE_OK;
}

void store_read_as(struct store_txn *txn, const char *owner, enum store_patience patience) {
	struct store *store = txn->store;

	readers_rename(&store->readers, txn->reader, owner);
	if (patience == STORE_ENDS && store->reader_max_us)
		txn->end_us = clock_monotonic_us() + store->reader_max_us;
}

static void end(struct store_txn *txn) {
	if (txn->access == STORE_WRITE) {
		cells_forget(txn);
		arena_reset(txn->arena);
	} else {
		readers_remove(&txn->store->readers, txn->reader);
	}
	txn->handle = NULL;
}

int store_commit(struct store_txn *txn) {
	int r;

	if (txn->access == STORE_WRITE)
		cells_flush(txn);
	r = txn->error;
	if (r < 0) {
		store_abort(txn);
		return failed_below(r);
	}
	r = store_error_of(mdb_txn_commit(txn->handle));
	/* A full disk fails while data pages are written, before the page that makes them count. */
	txn->unknown = r < 0 && r != -ENOSPC;
	if (r == 0 && txn->access == STORE_WRITE && idempotency_committed(txn) < 0) {
		/* It is kept, and a retry would not find it: as if nobody knew. */
		txn->unknown = true;
		r = failed_here(-ENOMEM);
	}
	end(txn);
	return r < 0 ? failed_below(r) : r;
}

void store_abort(struct store_txn *txn) {
	if (!txn->handle)
		return;
	mdb_txn_abort(txn->handle);
	end(txn);
}

void store_fail(struct store_txn *txn, int error) {
	if (!txn->error)
		txn->error = error;
}

static MDB_val val_of_key(const struct key *key) {
	return (MDB_val) { .mv_size = key->size, .mv_data = (void *)(uintptr_t)key->bytes };
}

/* Whether the snapshot is older than it may get; then its transaction has failed. */
static bool is_over(struct store_txn *txn) {
	if (!txn->end_us || ++txn->reads % LOOK_EVERY != 0 || clock_monotonic_us() < txn->end_us)
		return false;
	store_fail(txn, failed_here(-ETIME));
	return true;
}

int store_get(struct store_txn *txn, enum store_table table, const struct key *key,
    struct store_value *ret_value) {
	MDB_val name = val_of_key(key);
	MDB_val value;
	int r;

	if (txn->error || is_over(txn))
		return txn->error;
	r = store_error_of(mdb_get(txn->handle, txn->store->tables[table], &name, &value));
	if (r < 0)
		store_fail(txn, r);
	if (r == 0)
		*ret_value = (struct store_value) { value.mv_data, value.mv_size };
	return r;
}

void *store_put_place(
    struct store_txn *txn, enum store_table table, const struct key *key, size_t size) {
	MDB_val name = val_of_key(key);
	MDB_val value = { .mv_size = size };
	int r;

	if (txn->error)
		return NULL;
	txn->writes++;
	r = store_error_of(mdb_put(txn->handle, txn->store->tables[table], &name, &value, MDB_RESERVE));
	if (r)
		store_fail(txn, r);
	return r ? NULL : value.mv_data;
}

void store_put(struct store_txn *txn, enum store_table table, const struct key *key,
    const void *bytes, size_t size) {
	void *place = store_put_place(txn, table, key, size);

	if (place && size)
		memcpy(place, bytes, size);
}

void store_delete(struct store_txn *txn, enum store_table table, const struct key *key) {
	MDB_val name = val_of_key(key);
	int r;

	if (txn->error)
		return;
	txn->writes++;
	r = store_error_of(mdb_del(txn->handle, txn->store->tables[table], &name, NULL));
	if (r < 0)
		store_fail(txn, r);
}

void store_clear(struct store_txn *txn, enum store_table table) {
	int r;

	if (txn->error)
		return;
	txn->writes++;
	r = store_error_of(mdb_drop(txn->handle, txn->store->tables[table], 0));
	if (r)
		store_fail(txn, r);
}

uint64_t store_count(struct store_txn *txn, enum store_table table) {
	MDB_stat status;

	if (txn->error || mdb_stat(txn->handle, txn->store->tables[table], &status))
		return 0;
	return status.ms_entries;
}

int store_cursor_open(
    struct store_txn *txn, enum store_table table, struct store_cursor *ret_cursor) {
	MDB_cursor *handle;
	int r;

	if (txn->error)
		return txn->error;
	r = store_error_of(mdb_cursor_open(txn->handle, txn->store->tables[table], &handle));
	if (r) {
		store_fail(txn, r);
		return failed_below(r);
	}
	*ret_cursor = (struct store_cursor) { .handle = handle, .txn = txn };
	return STORE_OK;
}

void store_cursor_close(struct store_cursor *cursor) {
	if (cursor->handle)
		mdb_cursor_close(cursor->handle);
	cursor->handle = NULL;
}

static int move(struct store_cursor *cursor, MDB_val key, MDB_cursor_op operation) {
	MDB_val value;
	int r;

	if (is_over(cursor->txn))
		return cursor->txn->error;
	r = store_error_of(mdb_cursor_get(cursor->handle, &key, &value, operation));
	if (r == 0) {
		cursor->key = (struct store_value) { key.mv_data, key.mv_size };
		cursor->value = (struct store_value) { value.mv_data, value.mv_size };
	}
	return r;
}

int store_cursor_seek(struct store_cursor *cursor, const struct key *key) {
	return move(cursor, val_of_key(key), MDB_SET_RANGE);
}

int store_cursor_next(struct store_cursor *cursor) {
	return move(cursor, (MDB_val) { .mv_size = 0 }, MDB_NEXT);
}

int store_cursor_before(struct store_cursor *cursor, const struct key *key) {
	int r = store_cursor_seek(cursor, key);

	return move(cursor, (MDB_val) { .mv_size = 0 }, r == STORE_NOT_FOUND ? MDB_LAST : MDB_PREV);
}

bool store_cursor_has_prefix(const struct store_cursor *cursor, const struct key *prefix) {
	return cursor->key.size >= prefix->size &&
	       memcmp(cursor->key.bytes, prefix->bytes, prefix->size) == 0;
}
