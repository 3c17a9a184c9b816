/* SPDX-License-Identifier: MIT */
/*
 * Replay: records, indexes, sizes and counters made again from the logs, when a store is restored
 * or its format has changed.
 */
#pragma once

#include "common/store/register.h"

enum { REPLAY_END, REPLAY_MORE, REPLAY_DAMAGED };

/* Forget all that follows from the logs. Failures stay with the transaction. */
void replay_begin(struct store_txn *txn);

/* What becomes of an entry that cannot have had effect and is not held. */
enum replay_doubt {
	REPLAY_REFUSES,
	REPLAY_HOLDS,
};

/* Replay at most `count` entries of the log behind the key `after`, which stands on the last one
 * then; empty: from the begin.
 * Return: REPLAY_MORE, REPLAY_END when there are no more, REPLAY_DAMAGED at such an entry that is
 * refused, or a negative errno. */
int replay_some(struct store_txn *txn, const struct schema *schema, unsigned count,
    enum replay_doubt doubt, struct key *after);
