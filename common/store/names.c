/* SPDX-License-Identifier: MIT */
#include "common/store/names.h"

#include <sodium.h>
#include <string.h>

#include "common/store/name_memory.h"

static struct key number_key(const char *text, size_t length) {
	struct key key = KEY_EMPTY;
	uint8_t hash[16];

	crypto_generichash(hash, sizeof(hash), (const uint8_t *)text, length, NULL, 0);
	key_add_bytes(&key, hash, sizeof(hash));
	return key;
}

static struct key name_key(uint32_t number) {
	struct key key = KEY_EMPTY;

	key_add_u32(&key, number);
	return key;
}

/* Cut before a letter, not inside one: names come back in replies, which must be UTF-8. */
static size_t length_of(const char *text) {
	size_t length = strnlen(text, NAME_LENGTH_MAX);

	if (text[length])
		while (length > 0 && ((unsigned char)text[length] & 0xc0) == 0x80)
			length--;
	return length;
}

/* What the transaction itself gave may still be taken back. */
static bool is_committed(const struct store_txn *txn, uint32_t number) {
	return txn->access == STORE_READ || number <= txn->names;
}

static int read_number(struct store_txn *txn, const struct key *by_text, uint32_t *ret_number) {
	struct store_value value;
	int r = store_get(txn, TABLE_NUMBERS, by_text, &value);

	*ret_number = 0;
	if (r == STORE_OK && value.size != sizeof(*ret_number))
		return failed_here(-EBADMSG);
	if (r == STORE_OK)
		*ret_number = key_u32_at(value.bytes, 0);
	return r;
}

int name_read(struct store_txn *txn, const char *text, uint32_t *ret_number) {
	struct key by_text = number_key(text, length_of(text));

	return read_number(txn, &by_text, ret_number);
}

/* The key is only made, and set, when it is needed. */
static int find(struct store_txn *txn, const char *text, size_t length, struct key *ret_by_text,
    uint32_t *ret_number) {
	struct name_memory *memory = store_names(txn->store);
	int r;

	*ret_number = length ? name_memory_number(memory, text, length) : 0;
	if (*ret_number || length == 0)
		return STORE_OK;
	*ret_by_text = number_key(text, length);
	r = read_number(txn, ret_by_text, ret_number);
	if (r == STORE_OK && is_committed(txn, *ret_number))
		name_memory_add(memory, text, length, *ret_number);
	return r;
}

uint32_t name_number(struct store_txn *txn, const char *text) {
	size_t length = length_of(text);
	struct key by_text;
	struct key by_number;
	uint32_t number;
	int r = find(txn, text, length, &by_text, &number);

	if (r < 0)
		store_fail(txn, r);
	if (r != STORE_NOT_FOUND)
		return number;
	number = (uint32_t)store_count(txn, TABLE_NAMES) + 1;
	by_number = name_key(number);
	store_put(txn, TABLE_NAMES, &by_number, text, length);
	store_put(txn, TABLE_NUMBERS, &by_text, by_number.bytes, by_number.size);
	return number;
}

const char *name_text(struct store_txn *txn, uint32_t number, struct arena *arena) {
	struct name_memory *memory = store_names(txn->store);
	struct key key = name_key(number);
	struct store_value value;
	const char *text;
	int r;

	if (number == 0)
		return "";
	text = name_memory_text(memory, number);
	if (text)
		return text;
	r = store_get(txn, TABLE_NAMES, &key, &value);
	if (r) {
		store_fail(txn, r < 0 ? failed_below(r) : failed_here(-EBADMSG));
		return "";
	}
	if (is_committed(txn, number))
		name_memory_add(memory, value.bytes, value.size, number);
	text = arena_copy_text(arena, value.bytes, value.size);
	if (!text)
		store_fail(txn, failed_here(-ENOMEM));
	return text ? text : "";
}

void names_clear(struct store_txn *txn) {
	store_clear(txn, TABLE_NAMES);
	store_clear(txn, TABLE_NUMBERS);
	name_memory_clear(store_names(txn->store));
	txn->names = 0;
}
