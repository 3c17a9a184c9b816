/* SPDX-License-Identifier: MIT */
#include "common/rpc/server.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "common/base/file.h"
#include "common/base/log.h"
#include "common/rpc/server_internal.h"

enum { DRAIN_AT_ONCE = 256, SWEEP_MS = 1000, TRY_AGAIN_MS = 10, SPARE_CALLS_MAX = 64 };

static const int farewell_ms = 1000; /* for the last replies to leave a server that closes */

int rpc_server_open(const struct rpc_server_options *options, struct rpc_server **ret_server) {
	struct rpc_server *server = calloc(1, sizeof(*server));
	const struct contract *contract = options->transport->contract;

	if (!server)
		return failed_here(-ENOMEM);
	server->options = *options;
	if (!server->options.node)
		server->options.node = "";
	if (!server->options.keepalive_ms)
		server->options.keepalive_ms = RPC_KEEPALIVE_MS;
	if (!server->options.silence_ms)
		server->options.silence_ms = RPC_SILENCE_MS;
	server->contract = contract;
	server->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (options->identity)
		server->tokens = rpc_token_checker_new(options->identity, server->options.node);
	if (server->wake < 0 || (options->identity && !server->tokens) ||
	    stats_init(&server->stats, contract) < 0) {
		int error = errno;

		file_descriptor_close(&server->wake);
		rpc_token_checker_free(server->tokens);
		free(server);
		return failed_here(-error);
	}
	arena_init(&server->scratch, RPC_MEMORY_MAX);
	pthread_mutex_init(&server->lock, NULL);
	*ret_server = server;
	return 0;
}

int rpc_server_listen_office(struct rpc_server *server, const char *endpoint) {
	struct listener *listener = &server->listeners[server->listener_count];
	int r = listener_open_office(server->options.transport, endpoint, listener);

	if (r == 0)
		server->listener_count++;
	return r < 0 ? failed_below(r) : 0;
}

int rpc_server_listen_peers(struct rpc_server *server, const char *endpoint,
    const struct rpc_identity *identity, struct rpc_keyring *keyring) {
	struct listener *listener = &server->listeners[server->listener_count];
	int r = listener_open_peers(server->options.transport, endpoint, identity, keyring, listener);

	if (r == 0)
		server->listener_count++;
	return r < 0 ? failed_below(r) : 0;
}

int rpc_server_watch(
    struct rpc_server *server, int descriptor, rpc_ready_function *ready, void *context) {
	if (server->watch_count == WATCHES_MAX)
		return failed_here(-ENOSPC);
	server->watches[server->watch_count].descriptor = descriptor;
	server->watches[server->watch_count].ready = ready;
	server->watches[server->watch_count].context = context;
	server->watch_count++;
	return 0;
}

pthread_mutex_t *server_lock(struct rpc_server *server) {
	return &server->lock;
}

void server_audit(struct rpc_server *server, struct caller *caller, const char *event,
    const struct rpc_call *call, const char *what) {
	unsigned silent;

	if (!audit_may_write(caller ? &caller->audit : &server->strangers, &silent))
		return;
	log_warn(event, "%s: %.*s%s%s by %s%s, trace %s, %u more since the last line",
	    call ? rpc_status_name(call->status) : "refused", (int)text_cut(what, RPC_VALUE_MAX), what,
	    call && *call->actor ? " for " : "", call ? call->actor : "",
	    !caller         ? "a stranger"
	    : *caller->code ? caller->code
	                    : "the office",
	    "", call ? call->trace.id : "none", silent);
}

void server_mark_dirty(struct rpc_server *server, struct connection *connection) {
	if (connection->dirty)
		return;
	connection->dirty = true;
	connection->next_dirty = server->dirty;
	server->dirty = connection;
}

static int flush(struct rpc_server *server, struct connection *connection) {
	int r = outbox_send(&connection->outbox, &server->batches, connection->listener->socket,
	    connection->key + 1, connection->routing_size);

	if (connection->waiting != (r == OUTBOX_WAITS))
		server->waiting += connection->waiting ? (size_t)-1 : 1;
	connection->waiting = r == OUTBOX_WAITS;
	return r;
}

static void note_said(struct rpc_server *server, struct connection *connection, int r) {
	if (r < 0 && !connection->lost) {
		/* It takes nothing: what it waits for is kept from all the others. */
		log_failure("outbox-full", r, "%s does not take what it asked for",
		    *connection->user ? connection->caller->code : "a process of the office");
		connection->lost = true;
	}
	server_mark_dirty(server, connection);
	if (outbox_has_full(&connection->outbox) && !connection->waiting && !connection->lost)
		connection->lost = flush(server, connection) == OUTBOX_LOST;
}

