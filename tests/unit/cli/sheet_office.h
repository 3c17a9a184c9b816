/* SPDX-License-Identifier: MIT */
/*
 * An office that sends files
 *
 * They are read through the shipped catalogue. What was read is kept as one text: a line
 * "2: code=a unit=b" for each record, without fields that have their default, a line
 * "3! column REASON value (detail)" for each fault, and "unknown x" or "absent x" for each note.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "common/base/arena.h"
#include "common/base/text.h"
#include "services/cli/import/sheet.h"
#include "services/cli/import/sheet_rows.h"

struct office {
	char folder[64];
	char path[160];
	struct sheet_catalogue *catalogue;
	struct arena arena;
	struct text seen;
	bool silent; /* keep no text, only count */
	bool hoard;  /* never reset the arena */
	unsigned records;
	unsigned faults;
	size_t bytes;
	int stop_record, stop_fault, stop_note; /* what the handler returns */
	int answer;
	struct sheet_end end;
};

/* Setup and teardown of a claim; the state is an office. */
int office_open(void **state);
int office_close(void **state);

/* Optional columns are left out in most tests, so their notes are asked for only where it matters.
 */
enum notes { WITHOUT_NOTES, WITH_NOTES };

/* Forget what was read before; the handler notes what is read next. */
struct sheet_handler office_begin(struct office *office, enum notes notes);

/* Read a file of these rows, named `stem`, into `answer` and `end`. */
void office_read(
    struct office *office, const char *stem, const char *rows, size_t size, enum notes notes);

void expect_answer(
    struct office *office, const char *stem, const char *rows, int answer, unsigned line);

void expect_seen(struct office *office, const char *stem, const char *rows, const char *seen);
