/* SPDX-License-Identifier: MIT */
/*
 * Image
 *
 * What a power cut may leave of a file: all that was flushed, and of the writes since then any, in
 * any choice, each whole or only some sectors of it. The file itself is changed in place and put
 * back, so that one image after the other costs no more than the writes in which they differ.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { IMAGE_SECTOR = 512, IMAGE_WRITES_MAX = 1024 };

/* Of a write, whether its sector of this number (of the file) came to the disk. */
typedef bool image_sector_function(void *context, uint64_t sector);

struct image_write {
	uint64_t offset;
	size_t size;
	const uint8_t *bytes; /* borrowed */
	bool is_laid;
};

struct image {
	const char *path;
	int file;
	uint8_t *flushed;
	size_t size;
	size_t capacity;
	struct image_write writes[IMAGE_WRITES_MAX]; /* since the last flush */
	size_t count;
};

/* An empty file of that name, which must last as long. Return: 0 or a negative errno. */
int image_open(struct image *image, const char *path);
void image_close(struct image *image);

/* A write that nothing flushed yet. */
void image_write(struct image *image, uint64_t offset, const void *bytes, size_t size);

/* All writes, or those of this range, are on the disk for good. */
void image_flush(struct image *image);
void image_flush_range(struct image *image, uint64_t offset, size_t size);

/* Have the file hold this write too; `sectors` null: all of it. */
void image_lay(struct image *image, size_t write, image_sector_function *sectors, void *context);

/* Have the file hold again what was flushed and nothing else. */
void image_lift(struct image *image);

/* The same by a new file, whatever became of the old one. */
void image_renew(struct image *image);

/* Whether the file holds exactly what was flushed. */
bool image_is_lifted(const struct image *image);
