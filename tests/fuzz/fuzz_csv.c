/* SPDX-License-Identifier: MIT */
/*
 * Fuzz target of the spreadsheet text reader
 *
 * Any answer will do; what is handed over has to be what the header promises.
 */
#include "common/base/error.h"
#include "services/cli/import/csv.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct seen {
	unsigned line;
	size_t size;
};

static void promise(int kept) {
	if (!kept)
		abort();
}

static int check_cell(const struct csv_cell *cell) {
	const utf8proc_uint8_t *bytes = (const utf8proc_uint8_t *)cell->text;
	size_t at = 0;

	promise(cell->length <= CSV_CELL_MAX);
	promise(strlen(cell->text) == cell->length);
	promise(!memchr(cell->text, '\r', cell->length));
	while (at < cell->length) {
		utf8proc_int32_t point;
		utf8proc_ssize_t step =
		    utf8proc_iterate(bytes + at, (utf8proc_ssize_t)(cell->length - at), &point);

		promise(step > 0);
		at += (size_t)step;
	}
	return cell->length > 0;
}

static void check_composed(const struct csv_cell *cell) {
	utf8proc_uint8_t *composed = utf8proc_NFC((const utf8proc_uint8_t *)cell->text);

	promise(composed && strcmp((const char *)composed, cell->text) == 0);
	free(composed);
}

static int check_row(void *context, const struct csv_row *row) {
	struct seen *seen = context;
	int filled = 0;

	promise(row->line > seen->line && row->line <= seen->size + 1);
	promise(row->count >= 1 && row->count <= CSV_COLUMNS_MAX);
	for (size_t i = 0; i < row->count; i++) {
		filled += check_cell(&row->cells[i]);
		check_composed(&row->cells[i]);
	}
	promise(filled > 0);
	seen->line = row->line;
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
	struct seen seen = { .size = size };
	struct csv_fault fault = { 0 };
	int answer = csv_read_bytes((const char *)data, size, check_row, &seen, &fault);

	promise(answer >= CSV_OK && answer != CSV_STOPPED);
	promise(answer == CSV_OK || fault.line <= size + 1);
	return 0;
}
