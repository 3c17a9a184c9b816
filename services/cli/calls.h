/* SPDX-License-Identifier: MIT */
/* Calls of the command to the services of its node. */
#pragma once

#include "services/cli/cli.h"

#define CLI_SERVICES 5

/* The services of a node, who follows another's log before who writes it: what is asked of them in
 * this order never shows a copy that reaches further than its original. */
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

/* Be the one process that may keep this node running; nobody else may while `ret_lock` is open.
 * Return: 0, -EWOULDBLOCK when another is, or another negative errno. */
int cli_lock_node(struct cli *cli, int *ret_lock);

/* Whether a service of this node answers at its socket. */
bool cli_service_listens(struct cli *cli, const char *service);

/* Poll until something is ready, or a monotonic time comes; UINT64_MAX: for ever.
 * Return: 0 or a negative errno. */
int poll_until(struct pollfd *items, nfds_t count, uint64_t until_ms);

void cli_calls_close(struct cli *cli);
