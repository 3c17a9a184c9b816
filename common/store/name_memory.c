/* SPDX-License-Identifier: MIT */
#include "common/store/name_memory.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <uthash.h>

enum { REMEMBERED_MAX = 100000 };

struct name {
	uint32_t number;
	UT_hash_handle by_text;
	UT_hash_handle by_number;
	char text[]; /* and its end */
};

struct name_memory {
	pthread_rwlock_t lock;
	struct name *by_text;
	struct name *by_number;
};

struct name_memory *name_memory_new(void) {
	struct name_memory *memory = calloc(1, sizeof(*memory));

	if (memory)
		pthread_rwlock_init(&memory->lock, NULL);
	return memory;
}

void name_memory_free(struct name_memory *memory) {
	struct name *name;
	struct name *next;

	HASH_CLEAR(by_text, memory->by_text);
	HASH_ITER(by_number, memory->by_number, name, next) {
		HASH_DELETE(by_number, memory->by_number, name);
		free(name);
	}
	pthread_rwlock_destroy(&memory->lock);
	free(memory);
}

uint32_t name_memory_number(struct name_memory *memory, const char *text, size_t length) {
	struct name *name;
	uint32_t number;

	pthread_rwlock_rdlock(&memory->lock);
	HASH_FIND(by_text, memory->by_text, text, length, name);
	number = name ? name->number : 0;
	pthread_rwlock_unlock(&memory->lock);
	return number;
}

const char *name_memory_text(struct name_memory *memory, uint32_t number) {
	struct name *name;

	pthread_rwlock_rdlock(&memory->lock);
	HASH_FIND(by_number, memory->by_number, &number, sizeof(number), name);
	pthread_rwlock_unlock(&memory->lock);
	return name ? name->text : NULL;
}

void name_memory_add(struct name_memory *memory, const char *text, size_t length, uint32_t number) {
	struct name *known;
	struct name *name = malloc(sizeof(*name) + length + 1);

	if (!name)
		return;
	name->number = number;
	memcpy(name->text, text, length);
	name->text[length] = '\0';
	pthread_rwlock_wrlock(&memory->lock);
	HASH_FIND(by_number, memory->by_number, &number, sizeof(number), known);
	if (known || HASH_CNT(by_number, memory->by_number) >= REMEMBERED_MAX) {
		free(name);
	} else {
		HASH_ADD_KEYPTR(by_text, memory->by_text, name->text, length, name);
		HASH_ADD(by_number, memory->by_number, number, sizeof(number), name);
	}
	pthread_rwlock_unlock(&memory->lock);
}
