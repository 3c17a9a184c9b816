/* SPDX-License-Identifier: MIT */
/*
 * Rows of a sheet
 *
 * All cells of a row become values first, then its key is looked up, and only a row without a fault
 * takes memory of the arena.
 */
#include "services/cli/import/sheet_rows.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HASH_NONFATAL_OOM          1
#define uthash_nonfatal_oom(entry) ((void)(entry))
#include <uthash.h>

#include "common/base/text.h"
#include "services/cli/import/csv.h"
#include "services/cli/import/sheet_value.h"

/* Twice what 2 million keys of a file of CSV_FILE_MAX can need. */
#define KEYS_BYTES_MAX ((size_t)1 << 30)

struct known_key {
	unsigned line;
	UT_hash_handle hh;
	char bytes[];
};

struct reading {
	const struct sheet *sheet;
	const struct sheet_handler *handler;
	struct arena *arena;
	bool header_seen;
	size_t width;                                        /* of the header */
	const struct sheet_column *columns[CSV_COLUMNS_MAX]; /* by cell; null: not read */
	struct sheet_value values[SHEET_COLUMNS_MAX];        /* by column of the sheet */
	unsigned line;                                       /* of the row at hand */
	bool refused;                                        /* it has a fault */
	bool keyless;                                        /* a cell of its key has a fault */
	struct text key;
	struct text detail;
	struct arena keys_arena;
	struct known_key *keys;
	int answer; /* the first that is not SHEET_OK; nothing is reported after it */
	struct sheet_end end;
};

static int reading_new(const struct sheet *sheet, struct arena *arena,
    const struct sheet_handler *handler, struct reading **ret_reading) {
	struct reading *reading = calloc(1, sizeof(*reading));

	if (!reading)
		return failed_here(-ENOMEM);
	reading->sheet = sheet;
	reading->arena = arena;
	reading->handler = handler;
	reading->key = TEXT_NULL;
	reading->detail = TEXT_NULL;
	arena_init(&reading->keys_arena, KEYS_BYTES_MAX);
	*ret_reading = reading;
	return 0;
}

static void reading_freep(struct reading **pointer) {
	struct reading *reading = *pointer;

	if (!reading)
		return;
	HASH_CLEAR(hh, reading->keys);
	arena_deinit(&reading->keys_arena);
	text_deinit(&reading->key);
	text_deinit(&reading->detail);
	free(reading);
	*pointer = NULL;
}

/* End the reading at the row at hand. */
static void answer_with(struct reading *reading, int answer) {
	reading->answer = answer;
	reading->end.line = reading->line;
}

/* Take what a function of the handler returned. */
static void heed(struct reading *reading, int r) {
	if (r < 0) {
		reading->answer = failed_below(r);
	} else if (r > 0) {
		answer_with(reading, SHEET_STOPPED);
		reading->end.stopped_with = r;
	}
}

static void report(struct reading *reading, const char *column, const char *value,
    Fault__Reason reason, const char *detail) {
	struct sheet_fault fault = { reading->line, column, value, reason, detail };

	reading->refused = true;
	if (reading->answer != SHEET_OK)
		return;
	if (text_failed(&reading->detail))
		reading->answer = failed_here(-ENOMEM);
	else
		heed(reading, reading->handler->fault(reading->handler->context, &fault));
}

static void take_cell(
    struct reading *reading, const struct sheet_column *column, const struct csv_cell *cell) {
	struct sheet_value *value = &reading->values[column - reading->sheet->columns];
	Fault__Reason reason = sheet_value_read(column, cell, value);

	if (reason == FAULT__REASON__UNSPECIFIED)
		return;
	reading->keyless = reading->keyless || column->key;
	sheet_value_describe_limit(column, reason, &reading->detail);
	report(reading, column->name, cell->text, reason, text_get(&reading->detail));
}

static void take_cells(struct reading *reading, const struct csv_row *row) {
	for (size_t i = 0; i < reading->width; i++) {
		if (reading->columns[i])
			take_cell(reading, reading->columns[i],
			    i < row->count ? &row->cells[i] : &(struct csv_cell) { "", 0 });
	}
	for (size_t i = reading->width; i < row->count; i++) {
		if (row->cells[i].length == 0)
			continue;
		report(reading, "", row->cells[i].text, FAULT__REASON__MALFORMED, "");
		break;
	}
}

