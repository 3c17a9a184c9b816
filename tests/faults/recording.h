/* SPDX-License-Identifier: MIT */
/*
 * Recording
 *
 * What happened to a store's file, in its order: writes, truncations, flushes, and marks that the
 * program makes. Each is an entry followed by its bytes. Whoever is to record has the environment's
 * CCHC_RECORDING name the file; all of them append to it.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum recording_kind {
	RECORDING_WRITE = 1,
	RECORDING_TRUNCATE,    /* to `offset` */
	RECORDING_FLUSH,       /* of all that was written */
	RECORDING_FLUSH_RANGE, /* of what was written there */
	RECORDING_NAME,        /* the file, made under another name, got its own */
	RECORDING_FLUSH_NAME,  /* the folder was flushed that it is in */
	RECORDING_MARK,
	RECORDING_UNSEEN, /* writing that leaves no trace here: the recording is worth nothing */
};

struct recording_entry {
	uint32_t kind;
	uint32_t size; /* of the bytes that follow, or of the range */
	uint64_t offset;
};

/* Add an entry; nothing happens when nothing is recorded. Whoever cannot record aborts. */
void recording_add(enum recording_kind kind, uint64_t offset, const void *bytes, size_t size);
void recording_mark(const void *bytes, size_t size);

/* A whole recording, to be read. */
struct recording {
	const uint8_t *bytes; /* mapped */
	size_t size;
	size_t place;
};

/* Return: 0 or a negative errno. */
int recording_open(const char *path, struct recording *ret_recording);
void recording_close(struct recording *recording);

/* The next entry with its bytes, which last as long as the recording. */
bool recording_next(
    struct recording *recording, struct recording_entry *ret_entry, const uint8_t **ret_bytes);
