/* SPDX-License-Identifier: MIT */
/*
 * Text encodings
 *
 * Turns a file in one of the Unicode encodings into pieces of UTF-8 of bounded size, and composes
 * text into Unicode's form C, so that one word typed on two computers is the same bytes.
 */
#pragma once

#include <iconv.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	TEXT_OK,
	TEXT_END,         /* nothing is left */
	TEXT_UNDECODABLE, /* the next bytes are not of the encoding, or no writing at all */
	TEXT_TOO_LARGE,   /* more bytes than the limit given to open or init */
	TEXT_SPREADSHEET, /* an .xlsx or .xls, no text at all */
};

enum text_encoding {
	TEXT_ENCODING_UTF8,
	TEXT_ENCODING_UTF16LE,
	TEXT_ENCODING_UTF16BE,
	TEXT_ENCODING_SPREADSHEET,
};

/* The one source of a reading. `bytes` and `size` are what is read but not yet decoded. */
struct text_input {
	enum text_encoding encoding;
	int fd; /* -1 over memory */
	iconv_t converter;
	const char *bytes;
	size_t size;
	size_t size_left; /* how much more may be read before the limit */
	bool complete;    /* nothing follows `bytes` */
	char *window;
	char *decoded;
};

#define TEXT_INPUT_NULL                                                                            \
	{ .fd = -1, .converter = (iconv_t)-1 }

/* Scratch that outlives single calls of text_compose(), so a long file allocates once. */
struct text_composer {
	int32_t *points;
	size_t room;
};

/* Unicode's own bound for text that may be composed as a stream (UAX 15). */
#define TEXT_MARKS_MAX 30

#define TEXT_COMPOSER_NULL                                                                         \
	{ .points = NULL }

/* Open the file at `path`, of at most `size_max` bytes, and find out its encoding; a byte order
 * mark is skipped. `input` is TEXT_INPUT_NULL before; text_input_deinit() releases it also after a
 * failure. Return: 0, TEXT_TOO_LARGE, or a negative errno (-EISDIR for a folder). */
int text_input_open(struct text_input *input, const char *path, size_t size_max);

/* The same over memory, which is borrowed until text_input_deinit().
 * Return: 0, TEXT_TOO_LARGE, or a negative errno. */
int text_input_init_bytes(
    struct text_input *input, const char *bytes, size_t size, size_t size_max);

void text_input_deinit(struct text_input *input);

/* Decode the next piece. It is never empty and never cuts a character, it is borrowed until the
 * next call, and for an input in UTF-8 it is not checked yet: see text_is_valid(). After an answer
 * other than TEXT_OK the input can only be released.
 * Return: TEXT_OK, TEXT_END, TEXT_UNDECODABLE, TEXT_TOO_LARGE, TEXT_SPREADSHEET, or a negative
 * errno. */
int text_input_next(struct text_input *input, const char **ret_text, size_t *ret_length);

/* Whether the bytes are well-formed UTF-8 without a NUL. */
bool text_is_valid(const char *text, size_t length);

/* Whether valid UTF-8 is surely in form C already. A quick check that looks at single characters:
 * true for all Vietnamese as keyboards write it, false when composing has to tell. */
bool text_is_composed(const char *text, size_t length);

/* Compose valid UTF-8 into form C, whose length may be up to three times that of `text`. The
 * result is not terminated and is borrowed from `composer` until its next use.
 * Return: 0, TEXT_UNDECODABLE when more than TEXT_MARKS_MAX combining marks follow each other, or a
 * negative errno. */
int text_compose(struct text_composer *composer, const char *text, size_t length,
    const char **ret_text, size_t *ret_length);

void text_composer_deinit(struct text_composer *composer);
