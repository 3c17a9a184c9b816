/* SPDX-License-Identifier: MIT */
#include "common/store/log_entry.h"

#include <sodium.h>
#include <string.h>

enum { FRONT_SIZE = EVENT_HASH_SIZE + 4 };

int log_entry_read(struct store_value value, struct log_entry *ret_entry) {
	uint8_t *bytes = (uint8_t *)(uintptr_t)value.bytes;
	size_t personal;

	if (value.size < FRONT_SIZE)
		return STORE_NOT_FOUND;
	personal = key_u32_at(bytes, EVENT_HASH_SIZE);
	if (personal > value.size - FRONT_SIZE)
		return STORE_NOT_FOUND;
	ret_entry->hash = bytes;
	ret_entry->event =
	    (ProtobufCBinaryData) { value.size - FRONT_SIZE - personal, bytes + FRONT_SIZE };
	ret_entry->personal = (ProtobufCBinaryData) { personal, bytes + value.size - personal };
	return STORE_OK;
}

void log_entry_put(struct store_txn *txn, const struct key *key, const struct log_entry *entry) {
	size_t size = FRONT_SIZE + entry->event.len + entry->personal.len;
	struct key personal_size = KEY_EMPTY;
	uint8_t *value = store_put_place(txn, TABLE_LOG, key, size);

	if (!value)
		return;
	key_add_u32(&personal_size, (uint32_t)entry->personal.len);
	memcpy(value, entry->hash, EVENT_HASH_SIZE);
	memcpy(value + EVENT_HASH_SIZE, personal_size.bytes, personal_size.size);
	memcpy(value + FRONT_SIZE, entry->event.data, entry->event.len);
	if (entry->personal.len)
		memcpy(value + FRONT_SIZE + entry->event.len, entry->personal.data, entry->personal.len);
}

/* RFC 9162 uses 0 for leaves and 1 for nodes; a commitment is neither. */
void personal_commitment(ProtobufCBinaryData personal, uint8_t ret_commitment[EVENT_HASH_SIZE]) {
	static const uint8_t kind = 2;
	crypto_generichash_state state;

	crypto_generichash_init(&state, NULL, 0, EVENT_HASH_SIZE);
	crypto_generichash_update(&state, &kind, 1);
	crypto_generichash_update(&state, personal.data, personal.len);
	crypto_generichash_final(&state, ret_commitment, EVENT_HASH_SIZE);
}

bool personal_fits(ProtobufCBinaryData personal, const Event *event) {
	uint8_t commitment[EVENT_HASH_SIZE];

	if (personal.len == 0 && event->personal.len == 0)
		return true;
	personal_commitment(personal, commitment);
	return event->personal.len == EVENT_HASH_SIZE &&
	       memcmp(event->personal.data, commitment, EVENT_HASH_SIZE) == 0;
}
