/* SPDX-License-Identifier: MIT */
/*
 * A disk that fails
 *
 * Loaded before everything else (LD_PRELOAD), it lets the n-th call of a store go wrong:
 *
 *     CCHC_FAULT_AT     which one, from 1
 *     CCHC_FAULT_CALLS  "writing": writes and syncs of its data; "opening": open, mmap and
 * ftruncate of all its files CCHC_FAULT_KIND   "enospc", "eio", "emfile", "enomem": it fails so;
 *                       "full", "dead": it and all that follow fail with ENOSPC, EIO;
 *                       "late": what it writes is written, and yet it fails with EIO;
 *                       "kill": SIGKILL before it; "torn": SIGKILL when half of it is written
 *     CCHC_FAULT_MARK   a file that is made when it happened
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/uio.h>

#include "tests/faults/store_file.h"

typedef int open_function(const char *, int, mode_t);
typedef int openat_function(int, const char *, int, mode_t);
typedef ssize_t pwrite_function(int, const void *, size_t, off_t);
typedef ssize_t write_function(int, const void *, size_t);
typedef ssize_t writev_function(int, const struct iovec *, int);
typedef int sync_function(int);
typedef int truncate_function(int, off_t);
typedef void *map_function(void *, size_t, int, int, int, off_t);

static atomic_int count;

static bool is_set(const char *name, const char *wanted) {
	const char *value = getenv(name);

	return value && strcmp(value, wanted) == 0;
}

static bool is_kind(const char *kind) {
	return is_set("CCHC_FAULT_KIND", kind);
}

/* Whether this is the call; it is counted. */
static bool is_now(void) {
	const char *at = getenv("CCHC_FAULT_AT");
	const char *mark = getenv("CCHC_FAULT_MARK");
	int number = atomic_fetch_add(&count, 1) + 1;

	if (!at || number < atoi(at))
		return false;
	if (number > atoi(at))
		return is_kind("full") || is_kind("dead");
	if (mark)
		close(REAL(open_function *, "open")(mark, O_WRONLY | O_CREAT, 0600));
	return true;
}

static bool is_writing_now(int file) {
	char path[4096];

	return is_set("CCHC_FAULT_CALLS", "writing") &&
	       store_file_is_data(store_file_path(file, path)) && is_now();
}

static bool is_opening_now(const char *path) {
	return is_set("CCHC_FAULT_CALLS", "opening") && store_file_is_any(path) && is_now();
}

/* Return: -1 with errno set, unless the process ends here. */
static int go_wrong(void) {
	if (is_kind("kill") || is_kind("torn"))
		raise(SIGKILL);
	errno = is_kind("emfile")                                      ? EMFILE
	        : is_kind("enomem")                                    ? ENOMEM
	        : is_kind("eio") || is_kind("dead") || is_kind("late") ? EIO
	                                                               : ENOSPC;
	return -1;
}

ssize_t pwrite(int file, const void *bytes, size_t size, off_t offset) {
	pwrite_function *real = REAL(pwrite_function *, "pwrite");

	if (!is_writing_now(file))
		return real(file, bytes, size, offset);
	if (is_kind("torn") || is_kind("late"))
		real(file, bytes, is_kind("torn") ? size / 2 : size, offset);
	return go_wrong();
}

ssize_t write(int file, const void *bytes, size_t size) {
	return is_writing_now(file) ? go_wrong() : REAL(write_function *, "write")(file, bytes, size);
}

ssize_t writev(int file, const struct iovec *parts, int parts_count) {
	writev_function *real = REAL(writev_function *, "writev");

	if (!is_writing_now(file))
		return real(file, parts, parts_count);
	if (is_kind("torn") || is_kind("late"))
		real(file, parts, is_kind("torn") ? (parts_count + 1) / 2 : parts_count);
	return go_wrong();
}

int fdatasync(int file) {
	return is_writing_now(file) ? go_wrong() : REAL(sync_function *, "fdatasync")(file);
}

int fsync(int file) {
	return is_writing_now(file) ? go_wrong() : REAL(sync_function *, "fsync")(file);
}

int open(const char *path, int flags, ...) {
	va_list arguments;
	mode_t mode;

	va_start(arguments, flags);
	mode = va_arg(arguments, mode_t);
	va_end(arguments);
	return is_opening_now(path) ? go_wrong() : REAL(open_function *, "open")(path, flags, mode);
}

int openat(int folder, const char *path, int flags, ...) {
	va_list arguments;
	mode_t mode;

	va_start(arguments, flags);
	mode = va_arg(arguments, mode_t);
	va_end(arguments);
	return is_opening_now(path) ? go_wrong()
	                            : REAL(openat_function *, "openat")(folder, path, flags, mode);
}

int ftruncate(int file, off_t size) {
	char path[4096];

	return is_opening_now(store_file_path(file, path))
	           ? go_wrong()
	           : REAL(truncate_function *, "ftruncate")(file, size);
}

void *mmap(void *address, size_t size, int protection, int flags, int file, off_t offset) {
	char path[4096];

	if (file < 0 || !is_opening_now(store_file_path(file, path)))
		return REAL(map_function *, "mmap")(address, size, protection, flags, file, offset);
	go_wrong();
	return MAP_FAILED;
}
