/* SPDX-License-Identifier: MIT */
/*
 * Faces for people
 *
 * A report as a document: the office's outline filled with the report's values. Both faces are made
 * from the same blocks (outline.h), so they say the same.
 */
#pragma once

#include "common/base/text.h"
#include "services/reporting/outline.h"
#include "services/reporting/report.h"
#include "services/reporting/template.h"

#define FACE_ARENA_MAX  (192u << 20) /* bytes a face may need while it is made */
#define FACE_OUTPUT_MAX (32u << 20)  /* bytes of a face; a little more with the last table */

/* Find the first mistake in an outline of `size` bytes. `report` says which figures there are;
 * their values are not looked at. Return: TEMPLATE_OK; TEMPLATE_FAULTY with *ret_fault written;
 * TEMPLATE_TOO_LARGE; or a negative errno. */
int face_check(const struct report *report, const char *outline, size_t size,
    struct template_fault *ret_fault);

/* Fill an outline and read it into the arena. Return: as face_check(). */
int face_read(struct arena *arena, const struct report *report, const char *outline, size_t size,
    struct outline_block **ret_blocks, struct template_fault *ret_fault);

/* Add the report as plain text of at most 100 columns (tables with very large numbers are wider).
 * Unless the answer is TEMPLATE_OK, `out` holds a part of it or nothing. Return: as face_check().
 */
int face_text(const struct report *report, const char *outline, size_t size, struct text *out,
    struct template_fault *ret_fault);

/* The same as one HTML page that needs nothing else: it opens from a file and prints on A4 as
 * Nghị định 30/2020/NĐ-CP lays documents out. A figure in the text carries its id (data-figure) and
 * what it is made of (title). */
int face_html(const struct report *report, const char *outline, size_t size, struct text *out,
    struct template_fault *ret_fault);
