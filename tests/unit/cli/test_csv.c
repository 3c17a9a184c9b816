/* SPDX-License-Identifier: MIT */
/*
 * Spreadsheet text files
 *
 * Every claim is checked on a real file in a temporary folder. What was read is kept as one text:
 * "line:cell|cell\n" for each row.
 */
#include "common/base/error.h"
#include "services/cli/import/csv.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <iconv.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct bytes {
	char *data;
	size_t size;
};

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

static int office_open(void **state) {
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

static int office_close(void **state) {
	struct office *office = *state;

	unlink(office->path);
	rmdir(office->folder);
	free(office->text.data);
	free(office);
	return 0;
}

static void bytes_free(struct bytes *bytes) {
	free(bytes->data);
}

static void office_save(struct office *office, const void *data, size_t size) {
	FILE *file = fopen(office->path, "wb");

	assert_non_null(file);
	assert_int_equal(fwrite(data, 1, size, file), size);
	assert_int_equal(fclose(file), 0);
}

static int note_row(void *context, const struct csv_row *row) {
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

static void office_read_path(struct office *office, const char *path) {
	rows_begin(office);
	office->answer = csv_read(path, note_row, office, &office->fault);
	fclose(office->rows);
}

/* Through the file and through memory: both doors have to say the same. */
static void office_read_saved(struct office *office, const void *data, size_t size) {
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

static void expect_rows(struct office *office, const char *file, const char *rows) {
	office_read_saved(office, file, strlen(file));
	assert_int_equal(office->answer, CSV_OK);
	assert_string_equal(office->text.data, rows);
}

static void expect_answer(
    struct office *office, const void *data, size_t size, int answer, unsigned line) {
	office_read_saved(office, data, size);
	assert_int_equal(office->answer, answer);
	assert_int_equal(office->fault.line, line);
}

/* The text in `encoding`, behind `mark`. */
static struct bytes text_encoded(
    const char *text, size_t size, const char *encoding, const char *mark, size_t mark_size) {
	struct bytes bytes = { malloc(size * 4 + mark_size), 0 };
	iconv_t converter = iconv_open(encoding, "UTF-8");
	char *from = (char *)(uintptr_t)text;
	char *to = bytes.data + mark_size;
	size_t room = size * 4;

	assert_non_null(bytes.data);
	assert_true(converter != (iconv_t)-1);
	memcpy(bytes.data, mark, mark_size);
	assert_int_equal(iconv(converter, &from, &size, &to, &room), 0);
	iconv_close(converter);
	bytes.size = (size_t)(to - bytes.data);
	return bytes;
}

static struct bytes bytes_filled(char byte, size_t size) {
	struct bytes bytes = { malloc(size), size };

	assert_non_null(bytes.data);
	memset(bytes.data, byte, size);
	return bytes;
}

#define TABLE                                                                                      \
	"M\xc3\xa3;T\xc3\xaan;Ghi ch\xc3\xba\r\n"                                                      \
	"H51.1;Nguy\xe1\xbb\x85n Th\xe1\xbb\x8b \xc4\x90\xe1\xba\xb9p;\"m\xe1\xbb\x99t\r\nhai\"\r\n"   \
	"H51.2;\"\xf0\x9f\x8f\x9b \"\"nh\xc3\xa0\"\"\";\r\n"
#define TABLE_ROWS                                                                                 \
	"1:M\xc3\xa3|T\xc3\xaan|Ghi ch\xc3\xba\n"                                                      \
	"2:H51.1|Nguy\xe1\xbb\x85n Th\xe1\xbb\x8b \xc4\x90\xe1\xba\xb9p|m\xe1\xbb\x99t\nhai\n"         \
	"4:H51.2|\xf0\x9f\x8f\x9b \"nh\xc3\xa0\"|\n"

static void a_table_reads_the_same_in_every_separator_and_encoding(void **state) {
	static const struct {
		const char *name;
		const char *mark;
		size_t mark_size;
	} encodings[] = {
		{ "UTF-8", "", 0 },
		{ "UTF-8", "\xef\xbb\xbf", 3 },
		{ "UTF-16LE", "\xff\xfe", 2 },
		{ "UTF-16BE", "\xfe\xff", 2 },
		{ "UTF-16LE", "", 0 },
		{ "UTF-16BE", "", 0 },
	};
	static const char separators[] = { ',', ';', '\t' };

	for (size_t s = 0; s < LENGTH_OF(separators); s++) {
		char table[] = TABLE;

		for (char *at = table; *at; at++)
			*at = *at == ';' ? separators[s] : *at;
		for (size_t e = 0; e < LENGTH_OF(encodings); e++) {
			AUTO(bytes_free)
			struct bytes file = text_encoded(
			    table, strlen(table), encodings[e].name, encodings[e].mark, encodings[e].mark_size);

			office_read_saved(*state, file.data, file.size);
			assert_int_equal(((struct office *)*state)->answer, CSV_OK);
			assert_string_equal(((struct office *)*state)->text.data, TABLE_ROWS);
		}
	}
}

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

static void decomposed_letters_become_composed(void **state) {
	/* e, circumflex, tilde; then tilde before dot below, which has to change places */
	expect_rows(*state, "Nguye\xcc\x82\xcc\x83n,Vie\xcc\x82\xcc\xa3t,e\xcc\xa3\xcc\x82\n",
	    "1:Nguy\xe1\xbb\x85n|Vi\xe1\xbb\x87t|\xe1\xbb\x87\n");
	/* the ohm sign is a letter of Greek */
	expect_rows(*state, "\xe2\x84\xa6,\xe2\x80\x93\n", "1:\xce\xa9|\xe2\x80\x93\n");
}

static void decomposed_letters_in_utf16_without_mark_become_composed(void **state) {
	static const char table[] = "ten;ho\nViu\xcc\x80;e\xcc\x82\xcc\x80o\xcc\x80\n";
	AUTO(bytes_free)
	struct bytes file = text_encoded(table, strlen(table), "UTF-16LE", "", 0);
	struct office *office = *state;

	office_read_saved(office, file.data, file.size);
	assert_string_equal(office->text.data, "1:ten|ho\n2:Vi\xc3\xb9|\xe1\xbb\x81\xc3\xb2\n");
}

static void a_letter_under_endless_marks_is_not_text(void **state) {
	char file[4 + 1 + 2 * 31 + 1] = "a,b\ne";

	for (size_t i = 0; i < 31; i++)
		memcpy(file + 5 + 2 * i, i % 2 ? "\xcc\x80" : "\xcc\xa3", 2);
	file[sizeof(file) - 1] = '\n';
	expect_answer(*state, file, sizeof(file), CSV_NOT_TEXT, 2);
	file[sizeof(file) - 3] = '.';
	file[sizeof(file) - 2] = '.';
	expect_answer(*state, file, sizeof(file), CSV_OK, 0);
}

static void bytes_of_a_legacy_encoding_are_not_text(void **state) {
	static const char tcvn3[] = "a,b\nc,d\n\"x\ny\",Nguy\xd4n\n";
	static const char cut[] = "a,b\nc,\xe1\xbb";
	static const char too_long[] = "a,b\nc,\xc0\xaf\n";

	expect_answer(*state, tcvn3, strlen(tcvn3), CSV_NOT_TEXT, 4);
	assert_string_equal(((struct office *)*state)->text.data, "1:a|b\n2:c|d\n");
	expect_answer(*state, cut, strlen(cut), CSV_NOT_TEXT, 2);
	expect_answer(*state, too_long, strlen(too_long), CSV_NOT_TEXT, 2);
}

static void a_nul_is_not_text(void **state) {
	expect_answer(*state, "a,b\nc\0d,e\n", 10, CSV_NOT_TEXT, 2);
	expect_answer(*state, "\0", 1, CSV_NOT_TEXT, 1);
	expect_answer(*state, "sep=\0\na", 7, CSV_NOT_TEXT, 1);
	expect_answer(*state, "\xff\xfe\x61\0\n\0\0\0", 8, CSV_NOT_TEXT, 2);
}

static void broken_utf16_is_not_text(void **state) {
	/* a low surrogate alone; then half a character */
	expect_answer(*state, "\xff\xfe\x61\0\n\0\x62\0\0\xdc\x63\0", 12, CSV_NOT_TEXT, 2);
	expect_answer(*state, "\xff\xfe\x61\0\n\0\x62", 7, CSV_NOT_TEXT, 2);
	expect_answer(*state, "\xfe\xff\0\x61\xd8\0", 6, CSV_NOT_TEXT, 1);
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

/* U+0958 is two characters in form C, of twice its size. */
static void a_cell_that_outgrows_the_limit_by_composing_is_too_large(void **state) {
	AUTO(bytes_free) struct bytes file = bytes_filled(' ', CSV_CELL_MAX / 3 * 3);

	for (size_t i = 0; i < file.size; i += 3)
		memcpy(file.data + i, "\xe0\xa5\x98", 3);
	expect_answer(*state, file.data, file.size, CSV_TOO_LARGE, 1);
	expect_answer(*state, file.data, file.size / 6 * 3, CSV_OK, 0);
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

static struct bytes long_table(size_t shift) {
	struct bytes table = { NULL, 0 };
	FILE *file = open_memstream(&table.data, &table.size);

	assert_non_null(file);
	fprintf(file, "%*s", (int)shift, "");
	for (unsigned i = 0; i < 20000; i++)
		fprintf(file, "%u,\xf0\x9f\x8f\x9b%*s\xe1\xba\xb9,\"a\r\nb\"\r\n", i, (int)(i % 17), "");
	fclose(file);
	return table;
}

static struct bytes long_table_rows(void) {
	struct bytes rows = { NULL, 0 };
	FILE *file = open_memstream(&rows.data, &rows.size);

	assert_non_null(file);
	for (unsigned i = 0; i < 20000; i++)
		fprintf(
		    file, "%u:%u|\xf0\x9f\x8f\x9b%*s\xe1\xba\xb9|a\nb\n", i * 2 + 1, i, (int)(i % 17), "");
	fclose(file);
	return rows;
}

/* Longer than any buffer, and shifted so that characters, line ends and quotes fall on its edge. */
static void a_long_file_reads_the_same_in_every_encoding(void **state) {
	static const char *const encodings[] = { "UTF-8", "UTF-16LE", "UTF-16BE" };
	struct office *office = *state;
	AUTO(bytes_free) struct bytes rows = long_table_rows();

	for (size_t shift = 0; shift < 24; shift++) {
		AUTO(bytes_free) struct bytes table = long_table(shift);
		const char *encoding = encodings[shift % LENGTH_OF(encodings)];
		AUTO(bytes_free)
		struct bytes file = text_encoded(table.data, table.size, encoding, "", 0);

		office_read_saved(office, file.data, file.size);
		assert_int_equal(office->answer, CSV_OK);
		assert_true(strcmp(office->text.data, rows.data) == 0);
	}
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

#define CLAIM(name) cmocka_unit_test_setup_teardown(name, office_open, office_close)

int main(void) {
	const struct CMUnitTest tests[] = {
		CLAIM(a_table_reads_the_same_in_every_separator_and_encoding),
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
		CLAIM(decomposed_letters_become_composed),
		CLAIM(decomposed_letters_in_utf16_without_mark_become_composed),
		CLAIM(a_letter_under_endless_marks_is_not_text),
		CLAIM(bytes_of_a_legacy_encoding_are_not_text),
		CLAIM(a_nul_is_not_text),
		CLAIM(broken_utf16_is_not_text),
		CLAIM(a_quote_that_never_closes_is_named_with_its_line),
		CLAIM(a_cell_has_a_limit),
		CLAIM(a_cell_that_outgrows_the_limit_by_composing_is_too_large),
		CLAIM(a_row_has_a_limit),
		CLAIM(a_row_of_full_cells_is_read),
		CLAIM(a_file_has_a_limit),
		CLAIM(a_spreadsheet_is_recognised),
		CLAIM(a_missing_file_and_a_folder_are_errors),
		CLAIM(the_row_function_stops_the_reading),
		CLAIM(a_long_file_reads_the_same_in_every_encoding),
		CLAIM(a_pipe_is_read_as_a_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
