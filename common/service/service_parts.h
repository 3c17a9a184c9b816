/* SPDX-License-Identifier: MIT */
/* What the parts of a service share; nobody else includes this. */
#pragma once

#include <stdatomic.h>

#include "common/service/service.h"
#include "common/service/workers.h"
#include "common/store/committer.h"

struct service {
	const struct service_plan *plan;
	struct node node;
	struct store *store;
	struct committer *committer;
	struct keeper *keeper;
	struct rpc_transport *transport;
	struct rpc_server *server;
	struct workers *workers; /* for methods that call other services */
	struct workers *streams; /* for methods that stream: each waits for its caller */
	int signals;
	atomic_bool stopping;
	const struct service_method **rows; /* one for each method of the contract; null: not ours */
};

/* Take up a call that came (dispatch.c); on the loop's thread. */
void service_dispatch(void *context, struct rpc_call *call);

/* Run a call on a worker's thread and end it. */
void service_run_work(void *context, struct service_worker *worker, struct rpc_call *call);
