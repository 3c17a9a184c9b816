/* SPDX-License-Identifier: MIT */
/* The calls a server has in hand: taken, answered from any thread, given back. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/rpc/server_internal.h"

pthread_mutex_t *server_lock(struct rpc_server *server) {
	return &server->lock;
}

static struct rpc_call *new_call(struct rpc_server *server) {
	struct rpc_call *call = calloc(1, sizeof(*call));
	struct rpc_call_private *own = calloc(1, sizeof(*own));
	pthread_condattr_t monotonic;

	if (!call || !own) {
		free(call);
		free(own);
		return NULL;
	}
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&own->changed, &monotonic);
	pthread_condattr_destroy(&monotonic);
	arena_init(&call->arena, RPC_MEMORY_MAX);
	call->actor = "";
	call->own = own;
	own->server = server;
	own->made = server->made;
	server->made = call;
	return call;
}

struct rpc_call *server_take_call(struct rpc_server *server, struct connection *connection) {
	struct rpc_call *call = server->spare;
	struct rpc_call_private *own;

	if (call) {
		server->spare = call->next;
		server->spare_count--;
	} else
		call = new_call(server);
	if (!call)
		return NULL;
	own = call->own;
	own->caller = connection->caller;
	own->connection = connection;
	own->message_max = connection->message_max;
	own->arrived_us = server->now_us;
	own->next = connection->calls;
	connection->calls = call;
	connection->in_hand++;
	connection->caller->in_hand++;
	server->in_hand++;
	flow_init(&own->flow, FLOW_OF_CALL, server->now_us / 1000);
	return call;
}

void server_leave_connection(struct rpc_server *server, struct rpc_call *call) {
	struct connection *connection = call->own->connection;
	struct rpc_call **link = &connection->calls;

	while (*link != call)
		link = &(*link)->own->next;
	*link = call->own->next;
	connection->in_hand--;
	if (call->own->in_hand && contract_streams(call->method))
		connection->streams--;
	pthread_mutex_lock(&server->lock);
	call->own->connection = NULL;
	pthread_mutex_unlock(&server->lock);
}

static void give_back(struct rpc_server *server, struct rpc_call *call) {
	struct rpc_call_private *own = call->own;
	struct rpc_call *made = own->made;

	chunks_free(&own->arrived);
	chunks_free(&own->leaving);
	if (own->connection)
		server_leave_connection(server, call);
	own->caller->in_hand--;
	if (own->in_hand && contract_streams(call->method))
		own->caller->streams--;
	if (server->spare_count < RPC_SPARE_CALLS_MAX)
		arena_reset(&call->arena);
	else
		arena_release(&call->arena);
	server->spare_count++;
	/* All but what a call keeps for its next use. */
	memset(&own->call, 0,
	    offsetof(struct rpc_call_private, changed) - offsetof(struct rpc_call_private, call));
	own->made = made;
	own->arrived_all = false;
	own->grant = 0;
	own->answered = false;
	memset(call, 0, offsetof(struct rpc_call, trace));
	call->actor = "";
	call->token.size = 0;
	call->status = RPC_OK;
	call->fault = NULL;
	call->retry_after_ms = 0;
	call->packed = NULL;
	call->packed_size = 0;
	call->next = server->spare;
	server->spare = call;
	server->in_hand--;
}

/* Whoever refused it: what is wrong with a call before its handler, and what a handler does not
 * allow, is on record. */
static bool is_refused(const struct rpc_call *call) {
	return call->status == RPC_PERMISSION_DENIED || call->status == RPC_UNAUTHENTICATED ||
	       (call->status != RPC_OK && !call->own->in_hand);
}

/* Of a method that is not in the contract the fault's value is the name. */
static void audit(struct rpc_server *server, const struct rpc_call *call) {
	char what[2 * RPC_VALUE_MAX];

	snprintf(what, sizeof(what), "%s%s%s", call->method ? call->method->name : "",
	    call->method ? " " : "", call->fault ? call->fault->value : "");
	server_audit(server, call->own->caller, "call-refused", call, what);
}

static void say_status(struct rpc_server *server, struct rpc_call *call) {
	struct rpc_call_private *own = call->own;
	bool replies = call->status == RPC_OK && call->method && !call->method->streams_replies;
	Header header = HEADER__INIT;
	int r;

	if (replies && !call->packed)
		replies = rpc_call_pack(call) == RPC_OK;
	header.kind = HEADER__KIND__STATUS;
	header.call = own->call;
	header.status = call->status;
	if (call->status != RPC_OK) {
		header.fault = call->fault;
		header.retry_after_ms = call->retry_after_ms;
		header.details = own->details;
		header.n_details = own->detail_count;
		header.details_cut = own->details_cut;
		if (header__get_packed_size(&header) > RPC_HEADER_MAX) {
			header.n_details = 0;
			header.details_cut += (uint32_t)own->detail_count;
		}
		if (header__get_packed_size(&header) > RPC_HEADER_MAX)
			header.fault = NULL;
	}
	r = outbox_add(&own->connection->outbox, &server->batches, &header,
	    replies ? call->packed : NULL, replies ? call->packed_size : 0);
	server_note_said(server, own->connection, r);
	own->bytes_out += replies ? call->packed_size : 0;
}

