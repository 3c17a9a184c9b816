/* SPDX-License-Identifier: MIT */
/*
 * Span tree
 *
 * Calls as the processes of a node saw them, put together again: whose call made which, by the span
 * that stands as parent. What was called by somebody whose own span is not here stands at the top.
 */
#pragma once

#include <jansson.h>

#include "cchc/node.pb-c.h"
#include "common/base/arena.h"
#include "common/base/text.h"
#include "common/rpc/trace.h"

struct span_node {
	const Span *span;
	struct trace trace;      /* `parent` is the step this call is */
	struct span_node *first; /* of those it made, by their start */
	struct span_node **last;
	struct span_node *next; /* made by the same, or the next at the top */
};

/* One work. */
struct span_tree {
	char id[TRACE_ID_SIZE];
	struct span_node *first; /* at the top, by their start */
	size_t count;            /* of calls */
	uint64_t started_ms;     /* the earliest */
	uint64_t duration_us;    /* from then to the latest end */
	uint32_t status;         /* the first that is not OK among those at the top, else OK */
	bool idle;               /* nothing but looking whether there is something to exchange */
};

/* Put spans together by work; spans without a well-formed trace are left out. The trees are ordered
 * by their start, the latest first, and live in `arena`, borrowing the spans.
 * Return: 0 or -ENOMEM. */
int span_trees_make(Span *const *spans, size_t count, struct arena *arena,
    struct span_tree **ret_trees, size_t *ret_count);

/* A tree as lines: start, duration, service, method, status, caller. `here` is the word for a
 * caller of the node itself. */
void span_tree_print(const struct span_tree *tree, const char *here, struct text *out);

/* "85 µs", "120 ms", "12 s". */
void span_duration(uint64_t duration_us, struct text *out);

/* The same for machines. The caller owns it (json_decref). */
json_t *span_tree_json(const struct span_tree *tree);
