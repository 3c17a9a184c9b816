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
#include "common/service/keeper.h"
#include "common/service/service_parts.h"

#define USAGE "usage: cchc-%s --node DIR [--restore PACK | --upgrade]\n"

enum { LARGE_CHUNK = 128 << 10, STREAMS_MAX = 32 };

_Static_assert(STREAMS_MAX > 2 * RPC_STREAMS_MAX, "several callers may have as many as each may");

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
	{ "Node/Erase", service_erase, NULL },
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

struct keeper *service_keeper(const struct service *service) {
	return service->keeper;
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
	AUTO(heap_freep) char *folder = NULL;
	struct node_store parts;
	int r = node_store(&service->node, service->plan->name, &parts, &folder);

	parts.options.service = service->plan->name;
	parts.options.schema = service->plan->schema;
	if (r == 0)
		r = store_open(&parts.options, &service->store);
	switch (r) {
	case STORE_OK: break;
	case STORE_IN_USE:
		log_warn("store-in-use", "another process has %s open", folder);
		return failed_here(-EBUSY);
	case STORE_NEWER_FORMAT:
		log_warn("store-newer", "%s was written by a newer version", folder);
		return failed_here(-EPROTONOSUPPORT);
	case STORE_WRONG_CLOCK:
		log_warn("clock-wrong", "no store is made in %s: set this computer's clock first", folder);
		return failed_here(-EINVAL);
	case STORE_OTHER_NODE:
		log_warn("store-other-node", "%s belongs to another node", folder);
		return failed_here(-EINVAL);
	default: return failed_below(r);
	}
	return 0;
}

static int start_writing(struct service *service) {
	const struct node_settings *settings = &service->node.settings;
	int r = committer_start(
	    &(struct committer_options) {
	        .store = service->store,
	        .queue_max = (size_t)settings->queue_max,
	        .batch_max = (size_t)settings->batch_max,
	        .batch_bytes = (size_t)settings->batch_kib << 10,
	        .batch_us = settings->batch_ms * 1000,
	    },
	    &service->committer);

	if (r == 0)
		r = keeper_start(service, &service->keeper);
	return r < 0 ? failed_below(r) : 0;
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
		        .dispatch = service_dispatch,
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
	        .run = service_run_work,
	        .context = service,
	    },
	    ret_workers);
}

/* What a service's program is started for. */
struct errand {
	const char *folder; /* of the node */
	const char *pack;   /* to restore; null: none */
	bool upgrades;      /* only bring the store to this format */
};

static int run(struct service *service, const struct errand *errand) {
	struct settings_fault fault;
	int r = node_open(errand->folder, &service->node, &fault);

	if (r == NODE_BAD_SETTINGS) {
		log_warn("settings-bad", "node.conf line %u: %s", fault.line, fault.name);
		return -EINVAL;
	}
	if (r == 0) {
		log_open(service->plan->name, service->node.settings.code);
		if (errand->pack)
			return service_restore(service->plan, &service->node, errand->pack);
		if (errand->upgrades)
			return service->plan->schema ? open_store(service) : 0;
		r = bind_methods(service);
	}
	if (r == 0)
		r = open_signals(service);
	if (r == 0 && service->plan->schema)
		r = open_store(service);
	if (r == 0 && service->plan->schema)
		r = start_writing(service);
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
	if (service->keeper)
		keeper_stop(service->keeper);
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
		{ "upgrade", no_argument, NULL, 'u' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	struct service service = { .plan = plan, .node = NODE_NULL, .signals = -1 };
	struct errand errand = { .folder = NULL };
	int option;
	int r;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option == 'n')
			errand.folder = optarg;
		else if (option == 'r')
			errand.pack = optarg;
		else if (option == 'u')
			errand.upgrades = true;
		else {
			fprintf(stderr, USAGE, plan->name);
			return option == 'h' ? EXIT_SUCCESS : 2;
		}
	}
	if (!errand.folder) {
		fprintf(stderr, USAGE, plan->name);
		return 2;
	}
	/* A request's large chunks go back to the system when it ends; nine nodes share one machine. */
	mallopt(M_ARENA_MAX, 1);
	mallopt(M_MMAP_THRESHOLD, LARGE_CHUNK);
	mallopt(M_TRIM_THRESHOLD, LARGE_CHUNK);
	r = run(&service, &errand);
	if (r < 0)
		log_failure("service-failed", r, "%s", plan->name);
	teardown(&service);
	return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
