/* SPDX-License-Identifier: MIT */
#include "common/store/key.h"

#include <assert.h>
#include <sodium.h>
#include <string.h>

void key_add_bytes(struct key *key, const void *bytes, size_t size) {
	assert(key->size + size <= KEY_SIZE_MAX);
	memcpy(key->bytes + key->size, bytes, size);
	key->size += size;
}

static void add_big_endian(struct key *key, uint64_t value, size_t size) {
	assert(key->size + size <= KEY_SIZE_MAX);
	for (size_t i = 0; i < size; i++)
		key->bytes[key->size + i] = (uint8_t)(value >> (8 * (size - 1 - i)));
	key->size += size;
}

void key_add_u8(struct key *key, uint8_t value) {
	add_big_endian(key, value, 1);
}

void key_add_u16(struct key *key, uint16_t value) {
	add_big_endian(key, value, 2);
}

void key_add_u32(struct key *key, uint32_t value) {
	add_big_endian(key, value, 4);
}

void key_add_u64(struct key *key, uint64_t value) {
	add_big_endian(key, value, 8);
}

void key_add_i32(struct key *key, int32_t value) {
	add_big_endian(key, (uint32_t)value ^ 0x80000000u, 4);
}

static void add_padded(struct key *key, const char *text, size_t length, size_t width) {
	uint8_t padded[KEY_CODE_SIZE] = { 0 };

	memcpy(padded, text, length < width ? length : width);
	key_add_bytes(key, padded, width);
}

void key_add_code(struct key *key, const char *text) {
	size_t length = strlen(text);
	uint8_t hash[KEY_CODE_SIZE];

	if (length <= KEY_CODE_SIZE) {
		add_padded(key, text, length, KEY_CODE_SIZE);
		return;
	}
	crypto_generichash(hash, sizeof(hash), (const uint8_t *)text, length, NULL, 0);
	key_add_bytes(key, hash, sizeof(hash));
}

void key_add_origin(struct key *key, const char *code) {
	add_padded(key, code, strlen(code), KEY_ORIGIN_SIZE);
}

uint64_t key_u64_at(const uint8_t *bytes, size_t offset) {
	return (uint64_t)key_u32_at(bytes, offset) << 32 | key_u32_at(bytes, offset + 4);
}

uint32_t key_u32_at(const uint8_t *bytes, size_t offset) {
	bytes += offset;
	return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

int32_t key_i32_at(const uint8_t *bytes, size_t offset) {
	return (int32_t)(key_u32_at(bytes, offset) ^ 0x80000000u);
}
