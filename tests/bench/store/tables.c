/* SPDX-License-Identifier: MIT */
/*
 * What a store's file holds, by table: a line of JSON each, then one of the whole file. For a store
 * that nobody has open.
 *
 *     store_tables STORE.mdb
 */
#include <lmdb.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/bench/store/must.h"

enum { TABLES_MAX = 32, NAME_MAX = 64 };

static void print_table(MDB_txn *txn, const char *name, size_t *pages) {
	MDB_stat stat;
	MDB_dbi table;
	size_t taken;

	must(-mdb_dbi_open(txn, name, 0, &table), name);
	must(-mdb_stat(txn, table, &stat), name);
	taken = stat.ms_branch_pages + stat.ms_leaf_pages + stat.ms_overflow_pages;
	printf("{\"table\":\"%s\",\"entries\":%zu,\"depth\":%u,\"branch\":%zu,\"leaf\":%zu,"
	       "\"overflow\":%zu,\"bytes\":%zu}\n",
	    name, stat.ms_entries, stat.ms_depth, stat.ms_branch_pages, stat.ms_leaf_pages,
	    stat.ms_overflow_pages, taken * stat.ms_psize);
	*pages += taken;
}

static void print_tables(MDB_env *environment, MDB_txn *txn) {
	MDB_cursor *cursor;
	MDB_envinfo info;
	MDB_stat stat;
	MDB_val name;
	MDB_val value;
	MDB_dbi names;
	size_t pages = 0;

	must(-mdb_dbi_open(txn, NULL, 0, &names), "names");
	must(-mdb_cursor_open(txn, names, &cursor), "names");
	while (mdb_cursor_get(cursor, &name, &value, MDB_NEXT) == 0) {
		char text[NAME_MAX];

		snprintf(text, sizeof(text), "%.*s", (int)name.mv_size, (const char *)name.mv_data);
		print_table(txn, text, &pages);
	}
	mdb_cursor_close(cursor);
	must(-mdb_env_info(environment, &info), "file");
	must(-mdb_env_stat(environment, &stat), "file");
	printf("{\"table\":\"(file)\",\"bytes\":%zu,\"free_bytes\":%zu}\n",
	    (info.me_last_pgno + 1) * stat.ms_psize, (info.me_last_pgno + 1 - pages) * stat.ms_psize);
}

int main(int argc, char **argv) {
	MDB_env *environment;
	MDB_txn *txn;

	if (argc != 2)
		return 2;
	must(-mdb_env_create(&environment), "file");
	must(-mdb_env_set_maxdbs(environment, TABLES_MAX), "file");
	must(-mdb_env_open(environment, argv[1], MDB_NOSUBDIR | MDB_RDONLY | MDB_NOLOCK, 0), argv[1]);
	must(-mdb_txn_begin(environment, NULL, MDB_RDONLY, &txn), argv[1]);
	print_tables(environment, txn);
	mdb_txn_abort(txn);
	mdb_env_close(environment);
	return EXIT_SUCCESS;
}
