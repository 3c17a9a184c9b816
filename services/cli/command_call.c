/* SPDX-License-Identifier: MIT */
/* cchc call SERVICE/Method JSON: any method of the contract. */
#include <ctype.h>
#include <getopt.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "services/cli/calls.h"
#include "services/cli/transcoder.h"

static int list_methods(void) {
	for (size_t i = 0; i < office_contract.method_count; i++)
		printf("%s(%s) %s\n", office_contract.methods[i].name,
		    office_contract.methods[i].request->short_name,
		    office_contract.methods[i].reply->short_name);
	return EXIT_OK;
}

/* "Dossiers/GetDossier" is served by "dossiers"; what every service has needs --service. */
static const char *service_of(struct cli *cli, const char *method) {
	char *name = arena_copy_text(&cli->arena, method, strcspn(method, "/"));

	for (char *c = name; c && *c; c++)
		*c = (char)tolower((unsigned char)*c);
	return name;
}

static int read_request(struct cli *cli, const struct contract_method *method, const char *text,
    ProtobufCMessage **ret_message) {
	struct transcode_fault fault;
	json_error_t error;
	char place[32];
	json_t *json = json_loads(text, JSON_REJECT_DUPLICATES, &error);
	int r;

	if (!json) {
		snprintf(place, sizeof(place), "%d:%d", error.line, error.column);
		cli_say(cli, "call.bad_json", "place", place, "error", error.text, NULL);
		return EXIT_USAGE;
	}
	r = transcode_from_json(method->request, json, &cli->arena, ret_message, &fault);
	json_decref(json);
	if (r > 0)
		cli_say(cli, r == TRANSCODE_UNKNOWN_FIELD ? "call.unknown_field" : "call.bad_field", "path",
		    fault.path, "value", fault.value, "nearest", fault.nearest ? fault.nearest : "", "type",
		    method->request->short_name, NULL);
	return r == 0 ? EXIT_OK : r > 0 ? EXIT_USAGE : EXIT_FAILED;
}

int command_call(struct cli *cli, int argc, char **argv) {
	static const struct option options[] = {
		{ "list", no_argument, NULL, 'l' },
		{ "service", required_argument, NULL, 's' },
		{ NULL, 0, NULL, 0 },
	};
	const struct contract_method *method;
	const ProtobufCMessage *reply;
	const char *service = NULL;
	ProtobufCMessage *request;
	json_t *json;
	int option;
	int status;

	optind = 1;
	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option == 'l')
			return list_methods();
		if (option != 's')
			return cli_usage(cli, "call", NULL);
		service = optarg;
	}
	if (argc - optind < 1 || argc - optind > 2)
		return cli_usage(cli, "call", NULL);
	method = contract_find(&office_contract, argv[optind]);
	if (!method) {
		cli_say(cli, "call.unknown_method", "method", argv[optind], NULL);
		return EXIT_NOT_FOUND;
	}
	status = read_request(cli, method, argc - optind == 2 ? argv[optind + 1] : "{}", &request);
	if (status == EXIT_OK)
		status = cli_call(cli, service ? service : service_of(cli, method->name),
		    &(struct rpc_request) { .method = method->name, .message = request }, &reply);
	if (status)
		return status;
	if (transcode_to_json(reply, TRANSCODE_OMIT_DEFAULTS, &json) < 0)
		return EXIT_FAILED;
	json_dumpf(json, stdout, JSON_INDENT(1));
	putchar('\n');
	json_decref(json);
	return EXIT_OK;
}
