/* SPDX-License-Identifier: MIT */
/* cchc status: how the services of the node are. */
#include <jansson.h>

#include "cchc/node.pb-c.h"
#include "services/cli/calls.h"
#include "services/cli/transcoder.h"

static void print_health(struct cli *cli, const NodeState *health) {
	cli_print(cli, "status.service", "service", health->service, "version", health->version,
	    "resident", cli_number(cli, health->resident_bytes >> 10), "store",
	    cli_number(cli, health->store_bytes >> 10), "held", cli_number(cli, health->held_events),
	    NULL);
	for (size_t i = 0; i < health->n_registers; i++)
		if (health->registers[i]->records)
			cli_print(cli, "status.register", "name", health->registers[i]->name, "records",
			    cli_number(cli, health->registers[i]->records), NULL);
}

int command_status(struct cli *cli, int argc, char **argv) {
	json_t *array = json_array();
	int status = argc == 1 ? cli_open_node(cli) : cli_usage(cli, "status", NULL);

	(void)argv;
	for (size_t i = 0; i < CLI_SERVICES && status == EXIT_OK; i++) {
		NodeStateRequest request = NODE_STATE_REQUEST__INIT;
		const ProtobufCMessage *reply;
		json_t *json;

		status = cli_call(cli, cli_services[i],
		    &(struct rpc_request) { .method = "Node/State", .message = &request.base }, &reply);
		if (status)
			break;
		if (!cli->json)
			print_health(cli, (const NodeState *)reply);
		else if (transcode_to_json(reply, TRANSCODE_KEEP_DEFAULTS, &json) == 0)
			json_array_append_new(array, json);
	}
	if (status == EXIT_OK && cli->json)
		cli_print_json(array);
	else
		json_decref(array);
	return status;
}
