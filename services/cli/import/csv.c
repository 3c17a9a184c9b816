/* SPDX-License-Identifier: MIT */
/*
 * Spreadsheet text files
 *
 * The parser is fed one physical line at a time, for it tells rows and cells but not lines:
 * whatever it reports belongs to the line in hand, and a row that is still open behind a line end
 * is inside quotes.
 */
#include "services/cli/import/csv.h"

#include "common/base/error.h"
#include "services/cli/import/text_encoding.h"

#include <csv.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* The parser's only buffer. Trimmed blanks and the closing quote pass through it too. */
#define PARSER_ROOM   (CSV_CELL_MAX + 4096u)
#define TEXT_ROOM_MIN (16u << 10)

struct reading {
	csv_row_function *row;
	void *context;
	struct csv_parser parser;
	struct text_composer composer;

	unsigned line;
	unsigned row_line;
	unsigned cell_line; /* where the last cell that a line end left open starts */
	bool line_open;     /* the line in hand has not ended yet */
	bool line_after_cr; /* it ended with CR, and LF may follow in the next piece */
	bool row_open;
	bool row_foreign;    /* has more than ASCII */
	bool row_blank;      /* all its cells are empty so far */
	bool quote_searched; /* a quoted cell is too long; does it ever close? */

	char *text; /* the cells of the row, each terminated */
	size_t text_size;
	size_t text_room;
	size_t count;
	struct csv_cell cells[CSV_COLUMNS_MAX];

	int answer; /* the first that is not CSV_OK; nothing is reported after it */
	struct csv_fault fault;
};

#define READING_NULL                                                                               \
	{ .composer = TEXT_COMPOSER_NULL, .row_blank = true }

static void reading_deinit(struct reading *reading) {
	csv_free(&reading->parser);
	text_composer_deinit(&reading->composer);
	free(reading->text);
	*reading = (struct reading)READING_NULL;
}

/* libcsv grows its buffer by halving steps until it is let; so it ends exactly at the limit. */
static void *parser_realloc(void *buffer, size_t size) {
	return size > PARSER_ROOM ? NULL : realloc(buffer, size);
}

static int reading_init(struct reading *reading, csv_row_function *row, void *context) {
	reading->row = row;
	reading->context = context;
	if (csv_init(&reading->parser, CSV_REPALL_NL) != 0)
		return failed_here(-ENOMEM);
	csv_set_realloc_func(&reading->parser, parser_realloc);
	csv_set_blk_size(&reading->parser, PARSER_ROOM);
	return 0;
}

static void fault_at(struct reading *reading, int answer, unsigned line) {
	reading->answer = answer;
	reading->fault.line = line;
}

static bool is_blank(char byte) {
	return byte == ' ' || byte == '\t' || byte == '\r' || byte == '\n';
}

static bool is_no_break_space(const char *text) {
	return text[0] == '\xc2' && text[1] == '\xa0';
}

static void blanks_trim(const char **text, size_t *length) {
	const char *start = *text;
	const char *end = start + *length;

	for (;;) {
		if (start < end && is_blank(*start))
			start++;
		else if (end - start >= 2 && is_no_break_space(start))
			start += 2;
		else
			break;
	}
	for (;;) {
		if (start < end && is_blank(end[-1]))
			end--;
		else if (end - start >= 2 && is_no_break_space(end - 2))
			end -= 2;
		else
			break;
	}
	*text = start;
	*length = (size_t)(end - start);
}

static size_t line_ends_unify(char *text, size_t length) {
	size_t kept = 0;

	for (size_t i = 0; i < length; i++) {
		if (text[i] != '\r')
			text[kept++] = text[i];
		else if (i + 1 == length || text[i + 1] != '\n')
			text[kept++] = '\n';
	}
	return kept;
}

static int row_add_cell(struct reading *reading, const char *text, size_t length) {
	size_t needed = reading->text_size + length + 1;
	char *place;

	if (needed > reading->text_room) {
		size_t room = needed * 2 < TEXT_ROOM_MIN ? TEXT_ROOM_MIN : needed * 2;
		char *grown = realloc(reading->text, room);

		if (!grown)
			return failed_here(-ENOMEM);
		reading->text = grown;
		reading->text_room = room;
	}
	place = reading->text + reading->text_size;
	memcpy(place, text, length);
	if (reading->row_line != reading->line)
		length = line_ends_unify(place, length);
	place[length] = '\0';
	reading->text_size += length + 1;
	reading->cells[reading->count++].length = length;
	reading->row_blank = reading->row_blank && length == 0;
	return 0;
}

