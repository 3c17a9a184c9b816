/* SPDX-License-Identifier: MIT */
#include "common/store/result_memory.h"

#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#include "common/base/error.h"

struct result {
	uint8_t key[RESULT_KEY_SIZE];
	uint64_t number;
	UT_hash_handle hh;
};

struct result_memory {
	struct result *results;
	uint64_t last;
};

struct result_memory *result_memory_new(void) {
	return calloc(1, sizeof(struct result_memory));
}

void result_memory_free(struct result_memory *memory) {
	struct result *result;
	struct result *next;

	HASH_ITER(hh, memory->results, result, next) {
		HASH_DEL(memory->results, result);
		free(result);
	}
	free(memory);
}

static struct result *find(const struct result_memory *memory, const uint8_t key[RESULT_KEY_SIZE]) {
	struct result *result;

	HASH_FIND(hh, memory->results, key, RESULT_KEY_SIZE, result);
	return result;
}

uint64_t result_memory_find(
    const struct result_memory *memory, const uint8_t key[RESULT_KEY_SIZE]) {
	const struct result *result = find(memory, key);

	return result ? result->number : 0;
}

uint64_t result_memory_last(const struct result_memory *memory) {
	return memory->last;
}

int result_memory_add(
    struct result_memory *memory, const uint8_t key[RESULT_KEY_SIZE], uint64_t number) {
	struct result *result = find(memory, key);

	if (!result) {
		result = malloc(sizeof(*result));
		if (!result)
			return failed_here(-ENOMEM);
		memcpy(result->key, key, RESULT_KEY_SIZE);
		HASH_ADD(hh, memory->results, key, RESULT_KEY_SIZE, result);
	}
	result->number = number;
	memory->last = number > memory->last ? number : memory->last;
	return 0;
}

void result_memory_remove(struct result_memory *memory, const uint8_t key[RESULT_KEY_SIZE]) {
	struct result *result = find(memory, key);

	if (!result)
		return;
	HASH_DEL(memory->results, result);
	free(result);
}
