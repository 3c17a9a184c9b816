/* SPDX-License-Identifier: MIT */
#include "services/cli/import/text_encoding.h"

#include "common/base/error.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utf8proc.h>

#define WINDOW_SIZE      ((size_t)256 << 10)
#define SNIFF_SIZE       ((size_t)4 << 10)
#define SNIFF_UNITS_MIN  4 /* fewer would make UTF-16 of two stray NULs */
#define COMPOSE_ROOM_MIN ((size_t)1 << 10)

static bool starts_with(const char *bytes, size_t size, const char *mark, size_t mark_size) {
	return size >= mark_size && memcmp(bytes, mark, mark_size) == 0;
}

/* Headers are mostly ASCII, so one byte of most units is zero, always on the same side. The other
 * side is not free of zeros: U+0300, the grave accent of decomposed text, has one. */
static enum text_encoding encoding_without_mark(const char *bytes, size_t size) {
	size_t units = (size < SNIFF_SIZE ? size : SNIFF_SIZE) / 2;
	size_t zeros[2] = { 0, 0 };

	for (size_t i = 0; i < units * 2; i++)
		zeros[i % 2] += bytes[i] == '\0';
	if (size % 2 != 0 || units < SNIFF_UNITS_MIN)
		return TEXT_ENCODING_UTF8;
	if (bytes[1] == '\0' && bytes[0] != '\0' && zeros[1] * 2 >= units && zeros[0] * 4 <= zeros[1])
		return TEXT_ENCODING_UTF16LE;
	if (bytes[0] == '\0' && bytes[1] != '\0' && zeros[0] * 2 >= units && zeros[1] * 4 <= zeros[0])
		return TEXT_ENCODING_UTF16BE;
	return TEXT_ENCODING_UTF8;
}

static enum text_encoding encoding_find(const char *bytes, size_t size, size_t *ret_mark_size) {
	static const struct {
		const char *mark;
		size_t size;
		size_t skipped;
		enum text_encoding encoding;
	} marks[] = {
		{ "PK\3\4", 4, 0, TEXT_ENCODING_SPREADSHEET },
		{ "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", 8, 0, TEXT_ENCODING_SPREADSHEET },
		{ "\xef\xbb\xbf", 3, 3, TEXT_ENCODING_UTF8 },
		{ "\xff\xfe", 2, 2, TEXT_ENCODING_UTF16LE },
		{ "\xfe\xff", 2, 2, TEXT_ENCODING_UTF16BE },
	};

	for (size_t i = 0; i < LENGTH_OF(marks); i++) {
		if (starts_with(bytes, size, marks[i].mark, marks[i].size)) {
			*ret_mark_size = marks[i].skipped;
			return marks[i].encoding;
		}
	}
	*ret_mark_size = 0;
	return encoding_without_mark(bytes, size);
}

static int input_begin(struct text_input *input) {
	size_t mark_size;

	if (input->size == 0)
		return 0;
	input->encoding = encoding_find(input->bytes, input->size, &mark_size);
	input->bytes += mark_size;
	input->size -= mark_size;
	if (input->encoding == TEXT_ENCODING_UTF8 || input->encoding == TEXT_ENCODING_SPREADSHEET)
		return 0;

	input->converter =
	    iconv_open("UTF-8", input->encoding == TEXT_ENCODING_UTF16LE ? "UTF-16LE" : "UTF-16BE");
	if (input->converter == (iconv_t)-1)
		return failed_here(-errno);
	input->decoded = malloc(WINDOW_SIZE);
	return input->decoded ? 0 : failed_here(-ENOMEM);
}

/* Fill the window behind what is not decoded yet. Return: 0, TEXT_TOO_LARGE, or a negative errno.
 */
