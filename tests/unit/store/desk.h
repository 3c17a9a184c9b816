/* SPDX-License-Identifier: MIT */
/* A real store in a temporary folder, with the arena of whoever reads it. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/store/register.h"
#include "common/store/store.h"
#include "tests/harness/folder.h"

struct desk {
	struct folder folder;
	const char *node;
	struct store *store;
	struct arena arena;
};

/* A new store of this node; for AUTO: desk_close removes it with its folder. Must not move. */
void desk_open(struct desk *desk, const char *node);
void desk_close(struct desk *desk);

/* Close the store and open what is on the disk. */
void desk_open_again(struct desk *desk);

/* Open the desk's folder with other options; whatever store_open answers. */
int desk_try_open(const struct desk *desk, const char *node, uint64_t reserve_mib);

/* Transactions that must begin and must be kept. A reader's scratch is the desk's arena, reset. */
struct store_txn desk_write(struct desk *desk);
struct store_txn desk_read(struct desk *desk);
void desk_keep(struct store_txn *txn);

/* Write a record of this node, which must end as `expected` (register_write). */
void desk_record(struct store_txn *txn, const struct register_type *type,
    const ProtobufCMessage *record, int expected);

/* Keep and apply all that `source` has of a stream and `follower` lacks; how many events that was.
 */
size_t desk_follow(struct desk *follower, struct desk *source, Stream stream);

/* Each entry of a table as bytes to compare: keys and values in order, in the desk's arena. */
struct store_value desk_dump(struct desk *desk, enum store_table table);

static inline char *text_of(const char *text) {
	return (char *)(uintptr_t)text;
}
