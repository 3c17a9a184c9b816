/* SPDX-License-Identifier: MIT */
#include "common/store/pack.h"

#include <fcntl.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zstd.h>

#include "common/base/file.h"
#include "common/store/key.h"

enum { HEAD_SIZE = 1 + 2 + 4, LEVEL = 3 };

struct pack_writer {
	int file;
	char *path;
	ZSTD_CCtx *compressor;
	uint8_t *buffer;
	size_t capacity;
	uint64_t count;
};

struct pack_reader {
	int file;
	ZSTD_DCtx *decompressor;
	uint8_t *buffer; /* compressed */
	size_t capacity;
	ZSTD_inBuffer in;
	bool between; /* no frame is half read */
	bool at_end;  /* of the file */
	uint8_t *entry;
	size_t entry_capacity;
	uint64_t count;
};

int pack_create(const char *path, struct pack_writer **ret_writer) {
	AUTO(pack_writer_freep) struct pack_writer *writer = calloc(1, sizeof(*writer));

	if (!writer)
		return failed_here(-ENOMEM);
	writer->file = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (writer->file < 0)
		return failed_here(-errno);
	writer->path = strdup(path);
	writer->capacity = ZSTD_CStreamOutSize();
	writer->buffer = malloc(writer->capacity);
	writer->compressor = ZSTD_createCCtx();
	if (!writer->path || !writer->buffer || !writer->compressor)
		return failed_here(-ENOMEM);
	ZSTD_CCtx_setParameter(writer->compressor, ZSTD_c_compressionLevel, LEVEL);
	ZSTD_CCtx_setParameter(writer->compressor, ZSTD_c_checksumFlag, 1);
	*ret_writer = writer;
	writer = NULL;
	return 0;
}

static int compress(
    struct pack_writer *writer, const void *bytes, size_t size, ZSTD_EndDirective how) {
	ZSTD_inBuffer in = { bytes, size, 0 };
	size_t left;

	do {
		ZSTD_outBuffer out = { writer->buffer, writer->capacity, 0 };
		int r;

		left = ZSTD_compressStream2(writer->compressor, &out, &in, how);
		if (ZSTD_isError(left))
			return failed_here(-EIO);
		r = file_write_all(writer->file, writer->buffer, out.pos);
		if (r < 0)
			return failed_below(r);
	} while (how == ZSTD_e_end ? left > 0 : in.pos < in.size);
	return 0;
}

int pack_add(struct pack_writer *writer, const struct pack_entry *entry) {
	struct key head = KEY_EMPTY;
	int r;

	if (entry->key_size > PACK_KEY_MAX || entry->value_size > PACK_VALUE_MAX)
		return failed_here(-EMSGSIZE);
	key_add_u8(&head, entry->kind);
	key_add_u16(&head, (uint16_t)entry->key_size);
	key_add_u32(&head, (uint32_t)entry->value_size);
	r = compress(writer, head.bytes, head.size, ZSTD_e_continue);
	if (r == 0)
		r = compress(writer, entry->key, entry->key_size, ZSTD_e_continue);
	if (r == 0)
		r = compress(writer, entry->value, entry->value_size, ZSTD_e_continue);
	writer->count++;
	return r < 0 ? failed_below(r) : 0;
}

int pack_seal(struct pack_writer *writer) {
	struct key count = KEY_EMPTY;
	int r;

	key_add_u64(&count, writer->count);
	r = pack_add(writer, &(struct pack_entry) { PACK_SEAL, "", 0, count.bytes, count.size });
	if (r == 0)
		r = compress(writer, NULL, 0, ZSTD_e_end);
	if (r == 0 && fsync(writer->file) < 0)
		r = failed_here(-errno);
	if (r == 0)
		r = file_sync_folder(writer->path);
	return r < 0 ? failed_below(r) : 0;
}

void pack_writer_freep(struct pack_writer **writer) {
	if (!*writer)
		return;
	file_descriptor_close(&(*writer)->file);
	ZSTD_freeCCtx((*writer)->compressor);
	free((*writer)->buffer);
	free((*writer)->path);
	free(*writer);
	*writer = NULL;
}

int pack_open(const char *path, struct pack_reader **ret_reader) {
	AUTO(pack_reader_freep) struct pack_reader *reader = calloc(1, sizeof(*reader));

	if (!reader)
		return failed_here(-ENOMEM);
	reader->file = open(path, O_RDONLY | O_CLOEXEC);
	if (reader->file < 0)
		return failed_here(-errno);
	reader->capacity = ZSTD_DStreamInSize();
	reader->buffer = malloc(reader->capacity);
	reader->decompressor = ZSTD_createDCtx();
	if (!reader->buffer || !reader->decompressor)
		return failed_here(-ENOMEM);
	reader->in.src = reader->buffer;
	*ret_reader = reader;
	reader = NULL;
	return PACK_OK;
}

