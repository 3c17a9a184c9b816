/* SPDX-License-Identifier: MIT */
/* Spans of several processes put together again. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "services/cli/span_tree.h"

enum { SPANS_MAX = 16 };

#define WORK  "0af7651916cd43dd8448eb211c80319c"
#define OTHER "1af7651916cd43dd8448eb211c80319c"

struct row {
	const char *work;
	const char *step;
	const char *parent;
	const char *service;
	const char *method;
	uint64_t started_ms;
	uint64_t duration_us;
	uint32_t status;
	const char *caller;
};

struct wood {
	struct arena arena;
	Span spans[SPANS_MAX];
	Span *list[SPANS_MAX];
	char traces[SPANS_MAX][64];
	struct span_tree *trees;
	size_t count;
};

static char *writable(const char *text) {
	return (char *)(uintptr_t)(text ? text : "");
}

static void grow(struct wood *wood, const struct row *rows, size_t count) {
	arena_init(&wood->arena, 1 << 20);
	for (size_t i = 0; i < count; i++) {
		Span *span = &wood->spans[i];

		span__init(span);
		snprintf(
		    wood->traces[i], sizeof(wood->traces[i]), "00-%s-%s-01", rows[i].work, rows[i].step);
		span->trace = wood->traces[i];
		span->parent = writable(rows[i].parent);
		span->service = writable(rows[i].service);
		span->node = writable("H51");
		span->method = writable(rows[i].method);
		span->caller = writable(rows[i].caller);
		span->started_ms = rows[i].started_ms;
		span->duration_us = rows[i].duration_us;
		span->status = rows[i].status;
		wood->list[i] = span;
	}
	assert_return_code(
	    span_trees_make(wood->list, count, &wood->arena, &wood->trees, &wood->count), 0);
}

static void fell(struct wood *wood) {
	arena_deinit(&wood->arena);
}

static const struct row report[] = {
	{ WORK, "00000000000000b1", "00000000000000a1", "dossiers", "Figures/Evaluate", 1012, 4200, 0,
	    "" },
	{ WORK, "00000000000000b2", "00000000000000a1", "staffing", "Figures/Evaluate", 1011, 900, 5,
	    "H51.15" },
	{ WORK, "00000000000000c1", "00000000000000b1", "documents", "Figures/Open", 1013, 100, 0, "" },
	{ WORK, "00000000000000a1", "0000000000000001", "reporting", "Reporting/MakeReport", 1010,
	    12345678, 0, "" },
	{ OTHER, "00000000000000d1", "", "exchange", "Exchange/Marks", 2000, 50, 0, "H51.15" },
	{ OTHER, "00000000000000d2", "00000000000000d1", "dossiers", "Replica/Marks", 2000, 10, 0, "" },
};

static void calls_stand_below_the_call_that_made_them(void **state) {
	AUTO(fell) struct wood wood;
	AUTO(text_deinit) struct text text = TEXT_NULL;

	(void)state;
	grow(&wood, report, LENGTH_OF(report));
	assert_int_equal(wood.count, 2);
	assert_string_equal(wood.trees[1].id, WORK);
	span_tree_print(&wood.trees[1], "here", &text);
	assert_string_equal(text_get(&text),
	    "      0 ms      12 s  reporting  Reporting/MakeReport                          OK         "
	    "here\n"
	    "      1 ms    900 µs  staffing     Figures/Evaluate                            NOT_FOUND  "
	    "H51.15\n"
	    "      2 ms   4200 µs  dossiers     Figures/Evaluate                            OK         "
	    "here\n"
	    "      3 ms    100 µs  documents      Figures/Open                              OK         "
	    "here\n");
}

static void the_latest_work_comes_first(void **state) {
	AUTO(fell) struct wood wood;

	(void)state;
	grow(&wood, report, LENGTH_OF(report));
	assert_string_equal(wood.trees[0].id, OTHER);
	assert_int_equal(wood.trees[0].count, 2);
	assert_int_equal(wood.trees[1].started_ms, 1010);
	assert_int_equal(wood.trees[1].duration_us, 12345678);
	assert_int_equal(wood.trees[1].status, 0);
}

static void looking_for_news_is_idle(void **state) {
	AUTO(fell) struct wood wood;

	(void)state;
	grow(&wood, report, LENGTH_OF(report));
	assert_true(wood.trees[0].idle);
	assert_false(wood.trees[1].idle);
}

static void what_followed_within_a_millisecond_keeps_its_order(void **state) {
	static const struct row rows[] = {
		{ WORK, "00000000000000a2", "", "dossiers", "Replica/ReadEvents", 1000, 700, 0, "" },
		{ WORK, "00000000000000a1", "", "dossiers", "Replica/Marks", 1000, 100, 0, "" },
	};
	AUTO(fell) struct wood wood;

	(void)state;
	grow(&wood, rows, LENGTH_OF(rows));
	assert_string_equal(wood.trees[0].first->span->method, "Replica/Marks");
}

/* The caller's span went out of its ring, or its process is down. */
static void a_call_without_its_caller_stands_at_the_top(void **state) {
	AUTO(fell) struct wood wood;

	(void)state;
	grow(&wood, report, 3);
	assert_int_equal(wood.count, 1);
	assert_string_equal(wood.trees[0].first->span->service, "staffing");
	assert_string_equal(wood.trees[0].first->next->span->service, "dossiers");
	assert_null(wood.trees[0].first->next->next);
	assert_int_equal(wood.trees[0].status, 5);
}

