/* SPDX-License-Identifier: MIT */
/* Calls of the command to the services of its node. */
#pragma once

#include "services/cli/cli.h"

#define CLI_SERVICES 5

/* The services of a node, in the order in which they are told of. */
extern const char *const cli_services[CLI_SERVICES];

/* Whether there is such a service. Return: EXIT_OK, or EXIT_NOT_FOUND when it has said that not. */
int cli_check_service(const struct cli *cli, const char *service);

/* The client of a service, opened at first use. When the node does not run it says so.
 * Return: EXIT_OK or the exit status. */
int cli_client(struct cli *cli, const char *service, struct rpc_client **ret_client);

/* Call and wait; when it fails the reason is said.
 * Return: EXIT_OK with the reply in the command's arena, or the exit status. */
int cli_call(struct cli *cli, const char *service, const struct rpc_request *request,
    const ProtobufCMessage **ret_reply);

/* Say why a call failed. Return: the exit status that goes with it. */
int cli_call_failed(struct cli *cli, const char *service, int r, const struct rpc_reply *reply);

/* Whether a process keeps this node running (`cchc node up`). */
bool cli_node_runs(struct cli *cli);

/* Whether a service of this node answers at its socket. */
bool cli_service_listens(struct cli *cli, const char *service);

/* Poll until something is ready, or a monotonic time comes; UINT64_MAX: for ever.
 * Return: 0 or a negative errno. */
int poll_until(struct pollfd *items, nfds_t count, uint64_t until_ms);

void cli_calls_close(struct cli *cli);
