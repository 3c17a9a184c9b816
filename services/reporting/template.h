/* SPDX-License-Identifier: MIT */
/*
 * Report templates
 *
 * Text with tags, filled from named values. The text is a file that offices edit, so every tag is
 * checked before anything is written, in branches that are not taken too, and all it can grow is
 * bounded.
 *
 *   {{name}}  {{name|format}}        a value
 *   {{?condition}}…{{:}}…{{/}}       the first part when the condition holds, else the second,
 * which may be missing
 *   {{#list}}…{{/}}                  once for each item; a name is first looked for in the item.
 *                                    item.number (1 …), item.first and item.last are always there
 *   {{! remark }}                    nothing; as is a line that begins with %%
 *
 * A line with tags that comes out blank leaves nothing behind, not even its line end: conditions
 * may stand on lines of their own. Tags end on their line. Conditions and lists nest
 * TEMPLATE_DEPTH_MAX deep; a list has no list inside.
 *
 * A condition is terms joined by `&`, each of them
 *
 *   name                 there is a value, and it is neither 0 nor empty; a list that has items
 *   !name                the opposite
 *   name OP name         OP is one of = != < <= > >=
 *   name OP 84.31
 *
 * Numbers compare with numbers, shares with shares as they are printed, in percent; but a share
 * that only rounding makes 0% or 100% is neither. A comparison with a value that does not exist (a
 * rate whose denominator is 0, a target nobody set) is false, with != too; `rate >= 0` therefore
 * asks whether there is a rate.
 *
 *   format    of               prints
 *   so        numbers          1.334; below 10 with a leading zero: 01; nothing is 0   (default)
 *   so_bang   numbers          1.334, 1: as tables have it
 *   ty_le     rates, targets   84,31%; whole targets 80%; "không phát sinh" without value (default)
 *   gon       rates, targets   as ty_le, and whole rates without decimals too: 0%, 100%
 *   ngay      days             14/03/2024   (default)
 *   hoa       texts            UPPER CASE
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/text.h"
#include "common/calendar/day.h"

#define TEMPLATE_SOURCE_MAX (1u << 20) /* bytes of a template */
#define TEMPLATE_OUTPUT_MAX (8u << 20) /* bytes it may grow to */
#define TEMPLATE_STEPS_MAX  (4u << 20) /* tags and pieces of text passed while filling it */
#define TEMPLATE_DEPTH_MAX  4
#define TEMPLATE_NAME_MAX   96 /* bytes of a name with its end */

enum {
	TEMPLATE_OK,
	TEMPLATE_FAULTY,    /* a mistake in the text; the fault says where */
	TEMPLATE_TOO_LARGE, /* the text, what it grows to, or the way there is beyond a limit above */
	TEMPLATE_UNKNOWN,   /* of lookups: no such name */
};

enum template_kind {
	TEMPLATE_TEXT,
	TEMPLATE_COUNT,  /* how many */
	TEMPLATE_PLAIN,  /* a number that names something, such as a year: printed as its digits */
	TEMPLATE_RATE,   /* hundredths of a percent */
	TEMPLATE_TARGET, /* hundredths of a percent */
	TEMPLATE_DAY,
};

struct template_value {
	enum template_kind kind;
	bool none;        /* there is no value */
	bool rounded;     /* of rates: the number is not exact */
	int64_t number;   /* all kinds but text and day */
	const char *text; /* of texts; borrowed from whoever answers the lookup */
	struct day day;   /* of days */
};

/* Where `item` would be when no item is meant and only the field's kind is asked for. */
#define TEMPLATE_NO_ITEM SIZE_MAX

/* How a template reaches values. The functions are called with `context`; they answer TEMPLATE_OK,
 * or TEMPLATE_UNKNOWN and write nothing, and a name keeps its kind. */
struct template_names {
	const void *context;
	int (*value)(const void *context, const char *name, struct template_value *ret_value);
	int (*list)(const void *context, const char *name, size_t *ret_count);
	int (*field)(const void *context, const char *list, size_t item, const char *name,
	    struct template_value *ret_value);
	/* The names there are, for "did you mean": null after the last one. They live as long as the
	 * context. `list` is null for the names outside lists, the lists among them. May be null
	 * itself. */
	const char *(*known)(const void *context, const char *list, size_t index);
	/* Writes a value that was printed as `printed`; null: as it is. */
	void (*print)(const char *name, const char *printed, struct text *out);
};

enum template_reason {
	TEMPLATE_NO_REASON,
	TEMPLATE_NOT_TEXT,         /* bytes that are not UTF-8, or control characters */
	TEMPLATE_TAG_OPEN,         /* {{ without }} on the same line */
	TEMPLATE_TAG_STRAY,        /* }} without {{ */
	TEMPLATE_TAG_MALFORMED,    /* nothing that tags can be */
	TEMPLATE_NAME_UNKNOWN,     /* a value or list that does not exist */
	TEMPLATE_FORMAT_UNKNOWN,   /* a format that does not exist */
	TEMPLATE_FORMAT_UNFIT,     /* a format that the value's kind does not have */
	TEMPLATE_CONDITION_BAD,    /* not a condition */
	TEMPLATE_COMPARISON_UNFIT, /* kinds that do not compare */
	TEMPLATE_BLOCK_OPEN,       /* {{? or {{# without {{/}} */
	TEMPLATE_BLOCK_STRAY,      /* {{/}} or {{:}} without a beginning */
	TEMPLATE_BLOCK_DEEP,       /* nested too deep, or a list in a list */
	TEMPLATE_DIRECTIVE,        /* of outlines: an @ line that does not exist */
};

struct template_fault {
	enum template_reason reason;
	unsigned line;                   /* the first is 1 */
	unsigned column;                 /* in characters; the first is 1 */
	char name[TEMPLATE_NAME_MAX];    /* what the fault is about, perhaps cut; "" when nothing is */
	char nearest[TEMPLATE_NAME_MAX]; /* of unknown names: one that exists and looks alike, or "" */
};

/* Find the first mistake in a template. `names` says which names exist.
 * Return: TEMPLATE_OK; TEMPLATE_FAULTY with *ret_fault written; TEMPLATE_TOO_LARGE; or a negative
 * errno. */
int template_check(const char *source, size_t size, const struct template_names *names,
    struct template_fault *ret_fault);

/* Fill a template and add the result to `out`, which keeps a part of it after TEMPLATE_TOO_LARGE
 * and errors. Faults are found before anything is added.
 * Return: as template_check(). */
int template_expand(const char *source, size_t size, const struct template_names *names,
    struct text *out, struct template_fault *ret_fault);

/* Add a figure as the outline would print it by default. */
struct report_figure;
void template_figure_text(const struct report_figure *figure, struct text *out);

/* Add the fault as one sentence for the person who edits the file. */
void template_fault_add(const struct template_fault *fault, struct text *out);
