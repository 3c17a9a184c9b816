/* SPDX-License-Identifier: MIT */
/* cchc metrics: what the services counted, for Prometheus. */
#include <stdio.h>

#include "services/cli/ask.h"
#include "services/cli/metrics.h"
#include "services/cli/transcoder.h"

static json_t *message_json(const void *message) {
	json_t *json = NULL;

	if (!message || transcode_to_json(message, TRANSCODE_KEEP_DEFAULTS, &json) < 0)
		return json_null();
	return json;
}

static json_t *services_json(const struct metrics_service *services, size_t count) {
	json_t *array = json_array();

	for (size_t i = 0; i < count; i++)
		json_array_append_new(array,
		    json_pack("{ss sb so so}", "service", services[i].name, "up",
		        services[i].statistics != NULL, "statistics", message_json(services[i].statistics),
		        "state", message_json(services[i].state)));
	return array;
}

/* A service is up when it answered both. Return: as cli_ask_all. */
static int ask(struct cli *cli, struct metrics_service services[CLI_SERVICES]) {
	StatisticsRequest ask_statistics = STATISTICS_REQUEST__INIT;
	NodeStateRequest ask_state = NODE_STATE_REQUEST__INIT;
	struct cli_answer states[CLI_SERVICES] = { { .service = NULL } };
	struct cli_answer statistics[CLI_SERVICES];
	int status = cli_ask_all(cli, "Node/Statistics", &ask_statistics.base, statistics);
	int second = status;

	if (status == EXIT_OK || status == EXIT_PARTIAL)
		second = cli_ask_all(cli, "Node/State", &ask_state.base, states);
	for (size_t i = 0; i < CLI_SERVICES; i++) {
		bool up = statistics[i].message && states[i].message;

		services[i] = (struct metrics_service) {
			.name = cli_services[i],
			.statistics = up ? (const NodeStatistics *)statistics[i].message : NULL,
			.state = up ? (const NodeState *)states[i].message : NULL,
		};
	}
	return status == EXIT_OK ? second : status;
}

int command_metrics(struct cli *cli, int argc, char **argv) {
	struct metrics_service services[CLI_SERVICES];
	AUTO(text_deinit) struct text out = TEXT_NULL;
	int status;

	(void)argv;
	if (argc != 1)
		return cli_usage(cli, "metrics", NULL);
	status = cli_open_node(cli);
	if (status)
		return status;
	status = ask(cli, services);
	if (cli->json) {
		cli_print_json(services_json(services, CLI_SERVICES));
	} else {
		metrics_print(services, CLI_SERVICES, &out);
		fputs(text_get(&out), stdout);
	}
	for (size_t i = 0; i < CLI_SERVICES && status == EXIT_PARTIAL; i++)
		if (!services[i].state)
			cli_say(cli, "service.silent", "service", services[i].name, NULL);
	return status;
}
