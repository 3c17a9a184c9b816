/* SPDX-License-Identifier: MIT */
/*
 * Kinds of sheets
 *
 * What offices import is a sheet: a spreadsheet whose rows are records of one register. Which kinds
 * there are, which columns each has and what a cell may say stands in a YAML file, the catalogue;
 * the code knows no kind by name. A kind is checked against the contract when the catalogue is
 * loaded, so reading never meets a method, message, field or value that does not exist.
 *
 *   sheets:
 *   - file: ho-so                       # stem of the file names that offices use: a-z 0-9 -
 *     title: {vi: Hồ sơ, en: Dossiers}
 *     method: Dossiers/RecordDossiers   # takes `repeated <record> records`
 *     record: Dossier
 *     catalogue: true                   # others check against it; may be left out
 *     references:                       # may be left out
 *     - {reason: UNKNOWN_PROCEDURE, sheet: thu-tuc}
 *     columns:
 *     - {name: MaHoSo, field: code, type: text, required: true, key: true}
 *     - {name: KenhThucHien, field: channel, type: choice, choices: [{text: 1, value: DIRECT}]}
 *
 * Sheets stand in the order in which they are imported. A reference says which sheet brings what a
 * fault of that reason misses: in a dry run nothing is kept, so the fault stands only if that sheet
 * of the same import does not bring it either. It names an earlier sheet or its own.
 */
#pragma once

#include <protobuf-c/protobuf-c.h>
#include <stdbool.h>
#include <stddef.h>

#include "cchc/call.pb-c.h"
#include "common/base/error.h"
#include "proto/contract.h"

#define SHEET_CATALOGUE_MAX (1u << 20) /* bytes of the YAML file */
#define SHEET_SHEETS_MAX    64u
#define SHEET_COLUMNS_MAX   64u
#define SHEET_CHOICES_MAX   64u
#define SHEET_NAME_MAX      100u  /* bytes of a name, a choice or a title */
#define SHEET_TEXT_MAX      4000u /* bytes of a text cell */

/* What a cell says, and the type of the field that takes it. */
enum sheet_type {
	SHEET_TEXT,    /* as it stands; string */
	SHEET_DAY,     /* `dd/mm/yyyy` or ISO, kept as decimal yyyymmdd; uint32 */
	SHEET_STAMP,   /* what stamp_parse() reads, kept as decimal yyyyMMddHHmmss; uint64 */
	SHEET_NUMBER,  /* a whole number, also in groups of three: 1.334; uint32 or uint64 */
	SHEET_FLAG,    /* 1 x có, 0 không and empty; bool */
	SHEET_CHOICE,  /* one of the column's choices, letter case apart; an enum or string */
	SHEET_PERCENT, /* 62,5 62.5 80 80% up to 100, kept in hundredths; uint32 */
};

struct sheet_choice {
	char *text;  /* what the cell says */
	char *value; /* name of the enum's value; of a string field the text that is kept */
	int number;  /* the enum's value; 0 for a string field */
};

struct sheet_column {
	char *name;  /* in the header line, letter case apart */
	char *field; /* of the record */
	enum sheet_type type;
	bool required; /* the column must be there, and each of its cells filled */
	bool key;      /* no two rows of a file agree in all the key columns */
	struct sheet_choice *choices;
	size_t choices_count;
	const ProtobufCFieldDescriptor *descriptor; /* of `field` */
};

struct sheet_reference {
	char *reason;
	char *sheet;
	Fault__Reason number;       /* of `reason` */
	const struct sheet *target; /* of `sheet` */
};

struct sheet_title {
	char *vi;
	char *en;
};

struct sheet {
	char *file;
	struct sheet_title title;
	char *method;
	char *record;
	bool catalogue;
	struct sheet_reference *references;
	size_t references_count;
	struct sheet_column *columns;
	size_t columns_count;
	const struct contract_method *call;        /* of `method` */
	const ProtobufCFieldDescriptor *records;   /* the request's field that takes the records */
	const ProtobufCMessageDescriptor *message; /* of `record` */
};

struct sheet_catalogue {
	struct sheet *sheets; /* in the order of import */
	size_t sheets_count;
};

enum {
	SHEET_CATALOGUE_OK,
	SHEET_CATALOGUE_WRONG, /* the file is not a catalogue, or does not fit the contract */
};

/* The first mistake in a catalogue. `line` is the line of the mistake or of the nearest thing above
 * it; 0 when the file as a whole is meant. `text` says in English what is wrong, without the line.
 */
struct sheet_catalogue_fault {
	unsigned line;
	char text[512];
};

/* Load the catalogue at `path`; the caller frees it.
 * Return: SHEET_CATALOGUE_OK, SHEET_CATALOGUE_WRONG with *ret_fault written, or a negative errno
 * (-ENOENT, -EFBIG beyond SHEET_CATALOGUE_MAX, …). */
int sheet_catalogue_load(const char *path, struct sheet_catalogue **ret_catalogue,
    struct sheet_catalogue_fault *ret_fault);

/* The same from the `size` bytes at `bytes`, which are not needed afterwards. */
int sheet_catalogue_load_bytes(const char *bytes, size_t size,
    struct sheet_catalogue **ret_catalogue, struct sheet_catalogue_fault *ret_fault);

/* Null is fine. */
void sheet_catalogue_free(struct sheet_catalogue *catalogue);

/* For AUTO on locals. */
void sheet_catalogue_freep(struct sheet_catalogue **catalogue);

/* The sheet that a file is, by its name alone: folders and the extension do not matter, nor does
 * letter case, nor what people and browsers add ("ho-so (1).csv", "HO-SO_2024.csv",
 * "ho-so-2024.csv", "ho-so - Copy.csv"). Borrowed from the catalogue; null when it is none. */
const struct sheet *sheet_catalogue_find(const struct sheet_catalogue *catalogue, const char *path);

/* The word for a type in the catalogue. */
const char *sheet_type_name(enum sheet_type type);

/* The column of a header cell, or null; blanks around the name have to be gone. */
const struct sheet_column *sheet_column_of_name(
    const struct sheet *sheet, const char *name, size_t length);

/* The column that fills a field of the record, or null: so that a fault from a service, which names
 * the field, can be told by column. */
const struct sheet_column *sheet_column_of_field(const struct sheet *sheet, const char *field);

/* The choice that a cell names, or null. */
const struct sheet_choice *sheet_choice_find(
    const struct sheet_column *column, const char *text, size_t length);

/* Whether two texts are the same but for letter case. */
bool sheet_text_is(const char *text, size_t length, const char *other, size_t other_length);
