/* SPDX-License-Identifier: MIT */
/* cchc sync: exchange now. */
#include <getopt.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cchc/exchange.pb-c.h"
#include "services/cli/calls.h"
#include "services/cli/faults.h"

#define PROBE_MS       3000
#define ROUND_MS       60000
#define STANDSTILL_MAX 3 /* rounds in a row that moved nothing although something is missing */

static bool is_outside(const RouteState *route) {
	return strcmp(route->to, "parent") == 0 || strcmp(route->from, "parent") == 0;
}

struct sums {
	uint64_t moved;
	uint64_t behind;
	const RouteState *failed; /* the first */
};

static struct sums sum_routes(const SyncReply *reply) {
	struct sums sums = { .failed = NULL };

	for (size_t i = 0; i < reply->n_routes; i++) {
		const RouteState *route = reply->routes[i];

		sums.moved += route->moved;
		sums.behind += route->behind;
		if (route->status && !sums.failed)
			sums.failed = route;
	}
	return sums;
}

static int say_parent_down(struct cli *cli) {
	const char *parent = cli->node.settings.parent;

	cli_say(cli, "sync.parent_down", "parent", parent, "error",
	    strerror(-rpc_probe(parent, PROBE_MS)), NULL);
	return EXIT_UNAVAILABLE;
}

/* The line and the key told apart, so that a person knows whom to ring up. */
static int say_failure(struct cli *cli, const RouteState *route) {
	const char *parent = cli->node.settings.parent;
	AUTO(text_deinit) struct text why = TEXT_NULL;

	if (!is_outside(route)) {
		reason_words(cli, route->reason, "", "", "", &why);
		cli_say(cli, "sync.inside_failed", "service", route->service, "why", text_get(&why), NULL);
		return EXIT_UNAVAILABLE;
	}
	if (rpc_probe(parent, PROBE_MS) < 0)
		return say_parent_down(cli);
	if (route->status == RPC_UNAUTHENTICATED || route->status == RPC_UNAVAILABLE) {
		cli_say(cli, "sync.parent_refuses", "parent", parent, "code", cli->node.settings.code,
		    "file", arena_format(&cli->arena, "%s/node.pub", cli->node.folder), NULL);
	} else {
		reason_words(cli, route->reason, "", "", "", &why);
		cli_say(cli, "sync.failed", "service", route->service, "why", text_get(&why), NULL);
	}
	return EXIT_UNAVAILABLE;
}

static void print_json(const SyncReply *reply) {
	json_t *array = json_array();

	for (size_t i = 0; i < reply->n_routes; i++) {
		const RouteState *route = reply->routes[i];

		json_array_append_new(
		    array, json_pack("{ss si ss ss sI sI ss}", "service", route->service, "stream",
		               (int)route->stream, "from", route->from, "to", route->to, "moved",
		               (json_int_t)route->moved, "behind", (json_int_t)route->behind, "status",
		               rpc_status_name(route->status)));
	}
	cli_print_json(array);
}

int command_sync(struct cli *cli, int argc, char **argv) {
	static const struct option options[] = {
		{ "wait", no_argument, NULL, 'w' },
		{ NULL, 0, NULL, 0 },
	};
	SyncRequest request = SYNC_REQUEST__INIT;
	unsigned standstill = 0;
	uint64_t moved = 0;
	bool wait = false;
	int option;

	optind = 1;
	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option != 'w')
			return cli_usage(cli, "sync", NULL);
		wait = true;
	}
	if (optind != argc)
		return cli_usage(cli, "sync", NULL);
	if (cli_open_node(cli) == EXIT_OK && *cli->node.settings.parent &&
	    rpc_probe(cli->node.settings.parent, PROBE_MS) < 0)
		return say_parent_down(cli);
	for (;;) {
		const ProtobufCMessage *message;
		const SyncReply *reply;
		struct sums sums;
		int status = cli_call(cli, "exchange",
		    &(struct rpc_request) {
		        .method = "Exchange/Sync",
		        .message = &request.base,
		        .deadline_ms = ROUND_MS,
		    },
		    &message);

		if (status)
			return status;
		reply = (const SyncReply *)message;
		sums = sum_routes(reply);
		moved += sums.moved;
		if (isatty(STDERR_FILENO) && wait)
			fprintf(stderr, "\r%s / %s ", cli_number(cli, moved), cli_number(cli, sums.behind));
		standstill = sums.moved ? 0 : standstill + 1;
		if (sums.failed &&
		    (!wait || standstill >= STANDSTILL_MAX || sums.failed->status == RPC_UNAUTHENTICATED ||
		        sums.failed->status == RPC_UNAVAILABLE))
			return say_failure(cli, sums.failed);
		if (sums.behind == 0 && !sums.failed) {
			if (cli->json)
				print_json(reply);
			cli_say(cli, *cli->node.settings.parent ? "sync.done" : "sync.done_no_parent", "moved",
			    cli_number(cli, moved), NULL);
			return EXIT_OK;
		}
		if (!wait) {
			cli_say(cli, "sync.behind", "behind", cli_number(cli, sums.behind), NULL);
			return EXIT_PARTIAL;
		}
	}
}
