/* SPDX-License-Identifier: MIT */
#include "common/service/service.h"

#include <getopt.h>
#include <malloc.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "common/base/file.h"
#include "common/base/log.h"
#include "common/store/committer.h"
#include "common/store/idempotency.h"

enum { CLIENTS_MAX = 8, WORKERS_MAX = 8, LARGE_CHUNK = 128 << 10 };
enum { SERVICE_NAME_SIZE = 24 };

struct client_slot {
	char service[SERVICE_NAME_SIZE]; /* a copy: names come out of requests; empty: free */
	struct rpc_client *client;
};

/* A thread for methods that call others. Its clients are its own: sockets belong to one thread. */
struct service_worker {
	struct service *service;
	pthread_t thread;
	struct client_slot clients[CLIENTS_MAX];
};

struct service {
	const struct service_plan *plan;
	struct node node;
	struct store *store;
	struct committer *committer;
	struct rpc_transport *transport;
	struct rpc_server *server;
	int signals;
	const struct service_method **rows; /* one for each method of the contract; null: not ours */

	/* The workers and what waits for them. */
	struct service_worker workers[WORKERS_MAX];
	size_t worker_count;
	pthread_mutex_t lock;
	pthread_cond_t filled;
	struct rpc_call *first;
	struct rpc_call **last;
	bool stopping;
	atomic_bool cancelled; /* ends what the workers wait for */
};

static const struct service_method common_methods[] = {
	{ "Node/Check", service_check, NULL },
	{ "Figures/Evaluate", service_evaluate, NULL },
	{ "Figures/Open", service_open_figure, NULL },
	{ "Replica/Marks", service_marks, NULL },
	{ "Replica/ReadEvents", service_read_events, NULL },
	{ "Replica/ApplyEvents", service_apply_events, NULL },
};

const struct node *service_node(const struct service *service) {
	return &service->node;
}

const struct service_plan *service_plan_of(const struct service *service) {
	return service->plan;
}

struct store *service_store(const struct service *service) {
	return service->store;
}

struct rpc_server *service_server(const struct service *service) {
	return service->server;
}

struct rpc_transport *service_transport(const struct service *service) {
	return service->transport;
}

bool service_is_stopping(const struct service *service) {
	return atomic_load(&service->cancelled);
}

int service_refuse(struct service_call *call, enum rpc_status status, Fault__Reason reason,
    const char *field, const char *value) {
	return rpc_call_refuse(call->rpc, status, reason, field, value);
}

static const struct service_method *row_of(
    const struct service *service, const struct rpc_call *call) {
	return service->rows[call->method - contract_methods];
}

/* What a handler or the store returned becomes the call's status here and nowhere else. */
static void settle(struct service *service, struct rpc_call *call, int result) {
	if (result > 0)
		return; /* refused; status and fault are set */
	if (result == -ENOSPC) {
		rpc_call_refuse(
		    call, RPC_RESOURCE_EXHAUSTED, FAULT__REASON__DISK_FULL, "disk", service->node.folder);
		return;
	}
	if (result < 0) {
		log_failure("call-failed", result, "%s", call->method->name);
		rpc_call_refuse(call, RPC_INTERNAL, FAULT__REASON__UNSPECIFIED, call->method->name, NULL);
	}
}

static int handle(struct service *service, struct rpc_call *call, struct store_txn *txn,
    struct service_worker *worker) {
	const struct service_method *row = row_of(service, call);
	struct service_call handled = {
		.service = service,
		.worker = worker,
		.rpc = call,
		.txn = txn,
		.arena = &call->arena,
		.argument = row->argument,
	};
	int r;

	/* A batch may be run again: nothing of an earlier try may stay in the reply. */
	protobuf_c_message_init(call->method->reply, call->reply);
	r = row->handle(&handled, call->request, call->reply);
	/* Packed here: the reply may borrow from the transaction. */
	return r ? r : rpc_call_pack(call);
}

static void run_read(struct service *service, struct rpc_call *call) {
	AUTO(store_abort) struct store_txn txn = STORE_TXN_NULL;
	int r = service->store ? store_begin(service->store, STORE_READ, &txn) : 0;

	txn.arena = &call->arena;
	if (r == 0)
		r = handle(service, call, service->store ? &txn : NULL, NULL);
	if (r == 0 && txn.error)
		r = txn.error;
	settle(service, call, r);
	rpc_server_answer(service->server, call);
}

struct write_job {
	struct committer_job job;
	struct service *service;
	struct rpc_call *call;
};

