/* SPDX-License-Identifier: MIT */
#include "common/store/store.h"

#include <fcntl.h>
#include <lmdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

#include "common/base/file.h"
#include "common/store/cells.h"

#define READERS_MAX     64
#define TXN_SCRATCH_CAP ((size_t)256 << 20)

struct store {
	MDB_env *environment;
	MDB_dbi tables[TABLE_COUNT];
	char *folder;
	char node[KEY_ORIGIN_SIZE + 1];
	uint32_t epoch;
	uint64_t reserve_bytes;
	uint64_t map_bytes;
	int lock;
	struct arena scratch; /* of the one write transaction */
};

static const char *const table_names[TABLE_COUNT] = {
	[TABLE_META] = "meta",
	[TABLE_SIZES] = "sizes",
	[TABLE_NAMES] = "names",
	[TABLE_NUMBERS] = "numbers",
	[TABLE_LOG] = "log",
	[TABLE_MARKS] = "marks",
	[TABLE_HELD] = "held",
	[TABLE_STATE] = "state",
	[TABLE_BY_DAY] = "by_day",
	[TABLE_BY_FIELD] = "by_field",
	[TABLE_CELLS] = "cells",
	[TABLE_IDEMPOTENCY] = "idempotency",
	[TABLE_IDEMPOTENCY_AGE] = "idempotency_age",
};

