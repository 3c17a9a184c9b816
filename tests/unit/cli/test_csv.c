/* SPDX-License-Identifier: MIT */
/* Spreadsheet text files: lines, separators, quotes, and what is too large or no table at all. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <pthread.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/error.h"
#include "tests/unit/cli/csv_office.h"

static void line_ends_may_be_crlf_lf_cr_or_mixed(void **state) {
	expect_rows(*state, "a,b\r\nc,d\r\n", "1:a|b\n2:c|d\n");
	expect_rows(*state, "a,b\nc,d\n", "1:a|b\n2:c|d\n");
	expect_rows(*state, "a,b\rc,d\r", "1:a|b\n2:c|d\n");
	expect_rows(*state, "a,b\rc,d\ne,f\r\n\rg,h", "1:a|b\n2:c|d\n3:e|f\n5:g|h\n");
}

static void empty_lines_are_skipped_but_counted(void **state) {
	expect_rows(*state, "\n\r\na,b\n\n  \t\nc,d\n\n", "3:a|b\n6:c|d\n");
	expect_rows(*state, "a,b\n,\n\"\" , \" \"\nc,\n,d\n", "1:a|b\n4:c|\n5:|d\n");
}

static void the_header_decides_the_separator(void **state) {
	expect_rows(*state, "a;b;\"c,d,e,f\"\n1,5;2,5;3,5\n", "1:a|b|c,d,e,f\n2:1,5|2,5|3,5\n");
	expect_rows(*state, "\n \na\tb\n1,5\t2;5\n", "3:a|b\n4:1,5|2;5\n");
	expect_rows(*state, "\"a\n;;\",b\n1;2,3\n", "1:a\n;;|b\n3:1;2|3\n");
	expect_rows(*state, "only\nfirst; second\n", "1:only\n2:first; second\n");
}

static void a_first_line_naming_the_separator_is_honoured_and_skipped(void **state) {
	expect_rows(*state, "sep=;\r\na,b,c;d\r\n", "2:a,b,c|d\n");
	expect_rows(*state, "\xef\xbb\xbfSEP=,\na;b;c,d\n", "2:a;b;c|d\n");
	expect_rows(*state, "sep=\t\na,b\tc\n", "2:a,b|c\n");
	expect_rows(*state, "sep=|\n\na,b|c\n", "3:a,b|c\n");
	expect_rows(*state, "sep=;", "");
	expect_rows(*state, "sep=x\na,b\n", "1:sep=x\n2:a|b\n");
	expect_rows(*state, "sep=;x\n", "1:sep=|x\n");
}

static void quotes_hold_separators_quotes_and_line_ends(void **state) {
	expect_rows(
	    *state, "a,\"b,\"\"c\"\"\",\"d\r\ne\rf\ng\"\nh,i,j\n", "1:a|b,\"c\"|d\ne\nf\ng\n5:h|i|j\n");
	expect_rows(*state, "a,\"\r\n\r\nb\",\"c\n\nd\"\r\ne\r\n", "1:a|b|c\n\nd\n6:e\n");
}

static void a_stray_quote_in_a_cell_is_kept(void **state) {
	expect_rows(*state, "a,5\" pipe,b\nc,\"the \"new\" one\",d\n",
	    "1:a|5\" pipe|b\n2:c|the \"new\" one|d\n");
}

static void blanks_around_cells_are_trimmed(void **state) {
	expect_rows(
	    *state, "  a b ,\t\" c \" , \xc2\xa0 d\xc2\xa0\xc2\xa0,\"\n e \n\"\n", "1:a b|c|d|e\n");
	expect_rows(*state, "a\tb\n\t c \n", "1:a|b\n2:|c\n");
}

static void rows_may_differ_in_their_number_of_cells(void **state) {
	expect_rows(*state, "a,b,c\nd\ne,f,g,h,\n", "1:a|b|c\n2:d\n3:e|f|g|h|\n");
}

static void an_empty_file_has_no_rows(void **state) {
	expect_rows(*state, "", "");
	expect_rows(*state, "\xef\xbb\xbf", "");
	expect_rows(*state, "\r\n \r\n", "");
	expect_answer(*state, "\xff\xfe", 2, CSV_OK, 0);
	assert_int_equal(csv_read_bytes(NULL, 0, note_row, *state, NULL), CSV_OK);
}

static void a_header_alone_is_a_row(void **state) {
	expect_rows(*state, "a,b\n", "1:a|b\n");
	expect_rows(*state, "a,b", "1:a|b\n");
}

static void the_last_line_needs_no_line_end(void **state) {
	expect_rows(*state, "a,b\nc,d", "1:a|b\n2:c|d\n");
	expect_rows(*state, "a,b\nc,\"d\"", "1:a|b\n2:c|d\n");
	expect_rows(*state, "a,b\nc,", "1:a|b\n2:c|\n");
}

static void a_quote_that_never_closes_is_named_with_its_line(void **state) {
	static const char short_file[] = "a,b\nc,\"d\ne,f\n";
	static const char second[] = "a,b\n\"c\nd\",\"e\nf\ng";
	static const char last[] = "a,b\nc,\"";
	AUTO(bytes_free) struct bytes long_file = bytes_filled('\n', 1u << 20);

	expect_answer(*state, short_file, strlen(short_file), CSV_OPEN_QUOTE, 2);
	expect_answer(*state, second, strlen(second), CSV_OPEN_QUOTE, 3);
	expect_answer(*state, last, strlen(last), CSV_OPEN_QUOTE, 2);

	memcpy(long_file.data, "a,b\nc,\"", 7);
	expect_answer(*state, long_file.data, long_file.size, CSV_OPEN_QUOTE, 2);
	long_file.data[long_file.size - 1] = '"';
	expect_answer(*state, long_file.data, long_file.size, CSV_TOO_LARGE, 2);
}

static void a_cell_has_a_limit(void **state) {
	struct office *office = *state;
	AUTO(bytes_free) struct bytes file = bytes_filled('x', 70u << 10);

	memcpy(file.data, "a,b\nc,", 6);
	expect_answer(office, file.data, file.size, CSV_TOO_LARGE, 2);
	file.data[6] = '"';
	file.data[file.size - 1] = '"';
	expect_answer(office, file.data, file.size, CSV_TOO_LARGE, 2);

	memset(file.data, 'x', file.size);
	expect_answer(office, file.data, CSV_CELL_MAX, CSV_OK, 0);
	assert_int_equal(office->first_length, CSV_CELL_MAX);
	expect_answer(office, file.data, CSV_CELL_MAX + 1, CSV_TOO_LARGE, 1);
	file.data[0] = '"';
	file.data[CSV_CELL_MAX + 1] = '"';
	expect_answer(office, file.data, CSV_CELL_MAX + 2, CSV_OK, 0);
	assert_int_equal(office->first_length, CSV_CELL_MAX);
}

static void a_row_has_a_limit(void **state) {
	struct office *office = *state;
	char file[2 * 300 + 4] = "a,b\n";

	for (size_t i = 0; i < 300; i++)
		memcpy(file + 4 + 2 * i, i == 299 ? "x\n" : "x,", 2);
	expect_answer(office, file, sizeof(file), CSV_TOO_LARGE, 2);

	file[4 + 2 * CSV_COLUMNS_MAX - 1] = '\n';
	expect_answer(office, file + 4, 2 * CSV_COLUMNS_MAX, CSV_OK, 0);
	assert_int_equal(office->first_count, CSV_COLUMNS_MAX);
	expect_answer(office, file + 4 + 2, 2 * CSV_COLUMNS_MAX - 2, CSV_OK, 0);
	file[4 + 2 * CSV_COLUMNS_MAX - 1] = ',';
	expect_answer(office, file + 4, 2 * CSV_COLUMNS_MAX + 2, CSV_TOO_LARGE, 1);
}

static void a_row_of_full_cells_is_read(void **state) {
	struct office *office = *state;
	size_t step = CSV_CELL_MAX + 1;
	AUTO(bytes_free) struct bytes file = bytes_filled('x', step * 32);

	for (size_t i = 1; i <= 32; i++)
		file.data[step * i - 1] = i == 32 ? '\n' : ',';
	expect_answer(office, file.data, file.size, CSV_OK, 0);
	assert_int_equal(office->first_count, 32);
	assert_int_equal(office->text.size, file.size + 2);
}

static void a_file_has_a_limit(void **state) {
	struct office *office = *state;

	office_save(office, "", 0);
	assert_int_equal(truncate(office->path, (off_t)CSV_FILE_MAX + 1), 0);
	office_read_path(office, office->path);
	assert_int_equal(office->answer, CSV_TOO_LARGE);
	assert_int_equal(office->fault.line, 0);
}

static void a_spreadsheet_is_recognised(void **state) {
	expect_answer(*state, "PK\3\4\x14\0\6\0", 8, CSV_IS_SPREADSHEET, 0);
	expect_answer(*state, "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1\0\0", 10, CSV_IS_SPREADSHEET, 0);
}

static void a_missing_file_and_a_folder_are_errors(void **state) {
	struct office *office = *state;

	office_read_path(office, office->path);
	assert_int_equal(office->answer, -ENOENT);
	office_read_path(office, office->folder);
	assert_int_equal(office->answer, -EISDIR);
}

static void the_row_function_stops_the_reading(void **state) {
	struct office *office = *state;

	office->stop_at = 3;
	office_read_saved(office, "a,b\n\nc,d\ne,f\n", 13);
	assert_int_equal(office->answer, CSV_STOPPED);
	assert_int_equal(office->fault.line, 3);
	assert_int_equal(office->fault.stopped_with, -7);
	assert_string_equal(office->text.data, "1:a|b\n3:c|d\n");
}

struct writer {
	const char *path;
	struct bytes bytes;
};

static void *write_slowly(void *context) {
	struct writer *writer = context;
	int fd = open(writer->path, O_WRONLY | O_CLOEXEC);

	for (size_t i = 0; i < writer->bytes.size; i++) {
		if (write(fd, writer->bytes.data + i, 1) != 1)
			break;
	}
	close(fd);
	return NULL;
}

static void a_pipe_is_read_as_a_file(void **state) {
	struct office *office = *state;
	struct writer writer = { office->path, { (char *)(uintptr_t)TABLE, strlen(TABLE) } };
	pthread_t thread;

	assert_int_equal(mkfifo(office->path, 0600), 0);
	assert_int_equal(pthread_create(&thread, NULL, write_slowly, &writer), 0);
	office_read_path(office, office->path);
	pthread_join(thread, NULL);
	assert_int_equal(office->answer, CSV_OK);
	assert_string_equal(office->text.data, TABLE_ROWS);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		CLAIM(line_ends_may_be_crlf_lf_cr_or_mixed),
		CLAIM(empty_lines_are_skipped_but_counted),
		CLAIM(the_header_decides_the_separator),
		CLAIM(a_first_line_naming_the_separator_is_honoured_and_skipped),
		CLAIM(quotes_hold_separators_quotes_and_line_ends),
		CLAIM(a_stray_quote_in_a_cell_is_kept),
		CLAIM(blanks_around_cells_are_trimmed),
		CLAIM(rows_may_differ_in_their_number_of_cells),
		CLAIM(an_empty_file_has_no_rows),
		CLAIM(a_header_alone_is_a_row),
		CLAIM(the_last_line_needs_no_line_end),
		CLAIM(a_quote_that_never_closes_is_named_with_its_line),
		CLAIM(a_cell_has_a_limit),
		CLAIM(a_row_has_a_limit),
		CLAIM(a_row_of_full_cells_is_read),
		CLAIM(a_file_has_a_limit),
		CLAIM(a_spreadsheet_is_recognised),
		CLAIM(a_missing_file_and_a_folder_are_errors),
		CLAIM(the_row_function_stops_the_reading),
		CLAIM(a_pipe_is_read_as_a_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
