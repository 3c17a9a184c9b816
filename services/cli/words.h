/* SPDX-License-Identifier: MIT */
/* Word catalogues: what the command says, by key and language, with {names} to fill in. */
#pragma once

#include <stdarg.h>

#include "common/base/text.h"

struct words;

/* Return: 0, -EBADMSG when the file is no catalogue, or another negative errno. */
int words_open(const char *path, struct words **ret_words);
void words_close(struct words *words);

/* Whether the catalogue has a key. */
int words_has(const struct words *words, const char *key);

/* Add the words of a key with pairs of name and text filled in; the key itself when it is not
 * there, so that nothing is ever silent. `pairs` ends with a null name. */
void words_fill(const struct words *words, const char *key, va_list pairs, struct text *out);
