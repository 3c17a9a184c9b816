/* SPDX-License-Identifier: MIT */
#include "common/base/file.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

void file_descriptor_close(int *descriptor) {
	if (*descriptor >= 0)
		close(*descriptor);
	*descriptor = -1;
}

void heap_freep(void *pointer) {
	void **heap = pointer;

	free(*heap);
	*heap = NULL;
}

int file_read(const char *path, size_t max, char **ret_bytes, size_t *ret_size) {
	AUTO(file_descriptor_close) int file = open(path, O_RDONLY | O_CLOEXEC);
	AUTO(heap_freep) char *bytes = NULL;
	struct stat status;
	size_t size = 0;

	if (file < 0 || fstat(file, &status) < 0)
		return failed_here(-errno);
	if (S_ISDIR(status.st_mode))
		return failed_here(-EISDIR);
	if (status.st_size > (off_t)max)
		return failed_here(-EFBIG);
	bytes = malloc((size_t)status.st_size + 2); /* one more, to see it grow; and the end */
	if (!bytes)
		return failed_here(-ENOMEM);
	for (;;) {
		ssize_t got = read(file, bytes + size, (size_t)status.st_size + 1 - size);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return failed_here(-errno);
		size += (size_t)got;
		if (got == 0 || size > (size_t)status.st_size)
			break;
	}
	if (size > max)
		return failed_here(-EFBIG);
	bytes[size] = '\0';
	*ret_bytes = bytes;
	bytes = NULL;
	if (ret_size)
		*ret_size = size;
	return 0;
}

int file_write_all(int file, const void *bytes, size_t size) {
	while (size > 0) {
		ssize_t wrote = write(file, bytes, size);

		if (wrote < 0 && errno == EINTR)
			continue;
		if (wrote < 0)
			return failed_here(-errno);
		bytes = (const char *)bytes + wrote;
		size -= (size_t)wrote;
	}
	return 0;
}

int file_sync_folder(const char *path) {
	AUTO(heap_freep) char *folder = strdup(path);
	AUTO(file_descriptor_close) int descriptor = -1;
	char *slash;

	if (!folder)
		return failed_here(-ENOMEM);
	slash = strrchr(folder, '/');
	if (slash)
		slash[slash == folder ? 1 : 0] = '\0';
	descriptor = open(slash ? folder : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (descriptor < 0 || fsync(descriptor) < 0)
		return failed_here(-errno);
	return 0;
}

int file_write(const char *path, const void *bytes, size_t size, mode_t mode) {
	AUTO(heap_freep) char *fresh = NULL;
	int r;

	if (asprintf(&fresh, "%s.%ld.new", path, (long)getpid()) < 0) {
		fresh = NULL;
		return failed_here(-ENOMEM);
	}
	{
		AUTO(file_descriptor_close)
		int file = open(fresh, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);

		if (file < 0)
			return failed_here(-errno);
		r = file_write_all(file, bytes, size);
		if (r == 0 && fsync(file) < 0)
			r = failed_here(-errno);
	}
	if (r == 0 && rename(fresh, path) < 0)
		r = failed_here(-errno);
	if (r < 0) {
		unlink(fresh);
		return failed_below(r);
	}
	return file_sync_folder(path);
}

static int make_one(const char *path, mode_t mode) {
	struct stat status;

	if (mkdir(path, mode) == 0)
		return file_sync_folder(path);
	if (errno != EEXIST || stat(path, &status) < 0)
		return failed_here(-errno);
	return S_ISDIR(status.st_mode) ? 0 : failed_here(-ENOTDIR);
}

int folder_make(const char *path, mode_t mode) {
	AUTO(heap_freep) char *whole = strdup(path);

	if (!whole)
		return failed_here(-ENOMEM);
	for (char *slash = whole; *slash && (slash = strchr(slash + 1, '/')) != NULL;) {
		int r;

		*slash = '\0';
		r = make_one(whole, mode);
		if (r < 0)
			return failed_below(r);
		*slash = '/';
	}
	return make_one(whole, mode);
}
