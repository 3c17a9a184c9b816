/* SPDX-License-Identifier: MIT */
/* Which files are a store's, as what is loaded before a program sees them: by their names. */
#pragma once

#include <dlfcn.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* What the program would have called. */
#define REAL(type, name) ((type)dlsym(RTLD_NEXT, name))

static inline bool store_file_ends(const char *path, const char *end) {
	size_t length = strlen(path);

	return length >= strlen(end) && strcmp(path + length - strlen(end), end) == 0;
}

/* The file that records are in, also while it is made, and those that say who has the store open.
 */
static inline bool store_file_is_data(const char *path) {
	return store_file_ends(path, "/store.mdb") || store_file_ends(path, "/store.mdb.new");
}

static inline bool store_file_is_any(const char *path) {
	return store_file_is_data(path) || store_file_ends(path, "/store.mdb-lock") ||
	       store_file_ends(path, "/store.mdb.new-lock") || store_file_ends(path, "/lock");
}

/* Where an open file stands; "" when it stands nowhere. */
static inline const char *store_file_path(int file, char path[static 4096]) {
	char link[64];
	ssize_t length;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", file);
	length = readlink(link, path, 4095);
	path[length > 0 ? length : 0] = '\0';
	return path;
}
