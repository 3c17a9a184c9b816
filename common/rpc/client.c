/* SPDX-License-Identifier: MIT */
#include "common/rpc/client.h"

#include <sodium.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/base/message.h"
#include "common/rpc/frame.h"

#define RESEND_MS      2000 /* a reply that took so long may have been dropped; doubled each time */
#define IN_FLIGHT_MAX  64
#define CANCEL_LOOK_MS 100 /* how often a cancellable wait looks up */
#define BROKEN_OFF_MAX 2   /* handshakes in a row broken off without a word: not our server's key */

enum connection { CONNECTION_NEVER, CONNECTION_MADE, CONNECTION_REFUSED };

struct pending {
	uint64_t ticket; /* 0: free */
	const struct contract_method *method;
	CallHeader header;
	char *actor;
	uint8_t key[16];
	uint8_t *payload;
	size_t size;
	uint64_t deadline_ms; /* monotonic */
	uint64_t resend_ms;   /* monotonic */
	uint64_t patience_ms; /* until the next resend */
	bool sent;            /* over the connection there is */
	bool lost;            /* sent over one that is gone, and not to be repeated */
	bool ended;
	zmq_msg_t reply_header;
	zmq_msg_t reply_payload;
};

struct rpc_client {
	void *socket;
	void *monitor;
	const atomic_bool *cancelled;
	enum connection connection;
	bool secured;        /* by CURVE */
	unsigned broken_off; /* handshakes in a row that ended without a word */
	uint64_t next_ticket;
	struct pending pending[IN_FLIGHT_MAX];
};

static void free_pending(struct pending *pending) {
	if (pending->ended) {
		zmq_msg_close(&pending->reply_header);
		zmq_msg_close(&pending->reply_payload);
	}
	free(pending->payload);
	free(pending->actor);
	memset(pending, 0, sizeof(*pending));
}

static int use_curve(void *socket, const struct rpc_identity *identity, const char *server_key) {
	if (zmq_setsockopt(socket, ZMQ_CURVE_SERVERKEY, server_key, 40) < 0 ||
	    zmq_setsockopt(socket, ZMQ_CURVE_PUBLICKEY, identity->public_key, 40) < 0 ||
	    zmq_setsockopt(socket, ZMQ_CURVE_SECRETKEY, identity->secret_key, 40) < 0)
		return failed_here(-errno);
	return 0;
}

static int open_monitor(struct rpc_transport *transport, struct rpc_client *client) {
	static const int unlimited = 0; /* libzmq's thread would wait for us to read */
	static const int events = ZMQ_EVENT_HANDSHAKE_SUCCEEDED | ZMQ_EVENT_HANDSHAKE_FAILED_AUTH |
	                          ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL |
	                          ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL | ZMQ_EVENT_DISCONNECTED;
	char name[64];

	snprintf(name, sizeof(name), "inproc://monitor-%u", atomic_fetch_add(&transport->monitors, 1));
	client->monitor = zmq_socket(transport->context, ZMQ_PAIR);
	if (!client->monitor || socket_prepare(client->monitor) < 0 ||
	    zmq_setsockopt(client->monitor, ZMQ_RCVHWM, &unlimited, sizeof(unlimited)) < 0 ||
	    zmq_socket_monitor(client->socket, name, events) < 0 ||
	    zmq_connect(client->monitor, name) < 0)
		return failed_here(-errno);
	return 0;
}

/* Options of messaging by poor lines: no high-water mark on a connecting socket (libzmq 4.3.4 can
 * abort on it); nothing waits in libzmq for a connection, where it could not be called back;
 * reconnect slowly over tcp, at once inside the machine. */
static int prepare(void *socket, const char *endpoint) {
	bool far = strncmp(endpoint, "tcp://", 6) == 0;
	const int unlimited = 0;
	const int immediate = 1;
	const int reconnect_ms = far ? 2000 : 50;
	const int reconnect_max_ms = far ? 120000 : 500;
	const int connect_timeout_ms = 20000;
	const int max_rt_ms = 60000;

	if (socket_prepare(socket) < 0 ||
	    zmq_setsockopt(socket, ZMQ_RCVHWM, &unlimited, sizeof(unlimited)) < 0 ||
	    zmq_setsockopt(socket, ZMQ_SNDHWM, &unlimited, sizeof(unlimited)) < 0 ||
	    zmq_setsockopt(socket, ZMQ_IMMEDIATE, &immediate, sizeof(immediate)) < 0 ||
	    zmq_setsockopt(socket, ZMQ_RECONNECT_IVL, &reconnect_ms, sizeof(reconnect_ms)) < 0 ||
	    zmq_setsockopt(socket, ZMQ_RECONNECT_IVL_MAX, &reconnect_max_ms, sizeof(reconnect_max_ms)) <
	        0 ||
	    zmq_setsockopt(
	        socket, ZMQ_CONNECT_TIMEOUT, &connect_timeout_ms, sizeof(connect_timeout_ms)) < 0 ||
	    zmq_setsockopt(socket, ZMQ_TCP_MAXRT, &max_rt_ms, sizeof(max_rt_ms)) < 0)
		return failed_here(-errno);
	return 0;
}

