/* SPDX-License-Identifier: MIT */
/*
 * Migration
 *
 * A store of an older format is brought to this one, a step for each format, when it is opened. A
 * step works in small transactions and notes how far it came: killed anywhere, it goes on there.
 *
 *   1 to 2   a log entry tells where the event ends and the personal data beside it begins; events
 *            of format 1 have none, their names stand in the chain for good
 */
#pragma once

#include "common/store/log_entry.h"

/* Return: 0 or a negative errno (-EBADMSG: no such format). */
int migration_run(struct store *store, uint32_t format);

/* Read an entry of the log as whichever format had it. Return: whether its hash fits. */
bool migration_log_entry(struct store_value value, struct log_entry *ret_entry);
