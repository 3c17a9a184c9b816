/* SPDX-License-Identifier: MIT */
/*
 * An office that opens spreadsheet text files
 *
 * Every claim is checked on a real file in a temporary folder. What was read is kept as one text:
 * "line:cell|cell\n" for each row.
 */
#pragma once

#include <stddef.h>
#include <stdio.h>

#include "services/cli/import/csv.h"

struct bytes {
	char *data;
	size_t size;
};

struct bytes bytes_filled(char byte, size_t size);
void bytes_free(struct bytes *bytes); /* for AUTO */

/* A folder with one file, and what the last reading of it gave. */
struct office {
	char folder[64];
	char path[96];
	FILE *rows;
	struct bytes text;
	size_t row_count;
	size_t first_count;
	size_t first_length;
	unsigned stop_at;
	int answer;
	struct csv_fault fault;
};

/* Setup and teardown of a claim; the state is an office. */
int office_open(void **state);
int office_close(void **state);

#define CLAIM(name) cmocka_unit_test_setup_teardown(name, office_open, office_close)

void office_save(struct office *office, const void *data, size_t size);

/* The row function, with an office as its context. */
int note_row(void *context, const struct csv_row *row);

void office_read_path(struct office *office, const char *path);

/* Through the file and through memory: both doors have to say the same. */
void office_read_saved(struct office *office, const void *data, size_t size);

void expect_rows(struct office *office, const char *file, const char *rows);
void expect_answer(struct office *office, const void *data, size_t size, int answer, unsigned line);

/* Letters of one to four bytes, and quotes around a line end and around quotes. */
#define TABLE                                                                                      \
	"M\xc3\xa3;T\xc3\xaan;Ghi ch\xc3\xba\r\n"                                                      \
	"H51.1;Nguy\xe1\xbb\x85n Th\xe1\xbb\x8b \xc4\x90\xe1\xba\xb9p;\"m\xe1\xbb\x99t\r\nhai\"\r\n"   \
	"H51.2;\"\xf0\x9f\x8f\x9b \"\"nh\xc3\xa0\"\"\";\r\n"
#define TABLE_ROWS                                                                                 \
	"1:M\xc3\xa3|T\xc3\xaan|Ghi ch\xc3\xba\n"                                                      \
	"2:H51.1|Nguy\xe1\xbb\x85n Th\xe1\xbb\x8b \xc4\x90\xe1\xba\xb9p|m\xe1\xbb\x99t\nhai\n"         \
	"4:H51.2|\xf0\x9f\x8f\x9b \"nh\xc3\xa0\"|\n"
