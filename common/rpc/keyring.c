/* SPDX-License-Identifier: MIT */
#include "common/rpc/keyring.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/error.h"

struct rpc_keyring {
	pthread_mutex_t lock;
	struct rpc_keyring_entry *entries;
	size_t count;
	atomic_uint version;
};

struct rpc_keyring *rpc_keyring_new(void) {
	struct rpc_keyring *keyring = calloc(1, sizeof(*keyring));

	if (keyring)
		pthread_mutex_init(&keyring->lock, NULL);
	return keyring;
}

void rpc_keyring_free(struct rpc_keyring *keyring) {
	pthread_mutex_destroy(&keyring->lock);
	free(keyring->entries);
	free(keyring);
}

int rpc_keyring_replace(
    struct rpc_keyring *keyring, const struct rpc_keyring_entry *entries, size_t count) {
	struct rpc_keyring_entry *copy = calloc(count + 1, sizeof(*copy));
	struct rpc_keyring_entry *old;

	if (!copy)
		return failed_here(-ENOMEM);
	if (count)
		memcpy(copy, entries, count * sizeof(*copy));
	pthread_mutex_lock(&keyring->lock);
	old = keyring->entries;
	keyring->entries = copy;
	keyring->count = count;
	pthread_mutex_unlock(&keyring->lock);
	atomic_fetch_add(&keyring->version, 1);
	free(old);
	return 0;
}

unsigned rpc_keyring_version(struct rpc_keyring *keyring) {
	return atomic_load(&keyring->version);
}

bool rpc_keyring_find(struct rpc_keyring *keyring, const uint8_t key[KEYRING_KEY_SIZE],
    char ret_code[KEYRING_CODE_SIZE]) {
	bool found = false;

	pthread_mutex_lock(&keyring->lock);
	for (size_t i = 0; i < keyring->count && !found; i++) {
		if (memcmp(keyring->entries[i].key, key, KEYRING_KEY_SIZE) == 0) {
			memcpy(ret_code, keyring->entries[i].code, KEYRING_CODE_SIZE);
			found = true;
		}
	}
	pthread_mutex_unlock(&keyring->lock);
	return found;
}
