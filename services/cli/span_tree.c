/* SPDX-License-Identifier: MIT */
#include "services/cli/span_tree.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "common/rpc/status.h"

enum { INDENT = 2, METHOD_WIDTH = 44, SERVICE_WIDTH = 9, STATUS_WIDTH = 9, TELLING = 10000 };

/* By work, then by start, then by end: of two that began in one millisecond and followed each
 * other, the first was over sooner. */
static int compare_nodes(const void *left, const void *right) {
	const struct span_node *a = left;
	const struct span_node *b = right;
	int order = strcmp(a->trace.id, b->trace.id);

	if (order)
		return order;
	if (a->span->started_ms != b->span->started_ms)
		return a->span->started_ms < b->span->started_ms ? -1 : 1;
	return (a->span->duration_us > b->span->duration_us) -
	       (a->span->duration_us < b->span->duration_us);
}

static int compare_trees(const void *left, const void *right) {
	const struct span_tree *a = left;
	const struct span_tree *b = right;

	return (a->started_ms < b->started_ms) - (a->started_ms > b->started_ms);
}

static struct span_node *find_parent(struct span_node *nodes, size_t count, const char *step) {
	for (size_t i = 0; i < count; i++)
		if (strcmp(nodes[i].trace.parent, step) == 0)
			return &nodes[i];
	return NULL;
}

static bool is_looking(const char *method) {
	return strcmp(method, "Replica/Marks") == 0 || strcmp(method, "Exchange/Marks") == 0;
}

static void note(struct span_tree *tree, const Span *span) {
	uint64_t end_us = (span->started_ms - tree->started_ms) * 1000 + span->duration_us;

	if (end_us > tree->duration_us)
		tree->duration_us = end_us;
	tree->idle = tree->idle && is_looking(span->method);
}

/* The nodes of one work, which follow each other. */
static void make_tree(struct span_node *nodes, size_t count, struct span_tree *tree) {
	struct span_node **last = &tree->first;

	*tree = (struct span_tree) {
		.count = count,
		.started_ms = nodes[0].span->started_ms,
		.idle = true,
	};
	last = &tree->first;
	memcpy(tree->id, nodes[0].trace.id, sizeof(tree->id));
	for (size_t i = 0; i < count; i++) {
		struct span_node *parent = find_parent(nodes, count, nodes[i].span->parent);
		struct span_node ***end = parent ? &parent->last : &last;

		**end = &nodes[i];
		*end = &nodes[i].next;
		note(tree, nodes[i].span);
		if (!parent && !tree->status)
			tree->status = nodes[i].span->status;
	}
}

static size_t length_of_work(const struct span_node *nodes, size_t count) {
	size_t length = 1;

	while (length < count && strcmp(nodes[length].trace.id, nodes[0].trace.id) == 0)
		length++;
	return length;
}

int span_trees_make(Span *const *spans, size_t count, struct arena *arena,
    struct span_tree **ret_trees, size_t *ret_count) {
	struct span_node *nodes = arena_alloc(arena, (count + 1) * sizeof(*nodes));
	struct span_tree *trees = arena_alloc(arena, (count + 1) * sizeof(*trees));
	size_t tree_count = 0;
	size_t used = 0;

	if (!nodes || !trees)
		return failed_here(-ENOMEM);
	for (size_t i = 0; i < count; i++) {
		nodes[used].span = spans[i];
		/* Read as the parent of a step of ours, which nobody takes. */
		trace_begin(&nodes[used].trace, spans[i]->trace);
		used += *nodes[used].trace.parent != '\0';
	}
	qsort(nodes, used, sizeof(*nodes), compare_nodes);
	for (size_t i = 0; i < used; i++)
		nodes[i].last = &nodes[i].first;
	for (size_t at = 0, length; at < used; at += length) {
		length = length_of_work(nodes + at, used - at);
		make_tree(nodes + at, length, &trees[tree_count++]);
	}
	qsort(trees, tree_count, sizeof(*trees), compare_trees);
	*ret_trees = trees;
	*ret_count = tree_count;
	return 0;
}

void span_duration(uint64_t duration_us, struct text *out) {
	if (duration_us < TELLING)
		text_format(out, "%" PRIu64 " µs", duration_us);
	else if (duration_us / 1000 < TELLING)
		text_format(out, "%" PRIu64 " ms", duration_us / 1000);
	else
		text_format(out, "%" PRIu64 " s", duration_us / 1000000);
}

/* Right-aligned; µ counts twice in bytes and once for the eye. */
static void print_duration(uint64_t duration_us, struct text *out) {
	AUTO(text_deinit) struct text duration = TEXT_NULL;
	int width = duration_us < TELLING ? 10 : 9;

	span_duration(duration_us, &duration);
	text_format(out, "%*s", width, text_get(&duration));
}

static void print_nodes(const struct span_tree *tree, const struct span_node *node, unsigned depth,
    const char *here, struct text *out) {
	for (; node; node = node->next) {
		const Span *span = node->span;
		int indent = (int)depth * INDENT;

		text_format(out, "%7" PRIu64 " ms ", span->started_ms - tree->started_ms);
		print_duration(span->duration_us, out);
		text_format(out, "  %-*s  %*s%-*s  %-*s  %s\n", SERVICE_WIDTH, span->service, indent, "",
		    METHOD_WIDTH > indent ? METHOD_WIDTH - indent : 0, span->method, STATUS_WIDTH,
		    rpc_status_name(span->status), *span->caller ? span->caller : here);
		print_nodes(tree, node->first, depth + 1, here, out);
	}
}

void span_tree_print(const struct span_tree *tree, const char *here, struct text *out) {
	print_nodes(tree, tree->first, 0, here, out);
}

static json_t *nodes_json(const struct span_tree *tree, const struct span_node *node) {
	json_t *array = json_array();

	for (; node; node = node->next) {
		const Span *span = node->span;

		json_array_append_new(
		    array, json_pack("{ss ss ss ss ss ss sI sI ss so}", "span", node->trace.parent,
		               "parent", span->parent, "service", span->service, "node", span->node,
		               "method", span->method, "caller", span->caller, "start_ms",
		               (json_int_t)(span->started_ms - tree->started_ms), "duration_us",
		               (json_int_t)span->duration_us, "status", rpc_status_name(span->status),
		               "calls", nodes_json(tree, node->first)));
	}
	return array;
}

json_t *span_tree_json(const struct span_tree *tree) {
	return json_pack("{ss sI sI sI ss so}", "trace", tree->id, "started_ms",
	    (json_int_t)tree->started_ms, "duration_us", (json_int_t)tree->duration_us, "calls",
	    (json_int_t)tree->count, "status", rpc_status_name(tree->status), "spans",
	    nodes_json(tree, tree->first));
}