/* Texts end with a NUL and numbers have a fixed size, so different values make different keys. */
static void key_make(struct reading *reading) {
	const struct sheet *sheet = reading->sheet;

	text_clear(&reading->key);
	for (size_t i = 0; i < sheet->columns_count; i++) {
		const struct sheet_value *value = &reading->values[i];

		if (!sheet->columns[i].key)
			continue;
		if (sheet->columns[i].descriptor->type == PROTOBUF_C_TYPE_STRING)
			text_add_bytes(&reading->key, value->text, value->length + 1);
		else
			text_add_bytes(&reading->key, (const char *)&value->number, sizeof(value->number));
	}
}

static void report_duplicate(struct reading *reading, unsigned earlier) {
	const struct sheet *sheet = reading->sheet;
	size_t first = 0;

	while (!sheet->columns[first].key)
		first++;
	text_clear(&reading->detail);
	text_format(&reading->detail, "%u", earlier);
	report(reading, sheet->columns[first].name, reading->values[first].cell,
	    FAULT__REASON__DUPLICATE, text_get(&reading->detail));
}

static void check_key(struct reading *reading) {
	struct known_key *known = NULL;
	struct text *key = &reading->key;
	unsigned hash, length;

	key_make(reading);
	if (text_failed(key)) {
		reading->answer = failed_here(-ENOMEM);
		return;
	}
	if (key->length == 0)
		return;
	length = (unsigned)key->length;
	HASH_VALUE(key->bytes, length, hash);
	HASH_FIND_BYHASHVALUE(hh, reading->keys, key->bytes, length, hash, known);
	if (known) {
		report_duplicate(reading, known->line);
		return;
	}
	if (HASH_COUNT(reading->keys) >= SHEET_KEYS_MAX) {
		answer_with(reading, SHEET_TOO_MANY_ROWS);
		return;
	}
	known = arena_alloc_raw(&reading->keys_arena, sizeof(*known) + length);
	if (known) {
		known->line = reading->line;
		memcpy(known->bytes, key->bytes, length);
		HASH_ADD_KEYPTR_BYHASHVALUE(hh, reading->keys, known->bytes, length, hash, known);
	}
	if (!known || !known->hh.tbl)
		reading->answer = failed_here(-ENOMEM);
}

/* A record of the row's values, in one piece of the arena; null when that has no more. */
static ProtobufCMessage *record_make(struct reading *reading) {
	const struct sheet *sheet = reading->sheet;
	size_t size = sheet->message->sizeof_message;
	ProtobufCMessage *record;
	char *texts;

	for (size_t i = 0; i < sheet->columns_count; i++)
		size += reading->values[i].length + 1;
	record = arena_alloc_raw(reading->arena, size);
	if (!record)
		return NULL;
	protobuf_c_message_init(sheet->message, record);
	texts = (char *)record + sheet->message->sizeof_message;
	for (size_t i = 0; i < sheet->columns_count; i++) {
		const ProtobufCFieldDescriptor *field = sheet->columns[i].descriptor;
		const struct sheet_value *value = &reading->values[i];

		if (field->type != PROTOBUF_C_TYPE_STRING) {
			sheet_value_set(value, field, record);
		} else if (value->length > 0) {
			memcpy(texts, value->text, value->length + 1);
			*(char **)((char *)record + field->offset) = texts;
			texts += value->length + 1;
		}
	}
	return record;
}

static void take_row(struct reading *reading, const struct csv_row *row) {
	const struct sheet_handler *handler = reading->handler;
	ProtobufCMessage *record;

	reading->end.rows++;
	reading->refused = false;
	reading->keyless = false;
	take_cells(reading, row);
	if (!reading->keyless && reading->answer == SHEET_OK)
		check_key(reading);
	reading->end.refused += reading->refused;
	if (reading->refused || reading->answer != SHEET_OK)
		return;
	record = record_make(reading);
	if (!record)
		reading->answer = failed_here(-ENOMEM);
	else
		heed(reading, handler->record(handler->context, reading->line, record,
		                  protobuf_c_message_get_packed_size(record)));
}

/* Add a name to a list that is cut, at a character, when it does not fit. */
static void list_add(char *list, size_t size, const char *name) {
	size_t used = strlen(list);
	size_t wanted = strlen(name) + (used > 0 ? 2 : 0);
	static const char cut[] = "…";

	if (used >= sizeof(cut) - 1 && strcmp(list + used - (sizeof(cut) - 1), cut) == 0)
		return;
	if (used + wanted + sizeof(cut) <= size)
		snprintf(list + used, size - used, "%s%s", used > 0 ? ", " : "", name);
	else
		snprintf(list + used, size - used, "%s", cut);
}

static bool header_has(const struct reading *reading, const struct sheet_column *column) {
	for (size_t i = 0; i < reading->width; i++) {
		if (reading->columns[i] == column)
			return true;
	}
	return false;
}

