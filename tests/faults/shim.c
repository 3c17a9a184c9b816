/* SPDX-License-Identifier: MIT */
/*
 * A disk that fails
 *
 * Loaded before everything else (LD_PRELOAD), it lets the n-th write or sync of a store go wrong:
 *
 *     CCHC_FAULT_AT    which one, from 1
 *     CCHC_FAULT_KIND  "enospc", "eio": it fails so; "kill": SIGKILL before it; "torn": SIGKILL
 * when half of it is written CCHC_FAULT_MARK  a file that is made when it happened
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

enum { PATH_SIZE = 4096 };

static atomic_int count;

static bool is_store(int file) {
	static const char end[] = "/store.mdb";
	char link[64];
	char path[PATH_SIZE];
	ssize_t length;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", file);
	length = readlink(link, path, sizeof(path));
	return length >= (ssize_t)strlen(end) &&
	       memcmp(path + length - strlen(end), end, strlen(end)) == 0;
}

static bool is_now(int file) {
	const char *at = getenv("CCHC_FAULT_AT");
	const char *mark = getenv("CCHC_FAULT_MARK");

	if (!at || !is_store(file) || atomic_fetch_add(&count, 1) + 1 != atoi(at))
		return false;
	if (mark)
		close(open(mark, O_WRONLY | O_CREAT, 0600));
	return true;
}

static bool is_kind(const char *kind) {
	const char *wanted = getenv("CCHC_FAULT_KIND");

	return wanted && strcmp(wanted, kind) == 0;
}

/* Return: -1 with errno set, unless the process ends here. */
static int go_wrong(void) {
	if (is_kind("kill") || is_kind("torn"))
		raise(SIGKILL);
	errno = is_kind("eio") ? EIO : ENOSPC;
	return -1;
}

#define REAL(type, name) ((type)dlsym(RTLD_NEXT, name))

typedef ssize_t pwrite_function(int, const void *, size_t, off_t);
typedef ssize_t write_function(int, const void *, size_t);
typedef ssize_t writev_function(int, const struct iovec *, int);
typedef int sync_function(int);

ssize_t pwrite(int file, const void *bytes, size_t size, off_t offset) {
	pwrite_function *real = REAL(pwrite_function *, "pwrite");

	if (!is_now(file))
		return real(file, bytes, size, offset);
	if (is_kind("torn"))
		real(file, bytes, size / 2, offset);
	return go_wrong();
}

ssize_t write(int file, const void *bytes, size_t size) {
	return is_now(file) ? go_wrong() : REAL(write_function *, "write")(file, bytes, size);
}

ssize_t writev(int file, const struct iovec *parts, int parts_count) {
	writev_function *real = REAL(writev_function *, "writev");

	if (!is_now(file))
		return real(file, parts, parts_count);
	if (is_kind("torn"))
		real(file, parts, (parts_count + 1) / 2);
	return go_wrong();
}

int fdatasync(int file) {
	return is_now(file) ? go_wrong() : REAL(sync_function *, "fdatasync")(file);
}

int fsync(int file) {
	return is_now(file) ? go_wrong() : REAL(sync_function *, "fsync")(file);
}
