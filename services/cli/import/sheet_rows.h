/* SPDX-License-Identifier: MIT */
/*
 * Rows of a sheet
 *
 * Reads a file of one kind of sheet: each row becomes a record, ready to be sent, or is refused
 * with all that is wrong in it. A value is taken exactly or not at all: what would have to be
 * rounded, cut or guessed is a fault. The file is streamed; kept are the keys of its rows, by which
 * a second row for the same thing is found.
 */
#pragma once

#include <protobuf-c/protobuf-c.h>
#include <stddef.h>

#include "cchc/call.pb-c.h"
#include "common/base/arena.h"
#include "services/cli/import/sheet.h"

#define SHEET_KEYS_MAX 2000000u /* rows of a sheet with key columns */

enum {
	SHEET_OK,
	SHEET_STOPPED,  /* a function of the handler said so */
	SHEET_NOT_TEXT, /* as CSV_NOT_TEXT, and so on */
	SHEET_OPEN_QUOTE,
	SHEET_TOO_LARGE,
	SHEET_IS_SPREADSHEET,
	SHEET_EMPTY,          /* not even a header */
	SHEET_MISSING_COLUMN, /* the first row lacks required columns: it may be no header at all */
	SHEET_DOUBLE_COLUMN,  /* a column of the sheet stands twice in the header */
	SHEET_TOO_MANY_ROWS,  /* more keys than SHEET_KEYS_MAX */
};

/* One thing that is wrong in a row. Texts are borrowed until the function returns, never null.
 *
 *   MISSING       a required cell is empty
 *   MALFORMED     not of the column's type; with column "": a cell beyond the header's last column
 *   OUT_OF_RANGE  a number too large or below 0, or a word that is no choice; `detail` says which
 *                 are: "0 – 4294967295", "DI, DEN"
 *   TOO_LONG      `detail` is the limit in bytes
 *   DUPLICATE     the row agrees with an earlier one in all key columns; `column` is the first of
 *                 them, `detail` the line of that row, whether it was good or refused
 */
struct sheet_fault {
	unsigned line; /* of the file, where the row starts */
	const char *column;
	const char *value; /* the cell, up to CSV_CELL_MAX bytes */
	Fault__Reason reason;
	const char *detail; /* "" when there is none */
};

/* Something about the header that the reader lets pass but a person should hear of. */
enum sheet_note {
	SHEET_UNKNOWN_COLUMN, /* not of this sheet; its cells are not read */
	SHEET_ABSENT_COLUMN,  /* of this sheet but not in the file; its cells count as empty */
};

/* What is done with what is read; each function returns 0 to go on and anything else to stop. */
struct sheet_handler {
	void *context;

	/* A good row. The record lives in the arena until the caller resets that, which this function
	 * may do once the record is dealt with. `bytes` is its packed size. */
	int (*record)(void *context, unsigned line, ProtobufCMessage *record, size_t bytes);

	/* Called for each fault of a refused row: in the order of its cells, a duplicate last. */
	int (*fault)(void *context, const struct sheet_fault *fault);

	/* Called before the first row, for each such column; `column` is borrowed. May be null. */
	int (*note)(void *context, enum sheet_note note, const char *column);
};

/* How the reading ended.
 *
 * `line` is 0 for SHEET_OK, SHEET_EMPTY and SHEET_IS_SPREADSHEET; as in csv_fault for the others of
 * CSV; else the line of the row in question. `columns` names the missing or doubled columns and
 * `header` those that the first row has, joined by ", " and cut at the end when there are too many;
 * `columns` is "" for other answers, `header` "" when no row was read. */
struct sheet_end {
	unsigned line;
	int stopped_with; /* what the handler returned for SHEET_STOPPED, else 0 */
	unsigned rows;    /* read, the header not counted */
	unsigned refused; /* of these */
	char columns[512];
	char header[1024];
};

/* Read the file at `path` as `sheet` (a row of a loaded catalogue). Good rows become records in
 * `arena`; refused ones take nothing of it. Records before an answer have been handed over.
 *
 * Return: an answer above with *ret_end written, SHEET_OK too; or a negative errno, also what the
 * handler returned below 0: -ENOENT …, -ENOMEM when memory or the arena is used up (the handler did
 * not reset it in time). */
int sheet_read(const struct sheet *sheet, const char *path, struct arena *arena,
    const struct sheet_handler *handler, struct sheet_end *ret_end);

/* The same for `size` bytes at `bytes`. Return: as sheet_read(). */
int sheet_read_bytes(const struct sheet *sheet, const char *bytes, size_t size, struct arena *arena,
    const struct sheet_handler *handler, struct sheet_end *ret_end);
