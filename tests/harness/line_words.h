/* SPDX-License-Identifier: MIT */
/* The words that change a line (line.h). */
#pragma once

#include "tests/harness/line_way.h"

/* Change the shapes of both ways as the words say, or none of them.
 * Return: 0, or -EINVAL for what is no word of a line. */
int line_words_apply(const char *words, struct line_shape *left, struct line_shape *right);
