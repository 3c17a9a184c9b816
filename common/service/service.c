/* SPDX-License-Identifier: MIT */
#include "common/service/service.h"

#include <getopt.h>
#include <malloc.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "common/base/file.h"
#include "common/base/log.h"
#include "common/service/workers.h"
#include "common/store/committer.h"
#include "common/store/idempotency.h"

enum { LARGE_CHUNK = 128 << 10, STREAMS_MAX = 32 };

_Static_assert(STREAMS_MAX > 2 * RPC_STREAMS_MAX, "several callers may have as many as each may");

struct service {
	const struct service_plan *plan;
	struct node node;
	struct store *store;
	struct committer *committer;
	struct rpc_transport *transport;
	struct rpc_server *server;
	struct workers *workers; /* for methods that call other services */
	struct workers *streams; /* for methods that stream: each waits for its caller */
	int signals;
	atomic_bool stopping;
	const struct service_method **rows; /* one for each method of the contract; null: not ours */
};

/* What every service answers. */
static const char *const common_interfaces[] = { "Health", "Node", "Reflection", "Line" };
static const struct service_method common_methods[] = {
	{ "Health/Check", service_check, NULL },
	{ "Health/Watch", service_watch, NULL },
	{ "Node/State", service_state, NULL },
	{ "Node/Statistics", service_statistics, NULL },
	{ "Node/Trace", service_trace, NULL },
	{ "Node/Verify", service_verify, NULL },
	{ "Node/Backup", service_backup, NULL },
	{ "Reflection/Describe", service_describe, NULL },
	{ "Line/Echo", service_echo, NULL },
	{ "Line/Upload", service_upload, NULL },
	{ "Line/Download", service_download, NULL },
	{ "Line/Converse", service_converse, NULL },
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
	return atomic_load(&service->stopping);
}

int service_refuse(struct service_call *call, enum rpc_status status, Fault__Reason reason,
    const char *field, const char *value) {
	return rpc_call_refuse(call->rpc, status, reason, field, value);
}

static const struct service_method *row_of(
    const struct service *service, const struct rpc_call *call) {
	return service->rows[call->method - office_contract.methods];
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
		log_trace(call->trace.id);
		log_failure("call-failed", result, "%s", call->method->name);
		log_trace(NULL);
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
	log_trace(call->trace.id);
	r = row->handle(&handled, call->request, call->reply);
	/* Packed here: the reply may borrow from the transaction. */
	if (r == 0 && !call->method->streams_replies)
		r = rpc_call_pack(call);
	log_trace(NULL);
	return r;
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

	/* Its caller stopped waiting: dead work is not begun. */
	if (rpc_call_is_over(call))
		return rpc_call_refuse_over(call);
	r = idempotency_find(txn, call->key, call->asked, &kept);
	if (r < 0)
		return failed_below(r);
	if (r == IDEMPOTENCY_OTHER_REQUEST)
		return rpc_call_refuse(
		    call, RPC_INVALID_ARGUMENT, FAULT__REASON__KEY_REUSED, "idempotency_key", NULL);
	if (r == IDEMPOTENCY_DONE) {
		call->packed = arena_copy(&call->arena, kept.bytes, kept.size);
		call->packed_size = kept.size;
		return call->packed ? 0 : failed_here(-ENOMEM);
	}
	r = handle(write->service, call, txn, NULL);
	if (r == 0)
		idempotency_keep(txn, call->key, call->asked, call->packed, call->packed_size);
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
	rpc_call_refuse_busy(call);
	rpc_server_answer(service->server, call);
}

static void run_work(void *context, struct service_worker *worker, struct rpc_call *call) {
	struct service *service = context;

	/* Its caller stopped waiting: dead work is not begun. */
	if (rpc_call_is_over(call))
		rpc_call_refuse_over(call);
	else
		settle(service, call, handle(service, call, NULL, worker));
	rpc_server_answer(service->server, call);
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
	default:
		workers_add(contract_streams(call->method) ? service->streams : service->workers, call);
		break;
	}
}

static const struct service_method *find_row(
    const struct service_method *rows, size_t count, const char *name) {
	for (size_t i = 0; i < count; i++)
		if (strcmp(rows[i].name, name) == 0)
			return &rows[i];
	return NULL;
}

