/* SPDX-License-Identifier: MIT */
/*
 * JSON source: objects one after another, with or without lines between them, out of a text, a file
 * or standard input; what is typed is taken as it comes.
 */
#pragma once

#include <jansson.h>

#include "common/base/error.h"

#define JSON_SOURCE_VALUE_MAX ((size_t)8 << 20) /* bytes of one object */
#define JSON_SOURCE_TEXT_MAX  160

struct json_source;

/* Where a source is read from: the text itself, "-" for standard input, "@FILE" for a file.
 * Return: 0 or a negative errno. */
int json_source_open(const char *argument, struct json_source **ret_source);
void json_source_closep(struct json_source **source);

struct json_fault {
	unsigned line; /* of the source, from 1 */
	unsigned column;
	char text[JSON_SOURCE_TEXT_MAX]; /* jansson's words */
};

enum json_source_answer {
	JSON_SOURCE_VALUE, /* *ret_json is the next object, the caller's */
	JSON_SOURCE_WAIT,  /* it may come: poll the descriptor, read, ask again */
	JSON_SOURCE_END,   /* there are no more */
	JSON_SOURCE_BAD,   /* *ret_fault says what is wrong; nothing after it is read */
};

/* The next object of what was read. Return: an answer above. */
enum json_source_answer json_source_next(
    struct json_source *source, json_t **ret_json, struct json_fault *ret_fault);

/* What to poll for; -1 when everything is here. */
int json_source_descriptor(const struct json_source *source);

/* Read once, which waits when the descriptor is not ready. Return: 0 or a negative errno. */
int json_source_read(struct json_source *source);
