/* SPDX-License-Identifier: MIT */
/*
 * Value of a cell
 *
 * A cell as its column understands it, taken exactly or not at all.
 */
#pragma once

#include <protobuf-c/protobuf-c.h>
#include <stddef.h>
#include <stdint.h>

#include "cchc/call.pb-c.h"
#include "common/base/text.h"
#include "services/cli/import/csv.h"
#include "services/cli/import/sheet.h"

/* Texts are borrowed from the row or the catalogue, never null. */
struct sheet_value {
	const char *cell; /* as it stands */
	const char *text; /* for string fields */
	size_t length;
	uint64_t number; /* for the others */
};

#define SHEET_VALUE_EMPTY ((struct sheet_value) { .cell = "", .text = "" })

/* Read a cell; whatever is wrong with it, *ret_value holds its `cell`.
 * Return: FAULT__REASON__UNSPECIFIED when the value is good, else MISSING, MALFORMED, OUT_OF_RANGE
 * or TOO_LONG. */
Fault__Reason sheet_value_read(
    const struct sheet_column *column, const struct csv_cell *cell, struct sheet_value *ret_value);

/* Say in `detail` what the column would have taken, "0 – 100", when a cell was refused for
 * `reason`; it is left empty when there is nothing to say. */
void sheet_value_describe_limit(
    const struct sheet_column *column, Fault__Reason reason, struct text *detail);

/* Put the value into a field of the record that is no string. */
void sheet_value_set(const struct sheet_value *value, const ProtobufCFieldDescriptor *field,
    ProtobufCMessage *record);
