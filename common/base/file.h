/* SPDX-License-Identifier: MIT */
/* Whole small files, and folders. */
#pragma once

#include <stddef.h>
#include <sys/types.h>

#include "common/base/error.h"

/* Read at most `max` bytes of a file into a terminated heap buffer the caller frees.
 * Return: 0, -EFBIG when it is larger, or another negative errno. */
int file_read(const char *path, size_t max, char **ret_bytes, size_t *ret_size);

/* Replace a file in one step: readers see the old content or the new one, also after a power cut.
 * Return: 0 or a negative errno. */
int file_write(const char *path, const void *bytes, size_t size, mode_t mode);

/* Write all of it to an open file. Return: 0 or a negative errno. */
int file_write_all(int file, const void *bytes, size_t size);

/* Wait until the name of a file is on the disk: the folder it stands in. Return: as above. */
int file_sync_folder(const char *path);

/* Make a folder and those above it that are missing. Return: 0 or a negative errno. */
int folder_make(const char *path, mode_t mode);

/* For AUTO on locals. */
void file_descriptor_close(int *descriptor);
void heap_freep(void *pointer); /* give it the address of a pointer */
