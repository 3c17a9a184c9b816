/* SPDX-License-Identifier: MIT */
#include "common/rpc/server.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>
#include <uthash.h>

#include "common/base/clock.h"
#include "common/base/file.h"
#include "common/base/log.h"
#include "common/base/message.h"
#include "common/rpc/call_internal.h"
#include "common/rpc/frame.h"
#include "common/rpc/listener.h"

enum { LISTENERS_MAX = 2, WATCHES_MAX = 4, PEERS_MAX = 10000, DRAIN_AT_ONCE = 256 };

static const int farewell_ms = 1000; /* for the last replies to leave a server that closes */

struct heard {
	char peer[KEYRING_CODE_SIZE];
	uint64_t last_ms;
	size_t pending; /* its calls in hand */
	UT_hash_handle hh;
};

struct rpc_server {
	struct rpc_transport *transport;
	rpc_dispatch_function *dispatch;
	void *context;
	pthread_t loop;
	struct listener listeners[LISTENERS_MAX];
	size_t listener_count;
	struct {
		int descriptor;
		rpc_ready_function *ready;
		void *context;
	} watches[WATCHES_MAX];
	size_t watch_count;
	pthread_mutex_t lock;   /* guards `ended` */
	struct rpc_call *ended; /* by other threads, newest first */
	int wake;               /* eventfd: `ended` is not empty */
	struct rpc_call *spare; /* calls to use again; their arenas keep a chunk */
	struct rpc_call *made;  /* every call there is, newest first */
	size_t pending;
	struct heard *heard;
	bool running;
};

int rpc_server_open(const struct rpc_server_options *options, struct rpc_server **ret_server) {
	struct rpc_server *server = calloc(1, sizeof(*server));

	if (!server)
		return failed_here(-ENOMEM);
	server->transport = options->transport;
	server->dispatch = options->dispatch;
	server->context = options->context;
	server->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (server->wake < 0) {
		free(server);
		return failed_here(-errno);
	}
	pthread_mutex_init(&server->lock, NULL);
	*ret_server = server;
	return 0;
}

int rpc_server_listen_office(struct rpc_server *server, const char *endpoint) {
	struct listener *listener = &server->listeners[server->listener_count];
	int r = listener_open_office(server->transport, endpoint, listener);

	if (r == 0)
		server->listener_count++;
	return r < 0 ? failed_below(r) : 0;
}