/* Return: PACK_OK, PACK_END when the file has no more, or a negative errno. */
static int fill(struct pack_reader *reader) {
	ssize_t got;

	if (reader->in.pos < reader->in.size)
		return PACK_OK;
	do
		got = read(reader->file, reader->buffer, reader->capacity);
	while (got < 0 && errno == EINTR);
	if (got < 0)
		return failed_here(-errno);
	reader->in.size = (size_t)got;
	reader->in.pos = 0;
	return got ? PACK_OK : PACK_END;
}

/* Exactly so many bytes. Return: PACK_OK, PACK_DAMAGED or a negative errno. */
static int take(struct pack_reader *reader, void *bytes, size_t size) {
	ZSTD_outBuffer out = { bytes, size, 0 };

	while (out.pos < size) {
		size_t before = out.pos;
		size_t hint;
		int r = fill(reader);

		if (r < 0)
			return failed_below(r);
		hint = ZSTD_decompressStream(reader->decompressor, &out, &reader->in);
		if (ZSTD_isError(hint) || (r == PACK_END && out.pos == before))
			return PACK_DAMAGED;
		reader->between = hint == 0;
	}
	return PACK_OK;
}

/* After the seal: the frame's checksum, and nothing else. */
static int expect_end(struct pack_reader *reader) {
	for (;;) {
		uint8_t more;
		ZSTD_outBuffer out = { &more, 1, 0 };
		size_t hint;
		int r = fill(reader);

		if (r < 0)
			return failed_below(r);
		if (r == PACK_END)
			return reader->between ? PACK_END : PACK_DAMAGED;
		hint = ZSTD_decompressStream(reader->decompressor, &out, &reader->in);
		if (ZSTD_isError(hint) || out.pos)
			return PACK_DAMAGED;
		reader->between = hint == 0;
	}
}

static int reserve(struct pack_reader *reader, size_t size) {
	uint8_t *entry;

	if (size <= reader->entry_capacity)
		return 0;
	entry = realloc(reader->entry, size);
	if (!entry)
		return failed_here(-ENOMEM);
	reader->entry = entry;
	reader->entry_capacity = size;
	return 0;
}

int pack_next(struct pack_reader *reader, struct pack_entry *ret_entry) {
	uint8_t head[HEAD_SIZE];
	struct pack_entry entry;
	int r = take(reader, head, sizeof(head));

	if (r)
		return r < 0 ? failed_below(r) : r;
	entry.kind = head[0];
	entry.key_size = (size_t)(head[1] << 8 | head[2]);
	entry.value_size = key_u32_at(head, 3);
	if (entry.key_size > PACK_KEY_MAX || entry.value_size > PACK_VALUE_MAX)
		return PACK_DAMAGED;
	r = reserve(reader, entry.key_size + entry.value_size + 1);
	if (r == 0)
		r = take(reader, reader->entry, entry.key_size + entry.value_size);
	if (r)
		return r < 0 ? failed_below(r) : r;
	entry.key = reader->entry;
	entry.value = reader->entry + entry.key_size;
	if (entry.kind == PACK_SEAL)
		return entry.value_size == 8 && key_u64_at(entry.value, 0) == reader->count
		           ? expect_end(reader)
		           : PACK_DAMAGED;
	reader->count++;
	*ret_entry = entry;
	return PACK_OK;
}

void pack_reader_freep(struct pack_reader **reader) {
	if (!*reader)
		return;
	file_descriptor_close(&(*reader)->file);
	ZSTD_freeDCtx((*reader)->decompressor);
	free((*reader)->buffer);
	free((*reader)->entry);
	free(*reader);
	*reader = NULL;
}

int pack_digest(const char *path, uint64_t *ret_bytes, uint8_t ret_hash[PACK_HASH_SIZE]) {
	AUTO(file_descriptor_close) int file = open(path, O_RDONLY | O_CLOEXEC);
	crypto_generichash_state state;
	uint8_t buffer[65536];
	uint64_t bytes = 0;
	ssize_t got;

	if (file < 0)
		return failed_here(-errno);
	crypto_generichash_init(&state, NULL, 0, PACK_HASH_SIZE);
	while ((got = read(file, buffer, sizeof(buffer))) != 0) {
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return failed_here(-errno);
		crypto_generichash_update(&state, buffer, (size_t)got);
		bytes += (uint64_t)got;
	}
	crypto_generichash_final(&state, ret_hash, PACK_HASH_SIZE);
	*ret_bytes = bytes;
	return 0;
}