static void take_cell(void *bytes, size_t length, void *context) {
	struct reading *reading = context;
	const char *text = bytes;
	int r = 0;

	if (reading->answer != CSV_OK)
		return;
	blanks_trim(&text, &length);
	if (reading->row_foreign && !text_is_composed(text, length))
		r = text_compose(&reading->composer, text, length, &text, &length);
	if (r < 0)
		reading->answer = failed_below(r);
	else if (r == TEXT_UNDECODABLE)
		fault_at(reading, CSV_NOT_TEXT, reading->line);
	else if (length > CSV_CELL_MAX || reading->count == CSV_COLUMNS_MAX)
		fault_at(reading, CSV_TOO_LARGE, reading->row_line);
	else
		reading->answer = row_add_cell(reading, text, length);
}

static void hand_over_row(struct reading *reading) {
	const char *text = reading->text;
	int r;

	/* Only now: the text may have moved while it grew. */
	for (size_t i = 0; i < reading->count; i++) {
		reading->cells[i].text = text;
		text += reading->cells[i].length + 1;
	}
	r = reading->row(
	    reading->context, &(struct csv_row) { reading->row_line, reading->count, reading->cells });
	if (r != 0) {
		fault_at(reading, CSV_STOPPED, reading->row_line);
		reading->fault.stopped_with = r;
	}
}

/* Also called for empty lines and for the LF of CRLF: then there are no cells. */
static void end_row(int terminator, void *context) {
	struct reading *reading = context;

	(void)terminator;
	if (reading->answer == CSV_OK && !reading->row_blank)
		hand_over_row(reading);
	reading->row_open = false;
	reading->row_foreign = false;
	reading->row_blank = true;
	reading->text_size = 0;
	reading->count = 0;
}

/* The length of the first line including its end, which the text may lack. */
static size_t line_measure(const char *text, size_t length, bool *ret_plain) {
	unsigned char seen = 0;
	size_t i;

	for (i = 0; i < length && text[i] != '\n' && text[i] != '\r'; i++) {
		unsigned char byte = (unsigned char)text[i];

		seen = (unsigned char)(seen | byte | (byte - 1)); /* the high bit of NUL - 1 is set too */
	}
	*ret_plain = seen < 0x80;
	if (i < length)
		i += length - i > 1 && text[i] == '\r' && text[i + 1] == '\n' ? 2 : 1;
	return i;
}

static void search_quote(struct reading *reading, const char *text, size_t length) {
	if (memchr(text, '"', length))
		fault_at(reading, CSV_TOO_LARGE, reading->row_line);
}

static void feed_parser(struct reading *reading, const char *text, size_t length) {
	bool row_was_open = reading->row_open;
	size_t count_before = reading->count;
	size_t done;

	if (!row_was_open)
		reading->row_line = reading->line;
	reading->row_open = true;
	done = csv_parse(&reading->parser, text, length, take_cell, end_row, reading);
	if (reading->row_open && (!row_was_open || reading->count != count_before))
		reading->cell_line = reading->line;
	if (done == length || reading->answer != CSV_OK)
		return;

	if (csv_get_buffer_size(&reading->parser) < PARSER_ROOM) {
		reading->answer = failed_here(-ENOMEM);
	} else if (reading->cell_line == reading->line) {
		fault_at(reading, CSV_TOO_LARGE, reading->row_line);
	} else {
		reading->quote_searched = true;
		search_quote(reading, text + done, length - done);
	}
}

static void feed_line(struct reading *reading, const char *text, size_t length, bool plain) {
	bool completes_crlf = reading->line_after_cr && text[0] == '\n';

	if (!reading->line_open && !completes_crlf)
		reading->line++;
	reading->line_open = text[length - 1] != '\n' && text[length - 1] != '\r';
	reading->line_after_cr = text[length - 1] == '\r';

	if (!plain && !text_is_valid(text, length)) {
		fault_at(reading, CSV_NOT_TEXT, reading->line);
	} else if (reading->quote_searched) {
		search_quote(reading, text, length);
	} else {
		reading->row_foreign = reading->row_foreign || !plain;
		feed_parser(reading, text, length);
	}
}

static void feed_piece(struct reading *reading, const char *text, size_t length) {
	while (length > 0 && reading->answer == CSV_OK) {
		bool plain;
		size_t size = line_measure(text, length, &plain);

		feed_line(reading, text, size, plain);
		text += size;
		length -= size;
	}
}