void server_say(struct rpc_server *server, struct connection *connection, Header *header,
    const ProtobufCMessage *message) {
	note_said(server, connection,
	    message ? outbox_add_message(&connection->outbox, &server->batches, header, message)
	            : outbox_add(&connection->outbox, &server->batches, header, NULL, 0));
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

	if (call)
		server->spare = call->next;
	else
		call = new_call(server);
	if (!call)
		return NULL;
	own = call->own;
	own->connection = connection;
	own->message_max = connection->message_max;
	own->arrived_us = server->now_us;
	own->next = connection->calls;
	connection->calls = call;
	connection->in_hand++;
	connection->caller->in_hand++;
	server->in_hand++;
	flow_init(&own->flow, RPC_WINDOW_MIN, RPC_WINDOW_MAX, server->now_us / 1000);
	return call;
}

static void leave_connection(struct rpc_server *server, struct rpc_call *call) {
	struct connection *connection = call->own->connection;
	struct rpc_call **link = &connection->calls;

	while (*link != call)
		link = &(*link)->own->next;
	*link = call->own->next;
	connection->in_hand--;
	connection->caller->in_hand--;
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
		leave_connection(server, call);
	arena_reset(&call->arena);
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
			header.fault = NULL;
		}
	}
	r = outbox_add(&own->connection->outbox, &server->batches, &header,
	    replies ? call->packed : NULL, replies ? call->packed_size : 0);
	note_said(server, own->connection, r);
	own->bytes_out += replies ? call->packed_size : 0;
}

void server_end_call(struct rpc_server *server, struct rpc_call *call) {
	struct connection *connection = call->own->connection;

	if (connection) {
		say_status(server, call);
		connection->caller->by_status[call->status]++;
		connection->caller->bytes_out += call->own->bytes_out;
	}
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
	for (struct chunk *chunk; (chunk = chunks_take(&leaving)) != NULL;) {
		if (own->connection)
			note_said(server, own->connection,
			    outbox_add(&own->connection->outbox, &server->batches, &header, chunk->bytes,
			        chunk->size));
		own->bytes_out += chunk->size;
		free(chunk);
	}
	if (answered)
		server_end_call(server, call);
}