static int input_refill(struct text_input *input) {
	if (input->complete)
		return 0;
	if (input->size > 0)
		memmove(input->window, input->bytes, input->size);
	input->bytes = input->window;
	while (input->size < WINDOW_SIZE) {
		ssize_t got = read(input->fd, input->window + input->size, WINDOW_SIZE - input->size);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return failed_here(-errno);
		if (got == 0) {
			input->complete = true;
			break;
		}
		if ((size_t)got > input->size_left)
			return TEXT_TOO_LARGE;
		input->size_left -= (size_t)got;
		input->size += (size_t)got;
	}
	return 0;
}

int text_input_open(struct text_input *input, const char *path, size_t size_max) {
	struct stat stat;
	int r;

	input->fd = open(path, O_RDONLY | O_CLOEXEC);
	if (input->fd < 0 || fstat(input->fd, &stat) < 0)
		return failed_here(-errno);
	if (S_ISDIR(stat.st_mode))
		return failed_here(-EISDIR);
	if (stat.st_size > 0 && (uintmax_t)stat.st_size > size_max)
		return TEXT_TOO_LARGE;

	input->size_left = size_max;
	input->window = malloc(WINDOW_SIZE);
	if (!input->window)
		return failed_here(-ENOMEM);
	r = input_refill(input);
	if (r == 0)
		r = input_begin(input);
	return r < 0 ? failed_below(r) : r;
}

int text_input_init_bytes(
    struct text_input *input, const char *bytes, size_t size, size_t size_max) {
	int r;

	if (size > size_max)
		return TEXT_TOO_LARGE;
	input->bytes = bytes;
	input->size = size;
	input->complete = true;
	r = input_begin(input);
	return r < 0 ? failed_below(r) : r;
}

void text_input_deinit(struct text_input *input) {
	if (input->converter != (iconv_t)-1)
		iconv_close(input->converter);
	if (input->fd >= 0)
		close(input->fd);
	free(input->window);
	free(input->decoded);
	*input = (struct text_input)TEXT_INPUT_NULL;
}

/* How many bytes at the end begin a character that goes on behind them. */
static size_t cut_character_size(const char *text, size_t length) {
	for (size_t back = 1; back <= 3 && back <= length; back++) {
		unsigned char byte = (unsigned char)text[length - back];
		size_t needed = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : byte >= 0xc0 ? 2 : 1;

		if ((byte & 0xc0) != 0x80)
			return needed > back ? back : 0;
	}
	return 0;
}

static int next_of_utf8(struct text_input *input, const char **ret_text, size_t *ret_length) {
	size_t length;
	int r;

	if (input->size < WINDOW_SIZE) {
		r = input_refill(input);
		if (r != 0)
			return r < 0 ? failed_below(r) : r;
	}
	if (input->size == 0)
		return TEXT_END;

	length = input->size;
	if (!input->complete)
		length -= cut_character_size(input->bytes, length);
	*ret_text = input->bytes;
	*ret_length = length;
	input->bytes += length;
	input->size -= length;
	return TEXT_OK;
}

static int next_of_utf16(struct text_input *input, const char **ret_text, size_t *ret_length) {
	for (;;) {
		char *from = (char *)(uintptr_t)input->bytes; /* iconv() lacks a const, but only reads */
		char *to = input->decoded;
		size_t room = WINDOW_SIZE;
		size_t size_before;
		int r;

		if (input->size == 0 && input->complete)
			return TEXT_END;
		if (input->size > 0) {
			size_t done = iconv(input->converter, &from, &input->size, &to, &room);
			int error = errno;

			input->bytes = from;
			/* What came before a bad character is text, and has the lines up to it. */
			if (room < WINDOW_SIZE) {
				*ret_text = input->decoded;
				*ret_length = WINDOW_SIZE - room;
				return TEXT_OK;
			}
			if (done == (size_t)-1 && (error != EINVAL || input->complete))
				return TEXT_UNDECODABLE;
		}
		size_before = input->size;
		r = input_refill(input);
		if (r != 0)
			return r < 0 ? failed_below(r) : r;
		if (input->size == size_before && size_before > 0)
			return TEXT_UNDECODABLE;
	}
}

