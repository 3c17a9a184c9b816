/* SPDX-License-Identifier: MIT */
/* Opening a store: its folder, its tables, and whether it is ours and of this format. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "common/base/file.h"
#include "common/store/event_clock.h"
#include "common/store/idempotency.h"
#include "common/store/migration.h"
#include "common/store/name_memory.h"
#include "common/store/result_memory.h"
#include "common/store/store_parts.h"

#define TXN_SCRATCH_CAP ((size_t)256 << 20)

#define FILE_NAME  "store.mdb"
#define FILE_DRAFT "store.mdb.new"

enum { FULL_PERCENT = 85, STOP_PERCENT = 97 };

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
	[TABLE_CHECKPOINTS] = "checkpoints",
	[TABLE_ERASED] = "erased",
};

struct key store_meta_key(const char *name) {
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

static char *file_of(const struct store *store, const char *name) {
	char *path;

	return asprintf(&path, "%s/%s", store->folder, name) < 0 ? NULL : path;
}

static int open_environment(struct store *store, const char *name) {
	AUTO(heap_freep) char *path = file_of(store, name);
	int dead = 0;
	int r;

	if (!path)
		return failed_here(-ENOMEM);
	r = mdb_env_create(&store->environment);
	if (r == 0)
		r = mdb_env_set_maxdbs(store->environment, TABLE_COUNT);
	if (r == 0)
		r = mdb_env_set_maxreaders(store->environment, READERS_MAX + 1);
	if (r == 0)
		r = mdb_env_set_mapsize(store->environment, store->map_bytes);
	if (r == 0)
		r = mdb_env_open(store->environment, path, MDB_NOSUBDIR | MDB_NOTLS, 0600);
	if (r == 0)
		r = mdb_reader_check(store->environment, &dead);
	return store_error_of(r);
}

/* The table of marks of life, if this is a store already; only read, for a newer store must stay as
 * it is. Return: STORE_OK, STORE_NOT_FOUND or a negative errno. */
static int open_meta(struct store *store) {
	MDB_txn *txn;
	int r = mdb_txn_begin(store->environment, NULL, MDB_RDONLY, &txn);

	if (r)
		return store_error_of(r);
	r = mdb_dbi_open(txn, table_names[TABLE_META], 0, &store->tables[TABLE_META]);
	if (r) {
		mdb_txn_abort(txn);
		return store_error_of(r);
	}
	return store_error_of(mdb_txn_commit(txn));
}

static int open_tables(struct store *store) {
	MDB_txn *txn;
	int r = mdb_txn_begin(store->environment, NULL, 0, &txn);

	if (r)
		return store_error_of(r);
	for (int i = 0; i < TABLE_COUNT && r == 0; i++)
		r = mdb_dbi_open(txn, table_names[i], MDB_CREATE, &store->tables[i]);
	if (r) {
		mdb_txn_abort(txn);
		return store_error_of(r);
	}
	return store_error_of(mdb_txn_commit(txn));
}

