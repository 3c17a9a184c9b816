/* SPDX-License-Identifier: MIT */
/*
 * Registers
 *
 * A register keeps records of one message type, by code. A service declares its registers in one
 * table (struct schema); from it come validation, events, state, the day index, counting and
 * opening. A record that is written becomes an event of this node; an event of another node becomes
 * a record here; both change state, index and cells by the same lines.
 */
#pragma once

#include "cchc/records.pb-c.h"
#include "common/store/check.h"
#include "common/store/measure.h"
#include "common/store/store.h"

#define REGISTER_CODE_FIELDS     5
#define REGISTER_PERSONAL_FIELDS 4

struct register_type {
	const char *name; /* "dossiers" */
	RecordType type;
	Stream stream; /* the log its events go to */
	const ProtobufCMessageDescriptor *record;
	/* Fields whose values, joined by '/', are the record's code. Of a register with an owner the
	 * first one is the owner's code. */
	const char *code_fields[REGISTER_CODE_FIELDS];
	const struct register_type *owner; /* records hang on a record of this register; may be null */
	const char *index_field;           /* text field to look records up by; may be null */
	/* Text fields that name persons. They stay in this node and out of the chain (erasure.h); no
	 * counting, code or index may need them. */
	const char *personal_fields[REGISTER_PERSONAL_FIELDS];

	/* Adds a fault for each thing that is wrong. Null: nothing to check. Must not write. */
	void (*check)(struct check *check, const ProtobufCMessage *record);

	/* What the record adds to the table's counters; `origin` is the node that wrote it. Texts may
	 * point into the record or `origin`. Null: not counted. Must not write. */
	void (*measure)(struct store_txn *txn, const ProtobufCMessage *record, const char *origin,
	    struct contributions *contributions);
	const struct measure_table *table;

	/* Make of the record what a list shows of it: without personal data, and as it was known at the
	 * end of `last`. New texts are in the transaction's arena. Null: all of it, as it is. */
	void (*show)(struct store_txn *txn, ProtobufCMessage *record, struct day last);
};

struct schema {
	const struct register_type *const *registers;
	size_t register_count;
	const struct measure_table *const *tables;
	size_t table_count;
};

const struct register_type *schema_register(const struct schema *schema, RecordType type);
const struct measure_table *schema_table(const struct schema *schema, const char *name);

/* The record's code, its code fields joined by '/', in `arena`; null when memory is out. */
const char *register_code(
    const struct register_type *type, const ProtobufCMessage *record, struct arena *arena);

enum register_answer {
	REGISTER_ADDED,
	REGISTER_CHANGED,
	REGISTER_UNCHANGED,
	REGISTER_OTHER_OWNER, /* another node wrote it and alone may change it */
};

/* What writing the record would do; *ret_owner (the node, in the transaction's arena) is set for
 * REGISTER_OTHER_OWNER. Return: an answer above or a negative errno. */
int register_compare(struct store_txn *txn, const struct register_type *type,
    const ProtobufCMessage *record, struct arena *arena, const char **ret_owner);

/* Write a record that was checked: an event of this node, and its effect.
 * Return: REGISTER_ADDED, _CHANGED, _UNCHANGED, _OTHER_OWNER (as above), or a negative errno. */
int register_write(struct store_txn *txn, const struct register_type *type,
    const ProtobufCMessage *record, const char *actor, const char **ret_owner);

/* Bring state, index and cells up to an event of another log that was just kept.
 * Return: STORE_OK; STORE_NOT_FOUND when the event has no effect here and the caller holds it: the
 * schema has no such register, the body is not such a record or not a sound one, or the record or
 * the one it hangs on belongs to a node that does not stand below the event's; or a negative errno.
 */
int register_apply(struct store_txn *txn, const struct schema *schema, const Event *event);

/* Bring state, index and cells up to an event of the log that is known to have had effect here,
 * whatever the order in which origins come.
 * Return: STORE_OK, STORE_NOT_FOUND when it is of no register of the schema, or a negative errno.
 */
int register_replay(struct store_txn *txn, const struct schema *schema, const Event *event);

/* A record by code, unpacked into `arena`; *ret_origin may be null.
 * Return: STORE_OK, STORE_NOT_FOUND or a negative errno. */
int register_load(struct store_txn *txn, const struct register_type *type, const char *code,
    struct arena *arena, ProtobufCMessage **ret_record, const char **ret_origin);

/* Whether a record of that code is there; false also when the read failed. */
bool register_has(struct store_txn *txn, const struct register_type *type, const char *code);

/* Whether the register holds any record at all. */
bool register_is_empty(struct store_txn *txn, const struct register_type *type);

/* Visit records in key order: all of them, or those hanging on the owner's code. The record lives
 * in `arena` until the function returns, which may reset it. The function returns 0 to go on,
 * anything else to stop. Return: 0, what the function returned, or a negative errno. */
typedef int register_function(void *context, ProtobufCMessage *record, const char *origin);
int register_visit(struct store_txn *txn, const struct register_type *type, const char *owner,
    struct arena *arena, register_function *function, void *context);

/* Visit the records whose index field has this value, in key order; as register_visit. */
int register_visit_field(struct store_txn *txn, const struct register_type *type, const char *value,
    struct arena *arena, register_function *function, void *context);

/* How many records a register holds. */
uint64_t register_count(struct store_txn *txn, const struct register_type *type);
