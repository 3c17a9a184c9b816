/* SPDX-License-Identifier: MIT */
#include <string.h>
#include <sys/statvfs.h>

#include "common/store/cells.h"
#include "common/store/store_parts.h"

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

const char *store_node(const struct store *store) {
	return store->node;
}

uint32_t store_epoch(const struct store *store) {
	return store->epoch;
}

const struct signer *store_signer(const struct store *store) {
	return store->is_signed ? &store->signer : NULL;
}

uint64_t store_checkpoint_events(const struct store *store) {
	return store->checkpoint_events;
}

void store_size(const struct store *store, uint64_t *ret_used, uint64_t *ret_map) {
	MDB_envinfo info;
	MDB_stat status;

	mdb_env_info(store->environment, &info);
	mdb_env_stat(store->environment, &status);
	*ret_used = (uint64_t)(info.me_last_pgno + 1) * status.ms_psize;
	*ret_map = info.me_mapsize;
}

/* LMDB can only give back pages by writing others, so the last of the disk must stay ours. */
bool store_is_full(const struct store *store) {
	struct statvfs disk;

	return statvfs(store->folder, &disk) == 0 &&
	       (uint64_t)disk.f_bavail * disk.f_frsize < store->reserve_bytes;
}

int store_begin(struct store *store, enum store_access access, struct store_txn *ret_txn) {
	struct store_txn txn = {
		.store = store,
		.access = access,
		.arena = access == STORE_WRITE ? &store->scratch : NULL,
	};
	int r = access == STORE_WRITE && store_is_full(store) ? failed_here(-ENOSPC) : 0;

	if (r < 0)
		return failed_below(r);
	r = store_error_of(mdb_txn_begin(
	    store->environment, NULL, access == STORE_READ ? MDB_RDONLY : 0, &txn.handle));
	if (r)
		return failed_below(r);
	*ret_txn = txn;
	return STORE_OK;
}

static void end(struct store_txn *txn) {
	if (txn->access == STORE_WRITE) {
		cells_forget(txn);
		arena_reset(txn->arena);
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

int store_get(struct store_txn *txn, enum store_table table, const struct key *key,
    struct store_value *ret_value) {
	MDB_val name = val_of_key(key);
	MDB_val value;
	int r;

	if (txn->error)
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
	*ret_cursor = (struct store_cursor) { .handle = handle };
	return STORE_OK;
}

void store_cursor_close(struct store_cursor *cursor) {
	if (cursor->handle)
		mdb_cursor_close(cursor->handle);
	cursor->handle = NULL;
}

static int move(struct store_cursor *cursor, MDB_val key, MDB_cursor_op operation) {
	MDB_val value;
	int r = store_error_of(mdb_cursor_get(cursor->handle, &key, &value, operation));

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
