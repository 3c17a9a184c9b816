/* SPDX-License-Identifier: MIT */
#include "services/cli/ask.h"

#include "services/cli/token.h"

struct question {
	struct rpc_client *client; /* null: it was not asked */
	uint64_t ticket;
};

static int begin(struct cli *cli, const char *service, const struct rpc_request *request,
    struct question *question) {
	struct rpc_client *client;
	int status = cli_client(cli, service, &client);
	int r;

	if (status)
		return status;
	r = rpc_client_begin(client, request, &question->ticket);
	if (r < 0)
		return cli_call_failed(cli, service, r, NULL);
	question->client = client;
	return EXIT_OK;
}

/* All clients at once: one that was left alone would not even say hello until its turn, and be
 * late. Return: 0 when every question has ended, or a negative errno. */
static int wait_all(const struct question questions[CLI_SERVICES]) {
	struct pollfd items[CLI_SERVICES * RPC_CLIENT_POLLS];
	bool open = true;
	int r = 0;

	while (open && r == 0) {
		uint64_t until_ms = UINT64_MAX;
		nfds_t used = 0;

		open = false;
		for (size_t i = 0; i < CLI_SERVICES && r == 0; i++) {
			uint64_t at_ms;

			if (!questions[i].client)
				continue;
			r = rpc_client_prepare(questions[i].client, items + used, &at_ms);
			if (r < 0 || rpc_client_may_receive(questions[i].client, questions[i].ticket))
				continue;
			open = true;
			used += RPC_CLIENT_POLLS;
			until_ms = at_ms < until_ms ? at_ms : until_ms;
		}
		if (open && r == 0)
			r = poll_until(items, used, until_ms);
	}
	return r < 0 ? failed_below(r) : 0;
}

static bool anybody_listens(struct cli *cli) {
	for (size_t i = 0; i < CLI_SERVICES; i++)
		if (cli_service_listens(cli, cli_services[i]))
			return true;
	return false;
}

int cli_ask_all(struct cli *cli, const char *method, const ProtobufCMessage *message,
    struct cli_answer answers[CLI_SERVICES]) {
	struct question questions[CLI_SERVICES] = { { .client = NULL } };
	struct rpc_request request = { .method = method, .message = message, .trace = &cli->trace };
	int status = cli_open_node(cli);
	size_t answered = 0;
	int r;

	for (size_t i = 0; i < CLI_SERVICES; i++)
		answers[i] = (struct cli_answer) { .service = cli_services[i] };
	if (status)
		return status;
	if (!cli_node_runs(cli) && !anybody_listens(cli)) {
		cli_say(cli, "node.not_running", "folder", cli->node.folder, NULL);
		return EXIT_UNAVAILABLE;
	}
	request.token = cli_token(cli);
	for (size_t i = 0; i < CLI_SERVICES && status == EXIT_OK; i++)
		if (cli_service_listens(cli, cli_services[i]))
			status = begin(cli, cli_services[i], &request, &questions[i]);
	if (status == EXIT_OK) {
		r = wait_all(questions);
		status = r < 0 ? cli_call_failed(cli, "node", r, NULL) : EXIT_OK;
	}
	for (size_t i = 0; i < CLI_SERVICES; i++) {
		struct rpc_reply reply;

		if (!questions[i].client)
			continue;
		if (rpc_client_end(questions[i].client, questions[i].ticket, &cli->arena, &reply) < 0 ||
		    reply.status != RPC_OK)
			continue;
		answers[i].message = reply.message;
		answered++;
	}
	if (status == EXIT_OK && answered == 0)
		cli_say_silent(cli, answers);
	if (status)
		return status;
	return answered == CLI_SERVICES ? EXIT_OK : answered ? EXIT_PARTIAL : EXIT_UNAVAILABLE;
}

void cli_say_silent(const struct cli *cli, const struct cli_answer answers[CLI_SERVICES]) {
	for (size_t i = 0; i < CLI_SERVICES; i++)
		if (!answers[i].message)
			cli_say(cli, "service.silent", "service", answers[i].service, NULL);
}
