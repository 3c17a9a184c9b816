/* SPDX-License-Identifier: MIT */
/*
 * Importer
 *
 * Brings files of sheets into the node's services: each row a record, records in batches, several
 * batches in flight. Catalogues go first and reach the other services before the rest is checked
 * against them. Every bad row is named; the good ones are taken; the same file again changes
 * nothing, so an import that was cut off is simply repeated.
 */
#pragma once

#include "services/cli/cli.h"
#include "services/cli/import/sheet.h"

/* Records of a call, and calls in flight. What waits together is one commit, and a commit writes
 * every page that a record touches: the more records, the less each of them costs. */
#define IMPORT_BATCH_RECORDS 500
#define IMPORT_IN_FLIGHT     24

struct import_file {
	const char *path;
	const struct sheet *sheet;
};

struct import_sums {
	uint64_t added;
	uint64_t changed;
	uint64_t unchanged;
	uint64_t refused; /* rows */
};

/* How one bad row or file is told: once a fault, in the order of the file. */
struct import_complaint {
	const char *file; /* base name */
	unsigned line;    /* 0: the file as a whole */
	const char *column;
	const char *value;
	const char *why; /* in words */
};

struct import_options {
	bool dry_run;
	void *context;
	void (*complain)(void *context, const struct import_complaint *complaint);
	/* Called after each batch; null: nobody watches. */
	void (*progress)(void *context, const struct import_file *file, const struct import_sums *sums);
	void (*file_done)(
	    void *context, const struct import_file *file, const struct import_sums *sums);
};

/* Import files, which are ordered by the catalogue here. *ret_sums covers all of them.
 * Return: EXIT_OK, EXIT_PARTIAL when something was refused, or the exit status of what stopped it;
 * what stopped it has been said. */
int import_files(struct cli *cli, struct import_file *files, size_t count,
    const struct import_options *options, struct import_sums *ret_sums);