static int make_meta(struct store *store) {
	AUTO(store_abort) struct store_txn txn = STORE_TXN_NULL;
	struct key format = store_meta_key("format");
	struct key node = store_meta_key("node");
	struct key epoch = store_meta_key("epoch");
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

/* Only reads: a node whose disk is full must still come up to be read.
 * Return: STORE_OK with the format, STORE_NOT_FOUND when that is no store, STORE_NEWER_FORMAT,
 * STORE_OTHER_NODE or a negative errno. */
static int read_meta(struct store *store, uint32_t *ret_format) {
	AUTO(store_abort) struct store_txn txn = STORE_TXN_NULL;
	struct key format = store_meta_key("format");
	struct key node = store_meta_key("node");
	struct key epoch = store_meta_key("epoch");
	struct store_value value;
	int r = open_meta(store);

	if (r == STORE_OK)
		r = store_begin(store, STORE_READ, &txn);
	if (r == STORE_OK)
		r = store_get(&txn, TABLE_META, &format, &value);
	if (r)
		return r < 0 ? failed_below(r) : r;
	if (value.size != sizeof(*ret_format))
		return failed_here(-EBADMSG);
	memcpy(ret_format, value.bytes, sizeof(*ret_format));
	if (*ret_format > STORE_FORMAT)
		return STORE_NEWER_FORMAT;
	if (store_get(&txn, TABLE_META, &node, &value) != STORE_OK)
		return failed_here(-EBADMSG);
	if (value.size != strlen(store->node) || memcmp(value.bytes, store->node, value.size) != 0)
		return STORE_OTHER_NODE;
	if (store_get(&txn, TABLE_META, &epoch, &value) != STORE_OK ||
	    value.size != sizeof(store->epoch))
		return failed_here(-EBADMSG);
	memcpy(&store->epoch, value.bytes, sizeof(store->epoch));
	return STORE_OK;
}

/* A new store is made under another name and gets its own when it is whole and on the disk, so that
 * a file of that name is a store. LMDB writes its first two pages unflushed: had the power gone
 * then, it would refuse the file for ever. */
static int make(struct store *store) {
	AUTO(heap_freep) char *draft = file_of(store, FILE_DRAFT);
	AUTO(heap_freep) char *draft_lock = file_of(store, FILE_DRAFT "-lock");
	AUTO(heap_freep) char *path = file_of(store, FILE_NAME);
	int r;

	if (!draft || !draft_lock || !path)
		return failed_here(-ENOMEM);
	if (!event_clock_is_sane(clock_wall_ms()))
		return STORE_WRONG_CLOCK;
	unlink(draft);
	r = open_environment(store, FILE_DRAFT);
	if (r == 0)
		r = open_tables(store);
	if (r == 0)
		r = make_meta(store);
	if (store->environment)
		mdb_env_close(store->environment);
	store->environment = NULL;
	unlink(draft_lock);
	if (r == 0 && rename(draft, path) < 0)
		r = failed_here(-errno);
	if (r == 0)
		r = file_sync_folder(path);
	return r < 0 ? failed_below(r) : r;
}

/* Bring what is there to this format. */
static int come_up(struct store *store, const struct schema *schema) {
	uint32_t format = 0;
	int r = read_meta(store, &format);

	if (r)
		return r == STORE_NOT_FOUND ? failed_here(-EBADMSG) : r;
	if (format < STORE_FORMAT && !schema)
		return STORE_OLDER_FORMAT;
	r = open_tables(store);
	if (r == 0)
		store_look(store); /* or a store full of free pages would seem to have no room */
	if (r == 0)
		r = migration_is_begun(store);
	if (r == 1 && !schema)
		return STORE_OLDER_FORMAT;
	if (r >= 0)
		r = migration_run(store, format, schema);
	return r < 0 ? failed_below(r) : r;
}

static int open_file(struct store *store, const struct schema *schema) {
	AUTO(heap_freep) char *path = file_of(store, FILE_NAME);
	int r = path ? 0 : failed_here(-ENOMEM);

	if (r == 0 && access(path, F_OK) < 0)
		r = errno == ENOENT ? make(store) : failed_here(-errno);
	if (r == 0)
		r = open_environment(store, FILE_NAME);
	if (r == 0)
		r = come_up(store, schema);
	if (r == 0)
		r = idempotency_load(store);
	return r < 0 ? failed_below(r) : r;
}

int store_open(const struct store_options *options, struct store **ret_store) {
	AUTO(store_closep) struct store *store = NULL;
	int r;

	if (options->map_mib == 0 || options->map_mib > STORE_MIB_MAX ||
	    options->reserve_mib > STORE_MIB_MAX)
		return failed_here(-EINVAL);
	store = calloc(1, sizeof(*store));
	if (!store)
		return failed_here(-ENOMEM);
	store->lock = -1;
	store->random_used = RANDOM_POOL_SIZE;
	arena_init(&store->scratch, TXN_SCRATCH_CAP);
	store->reserve_bytes = options->reserve_mib << 20;
	store->map_bytes = options->map_mib << 20;
	store->full_percent = options->full_percent ? options->full_percent : FULL_PERCENT;
	store->stop_percent = options->stop_percent ? options->stop_percent : STOP_PERCENT;
	store->reader_max_us = options->reader_max_ms * 1000;
	readers_init(&store->readers, store->reader_max_us);
	store->is_signed = options->signer != NULL;
	if (options->signer)
		store->signer = *options->signer;
	store->checkpoint_events = options->checkpoint_events;
	snprintf(store->node, sizeof(store->node), "%s", options->node);
	snprintf(
	    store->service, sizeof(store->service), "%s", options->service ? options->service : "");
	store->names = name_memory_new();
	store->results = result_memory_new();
	store->folder = strdup(options->folder);
	if (!store->folder || !store->names || !store->results)
		return failed_here(-ENOMEM);
	r = folder_make(store->folder, 0700);
	if (r == 0)
		r = lock_folder(store);
	if (r == 0)
		r = open_file(store, options->schema);
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
	readers_deinit(&store->readers);
	if (store->names)
		name_memory_free(store->names);
	if (store->results)
		result_memory_free(store->results);
	free(store->folder);
	free(store);
}

void store_closep(struct store **store) {
	if (*store)
		store_close(*store);
	*store = NULL;
}

static void environment_closep(MDB_env **environment) {
	if (*environment)
		mdb_env_close(*environment);
}

int store_peek(const char *folder, struct store_summary *ret_summary) {
	AUTO(heap_freep) char *path = NULL;
	AUTO(environment_closep) MDB_env *environment = NULL;
	struct key name = store_meta_key("format");
	struct key migrating = store_meta_key("migrating");
	MDB_val key = { name.size, name.bytes };
	MDB_val value;
	MDB_stat log;
	MDB_txn *txn;
	MDB_dbi table;
	int r;

	if (asprintf(&path, "%s/" FILE_NAME, folder) < 0) {
		path = NULL;
		return failed_here(-ENOMEM);
	}
	if (access(path, R_OK) < 0)
		return errno == ENOENT ? STORE_NOT_FOUND : failed_here(-errno);
	r = mdb_env_create(&environment);
	if (r == 0)
		r = mdb_env_set_maxdbs(environment, TABLE_COUNT);
	if (r == 0)
		r = mdb_env_open(environment, path, MDB_NOSUBDIR | MDB_NOTLS | MDB_RDONLY, 0600);
	if (r == 0)
		r = mdb_txn_begin(environment, NULL, MDB_RDONLY, &txn);
	if (r)
		return store_error_of(r);
	r = mdb_dbi_open(txn, table_names[TABLE_META], 0, &table);
	if (r == 0)
		r = mdb_get(txn, table, &key, &value);
	*ret_summary = (struct store_summary) { .format = 0 };
	if (r == 0 && value.mv_size == sizeof(ret_summary->format))
		memcpy(&ret_summary->format, value.mv_data, sizeof(ret_summary->format));
	key = (MDB_val) { migrating.size, migrating.bytes };
	ret_summary->is_migrating = r == 0 && mdb_get(txn, table, &key, &value) == 0;
	if (r == 0)
		r = mdb_dbi_open(txn, table_names[TABLE_LOG], 0, &table);
	if (r == 0)
		r = mdb_stat(txn, table, &log);
	mdb_txn_abort(txn);
	if (r)
		return store_error_of(r);
	ret_summary->events = log.ms_entries;
	return STORE_OK;
}