static int run_write(struct committer_job *job, struct store_txn *txn) {
	struct write_job *write = (struct write_job *)job;
	struct rpc_call *call = write->call;
	struct store_value kept;
	int r;

	if (clock_monotonic_ms() > call->deadline_ms)
		return rpc_call_refuse(
		    call, RPC_DEADLINE_EXCEEDED, FAULT__REASON__OVERLOADED, call->method->name, NULL);
	r = idempotency_find(txn, call->key, call->method->name, &kept);
	if (r < 0)
		return failed_below(r);
	if (r == IDEMPOTENCY_OTHER_METHOD)
		return rpc_call_refuse(
		    call, RPC_INVALID_ARGUMENT, FAULT__REASON__KEY_REUSED, "idempotency_key", NULL);
	if (r == IDEMPOTENCY_DONE) {
		call->packed = arena_copy(&call->arena, kept.bytes, kept.size);
		call->packed_size = kept.size;
		return call->packed ? 0 : failed_here(-ENOMEM);
	}
	r = handle(write->service, call, txn, NULL);
	if (r == 0)
		idempotency_keep(txn, call->key, call->method->name, call->packed, call->packed_size);
	return r;
}

static void write_done(struct committer_job *job, int result) {
	struct write_job *write = (struct write_job *)job;

	settle(write->service, write->call, result);
	rpc_server_answer(write->service->server, write->call);
}

static void queue_write(struct service *service, struct rpc_call *call) {
	struct write_job *job = arena_alloc(&call->arena, sizeof(*job));

	if (job) {
		job->job.run = run_write;
		job->job.done = write_done;
		job->service = service;
		job->call = call;
		if (committer_add(service->committer, &job->job) == COMMITTER_OK)
			return;
	}
	rpc_call_refuse(
	    call, RPC_RESOURCE_EXHAUSTED, FAULT__REASON__OVERLOADED, call->method->name, NULL);
	rpc_server_answer(service->server, call);
}

static void queue_work(struct service *service, struct rpc_call *call) {
	call->next = NULL;
	pthread_mutex_lock(&service->lock);
	*service->last = call;
	service->last = &call->next;
	pthread_cond_signal(&service->filled);
	pthread_mutex_unlock(&service->lock);
}

static void dispatch(void *context, struct rpc_call *call) {
	struct service *service = context;

	if (!row_of(service, call)) {
		rpc_call_refuse(
		    call, RPC_UNIMPLEMENTED, FAULT__REASON__UNKNOWN_METHOD, "method", call->method->name);
		rpc_server_answer(service->server, call);
		return;
	}
	switch (call->method->access) {
	case ACCESS__READS: run_read(service, call); break;
	case ACCESS__WRITES: queue_write(service, call); break;
	default: queue_work(service, call); break;
	}
}

static struct rpc_call *next_work(struct service *service) {
	struct rpc_call *call;

	pthread_mutex_lock(&service->lock);
	while (!service->first && !service->stopping)
		pthread_cond_wait(&service->filled, &service->lock);
	call = service->stopping ? NULL : service->first;
	if (call) {
		service->first = call->next;
		if (!service->first)
			service->last = &service->first;
	}
	pthread_mutex_unlock(&service->lock);
	return call;
}

static void *work(void *context) {
	struct service_worker *worker = context;
	struct service *service = worker->service;
	struct rpc_call *call;

	while ((call = next_work(service)) != NULL) {
		/* Its caller stopped waiting: dead work is not begun. */
		if (clock_monotonic_ms() > call->deadline_ms)
			rpc_call_refuse(
			    call, RPC_DEADLINE_EXCEEDED, FAULT__REASON__OVERLOADED, call->method->name, NULL);
		else
			settle(service, call, handle(service, call, NULL, worker));
		rpc_server_answer(service->server, call);
	}
	for (size_t i = 0; i < CLIENTS_MAX; i++)
		rpc_client_closep(&worker->clients[i].client);
	return NULL;
}

static int client_of(
    struct service_worker *worker, const char *name, struct rpc_client **ret_client) {
	struct service *service = worker->service;
	char endpoint[NODE_ENDPOINT_SIZE];
	struct rpc_client_options options = {
		.transport = service->transport,
		.endpoint = node_endpoint(&service->node, name, endpoint),
		.cancelled = &service->cancelled,
	};

	for (size_t i = 0; i < CLIENTS_MAX; i++) {
		struct client_slot *slot = &worker->clients[i];

		if (!*slot->service) {
			int r = strlen(name) < sizeof(slot->service) ? rpc_client_open(&options, &slot->client)
			                                             : failed_here(-ENAMETOOLONG);

			if (r < 0)
				return failed_below(r);
			strcpy(slot->service, name);
		}
		if (strcmp(slot->service, name) == 0) {
			*ret_client = slot->client;
			return 0;
		}
	}
	return failed_here(-ENOSPC);
}

