/* SPDX-License-Identifier: MIT */
#include "tests/unit/cli/csv_office.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/error.h"

int office_open(void **state) {
	struct office *office = calloc(1, sizeof(*office));

	if (!office)
		return -1;
	snprintf(office->folder, sizeof(office->folder), "/tmp/test_csv.XXXXXX");
	if (!mkdtemp(office->folder))
		return -1;
	snprintf(office->path, sizeof(office->path), "%s/table.csv", office->folder);
	*state = office;
	return 0;
}

int office_close(void **state) {
	struct office *office = *state;

	unlink(office->path);
	rmdir(office->folder);
	free(office->text.data);
	free(office);
	return 0;
}

void bytes_free(struct bytes *bytes) {
	free(bytes->data);
}

void office_save(struct office *office, const void *data, size_t size) {
	FILE *file = fopen(office->path, "wb");

	assert_non_null(file);
	assert_int_equal(fwrite(data, 1, size, file), size);
	assert_int_equal(fclose(file), 0);
}

int note_row(void *context, const struct csv_row *row) {
	struct office *office = context;

	if (office->row_count++ == 0) {
		office->first_count = row->count;
		office->first_length = row->cells[0].length;
	}
	fprintf(office->rows, "%u:", row->line);
	for (size_t i = 0; i < row->count; i++) {
		assert_int_equal(strlen(row->cells[i].text), row->cells[i].length);
		fprintf(office->rows, "%s%s", i ? "|" : "", row->cells[i].text);
	}
	fputc('\n', office->rows);
	return office->stop_at == row->line ? -7 : 0;
}

static void rows_begin(struct office *office) {
	free(office->text.data);
	office->text = (struct bytes) { NULL, 0 };
	office->row_count = 0;
	office->fault = (struct csv_fault) { 0, 0 };
	office->rows = open_memstream(&office->text.data, &office->text.size);
	assert_non_null(office->rows);
}

void office_read_path(struct office *office, const char *path) {
	rows_begin(office);
	office->answer = csv_read(path, note_row, office, &office->fault);
	fclose(office->rows);
}

void office_read_saved(struct office *office, const void *data, size_t size) {
	AUTO(bytes_free) struct bytes first = { NULL, 0 };
	struct csv_fault fault;
	int answer;

	office_save(office, data, size);
	rows_begin(office);
	answer = csv_read_bytes(data, size, note_row, office, &office->fault);
	fclose(office->rows);
	fault = office->fault;
	first = office->text;
	office->text = (struct bytes) { NULL, 0 };

	office_read_path(office, office->path);
	assert_int_equal(office->answer, answer);
	assert_int_equal(office->fault.line, fault.line);
	assert_int_equal(office->fault.stopped_with, fault.stopped_with);
	assert_string_equal(office->text.data, first.data);
}

void expect_rows(struct office *office, const char *file, const char *rows) {
	office_read_saved(office, file, strlen(file));
	assert_int_equal(office->answer, CSV_OK);
	assert_string_equal(office->text.data, rows);
}

void expect_answer(
    struct office *office, const void *data, size_t size, int answer, unsigned line) {
	office_read_saved(office, data, size);
	assert_int_equal(office->answer, answer);
	assert_int_equal(office->fault.line, line);
}

/* The text in `encoding`, behind `mark`. */
struct bytes bytes_filled(char byte, size_t size) {
	struct bytes bytes = { malloc(size), size };

	assert_non_null(bytes.data);
	memset(bytes.data, byte, size);
	return bytes;
}
