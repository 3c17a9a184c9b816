/* SPDX-License-Identifier: MIT */
#include "common/store/checkpoint.h"

#include <sodium.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/base/message.h"
#include "common/store/event_clock.h"
#include "common/store/event_log.h"

enum { CHECKPOINT_SIZE = SIGNER_PUBLIC_SIZE + 4 + 8 + 8 };

_Static_assert(SIGNER_PUBLIC_SIZE == crypto_sign_PUBLICKEYBYTES, "Ed25519");
_Static_assert(SIGNER_SECRET_SIZE == crypto_sign_SECRETKEYBYTES, "Ed25519");

void signer_of_seed(const uint8_t seed[32], struct signer *ret_signer) {
	crypto_sign_seed_keypair(ret_signer->public_key, ret_signer->secret_key, seed);
}

bool checkpoint_is_due(const struct store *store, const struct event_mark *mark) {
	uint64_t every = store_checkpoint_events(store);

	return store_signer(store) && every && mark->sequence % every == 0;
}

static void put(
    struct store_txn *txn, const char *origin, Stream stream, const struct checkpoint *checkpoint) {
	struct key place = event_mark_key(origin, stream);
	struct key value = KEY_EMPTY;

	key_add_bytes(&value, checkpoint->key, SIGNER_PUBLIC_SIZE);
	key_add_u32(&value, checkpoint->epoch);
	key_add_u64(&value, checkpoint->sequence);
	key_add_u64(&value, checkpoint->clock);
	store_put(txn, TABLE_CHECKPOINTS, &place, value.bytes, value.size);
}

int checkpoint_load(
    struct store_txn *txn, const char *origin, Stream stream, struct checkpoint *ret_checkpoint) {
	struct key place = event_mark_key(origin, stream);
	struct store_value value;
	int r = store_get(txn, TABLE_CHECKPOINTS, &place, &value);

	if (r)
		return r < 0 ? failed_below(r) : r;
	if (value.size != CHECKPOINT_SIZE)
		return STORE_NOT_FOUND;
	memcpy(ret_checkpoint->key, value.bytes, SIGNER_PUBLIC_SIZE);
	ret_checkpoint->epoch = key_u32_at(value.bytes, SIGNER_PUBLIC_SIZE);
	ret_checkpoint->sequence = key_u64_at(value.bytes, SIGNER_PUBLIC_SIZE + 4);
	ret_checkpoint->clock = key_u64_at(value.bytes, SIGNER_PUBLIC_SIZE + 12);
	return STORE_OK;
}

void checkpoint_append(struct store_txn *txn, const struct event_mark *mark) {
	const struct signer *signer = store_signer(txn->store);
	CheckpointStatement statement = CHECKPOINT_STATEMENT__INIT;
	Checkpoint checkpoint = CHECKPOINT__INIT;
	uint8_t signature[crypto_sign_BYTES];
	ProtobufCBinaryData body;
	struct event_mark after;
	struct checkpoint last;
	int r = checkpoint_load(txn, mark->origin, mark->stream, &last);

	if (r < 0)
		return;
	/* Nobody would believe it; the log goes on unsigned until the right key is back. */
	if (r == STORE_OK && memcmp(last.key, signer->public_key, SIGNER_PUBLIC_SIZE) != 0) {
		log_warn("checkpoint-key", "sign.key is not the key of the checkpoints of %s so far",
		    mark->origin);
		return;
	}
	statement.service = (char *)(uintptr_t)store_service(txn->store);
	statement.origin = (char *)(uintptr_t)mark->origin;
	statement.stream = mark->stream;
	statement.epoch = mark->epoch;
	statement.sequence = mark->sequence;
	statement.clock = mark->clock;
	statement.head = (ProtobufCBinaryData) { EVENT_HASH_SIZE, (uint8_t *)(uintptr_t)mark->head };
	statement.key =
	    (ProtobufCBinaryData) { SIGNER_PUBLIC_SIZE, (uint8_t *)(uintptr_t)signer->public_key };
	if (message_pack(&statement.base, txn->arena, &checkpoint.statement.data,
	        &checkpoint.statement.len) < 0) {
		store_fail(txn, -ENOMEM);
		return;
	}
	crypto_sign_detached(
	    signature, NULL, checkpoint.statement.data, checkpoint.statement.len, signer->secret_key);
	checkpoint.signature = (ProtobufCBinaryData) { sizeof(signature), signature };
	if (message_pack(&checkpoint.base, txn->arena, &body.data, &body.len) < 0) {
		store_fail(txn, -ENOMEM);
		return;
	}
	event_log_append(txn, &(struct event_draft) {
	                          .stream = mark->stream,
	                          .type = RECORD_TYPE__RECORD_CHECKPOINT,
	                          .body = body,
	                      });
	if (event_mark_load(txn, mark->origin, mark->stream, &after) < 0)
		return;
	last = (struct checkpoint) {
		.epoch = after.epoch,
		.sequence = after.sequence,
		.clock = after.clock,
	};
	memcpy(last.key, signer->public_key, SIGNER_PUBLIC_SIZE);
	put(txn, mark->origin, mark->stream, &last);
}

