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

enum { DRAIN_AT_ONCE = 256 };

static const int farewell_ms = 1000; /* for the last replies to leave a server that closes */

int rpc_server_open(const struct rpc_server_options *options, struct rpc_server **ret_server) {
	struct rpc_server *server = calloc(1, sizeof(*server));
	const struct contract *contract = options->transport->contract;

	if (!server)
		return failed_here(-ENOMEM);
	server->options = *options;
	server->options.identity = NULL; /* the caller's, and secret */
	if (!server->options.node)
		server->options.node = "";
	if (!server->options.keepalive_ms)
		server->options.keepalive_ms = RPC_KEEPALIVE_MS;
	if (!server->options.silence_ms)
		server->options.silence_ms = RPC_SILENCE_MS;
	if (!server->options.hellos_per_s)
		server->options.hellos_per_s = RPC_HELLOS_PER_S;
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
	int r = server->listener_count < LISTENERS_MAX
	            ? listener_open_office(server->options.transport, endpoint, listener)
	            : failed_here(-ENOSPC);

	if (r == 0)
		server->listener_count++;
	return r < 0 ? failed_below(r) : 0;
}

int rpc_server_listen_peers(struct rpc_server *server, const char *endpoint,
    const struct rpc_identity *identity, struct rpc_keyring *keyring) {
	struct listener *listener = &server->listeners[server->listener_count];
	int r = server->listener_count < LISTENERS_MAX ? listener_open_peers(server->options.transport,
	                                                     endpoint, identity, keyring, listener)
	                                               : failed_here(-ENOSPC);

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

/* A bounded number at once, so that one busy listener does not starve the other. Where messages
 * come one at a time, the answer leaves before the next one is asked for: asking takes longer than
 * the call. Return: whether there may be more. */
static bool drain(struct rpc_server *server, struct listener *listener) {
	bool alone = listener->last_drained == 1;

	for (unsigned i = 0; i < DRAIN_AT_ONCE; i++) {
		struct frames frames;
		int r = frames_receive(listener->socket, FRAMES_ROUTED, FRAMES_AT_ONCE, &frames);

		if (r == FRAMES_DROPPED) {
			server->stats.frames_dropped++;
			continue;
		}
		if (r != FRAMES_OK) {
			listener->last_drained = i ? i : listener->last_drained;
			return false;
		}
		server_accept(server, listener, &frames);
		frames_close(&frames);
		if (alone && i == 0)
			(void)server_flush(server);
		server->now_us = clock_monotonic_us();
	}
	return true;
}

static bool has_drained(const struct rpc_server *server) {
	return server->drained_by_ms &&
	       (server->in_hand == 0 || server->now_us / 1000 > server->drained_by_ms);
}

static int patience_ms(const struct rpc_server *server) {
	if (server->waiting || server->drained_by_ms)
		return RPC_TRY_AGAIN_MS;
	return server->connections.count ? RPC_SWEEP_MS : -1;
}

static int wait(
    struct rpc_server *server, int patience, struct pollfd items[], size_t *ret_watched) {
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

int rpc_server_run(struct rpc_server *server) {
	struct pollfd items[1 + LISTENERS_MAX + WATCHES_MAX];
	bool more = true;

	server->loop = pthread_self();
	while (!has_drained(server)) {
		size_t watched;
		int r = wait(server, more ? 0 : patience_ms(server), items, &watched);

		if (r < 0)
			return failed_below(r);
		server->now_us = clock_monotonic_us();
		if (items[0].revents)
			server_serve_posted(server);
		(void)server_flush(server);
		more = false;
		for (size_t i = 0; i < server->listener_count; i++) {
			more = drain(server, &server->listeners[i]) || more;
			more = server_flush(server) || more;
		}
		for (size_t i = 0; i < server->watch_count; i++)
			if (items[watched + i].revents)
				server->watches[i].ready(server->watches[i].context);
		server_sweep(server);
		/* libzmq tells of changes only, and sending may use one up: then it is asked once more. */
		more = server_flush(server) || more;
	}
	server_cancel_calls(server);
	return 0;
}

void rpc_server_stop(struct rpc_server *server) {
	if (server->drained_by_ms)
		return;
	server->drained_by_ms = server->now_us / 1000 + RPC_DRAIN_MS;
	for (struct connection *each = server->connections.oldest; each; each = each->newer)
		server_say_goodbye(server, each, GOODBYE__REASON__STOPPING);
}

/* libzmq throws away, together with a connection, what its reader has not taken up yet: whoever
 * waits for an answer is given a moment. */
static void say_farewell(const struct rpc_server *server) {
	uint64_t now_ms = clock_monotonic_ms();

	if (server->connections.count && now_ms < server->left_ms + RPC_FAREWELL_MS)
		poll(NULL, 0, (int)(server->left_ms + RPC_FAREWELL_MS - now_ms));
}

void rpc_server_close(struct rpc_server *server) {
	server->loop = pthread_self();
	server->now_us = clock_monotonic_us();
	server_serve_posted(server);
	for (struct rpc_call *call = server->made; call; call = call->own->made) {
		if (!call->own->in_hand)
			continue;
		rpc_call_refuse(
		    call, RPC_UNAVAILABLE, FAULT__REASON__SERVICE_DOWN, call->method->name, NULL);
		server_end_call(server, call);
	}
	(void)server_flush(server);
	say_farewell(server);
	while (server->connections.oldest)
		server_forget(server, server->connections.oldest, GOODBYE__REASON__UNSPECIFIED);
	for (size_t i = 0; i < server->listener_count; i++) {
		zmq_setsockopt(server->listeners[i].socket, ZMQ_LINGER, &farewell_ms, sizeof(farewell_ms));
		zmq_close(server->listeners[i].socket);
	}
	server_free_calls(server);
	connections_deinit(&server->connections);
	batch_store_deinit(&server->batches);
	arena_deinit(&server->scratch);
	stats_deinit(&server->stats);
	rpc_token_checker_free(server->tokens);
	pthread_mutex_destroy(&server->lock);
	file_descriptor_close(&server->wake);
	free(server);
}