static int pass_on(struct service_call *call, const char *service, const struct rpc_reply *reply) {
	call->rpc->status = reply->status;
	call->rpc->fault = reply->fault;
	if (reply->fault && reply->fault->reason == FAULT__REASON__SERVICE_DOWN)
		return service_refuse(call, reply->status, FAULT__REASON__SERVICE_DOWN, "service", service);
	return (int)reply->status;
}

int service_ask_all(struct service_call *call, struct service_question *questions, size_t count) {
	uint64_t tickets[16];
	struct rpc_client *clients[16];
	uint64_t now = clock_monotonic_ms();
	uint32_t left = call->rpc->deadline_ms > now ? (uint32_t)(call->rpc->deadline_ms - now) : 1;
	size_t begun = 0;
	int answer = 0;

	if (count > LENGTH_OF(tickets))
		return failed_here(-EINVAL);
	for (; begun < count && answer == 0; begun++) {
		struct rpc_request request = {
			.method = questions[begun].method,
			.message = questions[begun].request,
			.deadline_ms = left > 50 ? left - 50 : left, /* leave time to say what failed */
			.actor = call->rpc->actor,
		};

		answer = client_of(call->worker, questions[begun].service, &clients[begun]);
		if (answer == 0)
			answer = rpc_client_begin(clients[begun], &request, &tickets[begun]);
		if (answer < 0)
			break;
	}
	for (size_t i = 0; i < begun; i++) {
		struct rpc_reply reply;
		int r = rpc_client_end(clients[i], tickets[i], call->arena, &reply);

		if (answer)
			continue;
		if (r < 0)
			answer = failed_below(r);
		else if (reply.status != RPC_OK)
			answer = pass_on(call, questions[i].service, &reply);
		else
			questions[i].reply = reply.message;
	}
	return answer;
}

int service_ask(struct service_call *call, const char *service, const char *method,
    const ProtobufCMessage *request, const ProtobufCMessage **ret_reply) {
	struct service_question question = { service, method, request, NULL };
	int r = service_ask_all(call, &question, 1);

	if (r == 0)
		*ret_reply = question.reply;
	return r;
}

static const struct service_method *find_row(
    const struct service_method *rows, size_t count, const char *name) {
	for (size_t i = 0; i < count; i++)
		if (strcmp(rows[i].name, name) == 0)
			return &rows[i];
	return NULL;
}

static bool serves(const struct service_plan *plan, const char *method) {
	for (size_t i = 0; i < LENGTH_OF(plan->interfaces) && plan->interfaces[i]; i++) {
		size_t length = strlen(plan->interfaces[i]);

		if (strncmp(method, plan->interfaces[i], length) == 0 && method[length] == '/')
			return true;
	}
	return false;
}

static int bind_methods(struct service *service) {
	const struct service_plan *plan = service->plan;

	service->rows = calloc(contract_methods_count, sizeof(service->rows[0]));
	if (!service->rows)
		return failed_here(-ENOMEM);
	for (size_t i = 0; i < contract_methods_count; i++) {
		const char *name = contract_methods[i].name;

		if (!serves(plan, name))
			continue;
		service->rows[i] = find_row(plan->methods, plan->method_count, name);
		if (!service->rows[i])
			service->rows[i] = find_row(common_methods, LENGTH_OF(common_methods), name);
		if (!service->rows[i]) {
			log_warn("method-missing", "%s is in the contract and has no row", name);
			return failed_here(-ENOSYS);
		}
	}
	return 0;
}

static int open_store(struct service *service) {
	AUTO(heap_freep) char *below = NULL;
	AUTO(heap_freep) char *folder = NULL;
	int r;

	if (asprintf(&below, "data/%s", service->plan->name) < 0) {
		below = NULL;
		return failed_here(-ENOMEM);
	}
	folder = node_path(&service->node, below);
	if (!folder)
		return failed_here(-ENOMEM);
	r = store_open(
	    &(struct store_options) {
	        .folder = folder,
	        .node = service->node.settings.code,
	        .map_mib = service->node.settings.map_mib,
	        .reserve_mib = service->node.settings.disk_reserve_mib,
	    },
	    &service->store);
	switch (r) {
	case STORE_OK: break;
	case STORE_IN_USE:
		log_warn("store-in-use", "another process has %s open", folder);
		return failed_here(-EBUSY);
	case STORE_NEWER_FORMAT:
		log_warn("store-newer", "%s was written by a newer version", folder);
		return failed_here(-EPROTONOSUPPORT);
	case STORE_OTHER_NODE:
		log_warn("store-other-node", "%s belongs to another node", folder);
		return failed_here(-EINVAL);
	default: return failed_below(r);
	}
	return committer_start(
	    &(struct committer_options) {
	        .store = service->store,
	        .queue_max = (size_t)service->node.settings.queue_max,
	        .batch_max = (size_t)service->node.settings.batch_max,
	    },
	    &service->committer);
}

