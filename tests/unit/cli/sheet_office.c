/* SPDX-License-Identifier: MIT */
#include "tests/unit/cli/sheet_office.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SHIPPED CCHC_SHARE_FOLDER "/import/sheets.yaml"

int office_open(void **state) {
	struct office *office = calloc(1, sizeof(*office));
	struct sheet_catalogue_fault fault;

	if (!office)
		return -1;
	snprintf(office->folder, sizeof(office->folder), "/tmp/test_sheet.XXXXXX");
	arena_init(&office->arena, 1 << 20);
	office->seen = TEXT_NULL;
	*state = office;
	return mkdtemp(office->folder) ? sheet_catalogue_load(SHIPPED, &office->catalogue, &fault) : -1;
}

int office_close(void **state) {
	struct office *office = *state;

	unlink(office->path);
	rmdir(office->folder);
	sheet_catalogue_free(office->catalogue);
	arena_deinit(&office->arena);
	text_deinit(&office->seen);
	free(office);
	return 0;
}

static void describe_field(
    struct text *text, const ProtobufCMessage *record, const ProtobufCFieldDescriptor *field) {
	const void *place = (const char *)record + field->offset;
	const char *string;
	uint64_t number = 0;

	switch (field->type) {
	case PROTOBUF_C_TYPE_STRING:
		string = *(char *const *)place;
		if (*string)
			text_format(text, " %s=%s", field->name, string);
		return;
	case PROTOBUF_C_TYPE_ENUM:
		if (*(const int *)place)
			text_format(text, " %s=%s", field->name,
			    protobuf_c_enum_descriptor_get_value(field->descriptor, *(const int *)place)->name);
		return;
	case PROTOBUF_C_TYPE_UINT32: number = *(const uint32_t *)place; break;
	case PROTOBUF_C_TYPE_UINT64: number = *(const uint64_t *)place; break;
	case PROTOBUF_C_TYPE_BOOL: number = (uint64_t) * (const protobuf_c_boolean *)place; break;
	default: fail_msg("a field of type %d", (int)field->type);
	}
	if (number)
		text_format(text, " %s=%" PRIu64, field->name, number);
}

static int note_record(void *context, unsigned line, ProtobufCMessage *record, size_t bytes) {
	struct office *office = context;

	assert_true(protobuf_c_message_check(record));
	office->records++;
	office->bytes += bytes;
	if (!office->silent) {
		assert_int_equal(bytes, protobuf_c_message_get_packed_size(record));
		text_format(&office->seen, "%u:", line);
		for (unsigned i = 0; i < record->descriptor->n_fields; i++)
			describe_field(&office->seen, record, &record->descriptor->fields[i]);
		text_add_char(&office->seen, '\n');
	}
	if (!office->hoard && office->records % 100 == 0)
		arena_reset(&office->arena);
	return office->stop_record;
}

static int note_fault(void *context, const struct sheet_fault *fault) {
	struct office *office = context;

	office->faults++;
	if (!office->silent)
		text_format(&office->seen, "%u! %s %s %.40s (%s)\n", fault->line, fault->column,
		    protobuf_c_enum_descriptor_get_value(&fault__reason__descriptor, (int)fault->reason)
		        ->name,
		    fault->value, fault->detail);
	return office->stop_fault;
}

static int note_column(void *context, enum sheet_note note, const char *column) {
	struct office *office = context;

	text_format(
	    &office->seen, "%s %s\n", note == SHEET_UNKNOWN_COLUMN ? "unknown" : "absent", column);
	return office->stop_note;
}

struct sheet_handler office_begin(struct office *office, enum notes notes) {
	text_clear(&office->seen);
	office->records = office->faults = 0;
	office->bytes = 0;
	arena_reset(&office->arena);
	memset(&office->end, 0, sizeof(office->end));
	return (struct sheet_handler) {
		.context = office,
		.record = note_record,
		.fault = note_fault,
		.note = notes == WITH_NOTES ? note_column : NULL,
	};
}

void office_read(
    struct office *office, const char *stem, const char *rows, size_t size, enum notes notes) {
	struct sheet_handler handler = office_begin(office, notes);
	const struct sheet *sheet;
	FILE *file;

	unlink(office->path);
	snprintf(office->path, sizeof(office->path), "%s/%s.csv", office->folder, stem);
	file = fopen(office->path, "wb");
	assert_non_null(file);
	assert_int_equal(fwrite(rows, 1, size, file), size);
	assert_int_equal(fclose(file), 0);
	sheet = sheet_catalogue_find(office->catalogue, office->path);
	assert_non_null(sheet);
	office->answer = sheet_read(sheet, office->path, &office->arena, &handler, &office->end);
}

void expect_answer(
    struct office *office, const char *stem, const char *rows, int answer, unsigned line) {
	office_read(office, stem, rows, strlen(rows), WITHOUT_NOTES);
	assert_int_equal(office->answer, answer);
	assert_int_equal(office->end.line, line);
}

void expect_seen(struct office *office, const char *stem, const char *rows, const char *seen) {
	expect_answer(office, stem, rows, SHEET_OK, 0);
	assert_string_equal(text_get(&office->seen), seen);
	assert_int_equal(office->end.rows - office->end.refused, office->records);
}
