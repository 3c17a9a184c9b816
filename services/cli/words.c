/* SPDX-License-Identifier: MIT */
#include "services/cli/words.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PAIRS_MAX = 16 };

struct words {
	json_t *catalogue;
};

int words_open(const char *path, struct words **ret_words) {
	struct words *words;
	json_error_t error;

	if (access(path, R_OK) < 0)
		return failed_here(-errno);
	words = calloc(1, sizeof(*words));
	if (!words)
		return failed_here(-ENOMEM);
	words->catalogue = json_load_file(path, JSON_REJECT_DUPLICATES, &error);
	if (!json_is_object(words->catalogue)) {
		words_close(words);
		return failed_here(-EBADMSG);
	}
	*ret_words = words;
	return 0;
}

void words_close(struct words *words) {
	json_decref(words->catalogue);
	free(words);
}

int words_has(const struct words *words, const char *key) {
	return json_is_string(json_object_get(words->catalogue, key));
}

struct pair {
	const char *name;
	const char *text;
};

static const char *find(const struct pair *pairs, size_t count, const char *name, size_t length) {
	for (size_t i = 0; i < count; i++)
		if (strlen(pairs[i].name) == length && memcmp(pairs[i].name, name, length) == 0)
			return pairs[i].text;
	return NULL;
}

/* An empty text takes the blank before it along. */
static void fill_in(struct text *out, const char *text) {
	if (!*text && out->length && out->bytes[out->length - 1] == ' ')
		out->bytes[--out->length] = '\0';
	text_add(out, text);
}

void words_fill(const struct words *words, const char *key, va_list list, struct text *out) {
	const char *at = words ? json_string_value(json_object_get(words->catalogue, key)) : NULL;
	struct pair pairs[PAIRS_MAX];
	size_t count = 0;

	while (count < PAIRS_MAX && (pairs[count].name = va_arg(list, const char *)) != NULL) {
		pairs[count].text = va_arg(list, const char *);
		count++;
	}
	if (!at) {
		text_add(out, key);
		for (size_t i = 0; i < count; i++)
			text_format(out, " %s=%s", pairs[i].name, pairs[i].text ? pairs[i].text : "");
		return;
	}
	while (*at) {
		size_t plain = strcspn(at, "{");
		const char *end;
		const char *text;

		text_add_bytes(out, at, plain);
		at += plain;
		if (!*at)
			break;
		end = strchr(at, '}');
		text = end ? find(pairs, count, at + 1, (size_t)(end - at - 1)) : NULL;
		if (text) {
			fill_in(out, text);
			at = end + 1;
		} else {
			text_add_char(out, *at++);
		}
	}
}
