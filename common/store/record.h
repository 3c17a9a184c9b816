/* SPDX-License-Identifier: MIT */
/*
 * Stored records
 *
 * How a record stands in the state table: under its type and code, or, when it hangs on another
 * one, under that one's code and its own; before its packed bytes the number of the node that wrote
 * it. The bytes are those of the event's body and then those of the personal fields, two messages
 * that unpack as one.
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

/* The two parts of a record's bytes. */
struct record_bytes {
	ProtobufCBinaryData open;     /* what goes into the chain */
	ProtobufCBinaryData personal; /* the personal fields; empty when it has none */
};

/* Pack a record into `arena`. Return: 0 or a negative errno. */
int record_pack(const struct register_type *type, const ProtobufCMessage *record,
    struct arena *arena, struct record_bytes *ret_bytes);

/* Whether these are the bytes of a value of the state table. */
bool record_is(struct store_value value, const struct record_bytes *bytes);

/* Write a value of the state table, and nothing else. Failures stay with the transaction. */
void record_put_value(struct store_txn *txn, const struct key *key, const char *origin,
    const struct record_bytes *bytes);

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
