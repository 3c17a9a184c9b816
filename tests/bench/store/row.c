/* SPDX-License-Identifier: MIT */
#include "tests/bench/store/row.h"

#include <stdio.h>

static void add_number(struct row *row, size_t *count, uint64_t number) {
	snprintf(row->texts[*count], ROW_TEXT_SIZE, "%llu", (unsigned long long)number);
	row->columns[*count] = row->texts[*count];
	++*count;
}

static void add_stamp(struct row *row, size_t *count, uint64_t stamp) {
	char digits[ROW_TEXT_SIZE];

	row->columns[*count] = NULL;
	if (stamp) {
		snprintf(digits, sizeof(digits), "%014llu", (unsigned long long)stamp);
		snprintf(row->texts[*count], ROW_TEXT_SIZE, "%.4s-%.2s-%.2s %.2s:%.2s:%.2s", digits,
		    digits + 4, digits + 6, digits + 8, digits + 10, digits + 12);
		row->columns[*count] = row->texts[*count];
	}
	++*count;
}

void row_of(const Dossier *dossier, struct row *ret_row) {
	size_t count = 0;

	ret_row->columns[count++] = dossier->code;
	ret_row->columns[count++] = dossier->procedure;
	ret_row->columns[count++] = dossier->unit;
	ret_row->columns[count++] = dossier->applicant;
	add_number(ret_row, &count, dossier->channel);
	add_stamp(ret_row, &count, dossier->submitted);
	add_stamp(ret_row, &count, dossier->accepted);
	add_stamp(ret_row, &count, dossier->due);
	add_stamp(ret_row, &count, dossier->ended);
	add_stamp(ret_row, &count, dossier->handed_over);
	add_stamp(ret_row, &count, dossier->refused);
	add_number(ret_row, &count, dossier->status);
	add_stamp(ret_row, &count, dossier->recorded_provincial);
	ret_row->columns[count++] = dossier->result_digitised ? "t" : "f";
	add_number(ret_row, &count, dossier->fee);
	add_number(ret_row, &count, dossier->payment);
}
