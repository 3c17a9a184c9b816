/* SPDX-License-Identifier: MIT */
/*
 * What the disk gives one writer: a crowd of one that makes its dossiers durable by nothing but
 * fdatasync of a page, or by nothing but LMDB: one put a transaction, with so many index entries.
 *
 *     bare_disk FOLDER SECONDS HISTORY sync|0|3
 */
#include <fcntl.h>
#include <lmdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/bench/store/crowd.h"
#include "tests/bench/store/invented.h"
#include "tests/bench/store/must.h"

enum { PAGE = 4096, FILE_PAGES = 4096, RECORD_MAX = 512, ENTRIES_MAX = 3, A_COMMIT = 5000 };
#define MAP_BYTES ((size_t)16 << 30)

struct disk {
	const char *folder;
	uint64_t history;
	unsigned entries;
	int file;
	MDB_env *environment;
	MDB_dbi records;
	MDB_dbi indexes;
};

static void *same(const void *context) {
	return (void *)(uintptr_t)context;
}

static void nothing(void *context) {
	(void)context;
}

static void sync_page(void *context, uint64_t number) {
	static uint8_t page[PAGE];
	const struct disk *disk = context;

	memset(page, (int)number, sizeof(page));
	must(pwrite(disk->file, page, PAGE, (off_t)(number % FILE_PAGES) * PAGE) != PAGE, "write");
	must(fdatasync(disk->file), "fdatasync");
}

static void put(MDB_txn *txn, MDB_dbi table, MDB_val key, MDB_val value) {
	must(-mdb_put(txn, table, &key, &value, 0), "put");
}

/* Entries as long as those of our indexes by day: a group, a day and the code. */
static void put_dossier(struct disk *disk, MDB_txn *txn, uint64_t number) {
	struct invented invented;
	uint8_t record[RECORD_MAX];
	uint8_t entry[7 + 32] = { 0 };
	MDB_val empty = { 0, NULL };
	MDB_val code;
	MDB_val value = { 0, record };

	invent_dossier(number, disk->history, &invented);
	must(dossier__get_packed_size(&invented.dossier) > sizeof(record), "record");
	value.mv_size = dossier__pack(&invented.dossier, record);
	memcpy(entry + 7, invented.code, strlen(invented.code));
	code = (MDB_val) { 32, entry + 7 };
	put(txn, disk->records, code, value);
	for (unsigned i = 0; i < disk->entries; i++) {
		uint64_t moments[ENTRIES_MAX] = { invented.dossier.accepted, invented.dossier.ended,
			invented.dossier.due };
		uint32_t day = __builtin_bswap32((uint32_t)(moments[i] / 1000000));

		entry[0] = (uint8_t)i;
		memcpy(entry + 1, &day, sizeof(day));
		put(txn, disk->indexes, (MDB_val) { sizeof(entry), entry }, empty);
	}
}

static void commit_one(void *context, uint64_t number) {
	struct disk *disk = context;
	MDB_txn *txn;

	must(-mdb_txn_begin(disk->environment, NULL, 0, &txn), "begin");
	put_dossier(disk, txn, number);
	must(-mdb_txn_commit(txn), "commit");
}

/* The history is there already, as it is for those that this is compared with. */
static void fill(struct disk *disk) {
	for (uint64_t number = 0; number < disk->history;) {
		MDB_txn *txn;

		must(-mdb_txn_begin(disk->environment, NULL, 0, &txn), "begin");
		for (int i = 0; i < A_COMMIT && number < disk->history; i++)
			put_dossier(disk, txn, number++);
		must(-mdb_txn_commit(txn), "commit");
	}
}

static void open_lmdb(struct disk *disk) {
	MDB_txn *txn;
	char path[512];

	snprintf(path, sizeof(path), "%s/bare.mdb", disk->folder);
	must(-mdb_env_create(&disk->environment), path);
	must(-mdb_env_set_maxdbs(disk->environment, 2), path);
	must(-mdb_env_set_mapsize(disk->environment, MAP_BYTES), path);
	must(-mdb_env_open(disk->environment, path, MDB_NOSUBDIR, 0600), path);
	must(-mdb_txn_begin(disk->environment, NULL, 0, &txn), path);
	must(-mdb_dbi_open(txn, "records", MDB_CREATE, &disk->records), path);
	must(-mdb_dbi_open(txn, "indexes", MDB_CREATE, &disk->indexes), path);
	must(-mdb_txn_commit(txn), path);
	fill(disk);
}

static void open_file(struct disk *disk) {
	char path[512];

	snprintf(path, sizeof(path), "%s/bare.file", disk->folder);
	disk->file = open(path, O_RDWR | O_CREAT, 0600);
	must(disk->file < 0, path);
	for (uint64_t i = 0; i < FILE_PAGES; i++)
		must(pwrite(disk->file, path, sizeof(path), (off_t)i * PAGE) != sizeof(path), path);
	must(fsync(disk->file), path);
}

int main(int argc, char **argv) {
	struct disk disk = { .folder = argv[1] };
	bool sync;

	if (argc != 5)
		return 2;
	sync = strcmp(argv[4], "sync") == 0;
	disk.history = strtoull(argv[3], NULL, 10);
	disk.entries = sync ? 0 : (unsigned)strtoul(argv[4], NULL, 10);
	must(disk.entries > ENTRIES_MAX, "entries");
	if (sync)
		open_file(&disk);
	else
		open_lmdb(&disk);
	crowd_run(&(struct crowd_options) {
	    .name = sync           ? "fdatasync"
	            : disk.entries ? "lmdb-indexed"
	                           : "lmdb",
	    .clients = 1,
	    .seconds = strtod(argv[2], NULL),
	    .first = disk.history,
	    .context = &disk,
	    .connect = same,
	    .call = sync ? sync_page : commit_one,
	    .disconnect = nothing,
	});
	return EXIT_SUCCESS;
}
