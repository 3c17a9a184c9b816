/* SPDX-License-Identifier: MIT */
/* What opening a store and working in it share; nobody else includes this. */
#pragma once

#include <lmdb.h>
#include <stdatomic.h>

#include "common/store/checkpoint.h"
#include "common/store/readers.h"
#include "common/store/store.h"

enum { RANDOM_POOL_SIZE = 4096 };

struct store {
	MDB_env *environment;
	MDB_dbi tables[TABLE_COUNT];
	char *folder;
	char node[KEY_ORIGIN_SIZE + 1];
	char service[32];
	uint32_t epoch;
	uint64_t reserve_bytes;
	uint64_t full_percent;
	uint64_t stop_percent;
	uint64_t reader_max_us;
	struct readers readers;
	struct name_memory *names;
	struct result_memory *results;
	atomic_uint_fast64_t free_pages; /* when they were counted last */
	uint64_t map_bytes;
	struct signer signer;
	bool is_signed;
	uint64_t checkpoint_events;
	int lock;
	uint8_t random[RANDOM_POOL_SIZE];
	size_t random_used;   /* bytes of it are never used twice */
	struct arena scratch; /* of the one write transaction */
};

/* What an answer of LMDB is here: 0, STORE_NOT_FOUND or a negative errno. */
int store_error_of(int code);

/* A key of the table of marks of life. */
struct key store_meta_key(const char *name);
