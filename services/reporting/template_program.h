/* SPDX-License-Identifier: MIT */
/*
 * A template as read: a tree of at most TEMPLATE_DEPTH_MAX levels, in the arena of one call. Names
 * are known to exist and formats to fit their values.
 */
#pragma once

#include "common/base/arena.h"
#include "services/reporting/template.h"

enum template_scope {
	SCOPE_REPORT,
	SCOPE_FIELD,  /* of the item at hand */
	SCOPE_ITEM,   /* item.number and its like */
	SCOPE_LENGTH, /* how many items a list has */
};

enum template_item_name {
	ITEM_NUMBER,
	ITEM_FIRST,
	ITEM_LAST,
	ITEM_NAMES,
};

enum template_format {
	FORMAT_DEFAULT,
	FORMAT_COUNT,
	FORMAT_TABLE,
	FORMAT_SHARE,
	FORMAT_SHORT,
	FORMAT_DAY,
	FORMAT_UPPER,
	FORMATS,
};

struct template_reference {
	const char *name;
	enum template_scope scope;
	enum template_item_name item;
	enum template_kind kind;
};

enum template_operator {
	OPERATOR_PRESENT,
	OPERATOR_ABSENT,
	OPERATOR_EQUAL,
	OPERATOR_UNEQUAL,
	OPERATOR_LESS,
	OPERATOR_LESS_EQUAL,
	OPERATOR_GREATER,
	OPERATOR_GREATER_EQUAL,
};

struct template_term {
	struct template_reference left;
	enum template_operator operator;
	bool with_literal;
	struct template_reference right;
	int64_t literal; /* in hundredths */
	struct template_term *next;
};

enum template_node_kind {
	NODE_TEXT,
	NODE_VALUE,
	NODE_CONDITION,
	NODE_LIST,
	NODE_BREAK, /* the end of a line with tags */
};

struct template_node {
	enum template_node_kind kind;
	const char *text; /* of texts; borrowed from the source */
	size_t length;
	struct template_reference value; /* of values; of lists only the name */
	enum template_format format;
	struct template_term *terms;
	struct template_node *body;
	struct template_node *otherwise;
	struct template_node *next;
};

/* Read a template into the arena. Return: as template_check(). */
int template_read(struct arena *arena, const char *source, size_t size,
    const struct template_names *names, struct template_node **ret_nodes,
    struct template_fault *ret_fault);

/* Read the text of a condition, which is terminated, into terms. `list` is the list it stands in or
 * null. Return: TEMPLATE_OK; TEMPLATE_FAULTY with reason and name of the fault written; or a
 * negative errno. */
int template_read_condition(struct arena *arena, const char *text,
    const struct template_names *names, const char *list, struct template_term **ret_terms,
    struct template_fault *ret_fault);

/* Find out what a name means. Return: TEMPLATE_OK or TEMPLATE_UNKNOWN. */
int template_resolve(const struct template_names *names, const char *list, const char *name,
    struct template_reference *ret_reference);

/* Length of the name at the beginning of `text`, 0 when there is none. */
size_t template_name_length(const char *text);

/* The kind of format a word means, FORMATS when it is none. */
enum template_format template_format_find(const char *word);

/* Whether values of the kind have the format. */
bool template_format_fits(enum template_format format, enum template_kind kind);

/* Add the value as the format prints it. */
void template_format_add(
    enum template_format format, const struct template_value *value, struct text *out);

/* Fill in the fault's name, cut between characters when it is too long. */
void template_fault_name(struct template_fault *fault, const char *name, size_t length);

/* Fill in the fault's `nearest` from its name. */
void template_fault_guess(
    struct template_fault *fault, const struct template_names *names, const char *list);
