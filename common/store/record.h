/* SPDX-License-Identifier: MIT */
/*
 * Stored records
 *
 * How a record stands in the state table: under its type and code, or, when it hangs on another
 * one, under that one's code and its own; and there not the record itself but its last event, which
 * has it: its fields that go into the chain, and beside them the personal ones.
 */
#pragma once

#include "common/store/register.h"

/* A value of the state table: where the last event of the record stands in the log. */
struct record_place {
	uint32_t origin; /* number of the node that wrote it */
	uint32_t epoch;
	uint64_t sequence;
};

/* Return: STORE_OK, or STORE_NOT_FOUND when the value is none. */
int record_place_read(struct store_value value, struct record_place *ret_place);

/* Failures stay with the transaction. */
void record_place_put(
    struct store_txn *txn, const struct key *key, const struct record_place *place);

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

/* The two parts of a record's bytes; they unpack as one. */
struct record_bytes {
	ProtobufCBinaryData open;     /* what goes into the chain */
	ProtobufCBinaryData personal; /* the personal fields; empty when it has none */
};

/* Pack a record into `arena`. Return: 0 or a negative errno. */
int record_pack(const struct register_type *type, const ProtobufCMessage *record,
    struct arena *arena, struct record_bytes *ret_bytes);

/* The bytes of a record in the state table, borrowed from the log.
 * Return: STORE_OK, STORE_NOT_FOUND when its event is not there, or a negative errno. */
int record_find(struct store_txn *txn, const struct register_type *type, struct store_value value,
    struct record_bytes *ret_bytes);

/* The same unpacked into `arena`; null when it is not there, is none, or memory is out. */
ProtobufCMessage *record_unpack(struct store_txn *txn, const struct register_type *type,
    struct store_value value, struct arena *arena);

/* The node that wrote it, as name_text; "" when the value is none. */
const char *record_origin(struct store_txn *txn, struct store_value value, struct arena *arena);

/* The record that counts: itself, or the one it hangs on. */
struct counted {
	const struct register_type *type;
	char code[KEY_CODE_SIZE]; /* as in keys */
	struct key key;
};

void record_counted(
    const struct register_type *type, const struct key *key, struct counted *ret_counted);
