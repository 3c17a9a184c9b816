/* SPDX-License-Identifier: MIT */
#include "common/store/tally.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

enum { FIRST_CAPACITY = 1024 };

void tally_init(struct tally *tally) {
	*tally = TALLY_NULL;
	randombytes_buf(tally->secret, sizeof(tally->secret));
}

void tally_deinit(struct tally *tally) {
	free(tally->entries);
	*tally = TALLY_NULL;
}

void tally_clear(struct tally *tally) {
	free(tally->entries);
	tally->entries = NULL;
	tally->capacity = tally->count = 0;
}

uint64_t tally_fingerprint(const struct tally *tally, const void *key, size_t size) {
	uint64_t fingerprint;

	crypto_shorthash((uint8_t *)&fingerprint, key, size, tally->secret);
	return fingerprint ? fingerprint : 1;
}

/* Where it stands or would stand. */
static struct tally_entry *place_of(const struct tally *tally, uint64_t fingerprint) {
	size_t i = (size_t)fingerprint & (tally->capacity - 1);

	while (tally->entries[i].fingerprint && tally->entries[i].fingerprint != fingerprint)
		i = (i + 1) & (tally->capacity - 1);
	return &tally->entries[i];
}

static int grow(struct tally *tally) {
	struct tally larger = *tally;

	larger.capacity = tally->capacity ? tally->capacity * 2 : FIRST_CAPACITY;
	larger.entries = calloc(larger.capacity, sizeof(*larger.entries));
	if (!larger.entries)
		return failed_here(-ENOMEM);
	for (size_t i = 0; i < tally->capacity; i++)
		if (tally->entries[i].fingerprint)
			*place_of(&larger, tally->entries[i].fingerprint) = tally->entries[i];
	free(tally->entries);
	*tally = larger;
	return 0;
}

int64_t *tally_at(struct tally *tally, uint64_t fingerprint) {
	struct tally_entry *entry;

	if (tally->count >= tally->capacity / 4 * 3 && grow(tally) < 0)
		return NULL;
	entry = place_of(tally, fingerprint);
	if (!entry->fingerprint) {
		entry->fingerprint = fingerprint;
		tally->count++;
	}
	return &entry->value;
}

int64_t *tally_find(const struct tally *tally, uint64_t fingerprint) {
	struct tally_entry *entry = tally->entries ? place_of(tally, fingerprint) : NULL;

	return entry && entry->fingerprint ? &entry->value : NULL;
}
