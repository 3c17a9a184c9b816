/* SPDX-License-Identifier: MIT */
#include "common/service/workers.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/log.h"

enum { CLIENTS_MAX = 8, WORKERS_MAX = 32, SERVICE_NAME_SIZE = 24 };

struct client_slot {
	char service[SERVICE_NAME_SIZE]; /* a copy: names come out of requests; empty: free */
	struct rpc_client *client;
};

struct service_worker {
	struct workers *workers;
	pthread_t thread;
	char peer[KEYRING_CODE_SIZE]; /* whose call it runs; "": the office's, or none */
	struct client_slot clients[CLIENTS_MAX];
};

struct workers {
	struct workers_options options;
	struct service_worker items[WORKERS_MAX];
	size_t count;   /* threads that run */
	size_t idle;    /* of them, those that wait for a call */
	size_t waiting; /* calls that wait for a thread */
	pthread_mutex_t lock;
	pthread_cond_t filled;
	struct rpc_call *first; /* waiting, oldest first */
	struct rpc_call **last;
	atomic_bool stopping; /* also ends what the workers wait for */
};

/* One peer's calls may take at most half of the threads, so that a slow line keeps no other
 * waiting. */
static bool may_run(const struct workers *workers, const struct rpc_call *call) {
	size_t running = 0;

	for (size_t i = 0; call->peer && i < workers->count; i++)
		running += strcmp(workers->items[i].peer, call->peer) == 0;
	return running == 0 || running < workers->options.count / 2;
}

/* The oldest that may run; null when there is none. */
static struct rpc_call *take_call(struct workers *workers) {
	struct rpc_call **link = &workers->first;
	struct rpc_call *call;

	while (*link && !may_run(workers, *link))
		link = &(*link)->next;
	call = *link;
	if (!call)
		return NULL;
	*link = call->next;
	if (!*link)
		workers->last = link;
	return call;
}

static struct rpc_call *next_call(struct service_worker *worker) {
	struct workers *workers = worker->workers;
	struct rpc_call *call = NULL;

	pthread_mutex_lock(&workers->lock);
	*worker->peer = '\0';
	workers->idle++;
	while (!atomic_load(&workers->stopping) && !(call = take_call(workers)))
		pthread_cond_wait(&workers->filled, &workers->lock);
	workers->idle--;
	if (call) {
		workers->waiting--;
		snprintf(worker->peer, sizeof(worker->peer), "%s", call->peer ? call->peer : "");
	}
	pthread_mutex_unlock(&workers->lock);
	return call;
}

static void *work(void *context) {
	struct service_worker *worker = context;
	const struct workers_options *options = &worker->workers->options;
	struct rpc_call *call;

	while ((call = next_call(worker)) != NULL)
		options->run(options->context, worker, call);
	for (size_t i = 0; i < CLIENTS_MAX; i++)
		rpc_client_closep(&worker->clients[i].client);
	return NULL;
}

int workers_start(const struct workers_options *options, struct workers **ret_workers) {
	struct workers *workers = calloc(1, sizeof(*workers));

	if (!workers)
		return failed_here(-ENOMEM);
	workers->options = *options;
	workers->last = &workers->first;
	pthread_mutex_init(&workers->lock, NULL);
	pthread_cond_init(&workers->filled, NULL);
	if (!workers->options.count)
		workers->options.count = 1;
	if (workers->options.count > WORKERS_MAX)
		workers->options.count = WORKERS_MAX;
	*ret_workers = workers;
	return 0;
}

void workers_stop(struct workers *workers) {
	pthread_mutex_lock(&workers->lock);
	atomic_store(&workers->stopping, true);
	pthread_cond_broadcast(&workers->filled);
	pthread_mutex_unlock(&workers->lock);
	for (size_t i = 0; i < workers->count; i++)
		pthread_join(workers->items[i].thread, NULL);
}

void workers_free(struct workers *workers) {
	pthread_cond_destroy(&workers->filled);
	pthread_mutex_destroy(&workers->lock);
	free(workers);
}

/* With the lock held. When there is no thread to be had, the ones there are do the work. */
static void start_one(struct workers *workers) {
	struct service_worker *worker = &workers->items[workers->count];
	int r;

	if (workers->count == workers->options.count)
		return;
	worker->workers = workers;
	r = pthread_create(&worker->thread, NULL, work, worker);
	if (r)
		log_failure("thread-failed", -r, "%zu threads run", workers->count);
	else
		workers->count++;
}

void workers_add(struct workers *workers, struct rpc_call *call) {
	call->next = NULL;
	pthread_mutex_lock(&workers->lock);
	*workers->last = call;
	workers->last = &call->next;
	if (++workers->waiting > workers->idle)
		start_one(workers);
	pthread_cond_signal(&workers->filled);
	pthread_mutex_unlock(&workers->lock);
}

static int open_slot(struct service_worker *worker, struct client_slot *slot, const char *service) {
	const struct workers_options *options = &worker->workers->options;
	char endpoint[NODE_ENDPOINT_SIZE];
	int r;

	if (strlen(service) >= sizeof(slot->service))
		return failed_here(-ENAMETOOLONG);
	r = rpc_client_open(
	    &(struct rpc_client_options) {
	        .transport = options->transport,
	        .endpoint = node_endpoint(options->node, service, endpoint),
	        .cancelled = &worker->workers->stopping,
	    },
	    &slot->client);
	if (r < 0)
		return failed_below(r);
	strcpy(slot->service, service);
	return 0;
}

int worker_client(
    struct service_worker *worker, const char *service, struct rpc_client **ret_client) {
	for (size_t i = 0; i < CLIENTS_MAX; i++) {
		struct client_slot *slot = &worker->clients[i];
		int r = *slot->service ? 0 : open_slot(worker, slot, service);

		if (r < 0)
			return failed_below(r);
		if (strcmp(slot->service, service) == 0) {
			*ret_client = slot->client;
			return 0;
		}
	}
	return failed_here(-ENOSPC);
}
