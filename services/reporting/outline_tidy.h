/* SPDX-License-Identifier: MIT */
/* The text of one block: tidied and cut into spans. */
#pragma once

#include "services/reporting/outline.h"

/* Around a value: OPEN name NAMED printed CLOSE. */
#define VALUE_OPEN  '\x01'
#define VALUE_NAMED '\x02'
#define VALUE_CLOSE '\x03'

/* Tidy `length` bytes, with `scratch` as memory, into spans of the arena. Null spans: no letter and
 * no digit is left. Return: 0 or -ENOMEM. */
int outline_tidy(struct arena *arena, const char *text, size_t length, struct text *scratch,
    struct outline_span **ret_spans);