static void on_signal(void *context) {
	struct service *service = context;
	struct signalfd_siginfo info;

	if (read(service->signals, &info, sizeof(info)) == sizeof(info))
		rpc_server_stop(service->server);
}

static int open_signals(struct service *service) {
	sigset_t signals;

	sigemptyset(&signals);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGINT);
	/* Blocked before any thread exists, so that every thread leaves them to the descriptor. */
	if (sigprocmask(SIG_BLOCK, &signals, NULL) < 0)
		return failed_here(-errno);
	service->signals = signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
	return service->signals < 0 ? failed_here(-errno) : 0;
}

static int open_server(struct service *service) {
	char endpoint[NODE_ENDPOINT_SIZE];
	int r = rpc_transport_open(&service->transport);

	if (r == 0)
		r = rpc_server_open(&(struct rpc_server_options) { service->transport, dispatch, service },
		    &service->server);
	if (r == 0)
		r = rpc_server_watch(service->server, service->signals, on_signal, service);
	if (r == 0)
		r = rpc_server_listen_office(
		    service->server, node_endpoint(&service->node, service->plan->name, endpoint));
	return r < 0 ? failed_below(r) : 0;
}

static int start_workers(struct service *service) {
	size_t wanted = service->plan->workers ? service->plan->workers : 1;

	for (; service->worker_count < wanted && service->worker_count < WORKERS_MAX;
	     service->worker_count++) {
		struct service_worker *worker = &service->workers[service->worker_count];
		int r;

		worker->service = service;
		r = pthread_create(&worker->thread, NULL, work, worker);
		if (r)
			return failed_here(-r);
	}
	return 0;
}

static void stop_workers(struct service *service) {
	atomic_store(&service->cancelled, true);
	pthread_mutex_lock(&service->lock);
	service->stopping = true;
	pthread_cond_broadcast(&service->filled);
	pthread_mutex_unlock(&service->lock);
	for (size_t i = 0; i < service->worker_count; i++)
		pthread_join(service->workers[i].thread, NULL);
}

static int run(struct service *service, const char *folder) {
	struct settings_fault fault;
	int r = node_open(folder, &service->node, &fault);

	if (r == NODE_BAD_SETTINGS) {
		log_warn("settings-bad", "node.conf line %u: %s", fault.line, fault.name);
		return -EINVAL;
	}
	if (r == 0) {
		log_open(service->plan->name, service->node.settings.code);
		r = bind_methods(service);
	}
	if (r == 0)
		r = open_signals(service);
	if (r == 0 && service->plan->schema)
		r = open_store(service);
	if (r == 0)
		r = open_server(service);
	if (r == 0)
		r = start_workers(service);
	if (r == 0 && service->plan->start)
		r = service->plan->start(service);
	if (r == 0)
		r = rpc_server_run(service->server);
	return r < 0 ? failed_below(r) : 0;
}

/* Construction read backwards; works on whatever was constructed. */
static void teardown(struct service *service) {
	/* Out of order: a worker's call may still use what the service's own start made. */
	stop_workers(service);
	if (service->plan->stop)
		service->plan->stop(service);
	if (service->committer)
		committer_stop(service->committer);
	if (service->server)
		rpc_server_close(service->server);
	if (service->transport)
		rpc_transport_close(service->transport);
	if (service->store)
		store_close(service->store);
	file_descriptor_close(&service->signals);
	free(service->rows);
	node_close(&service->node);
	pthread_cond_destroy(&service->filled);
	pthread_mutex_destroy(&service->lock);
}

int service_main(const struct service_plan *plan, int argc, char **argv) {
	static const struct option options[] = {
		{ "node", required_argument, NULL, 'n' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	struct service service = { .plan = plan, .node = NODE_NULL, .signals = -1 };
	const char *folder = NULL;
	int option;
	int r;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option == 'n')
			folder = optarg;
		else {
			fprintf(stderr, "usage: cchc-%s --node DIR\n", plan->name);
			return option == 'h' ? EXIT_SUCCESS : 2;
		}
	}
	if (!folder) {
		fprintf(stderr, "usage: cchc-%s --node DIR\n", plan->name);
		return 2;
	}
	/* A request's large chunks go back to the system when it ends; nine nodes share one machine. */
	mallopt(M_ARENA_MAX, 1);
	mallopt(M_MMAP_THRESHOLD, LARGE_CHUNK);
	mallopt(M_TRIM_THRESHOLD, LARGE_CHUNK);
	pthread_mutex_init(&service.lock, NULL);
	pthread_cond_init(&service.filled, NULL);
	service.last = &service.first;
	r = run(&service, folder);
	if (r < 0)
		log_failure("service-failed", r, "%s", plan->name);
	teardown(&service);
	return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
