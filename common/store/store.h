/* SPDX-License-Identifier: MIT */
/*
 * Store
 *
 * One LMDB environment of one service, and its transactions. A transaction remembers its first
 * error: puts are made without checking and the commit tells. Leaving a transaction's scope without
 * commit aborts it. What a read returns is borrowed until the transaction's next write or its end.
 *
 * Tables (numbers big-endian, so byte order is number order):
 *
 *   meta         text(16)                                          -> bytes
 *   sizes        type(2)                                           -> records of a register(8)
 *   names        number(4)                                         -> text
 *   numbers      hash of text(16)                                  -> number(4)
 *   log          origin(16) stream(1) epoch(4) sequence(8)         -> hash, event, personal data
 *                where the stream's number is inverted (event_mark.h)
 *   marks        origin(16) stream(1)                              -> epoch sequence clock head
 *   checkpoints  as marks                                          -> the last that stands
 *   held         as log                                            -> reason
 *   erased       as state                                          -> key in the log
 *   state        type(2) [owner's code(32)] code(32)               -> origin's number(4) epoch
 *                                                                     sequence of its last event
 *   by_day       type(2) group(1) day(4) code(up to 32)            -> nothing
 *   by_field     type(2) hash of value(16) code(32)                -> nothing
 *   cells        table(2) level(1) bucket(4) unit(4) category(4) year(2) -> counters
 *   idempotency  number(8)                                         -> key(16) asked(16) reply
 *   idempotency_age  of format 1 only
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/arena.h"
#include "common/base/error.h"
#include "common/store/key.h"

#define STORE_FORMAT 2 /* newer ones are refused, older ones migrated (migration.h) */

enum store_table {
	TABLE_META,
	TABLE_SIZES,
	TABLE_NAMES,
	TABLE_NUMBERS,
	TABLE_LOG,
	TABLE_MARKS,
	TABLE_HELD,
	TABLE_STATE,
	TABLE_BY_DAY,
	TABLE_BY_FIELD,
	TABLE_CELLS,
	TABLE_IDEMPOTENCY,
	TABLE_IDEMPOTENCY_AGE,
	TABLE_CHECKPOINTS,
	TABLE_ERASED,
	TABLE_COUNT,
};

struct name_memory;
struct result_memory;
struct schema;
struct signer;

enum store_access {
	STORE_READ,
	STORE_WRITE,
};

/* How much room there is for writing. */
enum store_room {
	STORE_ROOMY,
	STORE_FULL,  /* no new work: only what frees or confirms something */
	STORE_STUCK, /* nothing: store_begin refuses */
};

enum {
	STORE_OK,
	STORE_NOT_FOUND,
	STORE_IN_USE,       /* another process has this store open */
	STORE_NEWER_FORMAT, /* written by a newer version of the program */
	STORE_OLDER_FORMAT, /* written by an older one, and no schema was given */
	STORE_OTHER_NODE,   /* belongs to a node of another code */
	STORE_WRONG_CLOCK,  /* a new store would be born in a year that cannot be: its life would not
	                       follow on the one before it */
};

#define STORE_MIB_MAX (UINT64_C(1) << 40)

struct store_options {
	const char *folder; /* made when missing */
	const char *node;   /* organisation code of the node that owns it */
	const char
	    *service;     /* whose store it is, e.g. "dossiers"; may be null when nothing is signed */
	uint64_t map_mib; /* address space for the map: the most the store can ever hold */
	/* New work stops where the disk has less free than the reserve, or the map is full to so many
	 * percent; nothing at all is written below a quarter of the reserve, or above the second bound:
	 * deleting too needs pages. 0: 85 and 97. */
	uint64_t reserve_mib;
	uint64_t full_percent;
	uint64_t stop_percent;
	uint64_t reader_max_ms; /* a snapshot that is older is told in the log; 0: never */
	const struct signer
	    *signer;                /* signs the node's own logs (checkpoint.h); null: nobody; copied */
	uint64_t checkpoint_events; /* so often; 0: only when checkpoint_append_old is called */
	const struct schema *schema; /* to migrate a store of an older format; null: it is refused */
};

struct store_value {
	const void *bytes;
	size_t size;
};

struct store_txn {
	struct store *store;
	struct MDB_txn *handle; /* null when not begun */
	enum store_access access;
	enum store_room room;      /* of a write transaction, when it began */
	size_t reader;             /* place of a read transaction (readers.h) */
	uint64_t end_us;           /* reads fail from then on; 0: never */
	unsigned reads;            /* since it began */
	uint32_t names;            /* of a write transaction: how many names there were when it began */
	int error;                 /* the first that happened; later work is skipped */
	bool unknown;              /* the commit failed so that nobody knows what was kept */
	size_t writes;             /* puts, deletes and changes of cells so far */
	struct cell_change *cells; /* counters changed and not yet put (cells.h) */
	struct result_change *results; /* of calls, kept and forgotten (idempotency.h) */
	uint64_t results_kept;
	struct arena *arena; /* scratch of a write transaction; a reader brings its own */
};

#define STORE_TXN_NULL ((struct store_txn) { .store = NULL })

/* What a store says of itself without being opened for work. */
struct store_summary {
	uint32_t format;
	bool is_migrating; /* it is on its way to that format */
	uint64_t events;   /* of all logs */
};

