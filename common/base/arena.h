/* SPDX-License-Identifier: MIT */
/*
 * Arena
 *
 * Memory of one request: handed out in a row, given back all at once. It never hands out more than
 * its cap, so a hostile message costs what the cap allows and then fails. The first chunk is kept
 * over resets: a request in steady state allocates nothing.
 */
#pragma once

#include <protobuf-c/protobuf-c.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/error.h"

struct arena {
	ProtobufCAllocator allocator; /* hands out from this arena; its free does nothing */
	struct arena_chunk *chunks;   /* newest first */
	size_t used;                  /* bytes handed out since the last reset */
	size_t cap;                   /* most bytes handed out between two resets */
	bool refused;                 /* something was not handed out since the last reset */
};

/* Storage is the caller's and must not move afterwards (the allocator points back at it). */
void arena_init(struct arena *arena, size_t cap);
void arena_deinit(struct arena *arena);

/* Everything handed out is gone; the first chunk stays. */
void arena_reset(struct arena *arena);

/* The same, and the first chunk too goes back to the system. */
void arena_release(struct arena *arena);

/* `size` zeroed bytes aligned for any type; null when the cap or the machine has no more. */
void *arena_alloc(struct arena *arena, size_t size);

/* Like arena_alloc, not zeroed. */
void *arena_alloc_raw(struct arena *arena, size_t size);

/* A terminated copy of `length` bytes of text; null as above. */
char *arena_copy_text(struct arena *arena, const char *text, size_t length);

/* A copy of bytes; null as above. */
void *arena_copy(struct arena *arena, const void *bytes, size_t size);

/* Formatted text; null as above. */
char *arena_format(struct arena *arena, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
