/* SPDX-License-Identifier: MIT */
/*
 * Stored records
 *
 * How a record stands in the state table: under its type and code, or, when it hangs on another
 * one, under that one's code and its own; before its packed bytes the number of the node that wrote
 * it.
 */
#pragma once

#include "common/store/register.h"

enum { RECORD_ORIGIN_SIZE = 4 }; /* the origin's number before each stored record */

/* The beginning of every key of a register. */
struct key record_type_key(const struct register_type *type);

struct key record_key_of_code(const struct register_type *type, const char *code);

/* Return: 0 or a negative errno. */
int record_key(const struct register_type *type, const ProtobufCMessage *record,
    struct arena *arena, struct key *ret_key);

/* The start of the entries of a value of the register's index field. */
struct key record_field_key(const struct register_type *type, const char *value);

/* A field's value as text, in `arena` or the record's; null when memory is out. */
const char *record_field_text(
    const ProtobufCMessage *record, const char *name, struct arena *arena);

/* The record in a value of the state table; null when it is none or memory is out. */
ProtobufCMessage *record_unpack(
    const struct register_type *type, struct store_value value, struct arena *arena);

/* The number of the node that wrote it. */
uint32_t record_origin(struct store_value value);

/* The record that counts: itself, or the one it hangs on. */
struct counted {
	const struct register_type *type;
	char code[KEY_CODE_SIZE]; /* as in keys */
	struct key key;
};

void record_counted(
    const struct register_type *type, const struct key *key, struct counted *ret_counted);
