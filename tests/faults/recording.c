/* SPDX-License-Identifier: MIT */
#include "tests/faults/recording.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

static int file = -1;
static pthread_once_t opened = PTHREAD_ONCE_INIT;

static void open_file(void) {
	const char *path = getenv("CCHC_RECORDING");

	if (!path)
		return;
	file = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	if (file < 0)
		abort();
}

static bool has_bytes(uint32_t kind) {
	return kind == RECORDING_WRITE || kind == RECORDING_MARK;
}

void recording_add(enum recording_kind kind, uint64_t offset, const void *bytes, size_t size) {
	struct recording_entry entry = { kind, (uint32_t)size, offset };
	struct iovec parts[] = {
		{ &entry, sizeof(entry) },
		{ (void *)(uintptr_t)bytes, has_bytes(kind) ? size : 0 },
	};

	pthread_once(&opened, open_file);
	if (file >= 0 && writev(file, parts, 2) != (ssize_t)(parts[0].iov_len + parts[1].iov_len))
		abort();
}

void recording_mark(const void *bytes, size_t size) {
	recording_add(RECORDING_MARK, 0, bytes, size);
}

int recording_open(const char *path, struct recording *ret_recording) {
	struct stat status;
	int source = open(path, O_RDONLY | O_CLOEXEC);
	void *bytes = MAP_FAILED;

	if (source < 0)
		return -errno;
	if (fstat(source, &status) == 0)
		bytes = mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_PRIVATE, source, 0);
	close(source);
	if (bytes == MAP_FAILED)
		return -errno;
	*ret_recording = (struct recording) { bytes, (size_t)status.st_size, 0 };
	return 0;
}

void recording_close(struct recording *recording) {
	munmap((void *)(uintptr_t)recording->bytes, recording->size);
}

bool recording_next(
    struct recording *recording, struct recording_entry *entry, const uint8_t **ret_bytes) {
	size_t left = recording->size - recording->place;

	if (left < sizeof(*entry))
		return false;
	memcpy(entry, recording->bytes + recording->place, sizeof(*entry));
	*ret_bytes = recording->bytes + recording->place + sizeof(*entry);
	recording->place += sizeof(*entry) + (has_bytes(entry->kind) ? entry->size : 0);
	return true;
}