int text_input_next(struct text_input *input, const char **ret_text, size_t *ret_length) {
	switch (input->encoding) {
	case TEXT_ENCODING_UTF16LE:
	case TEXT_ENCODING_UTF16BE: return next_of_utf16(input, ret_text, ret_length);
	case TEXT_ENCODING_SPREADSHEET: return TEXT_SPREADSHEET;
	case TEXT_ENCODING_UTF8: break;
	}
	return next_of_utf8(input, ret_text, ret_length);
}

bool text_is_valid(const char *text, size_t length) {
	const utf8proc_uint8_t *bytes = (const utf8proc_uint8_t *)text;

	for (size_t i = 0; i < length;) {
		utf8proc_int32_t point;
		utf8proc_ssize_t size;

		if (bytes[i] == '\0')
			return false;
		if (bytes[i] < 0x80) {
			i++;
			continue;
		}
		size = utf8proc_iterate(bytes + i, (utf8proc_ssize_t)(length - i), &point);
		if (size <= 0)
			return false;
		i += (size_t)size;
	}
	return true;
}

bool text_is_composed(const char *text, size_t length) {
	const utf8proc_uint8_t *bytes = (const utf8proc_uint8_t *)text;

	for (size_t i = 0; i < length;) {
		utf8proc_int32_t point;
		utf8proc_ssize_t size;

		if (bytes[i] < 0xcc) { /* below U+0300 nothing combines; continuations pass here too */
			i++;
			continue;
		}
		size = utf8proc_iterate(bytes + i, (utf8proc_ssize_t)(length - i), &point);
		/* The letters of Vietnamese, and the dashes and quotes of word processors. */
		if (size <= 0 ||
		    !((point >= 0x1e00 && point <= 0x1eff) || (point >= 0x2010 && point <= 0x2027)))
			return false;
		i += (size_t)size;
	}
	return true;
}

/* Marks are put in order by insertion, so a long run of them would cost seconds. */
static bool has_too_many_marks(const utf8proc_uint8_t *bytes, size_t length) {
	unsigned marks = 0;

	for (size_t i = 0; i < length && marks <= TEXT_MARKS_MAX;) {
		utf8proc_int32_t point;
		utf8proc_ssize_t size = utf8proc_iterate(bytes + i, (utf8proc_ssize_t)(length - i), &point);

		if (size <= 0)
			break;
		marks = utf8proc_get_property(point)->combining_class != 0 ? marks + 1 : 0;
		i += (size_t)size;
	}
	return marks > TEXT_MARKS_MAX;
}

int text_compose(struct text_composer *composer, const char *text, size_t length,
    const char **ret_text, size_t *ret_length) {
	const utf8proc_option_t options = UTF8PROC_STABLE | UTF8PROC_COMPOSE;
	const utf8proc_uint8_t *bytes = (const utf8proc_uint8_t *)text;
	utf8proc_ssize_t count, size;

	if (has_too_many_marks(bytes, length))
		return TEXT_UNDECODABLE;
	for (;;) {
		count = utf8proc_decompose(bytes, (utf8proc_ssize_t)length, composer->points,
		    (utf8proc_ssize_t)composer->room, options);
		if (count < 0)
			return failed_here(count == UTF8PROC_ERROR_NOMEM ? -ENOMEM : -EINVAL);
		if ((size_t)count < composer->room) /* one more: encoding ends with a NUL */
			break;

		size_t room = (size_t)count * 2 + COMPOSE_ROOM_MIN;
		int32_t *points = reallocarray(composer->points, room, sizeof(*points));

		if (!points)
			return failed_here(-ENOMEM);
		composer->points = points;
		composer->room = room;
	}
	size = utf8proc_reencode(composer->points, count, options);
	if (size < 0)
		return failed_here(-EINVAL);
	*ret_text = (const char *)composer->points;
	*ret_length = (size_t)size;
	return 0;
}

void text_composer_deinit(struct text_composer *composer) {
	free(composer->points);
	*composer = (struct text_composer)TEXT_COMPOSER_NULL;
}
