/* SPDX-License-Identifier: MIT */
/* Spreadsheet text files: whatever their encoding, one text is read, in composed letters. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <iconv.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/error.h"
#include "tests/unit/cli/csv_office.h"

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

/* U+0958 is two characters in form C, of twice its size. */
static void a_cell_that_outgrows_the_limit_by_composing_is_too_large(void **state) {
	AUTO(bytes_free) struct bytes file = bytes_filled(' ', CSV_CELL_MAX / 3 * 3);

	for (size_t i = 0; i < file.size; i += 3)
		memcpy(file.data + i, "\xe0\xa5\x98", 3);
	expect_answer(*state, file.data, file.size, CSV_TOO_LARGE, 1);
	expect_answer(*state, file.data, file.size / 6 * 3, CSV_OK, 0);
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

int main(void) {
	const struct CMUnitTest tests[] = {
		CLAIM(a_table_reads_the_same_in_every_separator_and_encoding),
		CLAIM(decomposed_letters_become_composed),
		CLAIM(decomposed_letters_in_utf16_without_mark_become_composed),
		CLAIM(a_letter_under_endless_marks_is_not_text),
		CLAIM(bytes_of_a_legacy_encoding_are_not_text),
		CLAIM(a_nul_is_not_text),
		CLAIM(broken_utf16_is_not_text),
		CLAIM(a_cell_that_outgrows_the_limit_by_composing_is_too_large),
		CLAIM(a_long_file_reads_the_same_in_every_encoding),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