int rpc_client_open(const struct rpc_client_options *options, struct rpc_client **ret_client) {
	AUTO(rpc_client_closep) struct rpc_client *client = calloc(1, sizeof(*client));
	int r;

	if (!client)
		return failed_here(-ENOMEM);
	client->next_ticket = 1;
	client->cancelled = options->cancelled;
	client->secured = options->server_key != NULL;
	client->socket = zmq_socket(options->transport->context, ZMQ_DEALER);
	if (!client->socket)
		return failed_here(-errno);
	r = prepare(client->socket, options->endpoint);
	if (r == 0 && options->server_key)
		r = use_curve(client->socket, options->identity, options->server_key);
	if (r == 0)
		r = open_monitor(options->transport, client);
	if (r == 0 && zmq_connect(client->socket, options->endpoint) < 0)
		r = failed_here(-errno);
	if (r < 0)
		return failed_below(r);
	*ret_client = client;
	client = NULL;
	return 0;
}

void rpc_client_close(struct rpc_client *client) {
	for (size_t i = 0; i < IN_FLIGHT_MAX; i++)
		free_pending(&client->pending[i]);
	if (client->socket) {
		zmq_socket_monitor(client->socket, NULL, 0);
		zmq_close(client->socket);
	}
	if (client->monitor)
		zmq_close(client->monitor);
	free(client);
}

void rpc_client_closep(struct rpc_client **client) {
	if (*client)
		rpc_client_close(*client);
	*client = NULL;
}

static struct pending *find(struct rpc_client *client, uint64_t ticket) {
	for (size_t i = 0; i < IN_FLIGHT_MAX; i++)
		if (client->pending[i].ticket == ticket)
			return &client->pending[i];
	return NULL;
}

static bool is_repeatable(const struct pending *pending) {
	return pending->method->access != ACCESS__CALLS;
}

/* Without a connection the call stays unsent. */
static int send_request(struct rpc_client *client, struct pending *pending) {
	uint64_t now = clock_monotonic_ms();
	int r;

	pending->patience_ms = pending->patience_ms ? 2 * pending->patience_ms : RESEND_MS;
	pending->resend_ms = now + pending->patience_ms;
	pending->header.deadline_ms =
	    pending->deadline_ms > now ? (uint32_t)(pending->deadline_ms - now) : 1;
	r = frames_send(client->socket, NULL, &pending->header, pending->payload, pending->size);
	pending->sent = r == FRAMES_OK;
	return r < 0 ? failed_below(r) : 0;
}

/* Still to be sent; what came too late for that does not count. */
static bool is_unsent(const struct pending *pending) {
	return pending->ticket && !pending->sent && !pending->lost && !pending->ended &&
	       pending->deadline_ms > clock_monotonic_ms();
}

static bool has_unsent(const struct rpc_client *client) {
	for (size_t i = 0; i < IN_FLIGHT_MAX; i++)
		if (is_unsent(&client->pending[i]))
			return true;
	return false;
}

static int send_unsent(struct rpc_client *client) {
	int r = 0;

	for (size_t i = 0; i < IN_FLIGHT_MAX && r == 0; i++) {
		struct pending *pending = &client->pending[i];

		if (!is_unsent(pending))
			continue;
		pending->patience_ms = 0;
		r = send_request(client, pending);
	}
	return r < 0 ? failed_below(r) : 0;
}

/* What was sent over a connection that is gone is sent again over the next one, or never answered.
 */
static void lose_sent(struct rpc_client *client) {
	for (size_t i = 0; i < IN_FLIGHT_MAX; i++) {
		struct pending *pending = &client->pending[i];

		if (!pending->ticket || !pending->sent || pending->ended)
			continue;
		pending->sent = false;
		pending->lost = !is_repeatable(pending);
	}
}

