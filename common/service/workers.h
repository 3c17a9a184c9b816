/* SPDX-License-Identifier: MIT */
/*
 * Workers: threads for methods that call other services. Each has clients of its own, since sockets
 * belong to one thread; calls wait in one queue, which the server's limit on pending calls bounds.
 */
#pragma once

#include "common/rpc/client.h"
#include "common/rpc/server.h"
#include "common/service/node.h"

struct service_worker;
struct workers;

struct workers_options {
	size_t count; /* threads at most; 0: one. They are started when they are needed */
	const struct node *node;
	struct rpc_transport *transport;
	/* Runs a call on the worker's thread and ends it. */
	void (*run)(void *context, struct service_worker *worker, struct rpc_call *call);
	void *context;
};

/* Return: 0 or a negative errno. */
int workers_start(const struct workers_options *options, struct workers **ret_workers);

/* What the workers wait for ends soon (RPC_CANCELLED); calls that nobody took up stay the server's.
 */
void workers_stop(struct workers *workers);
void workers_free(struct workers *workers);

/* Queue a call, from the loop's thread. */
void workers_add(struct workers *workers, struct rpc_call *call);

/* The worker's client of a service of its node, opened at first use. Only on the worker's thread.
 * Return: 0 or a negative errno. */
int worker_client(
    struct service_worker *worker, const char *service, struct rpc_client **ret_client);