void checkpoint_append_old(struct store_txn *txn, uint64_t age_ms) {
	uint64_t now_ms = clock_wall_ms();

	for (unsigned i = 0; i < stream__descriptor.n_values; i++) {
		Stream stream = (Stream)stream__descriptor.values[i].value;
		struct checkpoint last = { .sequence = 0 };
		struct event_mark mark;
		int r = event_mark_load(txn, store_node(txn->store), stream, &mark);

		if (r == 0 && mark.sequence)
			r = checkpoint_load(txn, mark.origin, stream, &last);
		if (r < 0)
			return;
		if (mark.sequence == 0 || (last.epoch == mark.epoch && last.sequence == mark.sequence))
			continue;
		if (event_clock_ms(last.clock) + age_ms <= now_ms)
			checkpoint_append(txn, &mark);
	}
}

static bool fits(const CheckpointStatement *statement, const Event *event, const char *service) {
	return strcmp(statement->service, service) == 0 &&
	       strcmp(statement->origin, event->origin) == 0 && statement->stream == event->stream &&
	       statement->epoch == event->epoch && statement->sequence + 1 == event->sequence &&
	       statement->clock < event->clock && statement->head.len == EVENT_HASH_SIZE &&
	       event->previous.len == EVENT_HASH_SIZE &&
	       memcmp(statement->head.data, event->previous.data, EVENT_HASH_SIZE) == 0 &&
	       statement->key.len == SIGNER_PUBLIC_SIZE;
}

int checkpoint_check(const Event *event, const char *service, const struct checkpoint *before,
    struct arena *arena, struct checkpoint *ret_checkpoint) {
	CheckpointStatement *statement = NULL;
	Checkpoint *checkpoint = NULL;

	if (message_unpack(&checkpoint__descriptor, event->body.data, event->body.len, arena,
	        (ProtobufCMessage **)&checkpoint) != MESSAGE_OK ||
	    message_unpack(&checkpoint_statement__descriptor, checkpoint->statement.data,
	        checkpoint->statement.len, arena, (ProtobufCMessage **)&statement) != MESSAGE_OK)
		return arena->refused ? failed_here(-ENOMEM) : STORE_NOT_FOUND;
	if (!fits(statement, event, service) || checkpoint->signature.len != crypto_sign_BYTES ||
	    crypto_sign_verify_detached(checkpoint->signature.data, checkpoint->statement.data,
	        checkpoint->statement.len, before ? before->key : statement->key.data) != 0)
		return STORE_NOT_FOUND;
	*ret_checkpoint = (struct checkpoint) {
		.epoch = event->epoch,
		.sequence = event->sequence,
		.clock = event->clock,
	};
	memcpy(ret_checkpoint->key, statement->key.data, SIGNER_PUBLIC_SIZE);
	return STORE_OK;
}

int checkpoint_apply(struct store_txn *txn, const Event *event) {
	struct checkpoint before;
	struct checkpoint after;
	int r = checkpoint_load(txn, event->origin, event->stream, &before);

	if (r >= 0)
		r = checkpoint_check(
		    event, store_service(txn->store), r == STORE_OK ? &before : NULL, txn->arena, &after);
	if (r)
		return r < 0 ? failed_below(r) : r;
	put(txn, event->origin, event->stream, &after);
	return txn->error;
}
