/* SPDX-License-Identifier: MIT */
/*
 * Tallies
 *
 * Numbers by the fingerprint of a key: sixteen bytes an entry whatever the key's length, for walks
 * over more keys than memory could hold. A fingerprint is 64 bits under a secret of the tally, so
 * two of a hundred million keys share one in less than one walk of three thousand.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/error.h"

struct tally_entry {
	uint64_t fingerprint; /* 0: free */
	int64_t value;
};

struct tally {
	struct tally_entry *entries; /* a power of two of them; null while empty */
	size_t capacity;
	size_t count;
	uint8_t secret[16];
};

#define TALLY_NULL ((struct tally) { .entries = NULL })

/* Empty, with a new secret. */
void tally_init(struct tally *tally);
void tally_deinit(struct tally *tally);

/* Empty again, with the secret it has: fingerprints stay what they were. */
void tally_clear(struct tally *tally);

uint64_t tally_fingerprint(const struct tally *tally, const void *key, size_t size);

/* The value of a key, 0 when it is new; null when memory is out. Good until the next one. */
int64_t *tally_at(struct tally *tally, uint64_t fingerprint);

/* The same, null when it is not there. */
int64_t *tally_find(const struct tally *tally, uint64_t fingerprint);
