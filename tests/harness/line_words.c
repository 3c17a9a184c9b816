/* SPDX-License-Identifier: MIT */
#include "tests/harness/line_words.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/error.h"

enum { WORDS_MAX = 256 };

static const struct line_shape clear = LINE_SHAPE_CLEAR;

/* Return: whether it was one of the words that stand alone. */
static bool apply_word(struct line_shape *shape, const char *word) {
	if (strcmp(word, "cut") == 0)
		shape->cut = true;
	else if (strcmp(word, "mend") == 0)
		shape->cut = false;
	else if (strcmp(word, "clear") == 0)
		*shape = clear;
	else
		return false;
	return true;
}

static bool apply_value(struct line_shape *shape, const char *word, double value) {
	if (strcmp(word, "rate") == 0)
		shape->kbit_per_s = (uint32_t)value;
	else if (strcmp(word, "delay") == 0)
		shape->delay_us = (uint32_t)(value * 1000);
	else if (strcmp(word, "jitter") == 0)
		shape->jitter_us = (uint32_t)(value * 1000);
	else if (strcmp(word, "queue") == 0)
		shape->queue_bytes = (uint32_t)value;
	else if (value > 100)
		return false;
	else if (strcmp(word, "loss") == 0)
		shape->loss = value / 100;
	else if (strcmp(word, "duplicate") == 0)
		shape->duplicate = value / 100;
	else if (strcmp(word, "reorder") == 0)
		shape->reorder = value / 100;
	else
		return false;
	return true;
}

int line_words_apply(const char *words, struct line_shape *left, struct line_shape *right) {
	struct line_shape shapes[2] = { *left, *right };
	bool chosen[2] = { true, true };
	char copy[WORDS_MAX];
	char *rest = copy;

	if (strlen(words) >= sizeof(copy))
		return failed_here(-EINVAL);
	strcpy(copy, words);
	for (char *word; (word = strtok_r(rest, " \t\r\n", &rest)) != NULL;) {
		bool known = true;

		if (strcmp(word, "left") == 0 || strcmp(word, "right") == 0 || strcmp(word, "both") == 0) {
			chosen[0] = *word != 'r';
			chosen[1] = *word != 'l';
			continue;
		}
		if (!apply_word(&(struct line_shape) { 0 }, word)) {
			char *number = strtok_r(rest, " \t\r\n", &rest);
			char *end = number;
			double value = number ? strtod(number, &end) : -1;

			if (!number || end == number || *end || !(value >= 0 && value <= 1e6))
				return failed_here(-EINVAL);
			for (int i = 0; i < 2; i++)
				known = known && (!chosen[i] || apply_value(&shapes[i], word, value));
		} else
			for (int i = 0; i < 2; i++)
				if (chosen[i])
					apply_word(&shapes[i], word);
		if (!known)
			return failed_here(-EINVAL);
	}
	*left = shapes[0];
	*right = shapes[1];
	return 0;
}
