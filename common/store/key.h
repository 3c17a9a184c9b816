/* SPDX-License-Identifier: MIT */
/*
 * Keys
 *
 * Made by value, numbers big-endian, texts in fixed widths: byte order is number order, ranges and
 * prefixes work, and all keys of a table have the same length.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#define KEY_SIZE_MAX    120
#define KEY_CODE_SIZE   32 /* a record's code; longer ones are replaced by their hash */
#define KEY_ORIGIN_SIZE 16 /* an organisation code, zero padded */

struct key {
	size_t size;
	uint8_t bytes[KEY_SIZE_MAX];
};

#define KEY_EMPTY ((struct key) { .size = 0 })

void key_add_u8(struct key *key, uint8_t value);
void key_add_u16(struct key *key, uint16_t value);
void key_add_u32(struct key *key, uint32_t value);
void key_add_u64(struct key *key, uint64_t value);
void key_add_bytes(struct key *key, const void *bytes, size_t size);

/* Signed numbers in an order that holds across zero. */
void key_add_i32(struct key *key, int32_t value);

/* A text as KEY_CODE_SIZE bytes: zero padded, or its BLAKE2b-256 when it is longer. */
void key_add_code(struct key *key, const char *text);

/* An organisation code, cut at KEY_ORIGIN_SIZE (codes are checked before they get here). */
void key_add_origin(struct key *key, const char *code);

/* Read back what was added at `offset`. */
uint32_t key_u32_at(const uint8_t *bytes, size_t offset);
uint64_t key_u64_at(const uint8_t *bytes, size_t offset);
int32_t key_i32_at(const uint8_t *bytes, size_t offset);
