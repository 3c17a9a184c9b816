/* SPDX-License-Identifier: MIT */
/* The parts of the HTML face. Text is escaped where it is added; nothing but the faces calls these.
 */
#pragma once

#include "common/base/arena.h"
#include "common/base/text.h"
#include "services/reporting/outline.h"
#include "services/reporting/report.h"

/* The page's style sheet. */
extern const char face_html_style[];

/* Add form II.06: a table for each node, then one of their sums. Return: 0 or -ENOMEM. */
int face_html_form(struct arena *arena, const struct report *report, struct text *out);

/* Add up to when each log is counted. Return: 0 or -ENOMEM. */
int face_html_coverage(struct arena *arena, const struct report *report, struct text *out);

/* Add what the spans say; figures carry their id and what they are made of. */
void face_html_spans(
    const struct report *report, const struct outline_span *spans, struct text *out);

/* Add all figures with their ids and parts, to be opened on the screen. */
void face_html_figures(const struct report *report, struct text *out);

/* Add a number as tables have it. */
void face_html_count(int64_t count, struct text *out);
