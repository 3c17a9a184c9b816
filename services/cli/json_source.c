/* SPDX-License-Identifier: MIT */
#include "services/cli/json_source.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/file.h"
#include "common/base/text.h"

enum { BLOCK = 65536 };

struct json_source {
	int descriptor; /* -1: nothing more to read */
	bool own;       /* the descriptor is ours to close */
	struct text text;
	size_t at;      /* where the next object begins */
	size_t scanned; /* looked at for its end */
	unsigned depth; /* of braces and brackets there */
	bool in_string;
	bool escaped;
	unsigned line; /* at `at`, from 1 */
	unsigned column;
};

void json_source_closep(struct json_source **source) {
	if (!*source)
		return;
	if ((*source)->own)
		file_descriptor_close(&(*source)->descriptor);
	text_deinit(&(*source)->text);
	free(*source);
	*source = NULL;
}

int json_source_open(const char *argument, struct json_source **ret_source) {
	AUTO(json_source_closep) struct json_source *source = calloc(1, sizeof(*source));

	if (!source)
		return failed_here(-ENOMEM);
	source->descriptor = -1;
	source->line = 1;
	source->column = 1;
	if (strcmp(argument, "-") == 0) {
		source->descriptor = STDIN_FILENO;
	} else if (*argument == '@') {
		source->descriptor = open(argument + 1, O_RDONLY | O_CLOEXEC);
		source->own = true;
		if (source->descriptor < 0)
			return failed_here(-errno);
	} else {
		text_add(&source->text, argument);
	}
	if (text_failed(&source->text))
		return failed_here(-ENOMEM);
	*ret_source = source;
	source = NULL;
	return 0;
}

int json_source_descriptor(const struct json_source *source) {
	return source->descriptor;
}

/* What was handed out is let go, so that a long stream costs no more than its longest object. */
static void forget_used(struct json_source *source) {
	struct text *text = &source->text;

	if (!source->at)
		return;
	memmove(text->bytes, text->bytes + source->at, text->length - source->at + 1);
	text->length -= source->at;
	source->scanned -= source->at;
	source->at = 0;
}

int json_source_read(struct json_source *source) {
	char block[BLOCK];
	ssize_t size;

	if (source->descriptor < 0)
		return 0;
	size = read(source->descriptor, block, sizeof(block));
	if (size < 0)
		return errno == EINTR || errno == EAGAIN ? 0 : failed_here(-errno);
	if (size == 0) {
		if (source->own)
			file_descriptor_close(&source->descriptor);
		source->descriptor = -1;
		return 0;
	}
	forget_used(source);
	text_add_bytes(&source->text, block, (size_t)size);
	return text_failed(&source->text) ? failed_here(-ENOMEM) : 0;
}

/* Lines and columns go on to `to`. */
static void advance(struct json_source *source, size_t to) {
	const char *bytes = text_get(&source->text);

	for (; source->at < to; source->at++) {
		source->column++;
		if (bytes[source->at] == '\n') {
			source->line++;
			source->column = 1;
		}
	}
}

static void skip_blanks(struct json_source *source) {
	const char *rest = text_get(&source->text) + source->at;

	advance(source, source->at + strspn(rest, " \t\r\n"));
	source->scanned = source->at > source->scanned ? source->at : source->scanned;
}

/* Whether the object that begins at `at` ends at `scanned`. Braces that do not match are for the
 * parser to find. */
static bool scan(struct json_source *source) {
	const char *bytes = text_get(&source->text);

	while (source->scanned < source->text.length) {
		char c = bytes[source->scanned++];

		if (source->in_string) {
			source->in_string = source->escaped || c != '"';
			source->escaped = !source->escaped && c == '\\';
		} else if (c == '"') {
			source->in_string = true;
		} else if (c == '{' || c == '[') {
			source->depth++;
		} else if ((c == '}' || c == ']') && --source->depth == 0) {
			return true;
		}
	}
	return false;
}

static enum json_source_answer refuse(const struct json_source *source, const char *text,
    unsigned line, unsigned column, struct json_fault *ret_fault) {
	/* jansson counts within the object. */
	ret_fault->line = source->line + line - 1;
	ret_fault->column = line == 1 ? source->column + column - 1 : column;
	snprintf(ret_fault->text, sizeof(ret_fault->text), "%s", text);
	return JSON_SOURCE_BAD;
}

static enum json_source_answer parse(
    struct json_source *source, json_t **ret_json, struct json_fault *ret_fault) {
	size_t size = source->scanned - source->at;
	json_error_t error;
	json_t *json =
	    json_loadb(text_get(&source->text) + source->at, size, JSON_REJECT_DUPLICATES, &error);

	if (!json)
		return refuse(source, error.text, error.line > 0 ? (unsigned)error.line : 1,
		    error.column > 0 ? (unsigned)error.column : 1, ret_fault);
	advance(source, source->scanned);
	*ret_json = json;
	return JSON_SOURCE_VALUE;
}

enum json_source_answer json_source_next(
    struct json_source *source, json_t **ret_json, struct json_fault *ret_fault) {
	skip_blanks(source);
	if (source->at == source->text.length)
		return source->descriptor < 0 ? JSON_SOURCE_END : JSON_SOURCE_WAIT;
	if (text_get(&source->text)[source->at] != '{')
		return refuse(source, "an object { … } is expected", 1, 1, ret_fault);
	if (!scan(source) && source->descriptor >= 0 &&
	    source->text.length - source->at <= JSON_SOURCE_VALUE_MAX)
		return JSON_SOURCE_WAIT;
	if (source->scanned - source->at > JSON_SOURCE_VALUE_MAX)
		return refuse(source, "the object is larger than 8 MiB", 1, 1, ret_fault);
	return parse(source, ret_json, ret_fault);
}