static int error_of(int code) {
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

static struct key meta_key(const char *name) {
	struct key key = KEY_EMPTY;

	key_add_origin(&key, name);
	return key;
}

static int lock_folder(struct store *store) {
	AUTO(heap_freep) char *path = NULL;

	if (asprintf(&path, "%s/lock", store->folder) < 0) {
		path = NULL;
		return failed_here(-ENOMEM);
	}
	store->lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (store->lock < 0)
		return failed_here(-errno);
	if (flock(store->lock, LOCK_EX | LOCK_NB) < 0)
		return errno == EWOULDBLOCK ? STORE_IN_USE : failed_here(-errno);
	return 0;
}

/* A file that is shorter than LMDB's two first pages was never committed to: its maker was killed
 * while it began, and LMDB would refuse it for ever. It is set aside, not removed.
 * Return: 0 or a negative errno. */
static int set_stillborn_aside(const char *path) {
	AUTO(heap_freep) char *aside = NULL;
	struct stat status;

	if (stat(path, &status) < 0)
		return errno == ENOENT ? 0 : failed_here(-errno);
	if (status.st_size == 0 || status.st_size >= 2 * sysconf(_SC_PAGESIZE))
		return 0;
	if (asprintf(&aside, "%s.cut", path) < 0) {
		aside = NULL;
		return failed_here(-ENOMEM);
	}
	return rename(path, aside) < 0 ? failed_here(-errno) : 0;
}

static int open_environment(struct store *store) {
	AUTO(heap_freep) char *path = NULL;
	int dead = 0;
	int r;

	if (asprintf(&path, "%s/store.mdb", store->folder) < 0) {
		path = NULL;
		return failed_here(-ENOMEM);
	}
	r = set_stillborn_aside(path);
	if (r < 0)
		return failed_below(r);
	r = mdb_env_create(&store->environment);
	if (r == 0)
		r = mdb_env_set_maxdbs(store->environment, TABLE_COUNT);
	if (r == 0)
		r = mdb_env_set_maxreaders(store->environment, READERS_MAX);
	if (r == 0)
		r = mdb_env_set_mapsize(store->environment, store->map_bytes);
	if (r == 0)
		r = mdb_env_open(store->environment, path, MDB_NOSUBDIR | MDB_NOTLS, 0600);
	if (r == 0)
		r = mdb_reader_check(store->environment, &dead);
	return error_of(r);
}

static int open_tables(struct store *store) {
	MDB_txn *txn;
	int r = mdb_txn_begin(store->environment, NULL, 0, &txn);

	if (r)
		return error_of(r);
	for (int i = 0; i < TABLE_COUNT && r == 0; i++)
		r = mdb_dbi_open(txn, table_names[i], MDB_CREATE, &store->tables[i]);
	if (r) {
		mdb_txn_abort(txn);
		return error_of(r);
	}
	return error_of(mdb_txn_commit(txn));
}

static int make_meta(struct store *store) {
	AUTO(store_abort) struct store_txn txn = STORE_TXN_NULL;
	struct key format = meta_key("format");
	struct key node = meta_key("node");
	struct key epoch = meta_key("epoch");
	uint32_t version = STORE_FORMAT;
	uint32_t now = (uint32_t)time(NULL);
	int r = store_begin(store, STORE_WRITE, &txn);

	if (r)
		return r;
	store_put(&txn, TABLE_META, &format, &version, sizeof(version));
	store_put(&txn, TABLE_META, &node, store->node, strlen(store->node));
	store_put(&txn, TABLE_META, &epoch, &now, sizeof(now));
	store->epoch = now;
	return store_commit(&txn);
}

/* Only reads: a node whose disk is full must still come up to be read. */
static int check_meta(struct store *store) {
	AUTO(store_abort) struct store_txn txn = STORE_TXN_NULL;
	struct key format = meta_key("format");
	struct key node = meta_key("node");
	struct key epoch = meta_key("epoch");
	struct store_value value;
	uint32_t version;
	int r = store_begin(store, STORE_READ, &txn);

	if (r)
		return r;
	r = store_get(&txn, TABLE_META, &format, &value);
	if (r == STORE_NOT_FOUND)
		return r;
	if (r < 0 || value.size != sizeof(version))
		return failed_here(r < 0 ? r : -EBADMSG);
	memcpy(&version, value.bytes, sizeof(version));
	if (version > STORE_FORMAT)
		return STORE_NEWER_FORMAT;
	if (store_get(&txn, TABLE_META, &node, &value) != STORE_OK)
		return failed_here(-EBADMSG);
	if (value.size != strlen(store->node) || memcmp(value.bytes, store->node, value.size) != 0)
		return STORE_OTHER_NODE;
	if (store_get(&txn, TABLE_META, &epoch, &value) != STORE_OK ||
	    value.size != sizeof(store->epoch))
		return failed_here(-EBADMSG);
	memcpy(&store->epoch, value.bytes, sizeof(store->epoch));
	return 0;
}

int store_open(const struct store_options *options, struct store **ret_store) {
	AUTO(store_closep) struct store *store = calloc(1, sizeof(*store));
	int r;

	if (!store)
		return failed_here(-ENOMEM);
	store->lock = -1;
	arena_init(&store->scratch, TXN_SCRATCH_CAP);
	store->reserve_bytes = options->reserve_mib << 20;
	store->map_bytes = options->map_mib << 20;
	snprintf(store->node, sizeof(store->node), "%s", options->node);
	store->folder = strdup(options->folder);
	if (!store->folder)
		return failed_here(-ENOMEM);
	r = folder_make(store->folder, 0700);
	if (r == 0)
		r = lock_folder(store);
	if (r == 0)
		r = open_environment(store);
	if (r == 0)
		r = open_tables(store);
	if (r == 0)
		r = check_meta(store);
	if (r == STORE_NOT_FOUND)
		r = make_meta(store);
	if (r)
		return r < 0 ? failed_below(r) : r;
	*ret_store = store;
	store = NULL;
	return STORE_OK;
}

void store_close(struct store *store) {
	if (store->environment)
		mdb_env_close(store->environment);
	file_descriptor_close(&store->lock);
	arena_deinit(&store->scratch);
	free(store->folder);
	free(store);
}

void store_closep(struct store **store) {
	if (*store)
		store_close(*store);
	*store = NULL;
}

const char *store_node(const struct store *store) {
	return store->node;
}

uint32_t store_epoch(const struct store *store) {
	return store->epoch;
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
	r = error_of(mdb_txn_begin(
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
	r = error_of(mdb_txn_commit(txn->handle));
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
	r = error_of(mdb_get(txn->handle, txn->store->tables[table], &name, &value));
	if (r < 0)
		store_fail(txn, r);
	if (r == 0)
		*ret_value = (struct store_value) { value.mv_data, value.mv_size };
	return r;
}

void store_put(struct store_txn *txn, enum store_table table, const struct key *key,
    const void *bytes, size_t size) {
	MDB_val name = val_of_key(key);
	MDB_val value = { .mv_size = size, .mv_data = (void *)(uintptr_t)bytes };
	int r;

	if (txn->error)
		return;
	txn->writes++;
	r = error_of(mdb_put(txn->handle, txn->store->tables[table], &name, &value, 0));
	if (r)
		store_fail(txn, r);
}

void store_delete(struct store_txn *txn, enum store_table table, const struct key *key) {
	MDB_val name = val_of_key(key);
	int r;

	if (txn->error)
		return;
	txn->writes++;
	r = error_of(mdb_del(txn->handle, txn->store->tables[table], &name, NULL));
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
	r = error_of(mdb_cursor_open(txn->handle, txn->store->tables[table], &handle));
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
	int r = error_of(mdb_cursor_get(cursor->handle, &key, &value, operation));

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