/* No process of ours says so, and none that does may hang the command. */
static void spans_in_a_circle_are_left_out(void **state) {
	static const struct row rows[] = {
		{ WORK, "00000000000000a1", "00000000000000a2", "dossiers", "A/B", 1, 1, 0, "" },
		{ WORK, "00000000000000a2", "00000000000000a1", "dossiers", "A/B", 1, 1, 0, "" },
		{ OTHER, "00000000000000a3", "00000000000000a3", "dossiers", "A/B", 1, 1, 0, "" },
	};
	AUTO(fell) struct wood wood;
	AUTO(text_deinit) struct text text = TEXT_NULL;

	(void)state;
	grow(&wood, rows, LENGTH_OF(rows));
	assert_int_equal(wood.count, 2);
	span_tree_print(&wood.trees[0], "here", &text);
	span_tree_print(&wood.trees[1], "here", &text);
	assert_string_equal(text_get(&text), "");
}

static void a_span_without_a_trace_is_left_out(void **state) {
	static const struct row rows[] = { { "zz", "00", "", "dossiers", "A/B", 1, 1, 0, "" } };
	AUTO(fell) struct wood wood;

	(void)state;
	grow(&wood, rows, LENGTH_OF(rows));
	assert_int_equal(wood.count, 0);
}

static void machines_get_the_same_tree(void **state) {
	AUTO(fell) struct wood wood;
	AUTO(json_decrefp) json_t *json = NULL;
	json_t *root;
	json_t *second;

	(void)state;
	grow(&wood, report, LENGTH_OF(report));
	json = span_tree_json(&wood.trees[1]);
	assert_string_equal(json_string_value(json_object_get(json, "trace")), WORK);
	assert_int_equal(json_integer_value(json_object_get(json, "calls")), 4);
	root = json_array_get(json_object_get(json, "spans"), 0);
	assert_string_equal(json_string_value(json_object_get(root, "span")), "00000000000000a1");
	assert_int_equal(json_integer_value(json_object_get(root, "start_ms")), 0);
	second = json_array_get(json_object_get(root, "calls"), 1);
	assert_string_equal(json_string_value(json_object_get(second, "service")), "dossiers");
	assert_int_equal(json_integer_value(json_object_get(second, "duration_us")), 4200);
	assert_string_equal(json_string_value(json_object_get(second, "status")), "OK");
	assert_int_equal(json_array_size(json_object_get(second, "calls")), 1);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(calls_stand_below_the_call_that_made_them),
		cmocka_unit_test(the_latest_work_comes_first),
		cmocka_unit_test(looking_for_news_is_idle),
		cmocka_unit_test(what_followed_within_a_millisecond_keeps_its_order),
		cmocka_unit_test(a_call_without_its_caller_stands_at_the_top),
		cmocka_unit_test(spans_in_a_circle_are_left_out),
		cmocka_unit_test(a_span_without_a_trace_is_left_out),
		cmocka_unit_test(machines_get_the_same_tree),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
