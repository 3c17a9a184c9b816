/* SPDX-License-Identifier: MIT */
/* The tables of the text face. */
#pragma once

#include "common/base/arena.h"
#include "common/base/text.h"
#include "services/reporting/report.h"

/* Add form II.06 in aligned columns, `width` columns wide when its numbers fit.
 * Return: 0 or -ENOMEM. */
int face_text_form(
    struct arena *arena, const struct report *report, size_t width, struct text *out);

/* Add up to when each log is counted. Return: 0 or -ENOMEM. */
int face_text_coverage(
    struct arena *arena, const struct report *report, size_t width, struct text *out);
