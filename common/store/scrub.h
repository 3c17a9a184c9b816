/* SPDX-License-Identifier: MIT */
/* When the store was last verified as a whole, so that a restart does not forget it. */
#pragma once

#include "common/store/store.h"

/* Failures stay with the transaction. */
void scrub_put(struct store_txn *txn, uint64_t ended_ms, uint64_t findings);

/* Both 0 when it never was. Return: 0 or a negative errno. */
int scrub_get(struct store *store, uint64_t *ret_ended_ms, uint64_t *ret_findings);
