/* SPDX-License-Identifier: MIT */
/* cchc trace [ID]: the way of a piece of work through the services of the node. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "services/cli/ask.h"
#include "services/cli/span_tree.h"
#include "services/cli/words.h"

enum { LINES = 20 };

struct wish {
	const char *trace; /* null: the latest works */
	bool all;          /* also what only looked for something to exchange */
};

/* Local time, as the log of a person has it. */
static const char *time_text(struct cli *cli, uint64_t wall_ms) {
	time_t seconds = (time_t)(wall_ms / 1000);
	struct tm local;
	char text[32];

	localtime_r(&seconds, &local);
	strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S", &local);
	return arena_format(&cli->arena, "%s.%03u", text, (unsigned)(wall_ms % 1000));
}

static const char *duration_text(struct cli *cli, uint64_t duration_us) {
	AUTO(text_deinit) struct text text = TEXT_NULL;

	span_duration(duration_us, &text);
	return arena_copy_text(&cli->arena, text_get(&text), text.length);
}

/* All spans of all answers in one row. Return: 0 or -ENOMEM. */
static int gather(
    struct cli *cli, const struct cli_answer *answers, Span ***ret_spans, size_t *ret_count) {
	Span **spans = NULL;
	size_t count = 0;

	for (size_t i = 0; i < CLI_SERVICES; i++)
		count += answers[i].message ? ((const TraceReply *)answers[i].message)->n_spans : 0;
	spans = arena_alloc(&cli->arena, (count + 1) * sizeof(*spans));
	if (!spans)
		return failed_here(-ENOMEM);
	count = 0;
	for (size_t i = 0; i < CLI_SERVICES; i++) {
		const TraceReply *reply = (const TraceReply *)answers[i].message;

		for (size_t j = 0; reply && j < reply->n_spans; j++)
			spans[count++] = reply->spans[j];
	}
	*ret_spans = spans;
	*ret_count = count;
	return 0;
}

static json_t *summary_json(const struct span_tree *tree) {
	const Span *first = tree->first ? tree->first->span : NULL;

	return json_pack("{ss sI sI sI ss ss ss}", "trace", tree->id, "started_ms",
	    (json_int_t)tree->started_ms, "duration_us", (json_int_t)tree->duration_us, "calls",
	    (json_int_t)tree->count, "service", first ? first->service : "", "method",
	    first ? first->method : "", "status", rpc_status_name(tree->status));
}

static void print_summary(struct cli *cli, const struct span_tree *tree) {
	cli_print(cli, "trace.line", "time", time_text(cli, tree->started_ms), "trace", tree->id,
	    "duration", duration_text(cli, tree->duration_us), "calls",
	    arena_format(&cli->arena, "%zu", tree->count), "method",
	    tree->first ? tree->first->span->method : "", "status", rpc_status_name(tree->status),
	    NULL);
}

/* Not our own question, and of the many looks for news only those that found some. */
static bool is_told(const struct cli *cli, const struct wish *wish, const struct span_tree *tree) {
	return strcmp(tree->id, cli->trace.id) != 0 && (wish->all || !tree->idle);
}

static void list(
    struct cli *cli, const struct wish *wish, const struct span_tree *trees, size_t count) {
	json_t *array = cli->json ? json_array() : NULL;
	size_t told = 0;
	size_t idle = 0;

	for (size_t i = 0; i < count && told < LINES; i++) {
		idle += trees[i].idle;
		if (!is_told(cli, wish, &trees[i]))
			continue;
		told++;
		if (array)
			json_array_append_new(array, summary_json(&trees[i]));
		else
			print_summary(cli, &trees[i]);
	}
	if (array)
		cli_print_json(array);
	else if (!told)
		cli_say(cli, "trace.none", NULL);
	if (idle && !wish->all)
		cli_say(cli, "trace.idle", "count", cli_number(cli, idle), NULL);
}

static void print_tree(struct cli *cli, const struct span_tree *tree) {
	AUTO(text_deinit) struct text here = TEXT_NULL;
	AUTO(text_deinit) struct text lines = TEXT_NULL;

	cli_print(cli, "trace.head", "trace", tree->id, "time", time_text(cli, tree->started_ms),
	    "duration", duration_text(cli, tree->duration_us), "calls", cli_number(cli, tree->count),
	    NULL);
	cli_print(cli, "trace.columns", NULL);
	cli_words(cli, &here, "trace.here", NULL);
	span_tree_print(tree, text_get(&here), &lines);
	fputs(text_get(&lines), stdout);
}

static int show(
    struct cli *cli, const struct wish *wish, const struct span_tree *trees, size_t count) {
	if (!wish->trace) {
		list(cli, wish, trees, count);
		return EXIT_OK;
	}
	if (count == 0) {
		cli_say(cli, "trace.unknown", "trace", wish->trace, NULL);
		return EXIT_NOT_FOUND;
	}
	if (cli->json)
		cli_print_json(span_tree_json(&trees[0]));
	else
		print_tree(cli, &trees[0]);
	return EXIT_OK;
}

static int read_wish(int argc, char **argv, struct wish *wish) {
	static const struct option options[] = {
		{ "all", no_argument, NULL, 'a' },
		{ NULL, 0, NULL, 0 },
	};
	int option;

	optind = 1;
	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option != 'a')
			return EXIT_USAGE;
		wish->all = true;
	}
	if (argc - optind > 1)
		return EXIT_USAGE;
	wish->trace = argv[optind];
	return EXIT_OK;
}

int command_trace(struct cli *cli, int argc, char **argv) {
	struct cli_answer answers[CLI_SERVICES];
	TraceRequest request = TRACE_REQUEST__INIT;
	struct wish wish = { .trace = NULL };
	struct span_tree *trees = NULL;
	char id[TRACE_ID_SIZE];
	size_t tree_count = 0;
	Span **spans = NULL;
	size_t count = 0;
	int status = read_wish(argc, argv, &wish);
	int found;
	int r;

	if (status)
		return cli_usage(cli, "trace", NULL);
	if (wish.trace && !trace_read_id(wish.trace, id)) {
		cli_say(cli, "trace.bad_id", "trace", wish.trace, NULL);
		return EXIT_USAGE;
	}
	if (wish.trace)
		request.trace = id;
	status = cli_ask_all(cli, "Node/Trace", &request.base, answers);
	if (status != EXIT_OK && status != EXIT_PARTIAL)
		return status;
	r = gather(cli, answers, &spans, &count);
	if (r == 0)
		r = span_trees_make(spans, count, &cli->arena, &trees, &tree_count);
	if (r < 0)
		return cli_call_failed(cli, "trace", r, NULL);
	found = show(cli, &wish, trees, tree_count);
	cli_say_silent(cli, answers);
	return found == EXIT_OK ? status : found;
}
