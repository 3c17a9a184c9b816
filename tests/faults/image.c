/* SPDX-License-Identifier: MIT */
#include "tests/faults/image.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static void write_out(struct image *image, uint64_t offset, const uint8_t *bytes, size_t size) {
	if (pwrite(image->file, bytes, size, (off_t)offset) != (ssize_t)size)
		abort();
}

static void resize(struct image *image) {
	if (ftruncate(image->file, (off_t)image->size) < 0)
		abort();
}

int image_open(struct image *image, const char *path) {
	*image = (struct image) { .path = path };
	image->file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	return image->file < 0 ? -errno : 0;
}

void image_close(struct image *image) {
	close(image->file);
	free(image->flushed);
}

void image_write(struct image *image, uint64_t offset, const void *bytes, size_t size) {
	if (image->count == IMAGE_WRITES_MAX)
		abort();
	image->writes[image->count++] = (struct image_write) { offset, size, bytes, false };
}

static void keep(struct image *image, const struct image_write *write) {
	uint64_t end = write->offset + write->size;

	if (end > image->capacity) {
		size_t capacity = end * 2;

		image->flushed = realloc(image->flushed, capacity);
		if (!image->flushed)
			abort();
		memset(image->flushed + image->capacity, 0, capacity - image->capacity);
		image->capacity = capacity;
	}
	memcpy(image->flushed + write->offset, write->bytes, write->size);
	image->size = end > image->size ? end : image->size;
	write_out(image, write->offset, write->bytes, write->size);
}

void image_flush(struct image *image) {
	for (size_t i = 0; i < image->count; i++)
		keep(image, &image->writes[i]);
	image->count = 0;
}

void image_flush_range(struct image *image, uint64_t offset, size_t size) {
	size_t left = 0;

	for (size_t i = 0; i < image->count; i++) {
		const struct image_write *write = &image->writes[i];

		if (write->offset >= offset && write->offset + write->size <= offset + size)
			keep(image, write);
		else
			image->writes[left++] = *write;
	}
	image->count = left;
}

void image_lay(struct image *image, size_t number, image_sector_function *sectors, void *context) {
	struct image_write *write = &image->writes[number];
	uint64_t end = write->offset + write->size;

	write->is_laid = true;
	for (uint64_t at = write->offset; at < end;) {
		uint64_t sector = at / IMAGE_SECTOR;
		uint64_t next = (sector + 1) * IMAGE_SECTOR;

		if (!sectors)
			next = end;
		next = next < end ? next : end;
		if (!sectors || sectors(context, sector))
			write_out(image, at, write->bytes + (at - write->offset), next - at);
		at = next;
	}
}

static void all_are_lifted(struct image *image) {
	for (size_t i = 0; i < image->count; i++)
		image->writes[i].is_laid = false;
}

void image_lift(struct image *image) {
	bool longer = false;

	for (size_t i = 0; i < image->count; i++) {
		const struct image_write *write = &image->writes[i];
		uint64_t end = write->offset + write->size;

		if (!write->is_laid)
			continue;
		longer = longer || end > image->size;
		end = end < image->size ? end : image->size;
		if (write->offset < end)
			write_out(image, write->offset, image->flushed + write->offset, end - write->offset);
	}
	if (longer)
		resize(image);
	all_are_lifted(image);
}

void image_renew(struct image *image) {
	close(image->file);
	unlink(image->path);
	image->file = open(image->path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (image->file < 0)
		abort();
	if (image->size)
		write_out(image, 0, image->flushed, image->size);
	all_are_lifted(image);
}

bool image_is_lifted(const struct image *image) {
	struct stat status;
	void *bytes;
	bool same;

	if (fstat(image->file, &status) < 0 || (size_t)status.st_size != image->size)
		return false;
	if (image->size == 0)
		return true;
	bytes = mmap(NULL, image->size, PROT_READ, MAP_SHARED, image->file, 0);
	if (bytes == MAP_FAILED)
		abort();
	same = memcmp(bytes, image->flushed, image->size) == 0;
	munmap(bytes, image->size);
	return same;
}
