/* SPDX-License-Identifier: MIT */
#include "common/base/arena.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CHUNK_MIN 16384u
#define ALIGNMENT 16u

struct arena_chunk {
	struct arena_chunk *older;
	size_t size;
	size_t used;
	_Alignas(ALIGNMENT) unsigned char bytes[];
};

static void *allocator_alloc(void *data, size_t size) {
	return arena_alloc_raw(data, size);
}

static void allocator_free(void *data, void *pointer) {
	(void)data;
	(void)pointer;
}

void arena_init(struct arena *arena, size_t cap) {
	*arena = (struct arena) {
		.allocator = { allocator_alloc, allocator_free, arena },
		.cap = cap,
	};
}

void arena_deinit(struct arena *arena) {
	while (arena->chunks) {
		struct arena_chunk *chunk = arena->chunks;

		arena->chunks = chunk->older;
		free(chunk);
	}
}

void arena_reset(struct arena *arena) {
	while (arena->chunks && arena->chunks->older) {
		struct arena_chunk *chunk = arena->chunks;

		arena->chunks = chunk->older;
		free(chunk);
	}
	if (arena->chunks)
		arena->chunks->used = 0;
	arena->used = 0;
	arena->refused = false;
}

void arena_release(struct arena *arena) {
	arena_deinit(arena);
	arena_reset(arena);
}

static struct arena_chunk *add_chunk(struct arena *arena, size_t size) {
	size_t wanted = arena->chunks ? arena->chunks->size * 2 : CHUNK_MIN;
	struct arena_chunk *chunk;

	if (wanted < size)
		wanted = size;
	chunk = malloc(sizeof(*chunk) + wanted);
	if (!chunk)
		return NULL;
	chunk->older = arena->chunks;
	chunk->size = wanted;
	chunk->used = 0;
	arena->chunks = chunk;
	return chunk;
}

static void *hand_out(struct arena *arena, size_t size) {
	struct arena_chunk *chunk = arena->chunks;
	void *bytes;

	if (size > arena->cap)
		return NULL;
	size = (size + ALIGNMENT - 1) & ~(size_t)(ALIGNMENT - 1);
	if (size > arena->cap - arena->used)
		return NULL;
	if (!chunk || size > chunk->size - chunk->used)
		chunk = add_chunk(arena, size);
	if (!chunk)
		return NULL;
	bytes = chunk->bytes + chunk->used;
	chunk->used += size;
	arena->used += size;
	return bytes;
}

void *arena_alloc_raw(struct arena *arena, size_t size) {
	void *bytes = hand_out(arena, size);

	if (!bytes)
		arena->refused = true;
	return bytes;
}

void *arena_alloc(struct arena *arena, size_t size) {
	void *bytes = arena_alloc_raw(arena, size);

	return bytes ? memset(bytes, 0, size) : NULL;
}

void *arena_copy(struct arena *arena, const void *bytes, size_t size) {
	void *copy = arena_alloc_raw(arena, size ? size : 1);

	if (copy && size)
		memcpy(copy, bytes, size);
	return copy;
}

char *arena_copy_text(struct arena *arena, const char *text, size_t length) {
	char *copy = arena_alloc_raw(arena, length + 1);

	if (!copy)
		return NULL;
	memcpy(copy, text, length);
	copy[length] = '\0';
	return copy;
}

char *arena_format(struct arena *arena, const char *format, ...) {
	va_list arguments;
	va_list again;
	int length;
	char *text;

	va_start(arguments, format);
	va_copy(again, arguments);
	length = vsnprintf(NULL, 0, format, arguments);
	va_end(arguments);
	text = length < 0 ? NULL : arena_alloc_raw(arena, (size_t)length + 1);
	if (text)
		vsnprintf(text, (size_t)length + 1, format, again);
	va_end(again);
	return text;
}
