/* SPDX-License-Identifier: MIT */
/*
 * Spreadsheet text files
 *
 * Reads the CSV files that offices send, whatever program saved them: the separator, the encoding
 * and the line ends are found out, and every cell arrives as the same UTF-8 text. The grammar
 * (RFC 4180, leniently) is libcsv's. The file is streamed: memory depends on its longest row, not
 * on its size, and rows are handed over before the rest of the file is known to be sound.
 *
 *   separator   `,` `;` or TAB, whichever the first non-empty line has most outside quotes; a
 *               first line `sep=X` (Excel's) names it instead and is no row
 *   encoding    UTF-8 with or without BOM; UTF-16 of either order with BOM, or without when the
 *               bytes leave no doubt
 *   line ends   CRLF, LF or CR, also mixed
 */
#pragma once

#include <stddef.h>

#define CSV_FILE_MAX    (256u << 20) /* bytes, as stored */
#define CSV_CELL_MAX    (64u << 10)  /* bytes of UTF-8, without the terminator */
#define CSV_COLUMNS_MAX 256u

enum {
	CSV_OK,
	CSV_STOPPED,        /* the row function returned something but 0 */
	CSV_NOT_TEXT,       /* NULs, unknown bytes (TCVN3, VNI, …), or endless marks on a letter */
	CSV_OPEN_QUOTE,     /* a quote that never closes */
	CSV_TOO_LARGE,      /* a file, a cell or a row beyond the limits above */
	CSV_IS_SPREADSHEET, /* an .xlsx or .xls: it has to be saved as CSV first */
};

/* `text` is valid UTF-8 in Unicode's form C, without a NUL inside and with one behind its `length`
 * bytes. Blanks around it (space, TAB, line end, no-break space) are gone, quoted or not; a line
 * end inside it is '\n' whatever the file uses. Empty cells have length 0, never a NULL text. */
struct csv_cell {
	const char *text;
	size_t length;
};

/* `line` is the physical line of the file where the row starts; the first line is 1, and empty
 * lines, a `sep=` line and line ends inside quotes all count. `count` is at least 1. */
struct csv_row {
	unsigned line;
	size_t count;
	const struct csv_cell *cells;
};

/* Called for every row in file order, the header included. A line with nothing but blanks and
 * separators is empty and is no row; rows may have different counts. `row` and all it points to
 * is borrowed until the function returns. Return: 0 to go on; anything else ends the reading and
 * comes back in csv_fault. */
typedef int csv_row_function(void *context, const struct csv_row *row);

/* Where the reading ended. `line` is
 *   CSV_STOPPED, CSV_TOO_LARGE   the line where the row in question starts; for a file beyond
 *                                CSV_FILE_MAX the line reached, 0 when none was read
 *   CSV_NOT_TEXT                 the line of the first offending byte; for too many marks the line
 *                                where their cell ends
 *   CSV_OPEN_QUOTE               the line where the cell starts that stays open
 *   CSV_IS_SPREADSHEET           0
 * `stopped_with` is what the row function returned for CSV_STOPPED and 0 otherwise. */
struct csv_fault {
	unsigned line;
	int stopped_with;
};

/* Read the file at `path` and call `row` with `context` for each of its rows. Pipes are read too.
 * A file that holds nothing is CSV_OK without rows. Rows before a fault have been handed over.
 * Return: CSV_OK; CSV_STOPPED, CSV_NOT_TEXT, CSV_OPEN_QUOTE, CSV_TOO_LARGE or CSV_IS_SPREADSHEET
 * with `ret_fault` written; or a negative errno when the file cannot be opened or read (-EISDIR
 * for a folder) or memory is short. `ret_fault` is written for positive answers only. */
int csv_read(const char *path, csv_row_function *row, void *context, struct csv_fault *ret_fault);

/* The same for the `size` bytes at `bytes`, which stay the caller's and must not change meanwhile;
 * `bytes` may be NULL when `size` is 0. Return: as csv_read(). */
int csv_read_bytes(const char *bytes, size_t size, csv_row_function *row, void *context,
    struct csv_fault *ret_fault);