void server_end_call(struct rpc_server *server, struct rpc_call *call) {
	struct caller *caller = call->own->caller;

	if ((unsigned)call->status >= RPC_STATUS_COUNT)
		call->status = RPC_UNKNOWN;
	if (is_refused(call))
		audit(server, call);
	log_trace(call->trace.id);
	if (call->own->connection)
		say_status(server, call);
	log_trace(NULL);
	caller->by_status[call->status]++;
	caller->bytes_out += call->own->bytes_out;
	if (call->method) {
		struct stats_call ended = {
			.method = call->method,
			.trace = &call->trace,
			.caller = call->own->peer,
			.status = call->status,
			.duration_us = clock_monotonic_us() - call->own->arrived_us,
			.bytes_in = call->own->bytes_in,
			.bytes_out = call->own->bytes_out,
		};

		stats_count(&server->stats, &ended);
	}
	give_back(server, call);
}

void server_post(struct rpc_call *call) {
	struct rpc_server *server = call->own->server;
	uint64_t one = 1;

	if (call->own->posted)
		return;
	call->own->posted = true;
	call->own->next_posted = server->posted;
	if (!server->posted)
		(void)!write(server->wake, &one, sizeof(one));
	server->posted = call;
}

void rpc_server_answer(struct rpc_server *server, struct rpc_call *call) {
	/* What a stream sent before is with the loop and must leave first. */
	if (pthread_equal(server->loop, pthread_self()) && !call->own->posted) {
		server_end_call(server, call);
		return;
	}
	pthread_mutex_lock(&server->lock);
	call->own->answered = true;
	server_post(call);
	pthread_mutex_unlock(&server->lock);
}

/* What a handler on another thread left for the loop. */
static void serve_posted(struct rpc_server *server, struct rpc_call *call) {
	struct rpc_call_private *own = call->own;
	struct chunks leaving;
	Header header = HEADER__INIT;
	bool answered;

	pthread_mutex_lock(&server->lock);
	leaving = own->leaving;
	own->leaving = (struct chunks) { NULL, NULL };
	header.credit = own->grant;
	own->grant = 0;
	answered = own->answered;
	own->posted = false;
	pthread_mutex_unlock(&server->lock);
	header.call = own->call;
	if (own->connection && header.credit && !answered && own->state == CALL_OPEN) {
		header.kind = HEADER__KIND__CREDIT;
		server_say(server, own->connection, &header, NULL);
	}
	header.credit = 0;
	header.kind = HEADER__KIND__DATA;
	log_trace(call->trace.id);
	for (struct chunk *chunk; (chunk = chunks_take(&leaving)) != NULL;) {
		if (own->connection)
			server_note_said(server, own->connection,
			    outbox_add(&own->connection->outbox, &server->batches, &header, chunk->bytes,
			        chunk->size));
		/* On a slow line the messages tell how slow it is only one by one. */
		if (own->connection)
			outbox_seal(&own->connection->outbox, flow_chunk(&own->flow));
		own->bytes_out += chunk->size;
		free(chunk);
	}
	log_trace(NULL);
	if (answered)
		server_end_call(server, call);
}

void server_serve_posted(struct rpc_server *server) {
	struct rpc_call *posted;
	uint64_t count;

	(void)!read(server->wake, &count, sizeof(count));
	pthread_mutex_lock(&server->lock);
	posted = server->posted;
	server->posted = NULL;
	pthread_mutex_unlock(&server->lock);
	while (posted) {
		struct rpc_call *call = posted;

		posted = call->own->next_posted;
		serve_posted(server, call);
	}
}

/* Handlers that still wait for their callers hear that it is over. */
void server_cancel_calls(struct rpc_server *server) {
	pthread_mutex_lock(&server->lock);
	for (struct rpc_call *call = server->made; call; call = call->own->made) {
		if (!call->own->in_hand)
			continue;
		atomic_store(&call->own->cancelled, true);
		pthread_cond_signal(&call->own->changed);
	}
	pthread_mutex_unlock(&server->lock);
}

void server_free_calls(struct rpc_server *server) {
	struct rpc_call *calls = server->made;

	while (calls) {
		struct rpc_call *call = calls;

		calls = call->own->made;
		chunks_free(&call->own->arrived);
		chunks_free(&call->own->leaving);
		pthread_cond_destroy(&call->own->changed);
		arena_deinit(&call->arena);
		free(call->own);
		free(call);
	}
}
