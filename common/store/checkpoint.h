/* SPDX-License-Identifier: MIT */
/*
 * Checkpoints
 *
 * A chain of hashes alone does not show that it was written anew from some event on, or cut. So the
 * node signs where each of its logs stands, every so many events and every so often; a checkpoint
 * is an event of that log itself, travels with it, and names the event before it. The first one
 * brings the node's key; a later key must be announced by a checkpoint signed with the one before.
 * A node that lost its key goes on unsigned until it has it back from a backup.
 */
#pragma once

#include "common/store/event_mark.h"

#define SIGNER_PUBLIC_SIZE 32
#define SIGNER_SECRET_SIZE 64

struct signer {
	uint8_t public_key[SIGNER_PUBLIC_SIZE];
	uint8_t secret_key[SIGNER_SECRET_SIZE];
};

/* Ed25519 (RFC 8032) from 32 bytes that stay secret. */
void signer_of_seed(const uint8_t seed[32], struct signer *ret_signer);

/* The last checkpoint of a log that stood the test. */
struct checkpoint {
	uint8_t key[SIGNER_PUBLIC_SIZE]; /* that must sign the next one */
	uint32_t epoch;                  /* of the checkpoint's own event */
	uint64_t sequence;
	uint64_t clock;
};

/* Whether a log that has just come to `mark` is to be signed now. */
bool checkpoint_is_due(const struct store *store, const struct event_mark *mark);

/* Sign where a log of this node stands. Failures stay with the transaction. */
void checkpoint_append(struct store_txn *txn, const struct event_mark *mark);

/* Sign every log of this node that has events behind its last checkpoint, when that is older than
 * `age_ms`.
 * Failures stay with the transaction. */
void checkpoint_append_old(struct store_txn *txn, uint64_t age_ms);

/* The last one of a log. Return: STORE_OK, STORE_NOT_FOUND or a negative errno. */
int checkpoint_load(
    struct store_txn *txn, const char *origin, Stream stream, struct checkpoint *ret_checkpoint);

/* Whether the event is a checkpoint of a log of this service that stands, after `before` (null: the
 * log has none yet).
 * Return: STORE_OK with what is the last one then, STORE_NOT_FOUND when it does not stand, or a
 * negative errno. */
int checkpoint_check(const Event *event, const char *service, const struct checkpoint *before,
    struct arena *arena, struct checkpoint *ret_checkpoint);

/* Take over a checkpoint of a log that is followed, or replayed.
 * Return: STORE_OK, STORE_NOT_FOUND when it does not stand and is to be held, or a negative errno.
 */
int checkpoint_apply(struct store_txn *txn, const Event *event);