/* The separator that the first line with anything in it has most. */
static char separator_find(const char *text, size_t length) {
	static const char separators[] = { ',', ';', '\t' };
	size_t counts[LENGTH_OF(separators)] = { 0 };
	bool quoted = false;
	bool begun = false;
	size_t best = 0;

	for (size_t i = 0; i < length; i++) {
		if (!quoted && begun && (text[i] == '\n' || text[i] == '\r'))
			break;
		begun = begun || !is_blank(text[i]) || text[i] == '\t';
		if (text[i] == '"')
			quoted = !quoted;
		for (size_t s = 0; s < LENGTH_OF(separators) && !quoted; s++)
			counts[s] += text[i] == separators[s];
	}
	for (size_t s = 1; s < LENGTH_OF(separators); s++) {
		if (counts[s] > counts[best])
			best = s;
	}
	return separators[best];
}

/* The length of a first line that names the separator, 0 when it does not. */
static size_t separator_line_measure(const char *text, size_t length, char *ret_separator) {
	bool plain;
	size_t size = line_measure(text, length, &plain);

	if (!plain || size < 5 || strncasecmp(text, "sep=", 4) != 0 || !strchr(",;\t|", text[4]))
		return 0;
	if (size > 5 && text[5] != '\n' && text[5] != '\r')
		return 0;
	*ret_separator = text[4];
	return size;
}

/* Settle the separator on the first piece. Return: how much of the piece is a `sep=` line. */
static size_t reading_begin(struct reading *reading, const char *text, size_t length) {
	char separator;
	size_t skipped = separator_line_measure(text, length, &separator);

	if (skipped > 0)
		reading->line = 1;
	else
		separator = separator_find(text, length);
	csv_set_delim(&reading->parser, (unsigned char)separator);
	return skipped;
}

static void reading_end(struct reading *reading) {
	if (reading->quote_searched) {
		fault_at(reading, CSV_OPEN_QUOTE, reading->cell_line);
		return;
	}
	/* Strict only here: inside a row a stray quote is an inch or a name, and is kept. */
	csv_set_opts(&reading->parser, CSV_REPALL_NL | CSV_STRICT | CSV_STRICT_FINI);
	if (csv_fini(&reading->parser, take_cell, end_row, reading) == 0 || reading->answer != CSV_OK)
		return;
	if (csv_error(&reading->parser) == CSV_EPARSE)
		fault_at(reading, CSV_OPEN_QUOTE, reading->cell_line);
	else
		reading->answer = failed_here(-ENOMEM);
}

static void reading_run(struct reading *reading, struct text_input *input) {
	bool begun = false;

	while (reading->answer == CSV_OK) {
		const char *text;
		size_t length, skipped = 0;
		int r = text_input_next(input, &text, &length);

		switch (r) {
		case TEXT_OK:
			if (!begun)
				skipped = reading_begin(reading, text, length);
			begun = true;
			feed_piece(reading, text + skipped, length - skipped);
			break;
		case TEXT_END: reading_end(reading); return;
		case TEXT_UNDECODABLE:
			fault_at(reading, CSV_NOT_TEXT, reading->line + (reading->line_open ? 0 : 1));
			break;
		case TEXT_TOO_LARGE: fault_at(reading, CSV_TOO_LARGE, reading->line); break;
		case TEXT_SPREADSHEET: fault_at(reading, CSV_IS_SPREADSHEET, 0); break;
		default: reading->answer = failed_below(r); break;
		}
	}
}

/* Common end of both doors; `opened` is what opening the input returned. */
static int read_input(struct text_input *input, int opened, csv_row_function *row, void *context,
    struct csv_fault *ret_fault) {
	AUTO(reading_deinit) struct reading reading = READING_NULL;
	int r;

	if (opened < 0)
		return failed_below(opened);
	r = reading_init(&reading, row, context);
	if (r < 0)
		return failed_below(r);

	if (opened == TEXT_TOO_LARGE)
		fault_at(&reading, CSV_TOO_LARGE, 0);
	else
		reading_run(&reading, input);
	if (reading.answer < 0)
		return failed_below(reading.answer);
	if (reading.answer > 0)
		*ret_fault = reading.fault;
	return reading.answer;
}

int csv_read(const char *path, csv_row_function *row, void *context, struct csv_fault *ret_fault) {
	AUTO(text_input_deinit) struct text_input input = TEXT_INPUT_NULL;
	int opened = text_input_open(&input, path, CSV_FILE_MAX);

	return read_input(&input, opened, row, context, ret_fault);
}

int csv_read_bytes(const char *bytes, size_t size, csv_row_function *row, void *context,
    struct csv_fault *ret_fault) {
	AUTO(text_input_deinit) struct text_input input = TEXT_INPUT_NULL;
	int opened = text_input_init_bytes(&input, bytes, size, CSV_FILE_MAX);

	return read_input(&input, opened, row, context, ret_fault);
}
