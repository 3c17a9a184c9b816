/* SPDX-License-Identifier: MIT */
/*
 * Fuzz target of the sheet reader
 *
 * The first byte says what the others are: a catalogue, a whole file of a sheet that has every type
 * of column, or only its rows. Any answer will do; what is handed over has to be what the headers
 * promise.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "cchc/dossiers.pb-c.h"
#include "cchc/reporting.pb-c.h"
#include "common/base/arena.h"
#include "common/calendar/day.h"
#include "services/cli/import/sheet.h"
#include "services/cli/import/sheet_rows.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char every_type[] =
    "sheets:\n"
    "- file: ho-so\n"
    "  title: {vi: Hồ sơ, en: Dossiers}\n"
    "  method: Dossiers/RecordDossiers\n"
    "  record: Dossier\n"
    "  columns:\n"
    "  - {name: A, field: code, type: text, required: true, key: true}\n"
    "  - {name: B, field: channel, type: choice, key: true, choices: [{text: á, value: ONLINE}]}\n"
    "  - {name: C, field: due, type: stamp, key: true}\n"
    "  - {name: D, field: result_digitised, type: flag}\n"
    "  - {name: E, field: fee, type: number}\n"
    "- file: muc-tieu\n"
    "  title: {vi: Mục tiêu, en: Targets}\n"
    "  method: Reporting/RecordResolutionTargets\n"
    "  record: ResolutionTarget\n"
    "  columns:\n"
    "  - {name: A, field: code, type: text, required: true}\n"
    "  - {name: B, field: level, type: choice, choices: [{text: Xã, value: XA}]}\n"
    "  - {name: C, field: percent_hundredths, type: percent}\n"
    "  - {name: D, field: document_day, type: day}\n";

static const char header[] = "A,B,C,D,E\n";

struct seen {
	struct arena arena;
	unsigned line; /* of the last row */
	unsigned records;
	unsigned refused;
};

static void promise(int kept) {
	if (!kept)
		abort();
}

static int see_record(void *context, unsigned line, ProtobufCMessage *record, size_t bytes) {
	struct seen *seen = context;

	promise(line > seen->line);
	promise(protobuf_c_message_check(record));
	promise(bytes == protobuf_c_message_get_packed_size(record));
	if (record->descriptor == &dossier__descriptor) {
		const Dossier *dossier = (const Dossier *)record;

		promise(*dossier->code && strlen(dossier->code) <= SHEET_TEXT_MAX);
		promise(dossier->channel == 0 || dossier->channel == DOSSIER__CHANNEL__ONLINE);
		promise(dossier->due == 0 || stamp_is_valid(dossier->due));
	} else {
		const ResolutionTarget *target = (const ResolutionTarget *)record;

		promise(*target->code && (!*target->level || strcmp(target->level, "XA") == 0));
		promise(target->percent_hundredths <= 10000);
		promise(target->document_day == 0 ||
		        !day_is_none(day_of((int)target->document_day / 10000,
		            (int)target->document_day / 100 % 100, (int)target->document_day % 100)));
	}
	seen->line = line;
	seen->records++;
	arena_reset(&seen->arena);
	return 0;
}

static int see_fault(void *context, const struct sheet_fault *fault) {
	struct seen *seen = context;

	promise(fault->line >= seen->line && fault->column && fault->value && fault->detail);
	promise(fault->reason != FAULT__REASON__UNSPECIFIED);
	if (fault->reason == FAULT__REASON__DUPLICATE)
		promise(strtoul(fault->detail, NULL, 10) < fault->line);
	seen->refused += fault->line > seen->line;
	seen->line = fault->line;
	return 0;
}

static int see_note(void *context, enum sheet_note note, const char *column) {
	promise(((struct seen *)context)->line == 0);
	promise(note == SHEET_UNKNOWN_COLUMN || *column);
	return 0;
}

static void read_rows(const struct sheet *sheet, const char *bytes, size_t size) {
	struct seen seen = { .line = 0 };
	struct sheet_handler handler = { &seen, see_record, see_fault, see_note };
	struct sheet_end end;
	int answer;

	arena_init(&seen.arena, 1 << 20);
	answer = sheet_read_bytes(sheet, bytes, size, &seen.arena, &handler, &end);
	promise(answer >= SHEET_OK && answer != SHEET_STOPPED);
	promise(end.rows == seen.records + seen.refused && end.refused == seen.refused);
	promise(strlen(end.header) < sizeof(end.header) && strlen(end.columns) < sizeof(end.columns));
	arena_deinit(&seen.arena);
}

static void read_catalogue(const char *bytes, size_t size) {
	AUTO(sheet_catalogue_freep) struct sheet_catalogue *catalogue = NULL;
	struct sheet_catalogue_fault fault = { 0 };
	int answer = sheet_catalogue_load_bytes(bytes, size, &catalogue, &fault);

	promise(answer >= SHEET_CATALOGUE_OK);
	promise((answer == SHEET_CATALOGUE_OK) == (catalogue != NULL));
	promise(catalogue || (*fault.text && fault.line <= size + 1));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
	AUTO(sheet_catalogue_freep) struct sheet_catalogue *catalogue = NULL;
	struct sheet_catalogue_fault fault;
	char *rows;

	if (size == 0)
		return 0;
	if (data[0] % 5 == 0) {
		read_catalogue((const char *)data + 1, size - 1);
		return 0;
	}
	promise(sheet_catalogue_load_bytes(every_type, sizeof(every_type) - 1, &catalogue, &fault) ==
	        SHEET_CATALOGUE_OK);
	if (data[0] % 5 <= 2) {
		read_rows(&catalogue->sheets[data[0] % 2], (const char *)data + 1, size - 1);
		return 0;
	}
	rows = malloc(sizeof(header) + size);
	promise(rows != NULL);
	memcpy(rows, header, sizeof(header) - 1);
	memcpy(rows + sizeof(header) - 1, data + 1, size - 1);
	read_rows(&catalogue->sheets[data[0] % 2], rows, sizeof(header) + size - 2);
	free(rows);
	return 0;
}
