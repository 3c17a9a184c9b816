/* SPDX-License-Identifier: MIT */
/*
 * Calls: reads run at once on a snapshot, writes in the committer's transaction, what calls others
 * or takes long on a worker. What a handler returned becomes a status here and nowhere else.
 */
#include <pthread.h>
#include <string.h>

#include "common/base/log.h"
#include "common/service/service_parts.h"
#include "common/store/idempotency.h"

static const struct service_method *row_of(
    const struct service *service, const struct rpc_call *call) {
	return service->rows[call->method - office_contract.methods];
}

/* What a handler or the store returned becomes the call's status here and nowhere else. */
static void settle(struct service *service, struct rpc_call *call, int result) {
	if (result > 0)
		return; /* refused; status and fault are set */
	if (result == -ENOSPC) {
		bool map = service->store && strcmp(store_ran_out_of(service->store), "map") == 0;

		rpc_call_refuse(call, RPC_RESOURCE_EXHAUSTED,
		    map ? FAULT__REASON__STORE_FULL : FAULT__REASON__DISK_FULL, map ? "map-mib" : "disk",
		    map ? service->plan->name : service->node.folder);
		return;
	}
	if (result == -EBUSY) {
		rpc_call_refuse_busy(call);
		return;
	}
	if (result == -ETIME) {
		log_warn("reader-old", "%s read for longer than reader-max-ms allows", call->method->name);
		rpc_call_refuse(call, RPC_DEADLINE_EXCEEDED, FAULT__REASON__OVERLOADED, call->method->name,
		    "reader-max-ms");
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

	if (txn.handle)
		store_read_as(&txn, call->method->name, STORE_ENDS);
	txn.arena = &call->arena;
	if (r == 0)
		r = handle(service, call, service->store ? &txn : NULL, NULL);
	/* After a read that failed, "not there" may be untrue. */
	if (txn.error)
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
	if (txn->room != STORE_ROOMY)
		return failed_here(-ENOSPC);
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
		job->job.bytes = call->arena.used;
		if (committer_add(service->committer, &job->job) == COMMITTER_OK)
			return;
	}
	rpc_call_refuse_busy(call);
	rpc_server_answer(service->server, call);
}

void service_run_work(void *context, struct service_worker *worker, struct rpc_call *call) {
	struct service *service = context;

	/* Its caller stopped waiting: dead work is not begun. */
	if (rpc_call_is_over(call))
		rpc_call_refuse_over(call);
	else
		settle(service, call, handle(service, call, NULL, worker));
	rpc_server_answer(service->server, call);
}

void service_dispatch(void *context, struct rpc_call *call) {
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

/* A write of a worker's own, which waits for it. */
struct own_write {
	struct committer_job job;
	service_write_function *run;
	void *context;
	pthread_mutex_t lock;
	pthread_cond_t ended;
	bool is_over;
	int result;
};

static int run_own(struct committer_job *job, struct store_txn *txn) {
	struct own_write *write = (struct own_write *)job;

	return write->run(write->context, txn);
}

static void own_done(struct committer_job *job, int result) {
	struct own_write *write = (struct own_write *)job;

	pthread_mutex_lock(&write->lock);
	write->result = result;
	write->is_over = true;
	pthread_cond_signal(&write->ended);
	pthread_mutex_unlock(&write->lock);
}

int service_write(struct service *service, service_write_function *run, void *context) {
	struct own_write write = {
		.job = { .run = run_own, .done = own_done },
		.run = run,
		.context = context,
	};

	pthread_mutex_init(&write.lock, NULL);
	pthread_cond_init(&write.ended, NULL);
	if (committer_add(service->committer, &write.job) == COMMITTER_OK) {
		pthread_mutex_lock(&write.lock);
		while (!write.is_over)
			pthread_cond_wait(&write.ended, &write.lock);
		pthread_mutex_unlock(&write.lock);
	} else {
		write.result = -EAGAIN;
	}
	pthread_cond_destroy(&write.ended);
	pthread_mutex_destroy(&write.lock);
	return write.result;
}