/* Look at the store in a folder and leave it as it is, whatever its format.
 * Return: STORE_OK, STORE_NOT_FOUND when there is none, or a negative errno. */
int store_peek(const char *folder, struct store_summary *ret_summary);

/* Open or make the store; one of an older format is migrated first. At most once a process.
 * Return: STORE_OK, STORE_IN_USE, STORE_NEWER_FORMAT, STORE_OLDER_FORMAT, STORE_OTHER_NODE,
 * STORE_WRONG_CLOCK, or a negative errno (-EBADMSG: damaged). */
int store_open(const struct store_options *options, struct store **ret_store);
void store_close(struct store *store);
void store_closep(struct store **store);

/* Whose store it is; "" when that was not said. */
const char *store_service(const struct store *store);

/* Node this store belongs to, and the life of the store (seconds since 1970 when it was made). */
const char *store_node(const struct store *store);
uint32_t store_epoch(const struct store *store);

/* The names it remembers (names.h), and the results of calls (idempotency.h). */
struct name_memory *store_names(const struct store *store);
struct result_memory *store_results(const struct store *store);

/* Who signs its logs, null: nobody; and after how many events. */
const struct signer *store_signer(const struct store *store);
uint64_t store_checkpoint_events(const struct store *store);

/* How large it is. */
struct store_size {
	uint64_t used_bytes; /* of the file, free pages within it too */
	uint64_t free_bytes; /* pages within it that can be used again, as store_look counted last */
	uint64_t map_bytes;  /* the most it can grow to */
};
void store_size(const struct store *store, struct store_size *ret_size);

/* Count free pages, give back the places of readers that died, and tell readers that are too old
 * (readers.h). To be called now and then. Return: the age of the oldest snapshot in microseconds.
 */
uint64_t store_look(struct store *store);

enum store_room store_room(const struct store *store);

/* What has too little room: "disk", "map"; "" when nothing has. */
const char *store_lacks(const struct store *store);

/* Which of the two a write that ended with -ENOSPC wanted more of. */
const char *store_ran_out_of(const struct store *store);

/* Random bytes, fetched from the system many at a time; on the writer's thread. At most
 * STORE_RANDOM_MAX. */
#define STORE_RANDOM_MAX 32
void store_random(struct store *store, uint8_t *ret_bytes, size_t size);

/* Begin. One write transaction at a time, begun and ended on one thread; readers never wait.
 * Return: STORE_OK or a negative errno; -ENOSPC: STORE_STUCK. */
int store_begin(struct store *store, enum store_access access, struct store_txn *ret_txn);

/* Say who reads; `owner` outlives the transaction. A call's snapshot has an end: beyond the store's
 * reader_max_ms its reads fail with -ETIME. Who reads long goes in slices and sees to it himself.
 */
enum store_patience { STORE_ENDS, STORE_SLICES };
void store_read_as(struct store_txn *txn, const char *owner, enum store_patience patience);

/* Make everything durable, or tell the first error. After a negative result nothing was kept,
 * unless txn->unknown says that nobody can know. Return: STORE_OK or a negative errno. */
int store_commit(struct store_txn *txn);
void store_abort(struct store_txn *txn);

/* Return: STORE_OK with a borrowed value, STORE_NOT_FOUND, or a negative errno. */
int store_get(struct store_txn *txn, enum store_table table, const struct key *key,
    struct store_value *ret_value);

/* A place of `size` bytes for a new value, to be filled before anything else is done with the
 * transaction; null when the transaction has failed. */
void *store_put_place(
    struct store_txn *txn, enum store_table table, const struct key *key, size_t size);

/* Put or delete; failures stay with the transaction. */
void store_put(struct store_txn *txn, enum store_table table, const struct key *key,
    const void *bytes, size_t size);
void store_delete(struct store_txn *txn, enum store_table table, const struct key *key);

/* Delete every entry of a table; a failure stays with the transaction. */
void store_clear(struct store_txn *txn, enum store_table table);

/* Remember an error in the transaction; the first one stays. */
void store_fail(struct store_txn *txn, int error);

/* How many entries a table has. */
uint64_t store_count(struct store_txn *txn, enum store_table table);

/*
 * Cursor: ordered reading. Close it before its transaction ends or moves; AUTO(store_cursor_close).
 */
struct store_cursor {
	struct MDB_cursor *handle;
	struct store_txn *txn;
	struct store_value key;   /* borrowed, of the entry it stands on */
	struct store_value value; /* borrowed */
};

#define STORE_CURSOR_NULL ((struct store_cursor) { .handle = NULL })

int store_cursor_open(
    struct store_txn *txn, enum store_table table, struct store_cursor *ret_cursor);
void store_cursor_close(struct store_cursor *cursor);

/* Stand on the first entry not before `key`, on the next one, on the last one before `key`.
 * Return: STORE_OK, STORE_NOT_FOUND when there is none, or a negative errno. */
int store_cursor_seek(struct store_cursor *cursor, const struct key *key);
int store_cursor_next(struct store_cursor *cursor);
int store_cursor_before(struct store_cursor *cursor, const struct key *key);

/* Whether the entry the cursor stands on begins with `prefix`. */
bool store_cursor_has_prefix(const struct store_cursor *cursor, const struct key *prefix);
