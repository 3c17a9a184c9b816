/* SPDX-License-Identifier: MIT */
/*
 * Migration
 *
 * A store of an older format is brought to this one when it is opened. What the log is made of is
 * rewritten; all the rest is made again from it. It works in small transactions, each of which
 * leaves a store that knows how far it has come: killed anywhere, it goes on there, and no older
 * program takes the store for its own.
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

/* Bring a store to this format, if it is of an older one or on its way. Events of the log that have
 * no effect any more are held. Return: 0 or a negative errno (-EBADMSG: no such format). */
int migration_run(struct store *store, uint32_t format, const struct schema *schema);

/* Whether it is on its way. Return: 1, 0 or a negative errno. */
int migration_is_begun(struct store *store);

/* One transaction of it, over at most `count` entries. Return: MIGRATION_MORE, 0 when it is done,
 * or a negative errno. */
int migration_slice(struct store *store, const struct schema *schema, unsigned count);

/* The beginning of a key of the log, as whichever format had it, in this one's form. */
void migration_log_prefix(const void *key, uint8_t ret_prefix[EVENT_LOG_PREFIX_SIZE]);

/* Read an entry of the log as whichever format had it. Return: whether its hash fits. */
bool migration_log_entry(struct store_value value, struct log_entry *ret_entry);
