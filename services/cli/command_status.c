/* SPDX-License-Identifier: MIT */
/* cchc status: how the services of the node are. */
#include <jansson.h>

#include "cchc/node.pb-c.h"
#include "services/cli/calls.h"
#include "services/cli/transcoder.h"

enum { OLD_READER_MS = 2000 };

/* What somebody should see to. */
static void print_troubles(struct cli *cli, const NodeState *health) {
	if (health->scrub_findings)
		cli_print(cli, "status.damaged", "service", health->service, "findings",
		    cli_number(cli, health->scrub_findings), NULL);
	if (health->oldest_reader_ms > OLD_READER_MS)
		cli_print(cli, "status.old_reader", "service", health->service, "seconds",
		    cli_number(cli, health->oldest_reader_ms / 1000), NULL);
	for (size_t i = 0; i < health->n_watermarks; i++)
		if (health->watermarks[i]->clock_ahead)
			cli_print(cli, "status.clock_ahead", "service", health->service, "origin",
			    health->watermarks[i]->origin, NULL);
}

static void print_health(struct cli *cli, const NodeState *health) {
	cli_print(cli, "status.service", "service", health->service, "version", health->version,
	    "resident", cli_number(cli, health->resident_bytes >> 10), "store",
	    cli_number(cli, health->store_bytes >> 10), "held", cli_number(cli, health->held_events),
	    NULL);
	for (size_t i = 0; i < health->n_registers; i++)
		if (health->registers[i]->records)
			cli_print(cli, "status.register", "name", health->registers[i]->name, "records",
			    cli_number(cli, health->registers[i]->records), NULL);
	print_troubles(cli, health);
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
