/* SPDX-License-Identifier: MIT */
/*
 * Log entries
 *
 * A value of the log table: the hash of an event's bytes, those bytes, and beside them, outside the
 * chain, the personal data the event is committed to.
 *
 *   hash(32) size of the personal part(4) event [salt(16) packed personal fields]
 *
 * The personal part is empty where the event has none, where it was erased, and in copies of other
 * nodes' logs: it never leaves the node that wrote it.
 */
#pragma once

#include "common/store/event_log.h"

#define PERSONAL_SALT_SIZE 16

struct log_entry {
	const uint8_t *hash;
	ProtobufCBinaryData event;
	ProtobufCBinaryData personal; /* salt and fields */
};

/* All borrowed from the value. Return: STORE_OK, or STORE_NOT_FOUND when that is no entry. */
int log_entry_read(struct store_value value, struct log_entry *ret_entry);

/* Write an entry; failures stay with the transaction. */
void log_entry_put(struct store_txn *txn, const struct key *key, const struct log_entry *entry);

/* What an event names of a personal part: BLAKE2b-256 of 0x02, salt and fields. */
void personal_commitment(ProtobufCBinaryData personal, uint8_t ret_commitment[EVENT_HASH_SIZE]);

/* Whether the personal part is the one the event is committed to. */
bool personal_fits(ProtobufCBinaryData personal, const Event *event);

/* The fields alone, without the salt. */
static inline ProtobufCBinaryData personal_fields(ProtobufCBinaryData personal) {
	if (personal.len <= PERSONAL_SALT_SIZE)
		return (ProtobufCBinaryData) { 0, NULL };
	return (ProtobufCBinaryData) { personal.len - PERSONAL_SALT_SIZE,
		personal.data + PERSONAL_SALT_SIZE };
}