static void take_event(struct rpc_client *client, uint16_t event) {
	switch (event) {
	case ZMQ_EVENT_HANDSHAKE_SUCCEEDED:
		client->connection = CONNECTION_MADE;
		client->broken_off = 0;
		break;
	case ZMQ_EVENT_DISCONNECTED:
		if (client->connection == CONNECTION_MADE) {
			client->connection = CONNECTION_NEVER;
			lose_sent(client);
		}
		break;
	case ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL:
		/* A server that was just stopped does this once; one with another key does it always. */
		if (client->secured && ++client->broken_off >= BROKEN_OFF_MAX)
			client->connection = CONNECTION_REFUSED;
		break;
	default: client->connection = CONNECTION_REFUSED; break;
	}
}

static void drain_monitor(struct rpc_client *client) {
	for (;;) {
		uint16_t kind = 0;
		zmq_msg_t event;
		zmq_msg_t address;
		int got;

		zmq_msg_init(&event);
		zmq_msg_init(&address);
		got = zmq_msg_recv(&event, client->monitor, ZMQ_DONTWAIT);
		if (got >= (int)sizeof(kind) && zmq_msg_more(&event)) {
			memcpy(&kind, zmq_msg_data(&event), sizeof(kind));
			zmq_msg_recv(&address, client->monitor, 0);
			take_event(client, kind);
		}
		zmq_msg_close(&event);
		zmq_msg_close(&address);
		if (got < 0)
			return;
	}
}

int rpc_client_begin(
    struct rpc_client *client, const struct rpc_request *request, uint64_t *ret_ticket) {
	const struct contract_method *method = contract_find(request->method);
	struct pending *pending = find(client, 0);
	uint32_t deadline_ms = request->deadline_ms;
	size_t size = protobuf_c_message_get_packed_size(request->message);
	int r;

	if (!method)
		return failed_here(-ENOSYS);
	if (!pending)
		return failed_here(-EBUSY);
	if (size > RPC_PAYLOAD_MAX)
		return failed_here(-EMSGSIZE);
	pending->payload = malloc(size + 1);
	pending->actor = strdup(request->actor ? request->actor : "");
	if (!pending->payload || !pending->actor) {
		free_pending(pending);
		return failed_here(-ENOMEM);
	}
	protobuf_c_message_pack(request->message, pending->payload);
	pending->size = size;
	pending->ticket = client->next_ticket++;
	pending->method = method;
	pending->deadline_ms = clock_monotonic_ms() + (deadline_ms ? deadline_ms : method->deadline_ms);
	call_header__init(&pending->header);
	pending->header.kind = CALL_HEADER__KIND__REQUEST;
	pending->header.call = pending->ticket;
	pending->header.method = (char *)(uintptr_t)method->name;
	pending->header.actor = pending->actor;
	if (method->keyed) {
		if (request->key)
			memcpy(pending->key, request->key, sizeof(pending->key));
		else
			randombytes_buf(pending->key, sizeof(pending->key));
		pending->header.idempotency_key =
		    (ProtobufCBinaryData) { sizeof(pending->key), pending->key };
	}
	drain_monitor(client);
	r = send_request(client, pending);
	if (r < 0) {
		free_pending(pending);
		return failed_below(r);
	}
	*ret_ticket = pending->ticket;
	return 0;
}

/* The status a reply carries for one of ours; others are late and nobody waits for them. */
static void take_reply(struct rpc_client *client, struct frames *frames) {
	CallHeader *header =
	    call_header__unpack(NULL, zmq_msg_size(&frames->header), zmq_msg_data(&frames->header));
	struct pending *pending = header && header->call && header->kind == CALL_HEADER__KIND__STATUS
	                              ? find(client, header->call)
	                              : NULL;

	if (pending && !pending->ended) {
		zmq_msg_init(&pending->reply_header);
		zmq_msg_init(&pending->reply_payload);
		zmq_msg_move(&pending->reply_header, &frames->header);
		zmq_msg_move(&pending->reply_payload, &frames->payload);
		pending->ended = true;
	}
	if (header)
		call_header__free_unpacked(header, NULL);
}

static void drain(struct rpc_client *client) {
	struct frames frames;
	int r;

	while ((r = frames_receive(client->socket, FRAMES_PLAIN, &frames)) >= 0 && r != FRAMES_NONE) {
		if (r == FRAMES_DROPPED)
			continue;
		take_reply(client, &frames);
		frames_close(&frames);
	}
}

static int wait(struct rpc_client *client, uint64_t until_ms) {
	zmq_pollitem_t items[] = {
		{ .socket = client->socket,
		    .events = (short)(has_unsent(client) ? ZMQ_POLLIN | ZMQ_POLLOUT : ZMQ_POLLIN) },
		{ .socket = client->monitor, .events = ZMQ_POLLIN },
	};
	uint64_t now = clock_monotonic_ms();
	uint64_t left = until_ms > now ? until_ms - now : 0;

	if (client->cancelled && left > CANCEL_LOOK_MS)
		left = CANCEL_LOOK_MS;
	if (zmq_poll(items, 2, (long)left) < 0 && errno != EINTR)
		return failed_here(-errno);
	if (items[0].revents & ZMQ_POLLIN)
		drain(client);
	if (items[1].revents)
		drain_monitor(client);
	return items[0].revents & ZMQ_POLLOUT ? send_unsent(client) : 0;
}

