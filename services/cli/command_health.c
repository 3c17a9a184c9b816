/* SPDX-License-Identifier: MIT */
/* cchc health: whether the services live and can do their work, now or as long as one watches. */
#include <getopt.h>
#include <string.h>

#include "services/cli/ask.h"
#include "services/cli/health.h"

/* Who answers lives; the answer is whether it can do its work. Return: as cli_ask_all. */
static int look(struct cli *cli, struct health healths[CLI_SERVICES]) {
	HealthCheckRequest request = HEALTH_CHECK_REQUEST__INIT;
	struct cli_answer answers[CLI_SERVICES];
	int status = cli_ask_all(cli, "Health/Check", &request.base, answers);

	for (size_t i = 0; i < CLI_SERVICES; i++)
		health_note(&healths[i], (const HealthCheckResponse *)answers[i].message);
	return status;
}

static void print(struct cli *cli, const struct health healths[CLI_SERVICES]) {
	json_t *array = cli->json ? json_array() : NULL;

	for (size_t i = 0; i < CLI_SERVICES; i++) {
		if (!healths[i].wanted)
			continue;
		if (array)
			json_array_append_new(array, health_json(&healths[i]));
		else
			health_print(cli, "", &healths[i]);
	}
	if (array)
		cli_print_json(array);
}

int command_health(struct cli *cli, int argc, char **argv) {
	static const struct option options[] = {
		{ "watch", no_argument, NULL, 'w' },
		{ "service", required_argument, NULL, 's' },
		{ NULL, 0, NULL, 0 },
	};
	struct health healths[CLI_SERVICES] = { { .service = NULL } };
	const char *service = NULL;
	bool watch = false;
	int option;
	int status;

	optind = 1;
	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (option) {
		case 'w': watch = true; break;
		case 's': service = optarg; break;
		default: return cli_usage(cli, "health", NULL);
		}
	}
	if (optind != argc)
		return cli_usage(cli, "health", NULL);
	status = service ? cli_check_service(cli, service) : EXIT_OK;
	if (status == EXIT_OK)
		status = cli_open_node(cli);
	if (status)
		return status;
	for (size_t i = 0; i < CLI_SERVICES; i++) {
		healths[i].service = cli_services[i];
		healths[i].wanted = !service || strcmp(service, cli_services[i]) == 0;
	}
	if (watch)
		return health_watch(cli, healths);
	status = look(cli, healths);
	if (status != EXIT_OK && status != EXIT_PARTIAL && status != EXIT_UNAVAILABLE)
		return status;
	print(cli, healths);
	return health_status(healths);
}
