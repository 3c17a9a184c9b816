/* SPDX-License-Identifier: MIT */
/*
 * Prints the first dossiers of a history as rows: columns by tab, \N for what is not known. With
 * `procedures` instead of a number, the catalogue: code and field.
 *
 *     store_rows COUNT|procedures
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/bench/store/invented.h"
#include "tests/bench/store/row.h"

static void print_row(const struct row *row) {
	for (size_t i = 0; i < ROW_COLUMNS; i++) {
		fputs(row->columns[i] ? row->columns[i] : "\\N", stdout);
		putchar(i + 1 < ROW_COLUMNS ? '\t' : '\n');
	}
}

static void print_procedures(void) {
	for (unsigned i = 0; i < INVENTED_PROCEDURES; i++) {
		struct invented_procedure invented;

		invent_procedure(i, &invented);
		printf("%s\t%s\n", invented.procedure.code, invented.procedure.field);
	}
}

int main(int argc, char **argv) {
	uint64_t count;

	if (argc != 2)
		return 2;
	if (strcmp(argv[1], "procedures") == 0)
		print_procedures();
	count = strtoull(argv[1], NULL, 10);
	for (uint64_t i = 0; i < count; i++) {
		struct invented invented;
		struct row row;

		invent_dossier(i, count, &invented);
		row_of(&invented.dossier, &row);
		print_row(&row);
	}
	return ferror(stdout) || fflush(stdout) ? EXIT_FAILURE : EXIT_SUCCESS;
}