bool service_serves(const struct service *service, const char *method) {
	const struct service_plan *plan = service->plan;

	for (size_t i = 0; i < LENGTH_OF(common_interfaces); i++) {
		size_t length = strlen(common_interfaces[i]);

		if (strncmp(method, common_interfaces[i], length) == 0 && method[length] == '/')
			return true;
	}
	for (size_t i = 0; i < LENGTH_OF(plan->interfaces) && plan->interfaces[i]; i++) {
		size_t length = strlen(plan->interfaces[i]);

		if (strncmp(method, plan->interfaces[i], length) == 0 && method[length] == '/')
			return true;
	}
	return false;
}

static int bind_methods(struct service *service) {
	const struct service_plan *plan = service->plan;

	service->rows = calloc(office_contract.method_count, sizeof(service->rows[0]));
	if (!service->rows)
		return failed_here(-ENOMEM);
	for (size_t i = 0; i < office_contract.method_count; i++) {
		const char *name = office_contract.methods[i].name;

		if (!service_serves(service, name))
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

	if (read(service->signals, &info, sizeof(info)) != sizeof(info))
		return;
	atomic_store(&service->stopping, true);
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
	struct rpc_identity identity;
	int r = rpc_transport_open(&office_contract, &service->transport);

	if (r == 0)
		r = node_identity(&service->node, &identity);
	if (r == 0)
		r = rpc_server_open(
		    &(struct rpc_server_options) {
		        .transport = service->transport,
		        .dispatch = dispatch,
		        .context = service,
		        .node = service->node.settings.code,
		        .identity = &identity,
		        .keepalive_ms = (uint32_t)service->node.settings.keepalive_ms,
		        .silence_ms = 3 * (uint32_t)service->node.settings.keepalive_ms,
		    },
		    &service->server);
	if (r == 0)
		r = rpc_server_watch(service->server, service->signals, on_signal, service);
	if (r == 0)
		r = rpc_server_listen_office(
		    service->server, node_endpoint(&service->node, service->plan->name, endpoint));
	return r < 0 ? failed_below(r) : 0;
}

static int start_workers(struct service *service, size_t count, struct workers **ret_workers) {
	return workers_start(
	    &(struct workers_options) {
	        .count = count,
	        .node = &service->node,
	        .transport = service->transport,
	        .run = run_work,
	        .context = service,
	    },
	    ret_workers);
}

static int run(struct service *service, const char *folder, const char *pack) {
	struct settings_fault fault;
	int r = node_open(folder, &service->node, &fault);

	if (r == NODE_BAD_SETTINGS) {
		log_warn("settings-bad", "node.conf line %u: %s", fault.line, fault.name);
		return -EINVAL;
	}
	if (r == 0) {
		log_open(service->plan->name, service->node.settings.code);
		if (pack)
			return service_restore(service->plan, &service->node, pack);
		r = bind_methods(service);
	}
	if (r == 0)
		r = open_signals(service);
	if (r == 0 && service->plan->schema)
		r = open_store(service);
	if (r == 0)
		r = open_server(service);
	if (r == 0)
		r = start_workers(service, service->plan->workers, &service->workers);
	if (r == 0)
		r = start_workers(service, STREAMS_MAX, &service->streams);
	if (r == 0 && service->plan->start)
		r = service->plan->start(service);
	if (r == 0)
		r = rpc_server_run(service->server);
	return r < 0 ? failed_below(r) : 0;
}

/* Construction read backwards; works on whatever was constructed. */
static void teardown(struct service *service) {
	/* Out of order: a worker's call may still use what the service's own start made. */
	if (service->workers)
		workers_stop(service->workers);
	if (service->streams)
		workers_stop(service->streams);
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
	if (service->workers)
		workers_free(service->workers);
	if (service->streams)
		workers_free(service->streams);
	node_close(&service->node);
}

int service_main(const struct service_plan *plan, int argc, char **argv) {
	static const struct option options[] = {
		{ "node", required_argument, NULL, 'n' },
		{ "restore", required_argument, NULL, 'r' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	struct service service = { .plan = plan, .node = NODE_NULL, .signals = -1 };
	const char *folder = NULL;
	const char *pack = NULL;
	int option;
	int r;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option == 'n')
			folder = optarg;
		else if (option == 'r')
			pack = optarg;
		else {
			fprintf(stderr, "usage: cchc-%s --node DIR [--restore PACK]\n", plan->name);
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
	r = run(&service, folder, pack);
	if (r < 0)
		log_failure("service-failed", r, "%s", plan->name);
	teardown(&service);
	return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
