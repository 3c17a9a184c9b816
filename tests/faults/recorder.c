/* SPDX-License-Identifier: MIT */
/*
 * A disk that remembers
 *
 * Loaded before everything else (LD_PRELOAD), it records (recording.h) what is done to a store's
 * file, each write and flush after it succeeded. A write through a descriptor that was opened with
 * O_DSYNC is a write and the flush of that write, and of no other.
 */
#include <fcntl.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/uio.h>

#include "tests/faults/recording.h"
#include "tests/faults/store_file.h"

static bool is_recorded(int file) {
	char path[4096];

	return store_file_is_data(store_file_path(file, path));
}

static void note_write(int file, off_t offset, const void *bytes, ssize_t size) {
	if (size <= 0)
		return;
	recording_add(RECORDING_WRITE, (uint64_t)offset, bytes, (size_t)size);
	/* O_SYNC contains O_DSYNC. */
	if (fcntl(file, F_GETFL) & O_DSYNC)
		recording_add(RECORDING_FLUSH_RANGE, (uint64_t)offset, NULL, (size_t)size);
}

typedef ssize_t pwrite_function(int, const void *, size_t, off_t);
typedef ssize_t write_function(int, const void *, size_t);
typedef ssize_t writev_function(int, const struct iovec *, int);
typedef int sync_function(int);
typedef int rename_function(const char *, const char *);
typedef int truncate_function(int, off_t);
typedef void *map_function(void *, size_t, int, int, int, off_t);

ssize_t pwrite(int file, const void *bytes, size_t size, off_t offset) {
	ssize_t written = REAL(pwrite_function *, "pwrite")(file, bytes, size, offset);

	if (is_recorded(file))
		note_write(file, offset, bytes, written);
	return written;
}

ssize_t write(int file, const void *bytes, size_t size) {
	ssize_t written = REAL(write_function *, "write")(file, bytes, size);

	if (written > 0 && is_recorded(file))
		note_write(file, lseek(file, 0, SEEK_CUR) - written, bytes, written);
	return written;
}

ssize_t writev(int file, const struct iovec *parts, int count) {
	ssize_t written = REAL(writev_function *, "writev")(file, parts, count);
	ssize_t left = written;

	if (written <= 0 || !is_recorded(file))
		return written;
	for (int i = 0; i < count && left > 0; i++) {
		ssize_t size = left < (ssize_t)parts[i].iov_len ? left : (ssize_t)parts[i].iov_len;

		note_write(file, lseek(file, 0, SEEK_CUR) - left, parts[i].iov_base, size);
		left -= size;
	}
	return written;
}

int rename(const char *from, const char *to) {
	int result = REAL(rename_function *, "rename")(from, to);

	if (result == 0 && store_file_ends(to, "/store.mdb"))
		recording_add(RECORDING_NAME, 0, NULL, 0);
	return result;
}

/* Whether it is the folder of a store. */
static bool is_folder(int file) {
	char path[4096 + 16];

	return store_file_path(file, path)[0] && access(strcat(path, "/store.mdb"), F_OK) == 0;
}

static int note_flush(int file, int result) {
	if (result == 0 && is_folder(file))
		recording_add(RECORDING_FLUSH_NAME, 0, NULL, 0);
	if (result == 0 && is_recorded(file))
		recording_add(RECORDING_FLUSH, 0, NULL, 0);
	return result;
}

int fdatasync(int file) {
	return note_flush(file, REAL(sync_function *, "fdatasync")(file));
}

int fsync(int file) {
	return note_flush(file, REAL(sync_function *, "fsync")(file));
}

int ftruncate(int file, off_t size) {
	int result = REAL(truncate_function *, "ftruncate")(file, size);

	if (result == 0 && is_recorded(file))
		recording_add(RECORDING_TRUNCATE, (uint64_t)size, NULL, 0);
	return result;
}

/* What is written through a map, nobody sees; a store that does so cannot be recorded. */
void *mmap(void *address, size_t size, int protection, int flags, int file, off_t offset) {
	if (file >= 0 && protection & PROT_WRITE && flags & MAP_SHARED && is_recorded(file))
		recording_add(RECORDING_UNSEEN, 0, NULL, 0);
	return REAL(map_function *, "mmap")(address, size, protection, flags, file, offset);
}