static void header_check(struct reading *reading) {
	const struct sheet *sheet = reading->sheet;
	struct sheet_end *end = &reading->end;

	for (size_t i = 0; i < sheet->columns_count; i++) {
		if (sheet->columns[i].required && !header_has(reading, &sheet->columns[i]))
			list_add(end->columns, sizeof(end->columns), sheet->columns[i].name);
	}
	if (end->columns[0]) {
		answer_with(reading, SHEET_MISSING_COLUMN);
		return;
	}
	for (size_t i = 0; i < reading->width; i++) {
		for (size_t earlier = 0; earlier < i; earlier++) {
			if (reading->columns[i] && reading->columns[i] == reading->columns[earlier])
				list_add(end->columns, sizeof(end->columns), reading->columns[i]->name);
		}
	}
	if (end->columns[0])
		answer_with(reading, SHEET_DOUBLE_COLUMN);
}

static void note(struct reading *reading, enum sheet_note kind, const char *column) {
	if (reading->handler->note && reading->answer == SHEET_OK)
		heed(reading, reading->handler->note(reading->handler->context, kind, column));
}

static void take_header(struct reading *reading, const struct csv_row *row) {
	const struct sheet *sheet = reading->sheet;

	reading->header_seen = true;
	for (size_t i = 0; i < row->count; i++) {
		const struct csv_cell *cell = &row->cells[i];

		if (cell->length > 0)
			reading->width = i + 1;
		reading->columns[i] = sheet_column_of_name(sheet, cell->text, cell->length);
		if (cell->length > 0)
			list_add(reading->end.header, sizeof(reading->end.header), cell->text);
	}
	header_check(reading);
	for (size_t i = 0; i < reading->width; i++) {
		if (!reading->columns[i])
			note(reading, SHEET_UNKNOWN_COLUMN, row->cells[i].text);
	}
	for (size_t i = 0; i < sheet->columns_count; i++) {
		reading->values[i] = SHEET_VALUE_EMPTY;
		if (!header_has(reading, &sheet->columns[i]))
			note(reading, SHEET_ABSENT_COLUMN, sheet->columns[i].name);
	}
}

static int take_csv_row(void *context, const struct csv_row *row) {
	struct reading *reading = context;

	reading->line = row->line;
	if (reading->header_seen)
		take_row(reading, row);
	else
		take_header(reading, row);
	return reading->answer != SHEET_OK;
}

static int answer_of_csv(int csv_answer) {
	switch (csv_answer) {
	case CSV_OK: return SHEET_OK;
	case CSV_NOT_TEXT: return SHEET_NOT_TEXT;
	case CSV_OPEN_QUOTE: return SHEET_OPEN_QUOTE;
	case CSV_TOO_LARGE: return SHEET_TOO_LARGE;
	case CSV_IS_SPREADSHEET: return SHEET_IS_SPREADSHEET;
	default: return failed_here(-EPROTO);
	}
}

/* Common end of both doors; `read` is what reading the CSV returned. */
static int reading_finish(
    struct reading *reading, int read, const struct csv_fault *fault, struct sheet_end *ret_end) {
	if (read < 0)
		return failed_below(read);
	if (read != CSV_STOPPED) {
		reading->answer = answer_of_csv(read);
		reading->end.line = fault->line;
	}
	if (reading->answer == SHEET_OK && !reading->header_seen)
		reading->answer = SHEET_EMPTY;
	if (reading->answer < 0)
		return failed_below(reading->answer);
	*ret_end = reading->end;
	return reading->answer;
}

int sheet_read(const struct sheet *sheet, const char *path, struct arena *arena,
    const struct sheet_handler *handler, struct sheet_end *ret_end) {
	AUTO(reading_freep) struct reading *reading = NULL;
	struct csv_fault fault = { 0 };
	int r = reading_new(sheet, arena, handler, &reading);

	if (r < 0)
		return failed_below(r);
	r = csv_read(path, take_csv_row, reading, &fault);
	return reading_finish(reading, r, &fault, ret_end);
}

int sheet_read_bytes(const struct sheet *sheet, const char *bytes, size_t size, struct arena *arena,
    const struct sheet_handler *handler, struct sheet_end *ret_end) {
	AUTO(reading_freep) struct reading *reading = NULL;
	struct csv_fault fault = { 0 };
	int r = reading_new(sheet, arena, handler, &reading);

	if (r < 0)
		return failed_below(r);
	r = csv_read_bytes(bytes, size, take_csv_row, reading, &fault);
	return reading_finish(reading, r, &fault, ret_end);
}
