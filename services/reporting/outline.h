/* SPDX-License-Identifier: MIT */
/*
 * Outlines
 *
 * The filled text of a report, read as the blocks that every face prints. What a block is, its
 * first characters say; a block ends at an empty line or where the next one begins.
 *
 *   # text            title: the first is the kind of document, those after it what it is about
 *   ## ### ####       headings
 *   - text   + text   items
 *   @head             head of the document; lines `agency:`, `superior:`, `number:`, `place:`,
 *                     `mark:` follow
 *   @sign             end of the document; lines `authority:`, `position:`, `signer:` and the
 *                     recipients as `- ` items follow
 *   @form II.06       the form
 *   @coverage         up to when what was counted
 *   @otherwise text   a paragraph that is printed only when nothing stands between it and the
 *                     heading before it
 *   else              a paragraph
 *
 * `**text**` is bold. Values are put in by outline_add_value(): they are text whatever they hold.
 *
 * What conditions leave behind is tidied: blanks run together, none stands before , . ; : ) or
 * after (, commas and semicolons do not meet, and a block without a letter or digit is no block.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "common/base/arena.h"
#include "common/base/text.h"
#include "services/reporting/template.h"

enum outline_kind {
	OUTLINE_TITLE,
	OUTLINE_HEADING, /* level 2 … 4 */
	OUTLINE_PARAGRAPH,
	OUTLINE_ITEM, /* level 1: `-`, 2: `+` */
	OUTLINE_HEAD,
	OUTLINE_SIGN,
	OUTLINE_FORM, /* its text is the form's name */
	OUTLINE_COVERAGE,
};

/* Text of one look. `name` is that of the value it shows, "" for other text. */
struct outline_span {
	const char *text;
	const char *name;
	bool bold;
	struct outline_span *next;
};

/* A line `key: text` of @head and @sign, or a recipient with the key "-". */
struct outline_field {
	const char *key;
	struct outline_span *text;
	struct outline_field *next;
};

struct outline_block {
	enum outline_kind kind;
	unsigned level;
	struct outline_span *text;
	struct outline_field *fields;
	struct outline_block *next;
};

/* Add a value as text that means nothing to the outline. Bytes that are not UTF-8 become U+FFFD,
 * control characters and line ends blanks. For template_names.print. */
void outline_add_value(const char *name, const char *printed, struct text *out);

/* Find @ lines and keys that do not exist in an outline that is not filled yet.
 * Return: TEMPLATE_OK, or TEMPLATE_FAULTY with *ret_fault written. */
int outline_check(const char *source, size_t size, struct template_fault *ret_fault);

/* Read a filled outline into the arena; null when nothing is in it. An @ line that does not exist
 * is a paragraph. Return: 0 or -ENOMEM. */
int outline_read(
    struct arena *arena, const char *text, size_t length, struct outline_block **ret_blocks);

/* The text of the field `key`, null when the block has none. */
const struct outline_span *outline_field_find(const struct outline_block *block, const char *key);

/* Add what the spans say, bold or not. */
void outline_add_plain(const struct outline_span *spans, struct text *out);
