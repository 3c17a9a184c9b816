/* SPDX-License-Identifier: MIT */
/*
 * Migration
 *
 * A store of an older format is brought to this one when it is opened. What the log is made of is
 * rewritten; all the rest is made again from it. It works in small transactions, each of which
 * leaves a store that knows how far it has come: killed anywhere, it goes on there.
 *
 *   1 to 2   a log entry tells where the event ends and the personal data beside it begins (events
 *            of format 1 have none: their names stand in the chain for good); of an origin the log
 *            of records comes last; the state holds places in the log instead of copies; results of
 *            calls are numbered
 */
#pragma once

#include "common/store/log_entry.h"
#include "common/store/register.h"

enum { MIGRATION_MORE = 1 };

/* Return: 0 or a negative errno (-EBADMSG: no such format, or a log that cannot be replayed). */
int migration_run(struct store *store, uint32_t format, const struct schema *schema);

/* One transaction of it, over at most `count` entries. Return: MIGRATION_MORE, 0 when the store has
 * this format, or a negative errno. */
int migration_slice(
    struct store *store, uint32_t format, const struct schema *schema, unsigned count);

/* Read an entry of the log as whichever format had it. Return: whether its hash fits. */
bool migration_log_entry(struct store_value value, struct log_entry *ret_entry);
