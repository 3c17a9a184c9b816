/* SPDX-License-Identifier: MIT */
/* cchc erase: take the personal data of one record out of the node, as the law may demand. */
#include <getopt.h>
#include <string.h>

#include "cchc/node.pb-c.h"
#include "common/base/nearest.h"
#include "services/cli/calls.h"

static int read_arguments(int argc, char **argv, EraseRequest *request) {
	static const struct option options[] = {
		{ "reason", required_argument, NULL, 'r' },
		{ NULL, 0, NULL, 0 },
	};
	int option;

	optind = 1;
	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option != 'r')
			return EXIT_USAGE;
		request->reason = optarg;
	}
	if (optind + 2 != argc || !*request->reason)
		return EXIT_USAGE;
	request->register_ = argv[optind];
	request->code = argv[optind + 1];
	return EXIT_OK;
}

/* The service that keeps a register. Return: EXIT_OK, or the exit status; it has said why. */
static int find_keeper(struct cli *cli, const char *name, const char **ret_service) {
	struct nearest nearest = NEAREST(name);

	for (size_t i = 0; i < CLI_SERVICES; i++) {
		NodeStateRequest request = NODE_STATE_REQUEST__INIT;
		const ProtobufCMessage *reply;
		const NodeState *state;
		int status = cli_call(cli, cli_services[i],
		    &(struct rpc_request) { .method = "Node/State", .message = &request.base }, &reply);

		if (status)
			return status;
		state = (const NodeState *)reply;
		for (size_t j = 0; j < state->n_registers; j++) {
			if (strcmp(state->registers[j]->name, name) == 0) {
				*ret_service = cli_services[i];
				return EXIT_OK;
			}
			nearest_offer(&nearest, state->registers[j]->name);
		}
	}
	cli_say(cli, nearest.name ? "erase.unknown_nearest" : "erase.unknown", "register", name,
	    "nearest", nearest.name ? nearest.name : "", NULL);
	return EXIT_NOT_FOUND;
}

static void say_erased(struct cli *cli, const EraseRequest *request, const EraseReply *reply) {
	cli_print(cli, "erase.done", "register", request->register_, "code", request->code, "events",
	    cli_number(cli, reply->events), NULL);
	if (reply->chained)
		cli_say(cli, "erase.chained", "events", cli_number(cli, reply->chained), NULL);
}

int command_erase(struct cli *cli, int argc, char **argv) {
	EraseRequest request = ERASE_REQUEST__INIT;
	const ProtobufCMessage *reply;
	const char *service = NULL;
	int status = read_arguments(argc, argv, &request);

	if (status)
		return cli_usage(cli, "erase", NULL);
	status = cli_open_node(cli);
	if (status == EXIT_OK)
		status = find_keeper(cli, request.register_, &service);
	if (status == EXIT_OK)
		status = cli_call(cli, service,
		    &(struct rpc_request) { .method = "Node/Erase", .message = &request.base }, &reply);
	if (status == EXIT_OK)
		say_erased(cli, &request, (const EraseReply *)reply);
	return status;
}