int rpc_server_listen_peers(struct rpc_server *server, const char *endpoint,
    const struct rpc_identity *identity, struct rpc_keyring *keyring) {
	struct listener *listener = &server->listeners[server->listener_count];
	int r = listener_open_peers(server->transport, endpoint, identity, keyring, listener);

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

static struct rpc_call *take_call(struct rpc_server *server) {
	struct rpc_call *call = server->spare;
	struct rpc_call_private *own;

	if (call) {
		server->spare = call->next;
		return call;
	}
	call = calloc(1, sizeof(*call));
	own = calloc(1, sizeof(*own));
	if (!call || !own) {
		free(call);
		free(own);
		return NULL;
	}
	zmq_msg_init(&own->routing);
	arena_init(&call->arena, RPC_MEMORY_MAX);
	call->own = own;
	own->made = server->made;
	server->made = call;
	return call;
}

static void give_back(struct rpc_server *server, struct rpc_call *call) {
	struct rpc_call_private *own = call->own;

	zmq_msg_close(&own->routing);
	zmq_msg_init(&own->routing);
	arena_reset(&call->arena);
	call->arena.cap = RPC_MEMORY_MAX;
	if (own->heard)
		own->heard->pending--;
	own->heard = NULL;
	own->in_hand = false;
	call->method = NULL;
	call->request = NULL;
	call->reply = NULL;
	call->actor = "";
	call->peer = NULL;
	call->key = NULL;
	call->status = RPC_OK;
	call->fault = NULL;
	call->packed = NULL;
	call->packed_size = 0;
	call->next = server->spare;
	server->spare = call;
	server->pending--;
}

static void send_status(struct rpc_server *server, struct rpc_call *call) {
	CallHeader header = CALL_HEADER__INIT;
	int r;

	if (call->status == RPC_OK && !call->packed && call->reply)
		rpc_call_pack(call);
	header.kind = CALL_HEADER__KIND__STATUS;
	header.call = call->own->call;
	header.trace = call->own->trace;
	header.status = call->status;
	header.fault = call->fault;
	r = frames_send(call->own->socket, &call->own->routing, &header,
	    call->status == RPC_OK ? call->packed : NULL,
	    call->status == RPC_OK ? call->packed_size : 0);
	if (r < 0)
		log_failure("reply-failed", r, "a reply could not be sent");
	give_back(server, call);
}

void rpc_server_answer(struct rpc_server *server, struct rpc_call *call) {
	uint64_t one = 1;

	if (pthread_equal(server->loop, pthread_self())) {
		send_status(server, call);
		return;
	}
	pthread_mutex_lock(&server->lock);
	call->next = server->ended;
	server->ended = call;
	pthread_mutex_unlock(&server->lock);
	(void)!write(server->wake, &one, sizeof(one));
}

static void send_ended(struct rpc_server *server) {
	struct rpc_call *ended;
	uint64_t count;

	(void)!read(server->wake, &count, sizeof(count));
	pthread_mutex_lock(&server->lock);
	ended = server->ended;
	server->ended = NULL;
	pthread_mutex_unlock(&server->lock);
	while (ended) {
		struct rpc_call *call = ended;

		ended = call->next;
		send_status(server, call);
	}
}

static void free_calls(struct rpc_call *calls) {
	while (calls) {
		struct rpc_call *call = calls;

		calls = call->own->made;
		zmq_msg_close(&call->own->routing);
		arena_deinit(&call->arena);
		free(call->own);
		free(call);
	}
}

/* A caller that repeats its call finds the server that comes after this one; the others are told.
 */
static void say_farewell(struct rpc_server *server) {
	send_ended(server);
	for (struct rpc_call *call = server->made; call; call = call->own->made) {
		if (!call->own->in_hand || call->method->access != ACCESS__CALLS)
			continue;
		rpc_call_refuse(
		    call, RPC_UNAVAILABLE, FAULT__REASON__SERVICE_DOWN, call->method->name, NULL);
		send_status(server, call);
	}
}

void rpc_server_close(struct rpc_server *server) {
	struct heard *heard;
	struct heard *next;

	say_farewell(server);
	for (size_t i = 0; i < server->listener_count; i++) {
		zmq_setsockopt(server->listeners[i].socket, ZMQ_LINGER, &farewell_ms, sizeof(farewell_ms));
		zmq_close(server->listeners[i].socket);
	}
	free_calls(server->made);
	HASH_ITER(hh, server->heard, heard, next) {
		HASH_DEL(server->heard, heard);
		free(heard);
	}
	pthread_mutex_destroy(&server->lock);
	file_descriptor_close(&server->wake);
	free(server);
}

/* Null when memory is out. */
static struct heard *note_heard(struct rpc_server *server, const char *peer) {
	struct heard *heard;

	HASH_FIND_STR(server->heard, peer, heard);
	if (!heard && HASH_COUNT(server->heard) < PEERS_MAX) {
		heard = calloc(1, sizeof(*heard));
		if (!heard)
			return NULL;
		snprintf(heard->peer, sizeof(heard->peer), "%s", peer);
		HASH_ADD_STR(server->heard, peer, heard);
	}
	if (heard)
		heard->last_ms = clock_wall_ms();
	return heard;
}

uint64_t rpc_server_last_heard_ms(const struct rpc_server *server, const char *peer) {
	struct heard *heard;

	HASH_FIND_STR(server->heard, peer, heard);
	return heard ? heard->last_ms : 0;
}

/* Only a key that our own ZAP handler let in, and only while it is still in the list. */
static bool identify(struct rpc_server *server, const struct listener *listener,
    struct rpc_call *call, zmq_msg_t *payload) {
	uint8_t key[KEYRING_KEY_SIZE];
	const char *user;

	if (!listener->keyring)
		return true;
	user = zmq_msg_gets(payload, "User-Id");
	if (!user || !rpc_key_is_valid(user))
		return false;
	rpc_key_decode(user, key);
	if (!rpc_keyring_find(listener->keyring, key, call->own->peer))
		return false;
	call->own->heard = note_heard(server, call->own->peer);
	if (!call->own->heard)
		return false;
	call->own->heard->pending++;
	call->peer = call->own->peer;
	return true;
}

static bool is_overloaded(const struct rpc_server *server, const struct rpc_call *call) {
	const struct heard *heard = call->own->heard;

	return server->pending > RPC_PENDING_MAX || (heard && heard->pending > RPC_PENDING_PEER_MAX);
}

static void accept_call(
    struct rpc_server *server, struct listener *listener, struct frames *frames) {
	struct rpc_call *call = take_call(server);
	ProtobufCMessage *unpacked = NULL;
	CallHeader *header;
	int status;

	if (!call)
		return;
	server->pending++;
	call->own->socket = listener->socket;
	zmq_msg_move(&call->own->routing, &frames->routing);
	if (message_unpack(&call_header__descriptor, zmq_msg_data(&frames->header),
	        zmq_msg_size(&frames->header), &call->arena, &unpacked) != MESSAGE_OK) {
		give_back(server, call);
		return;
	}
	header = (CallHeader *)unpacked;
	call->own->call = header->call;
	snprintf(call->own->trace, sizeof(call->own->trace), "%.*s",
	    (int)text_cut(header->trace, sizeof(call->own->trace) - 1), header->trace);
	if (header->kind != CALL_HEADER__KIND__REQUEST) {
		give_back(server, call);
		return;
	}
	if (!identify(server, listener, call, &frames->payload))
		status =
		    rpc_call_refuse(call, RPC_UNAUTHENTICATED, FAULT__REASON__NOT_ALLOWED, "key", NULL);
	else if (is_overloaded(server, call))
		status = rpc_call_refuse(
		    call, RPC_RESOURCE_EXHAUSTED, FAULT__REASON__OVERLOADED, header->method, NULL);
	else
		status = rpc_call_prepare(
		    call, header, zmq_msg_data(&frames->payload), zmq_msg_size(&frames->payload));
	call->status = (enum rpc_status)status;
	if (status != RPC_OK) {
		call->reply = NULL;
		send_status(server, call);
		return;
	}
	call->own->in_hand = true;
	server->dispatch(server->context, call);
}

/* A bounded number at once, so that one busy listener does not starve the other. */
static void drain(struct rpc_server *server, struct listener *listener) {
	for (int i = 0; i < DRAIN_AT_ONCE; i++) {
		struct frames frames;
		int r = frames_receive(listener->socket, FRAMES_ROUTED, &frames);

		if (r == FRAMES_DROPPED)
			continue;
		if (r != FRAMES_OK)
			return;
		accept_call(server, listener, &frames);
		frames_close(&frames);
	}
}

int rpc_server_run(struct rpc_server *server) {
	zmq_pollitem_t items[LISTENERS_MAX + WATCHES_MAX + 1];

	server->loop = pthread_self();
	server->running = true;
	while (server->running) {
		size_t count = 0;
		size_t watched;

		for (size_t i = 0; i < server->listener_count; i++)
			items[count++] =
			    (zmq_pollitem_t) { .socket = server->listeners[i].socket, .events = ZMQ_POLLIN };
		watched = count;
		for (size_t i = 0; i < server->watch_count; i++)
			items[count++] =
			    (zmq_pollitem_t) { .fd = server->watches[i].descriptor, .events = ZMQ_POLLIN };
		items[count++] = (zmq_pollitem_t) { .fd = server->wake, .events = ZMQ_POLLIN };
		if (zmq_poll(items, (int)count, -1) < 0) {
			if (errno == EINTR)
				continue;
			return failed_here(-errno);
		}
		if (items[count - 1].revents)
			send_ended(server);
		for (size_t i = 0; i < server->listener_count; i++)
			if (items[i].revents)
				drain(server, &server->listeners[i]);
		for (size_t i = 0; i < server->watch_count; i++)
			if (items[watched + i].revents)
				server->watches[i].ready(server->watches[i].context);
	}
	return 0;
}

void rpc_server_stop(struct rpc_server *server) {
	server->running = false;
}
