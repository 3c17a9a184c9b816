/* SPDX-License-Identifier: MIT */
#include "common/service/workers.h"

#include <pthread.h>
#include <stdatomic.h>
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

static struct rpc_call *next_call(struct workers *workers) {
	struct rpc_call *call;

	pthread_mutex_lock(&workers->lock);
	workers->idle++;
	while (!workers->first && !atomic_load(&workers->stopping))
		pthread_cond_wait(&workers->filled, &workers->lock);
	workers->idle--;
	call = atomic_load(&workers->stopping) ? NULL : workers->first;
	if (call) {
		workers->waiting--;
		workers->first = call->next;
		if (!workers->first)
			workers->last = &workers->first;
	}
	pthread_mutex_unlock(&workers->lock);
	return call;
}

static void *work(void *context) {
	struct service_worker *worker = context;
	const struct workers_options *options = &worker->workers->options;
	struct rpc_call *call;

	while ((call = next_call(worker->workers)) != NULL)
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