static bool is_cancelled(const struct rpc_client *client) {
	return client->cancelled && atomic_load(client->cancelled);
}

static void give_up(const struct rpc_client *client, const struct pending *pending,
    struct arena *arena, struct rpc_reply *reply) {
	if (is_cancelled(client)) {
		reply->status = RPC_CANCELLED;
		return;
	}
	reply->status = client->connection == CONNECTION_REFUSED ? RPC_UNAUTHENTICATED
	                : pending->sent                          ? RPC_DEADLINE_EXCEEDED
	                                                         : RPC_UNAVAILABLE;
	reply->fault = arena_alloc(arena, sizeof(*reply->fault));
	if (!reply->fault)
		return;
	fault__init(reply->fault);
	reply->fault->reason = client->connection == CONNECTION_REFUSED ? FAULT__REASON__NOT_ALLOWED
	                                                                : FAULT__REASON__SERVICE_DOWN;
}

static int unpack_reply(struct pending *pending, struct arena *arena, struct rpc_reply *reply) {
	ProtobufCMessage *header = NULL;
	int r = message_unpack(&call_header__descriptor, zmq_msg_data(&pending->reply_header),
	    zmq_msg_size(&pending->reply_header), arena, &header);

	if (r != MESSAGE_OK)
		return failed_here(-EBADMSG);
	reply->status = (enum rpc_status)((CallHeader *)header)->status;
	reply->fault = ((CallHeader *)header)->fault;
	if (reply->status != RPC_OK)
		return 0;
	r = message_unpack(pending->method->reply, zmq_msg_data(&pending->reply_payload),
	    zmq_msg_size(&pending->reply_payload), arena, &reply->message);
	return r == MESSAGE_OK ? 0 : failed_here(r == MESSAGE_TOO_LARGE ? -ENOMEM : -EBADMSG);
}

int rpc_client_end(
    struct rpc_client *client, uint64_t ticket, struct arena *arena, struct rpc_reply *ret_reply) {
	struct pending *pending = find(client, ticket);
	struct rpc_reply reply = { .status = RPC_OK };
	int r = 0;

	if (!pending)
		return failed_here(-ENOENT);
	while (r == 0 && !pending->ended) {
		uint64_t now = clock_monotonic_ms();
		bool repeated = pending->sent && is_repeatable(pending);
		uint64_t until = repeated && pending->resend_ms < pending->deadline_ms
		                     ? pending->resend_ms
		                     : pending->deadline_ms;

		if (now >= pending->deadline_ms || client->connection == CONNECTION_REFUSED ||
		    pending->lost || is_cancelled(client))
			break;
		if (repeated && now >= pending->resend_ms)
			r = send_request(client, pending);
		if (r == 0)
			r = wait(client, until);
	}
	if (r == 0 && pending->ended)
		r = unpack_reply(pending, arena, &reply);
	else if (r == 0)
		give_up(client, pending, arena, &reply);
	free_pending(pending);
	if (r < 0)
		return failed_below(r);
	*ret_reply = reply;
	return 0;
}

int rpc_client_call(struct rpc_client *client, const struct rpc_request *request,
    struct arena *arena, struct rpc_reply *ret_reply) {
	uint64_t ticket;
	int r = rpc_client_begin(client, request, &ticket);

	return r < 0 ? failed_below(r) : rpc_client_end(client, ticket, arena, ret_reply);
}

int rpc_client_knock(struct rpc_transport *transport, const char *endpoint,
    const struct rpc_identity *identity, const char *server_key, unsigned timeout_ms) {
	struct rpc_client_options options = { transport, endpoint, identity, server_key, NULL };
	AUTO(rpc_client_closep) struct rpc_client *client = NULL;
	uint64_t until = clock_monotonic_ms() + timeout_ms;
	int r = rpc_client_open(&options, &client);

	while (r == 0 && client->connection == CONNECTION_NEVER && clock_monotonic_ms() < until)
		r = wait(client, until);
	if (r < 0)
		return failed_below(r);
	switch (client->connection) {
	case CONNECTION_MADE: return RPC_KNOCK_ACCEPTED;
	case CONNECTION_REFUSED: return RPC_KNOCK_REFUSED;
	case CONNECTION_NEVER: break;
	}
	return RPC_KNOCK_NO_ANSWER;
}
