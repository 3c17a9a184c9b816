/* SPDX-License-Identifier: MIT */
/*
 * Packs
 *
 * A file of entries, compressed (zstd) and sealed: its last entry says how many there are, so a
 * pack that was cut anywhere is known for one. Written once, whole, and on the disk when it is
 * closed.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/error.h"

#define PACK_HASH_SIZE 32
#define PACK_KEY_MAX   1024
#define PACK_VALUE_MAX (16u << 20)

struct pack_entry {
	uint8_t kind; /* the writer's, below PACK_SEAL */
	const void *key;
	size_t key_size;
	const void *value;
	size_t value_size;
};

#define PACK_SEAL 0xff

struct pack_writer;

/* Return: 0, -EEXIST when there is a file, or another negative errno. */
int pack_create(const char *path, struct pack_writer **ret_writer);

/* Return: 0 or a negative errno. */
int pack_add(struct pack_writer *writer, const struct pack_entry *entry);

/* Seal it and wait until file and folder are on the disk. What a file without a seal holds is lost
 * with pack_writer_freep. Return: 0 or a negative errno. */
int pack_seal(struct pack_writer *writer);
void pack_writer_freep(struct pack_writer **writer);

struct pack_reader;

enum { PACK_OK, PACK_END, PACK_DAMAGED };

/* Return: PACK_OK or a negative errno (-ENOENT). */
int pack_open(const char *path, struct pack_reader **ret_reader);

/* The next entry, borrowed until the next one. PACK_END comes after a right seal with nothing
 * behind it. Return: an answer above or a negative errno. */
int pack_next(struct pack_reader *reader, struct pack_entry *ret_entry);
void pack_reader_freep(struct pack_reader **reader);

/* Size and BLAKE2b-256 of a whole file. Return: 0 or a negative errno. */
int pack_digest(const char *path, uint64_t *ret_bytes, uint8_t ret_hash[PACK_HASH_SIZE]);