static void serve_all_posted(struct rpc_server *server) {
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

static void say_goodbye(
    struct rpc_server *server, struct connection *connection, Goodbye__Reason reason) {
	Header header = HEADER__INIT;
	Goodbye goodbye = GOODBYE__INIT;

	header.kind = HEADER__KIND__GOAWAY;
	goodbye.reason = reason;
	goodbye.last_call = connection->highest;
	server_say(server, connection, &header, &goodbye.base);
}

/* Its calls go on without it: their handlers hear that nobody waits. */
static void cancel_calls(struct rpc_server *server, struct connection *connection) {
	while (connection->calls) {
		struct rpc_call *call = connection->calls;

		atomic_store(&call->own->cancelled, true);
		leave_connection(server, call);
		pthread_mutex_lock(&server->lock);
		pthread_cond_signal(&call->own->changed);
		pthread_mutex_unlock(&server->lock);
	}
}

void server_forget(
    struct rpc_server *server, struct connection *connection, Goodbye__Reason reason) {
	struct connection **link = &server->dirty;

	cancel_calls(server, connection);
	if (reason)
		say_goodbye(server, connection, reason);
	if (reason)
		(void)flush(server, connection);
	outbox_empty(&connection->outbox, &server->batches);
	server->waiting -= connection->waiting ? 1 : 0;
	while (connection->dirty && *link != connection)
		link = &(*link)->next_dirty;
	if (connection->dirty)
		*link = connection->next_dirty;
	connections_remove(&server->connections, connection);
}

static void flush_dirty(struct rpc_server *server) {
	struct connection *dirty = server->dirty;

	server->dirty = NULL;
	while (dirty) {
		struct connection *connection = dirty;
		int r = connection->lost ? OUTBOX_LOST : flush(server, connection);

		dirty = connection->next_dirty;
		connection->dirty = false;
		if (r == OUTBOX_WAITS)
			server_mark_dirty(server, connection);
		else if (r != OUTBOX_EMPTY)
			server_forget(server, connection, GOODBYE__REASON__UNSPECIFIED);
	}
}

/* Who was silent for longer than was agreed is gone, whatever its line says. */
static void sweep(struct rpc_server *server) {
	uint64_t now_ms = server->now_us / 1000;
	struct connection *oldest;

	if (now_ms - server->swept_ms < SWEEP_MS)
		return;
	server->swept_ms = now_ms;
	while ((oldest = server->connections.oldest) &&
	       now_ms - oldest->heard_ms > server->options.silence_ms)
		server_forget(server, oldest, GOODBYE__REASON__UNSPECIFIED);
}

/* A bounded number at once, so that one busy listener does not starve the other. */
static void drain(struct rpc_server *server, struct listener *listener) {
	for (int i = 0; i < DRAIN_AT_ONCE; i++) {
		struct frames frames;
		int r = frames_receive(listener->socket, FRAMES_ROUTED, &frames);

		if (r == FRAMES_DROPPED) {
			server->stats.frames_dropped++;
			continue;
		}
		if (r != FRAMES_OK)
			return;
		server_accept(server, listener, &frames);
		frames_close(&frames);
		server->now_us = clock_monotonic_us();
	}
}

static bool has_drained(const struct rpc_server *server) {
	return server->drained_by_ms &&
	       (server->in_hand == 0 || server->now_us / 1000 > server->drained_by_ms);
}

static int patience_ms(const struct rpc_server *server) {
	if (server->waiting || server->drained_by_ms)
		return TRY_AGAIN_MS;
	return server->connections.count ? SWEEP_MS : -1;
}

/* libzmq tells of changes only, and sending may have used one up: so every listener is asked before
 * the wait. */
static bool has_message(const struct rpc_server *server) {
	bool any = false;

	for (size_t i = 0; i < server->listener_count; i++)
		any = socket_has_message(server->listeners[i].socket) || any;
	return any;
}

static int wait(struct rpc_server *server, struct pollfd items[], size_t *ret_watched) {
	int patience = has_message(server) ? 0 : patience_ms(server);
	size_t count = 0;

	items[count++] = (struct pollfd) { .fd = server->wake, .events = POLLIN };
	for (size_t i = 0; i < server->listener_count; i++)
		items[count++] =
		    (struct pollfd) { .fd = server->listeners[i].descriptor, .events = POLLIN };
	*ret_watched = count;
	for (size_t i = 0; i < server->watch_count; i++)
		items[count++] = (struct pollfd) { .fd = server->watches[i].descriptor, .events = POLLIN };
	if (poll(items, count, patience) < 0 && errno != EINTR)
		return failed_here(-errno);
	return 0;
}

/* Handlers that still wait for their callers hear that it is over. */
static void cancel_all(struct rpc_server *server) {
	pthread_mutex_lock(&server->lock);
	for (struct rpc_call *call = server->made; call; call = call->own->made) {
		if (!call->own->in_hand)
			continue;
		atomic_store(&call->own->cancelled, true);
		pthread_cond_signal(&call->own->changed);
	}
	pthread_mutex_unlock(&server->lock);
}

int rpc_server_run(struct rpc_server *server) {
	struct pollfd items[1 + LISTENERS_MAX + WATCHES_MAX];

	server->loop = pthread_self();
	while (!has_drained(server)) {
		size_t watched;
		int r = wait(server, items, &watched);

		if (r < 0)
			return failed_below(r);
		server->now_us = clock_monotonic_us();
		if (items[0].revents)
			serve_all_posted(server);
		for (size_t i = 0; i < server->listener_count; i++)
			drain(server, &server->listeners[i]);
		for (size_t i = 0; i < server->watch_count; i++)
			if (items[watched + i].revents)
				server->watches[i].ready(server->watches[i].context);
		flush_dirty(server);
		sweep(server);
	}
	cancel_all(server);
	return 0;
}

void rpc_server_stop(struct rpc_server *server) {
	if (server->drained_by_ms)
		return;
	server->drained_by_ms = server->now_us / 1000 + RPC_DRAIN_MS;
	for (struct connection *each = server->connections.oldest; each; each = each->newer)
		say_goodbye(server, each, GOODBYE__REASON__STOPPING);
}

static void free_calls(struct rpc_call *calls) {
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

void rpc_server_close(struct rpc_server *server) {
	server->loop = pthread_self();
	server->now_us = clock_monotonic_us();
	serve_all_posted(server);
	for (struct rpc_call *call = server->made; call; call = call->own->made) {
		if (!call->own->in_hand)
			continue;
		rpc_call_refuse(
		    call, RPC_UNAVAILABLE, FAULT__REASON__SERVICE_DOWN, call->method->name, NULL);
		server_end_call(server, call);
	}
	flush_dirty(server);
	while (server->connections.oldest)
		server_forget(server, server->connections.oldest, GOODBYE__REASON__UNSPECIFIED);
	for (size_t i = 0; i < server->listener_count; i++) {
		zmq_setsockopt(server->listeners[i].socket, ZMQ_LINGER, &farewell_ms, sizeof(farewell_ms));
		zmq_close(server->listeners[i].socket);
	}
	free_calls(server->made);
	connections_deinit(&server->connections);
	batch_store_deinit(&server->batches);
	arena_deinit(&server->scratch);
	stats_deinit(&server->stats);
	rpc_token_checker_free(server->tokens);
	pthread_mutex_destroy(&server->lock);
	file_descriptor_close(&server->wake);
	free(server);
}
