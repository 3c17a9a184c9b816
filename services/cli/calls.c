/* SPDX-License-Identifier: MIT */
#include "services/cli/calls.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "common/base/file.h"
#include "common/base/nearest.h"
#include "services/cli/faults.h"
#include "services/cli/token.h"

const char *const cli_services[CLI_SERVICES] = { "dossiers", "documents", "reporting", "exchange",
	"staffing" };

struct cli_client {
	struct cli_client *next;
	const char *service;
	struct rpc_client *client;
};

int cli_check_service(const struct cli *cli, const char *service) {
	struct nearest nearest = NEAREST(service);

	for (size_t i = 0; i < CLI_SERVICES; i++) {
		if (strcmp(cli_services[i], service) == 0)
			return EXIT_OK;
		nearest_offer(&nearest, cli_services[i]);
	}
	cli_say(cli, nearest.name ? "service.unknown_nearest" : "service.unknown", "service", service,
	    "nearest", nearest.name ? nearest.name : "", NULL);
	return EXIT_NOT_FOUND;
}

int poll_until(struct pollfd *items, nfds_t count, uint64_t until_ms) {
	uint64_t now = clock_monotonic_ms();
	int timeout_ms = -1;

	if (until_ms <= now)
		timeout_ms = 0;
	else if (until_ms - now < INT_MAX)
		timeout_ms = (int)(until_ms - now);
	return poll(items, count, timeout_ms) < 0 && errno != EINTR ? failed_here(-errno) : 0;
}

bool cli_node_runs(struct cli *cli) {
	AUTO(file_descriptor_close) int lock = openat(cli->node.run, "lock", O_RDONLY | O_CLOEXEC);

	return lock >= 0 && flock(lock, LOCK_SH | LOCK_NB) < 0;
}

int cli_lock_node(struct cli *cli, int *ret_lock) {
	AUTO(file_descriptor_close)
	int lock = openat(cli->node.run, "lock", O_RDWR | O_CREAT | O_CLOEXEC, 0600);

	if (lock < 0 || flock(lock, LOCK_EX | LOCK_NB) < 0)
		return failed_here(-errno);
	*ret_lock = lock;
	lock = -1;
	return 0;
}

bool cli_service_listens(struct cli *cli, const char *service) {
	AUTO(file_descriptor_close) int probe = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	char endpoint[NODE_ENDPOINT_SIZE];

	node_endpoint(&cli->node, service, endpoint);
	snprintf(address.sun_path, sizeof(address.sun_path), "%s", endpoint + strlen("ipc://"));
	return probe >= 0 && connect(probe, (struct sockaddr *)&address, sizeof(address)) == 0;
}

int cli_client(struct cli *cli, const char *service, struct rpc_client **ret_client) {
	char endpoint[NODE_ENDPOINT_SIZE];
	struct cli_client *slot;
	int status = cli_open_node(cli);
	int r = 0;

	if (status)
		return status;
	for (slot = cli->clients; slot; slot = slot->next) {
		if (strcmp(slot->service, service) == 0) {
			*ret_client = slot->client;
			return EXIT_OK;
		}
	}
	if (!cli_service_listens(cli, service) && !cli_node_runs(cli)) {
		cli_say(cli, "node.not_running", "folder", cli->node.folder, NULL);
		return EXIT_UNAVAILABLE;
	}
	slot = arena_alloc(&cli->arena, sizeof(*slot));
	if (!slot)
		r = -ENOMEM;
	if (r == 0 && !cli->transport)
		r = rpc_transport_open(&office_contract, &cli->transport);
	if (r == 0)
		r = rpc_client_open(
		    &(struct rpc_client_options) {
		        .transport = cli->transport,
		        .endpoint = node_endpoint(&cli->node, service, endpoint),
		    },
		    &slot->client);
	if (r < 0)
		return cli_call_failed(cli, service, r, NULL);
	slot->service = service;
	slot->next = cli->clients;
	cli->clients = slot;
	*ret_client = slot->client;
	return EXIT_OK;
}

int cli_call(struct cli *cli, const char *service, const struct rpc_request *request,
    const ProtobufCMessage **ret_reply) {
	struct rpc_request named = *request;
	struct rpc_client *client;
	struct rpc_reply reply;
	int status = cli_client(cli, service, &client);
	int r;

	if (status)
		return status;
	named.token = cli_token(cli);
	if (!named.trace)
		named.trace = &cli->trace;
	r = rpc_client_call(client, &named, &cli->arena, &reply);
	if (r < 0 || reply.status != RPC_OK)
		return cli_call_failed(cli, service, r, &reply);
	*ret_reply = reply.message;
	return EXIT_OK;
}

static int exit_of(enum rpc_status status) {
	switch (status) {
	case RPC_OK: return EXIT_OK;
	case RPC_INVALID_ARGUMENT:
	case RPC_UNIMPLEMENTED:
	case RPC_OUT_OF_RANGE: return EXIT_USAGE;
	case RPC_NOT_FOUND: return EXIT_NOT_FOUND;
	case RPC_ALREADY_EXISTS:
	case RPC_ABORTED:
	case RPC_FAILED_PRECONDITION: return EXIT_CONFLICT;
	case RPC_DEADLINE_EXCEEDED:
	case RPC_RESOURCE_EXHAUSTED:
	case RPC_UNAVAILABLE:
	case RPC_UNAUTHENTICATED: return EXIT_UNAVAILABLE;
	default: return EXIT_FAILED;
	}
}

int cli_call_failed(struct cli *cli, const char *service, int r, const struct rpc_reply *reply) {
	AUTO(text_deinit) struct text why = TEXT_NULL;

	if (r < 0) {
		cli_say(cli, "call.broke", "service", service, "error", strerror(-r), NULL);
		return EXIT_FAILED;
	}
	if (reply->status == RPC_DEADLINE_EXCEEDED && !reply->header)
		cli_words(cli, &why, "call.deadline", NULL);
	else if (reply->fault)
		fault_words(cli, reply->fault, &why);
	if (!why.length)
		text_add(&why, rpc_status_name(reply->status));
	cli_say(cli, "call.refused", "service", service, "why", text_get(&why), NULL);
	/* Where the fault is the system's, its way is worth following. */
	if (*reply->trace && exit_of(reply->status) == EXIT_FAILED)
		cli_say(cli, "call.trace", "trace", cli->trace.id, NULL);
	return exit_of(reply->status);
}

void cli_calls_close(struct cli *cli) {
	for (struct cli_client *slot = cli->clients; slot; slot = slot->next)
		rpc_client_close(slot->client);
	cli->clients = NULL;
	if (cli->transport)
		rpc_transport_close(cli->transport);
	cli->transport = NULL;
}
