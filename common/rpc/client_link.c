/* SPDX-License-Identifier: MIT */
/* The client's connection: made, introduced, kept alive, lost and made again. */
#include <poll.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/base/message.h"
#include "common/rpc/client_internal.h"

enum {
	TURN_MESSAGES_MAX = 256, /* then the caller's loop has its turn */
	BROKEN_OFF_MAX = 2, /* handshakes in a row broken off without a word: not our server's key */
	FAR_RECONNECT_MS = 2000,
	FAR_RECONNECT_MAX_MS = 120000,
	NEAR_RECONNECT_MS = 50,
	NEAR_RECONNECT_MAX_MS = 500,
	CONNECT_TIMEOUT_MS = 20000,
	FAREWELL_MS = 100,
};

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

static bool set(void *socket, int option, int value) {
	return zmq_setsockopt(socket, option, &value, sizeof(value)) == 0;
}

/* Options of messaging by poor lines: no high-water mark on a connecting socket (libzmq 4.3.4 can
 * abort on it); nothing waits in libzmq for a connection, where it could not be called back;
 * reconnect slowly over tcp, at once inside the machine. libzmq's own jitter does not grow with its
 * patience, so each client begins with another one. */
static int prepare(void *socket, const char *endpoint) {
	bool far = strncmp(endpoint, "tcp://", 6) == 0;
	int far_ms = FAR_RECONNECT_MS + (int)randombytes_uniform(3 * FAR_RECONNECT_MS / 2);

	if (socket_prepare(socket) < 0 || !set(socket, ZMQ_RCVHWM, 0) || !set(socket, ZMQ_SNDHWM, 0) ||
	    !set(socket, ZMQ_IMMEDIATE, 1) || !set(socket, ZMQ_LINGER, FAREWELL_MS) ||
	    !set(socket, ZMQ_RECONNECT_IVL, far ? far_ms : NEAR_RECONNECT_MS) ||
	    !set(socket, ZMQ_RECONNECT_IVL_MAX, far ? FAR_RECONNECT_MAX_MS : NEAR_RECONNECT_MAX_MS) ||
	    !set(socket, ZMQ_CONNECT_TIMEOUT, CONNECT_TIMEOUT_MS) ||
	    !set(socket, ZMQ_TCP_MAXRT, RPC_SILENCE_MS))
		return failed_here(-errno);
	return 0;
}

void client_close_link(struct rpc_client *client) {
	Header header = HEADER__INIT;

	/* So that the server need not wait for our silence. */
	if (client->socket && client->link == LINK_UP) {
		header.kind = HEADER__KIND__GOAWAY;
		(void)client_say(client, &header, NULL, 0);
		(void)client_flush(client);
	}
	if (client->socket) {
		zmq_socket_monitor(client->socket, NULL, 0);
		zmq_close(client->socket);
	}
	if (client->monitor)
		zmq_close(client->monitor);
}

int client_say(struct rpc_client *client, Header *header, const uint8_t *payload, size_t size) {
	uint64_t now = clock_monotonic_ms();

	client->said_ms = now;
	return outbox_add(&client->outbox, &client->batches, header, payload, size);
}

int client_flush(struct rpc_client *client) {
	int r = outbox_send(&client->outbox, &client->batches, client->socket, NULL, 0);

	return r < 0 ? failed_below(r) : 0;
}

static void introduce(struct rpc_client *client) {
	Header header = HEADER__INIT;
	Hello hello = HELLO__INIT;

	header.kind = HEADER__KIND__HELLO;
	hello.protocol_min = RPC_PROTOCOL;
	hello.protocol_max = RPC_PROTOCOL;
	hello.boot = client->transport->boot;
	hello.node = client->node;
	hello.lane = client->lane;
	hello.contract = (ProtobufCBinaryData) { CONTRACT_HASH_SIZE,
		(uint8_t *)(uintptr_t)client->transport->contract->hash };
	hello.message_max = RPC_PAYLOAD_MAX;
	hello.credit = RPC_WINDOW_CONNECTION;
	hello.time_ms = clock_wall_ms();
	hello.program = (char *)(uintptr_t) "cchc " CCHC_VERSION;
	flow_init(&client->flow, FLOW_OF_CONNECTION, clock_monotonic_ms());
	if (outbox_add_message(&client->outbox, &client->batches, &header, &hello.base) < 0)
		return;
	client->said_ms = clock_monotonic_ms();
	if (!client->asked_ms)
		client->asked_ms = client->said_ms;
	client->link = LINK_UP;
	client->heard = false;
}

typedef void parting_function(struct rpc_client *client, struct flight *flight);

/* Nothing more comes for the calls after this one. */
static void part_from(struct rpc_client *client, uint64_t last_call, parting_function *part) {
	for (size_t i = 0; i < RPC_IN_FLIGHT_MAX; i++) {
		struct flight *flight = &client->flights[i];

		if (flight->sent && !flight->ended && flight->call > last_call)
			part(client, flight);
	}
}

static void part_from_all(struct rpc_client *client, parting_function *part) {
	outbox_empty(&client->outbox, &client->batches);
	client->asked_ms = 0;
	part_from(client, 0, part);
}

static void refuse(struct rpc_client *client, Goodbye__Reason reason) {
	uint64_t wait_ms = client->refused_wait_ms * 2;

	if (wait_ms < RPC_REFUSED_MIN_MS)
		wait_ms = RPC_REFUSED_MIN_MS;
	client->refused_wait_ms = wait_ms < RPC_REFUSED_MAX_MS ? wait_ms : RPC_REFUSED_MAX_MS;
	client->knock_ms = clock_monotonic_ms() + client->refused_wait_ms;
	client->link = LINK_REFUSED;
	client->refusal = reason;
}

/* Return: as frames_receive. */
static int take_message(struct rpc_client *client, enum frames_patience patience) {
	struct frames frames;
	int r = frames_receive(client->socket, FRAMES_PLAIN, patience, &frames);

	if (r == FRAMES_OK) {
		client_take_message(client, &frames);
		frames_close(&frames);
	}
	return r;
}

/* What came before the connection went counts, as far as libzmq still has it. */
static void take_what_came(struct rpc_client *client) {
	for (unsigned i = 0; i < TURN_MESSAGES_MAX && client->sent; i++)
		if (take_message(client, FRAMES_AT_ONCE) != FRAMES_OK)
			return;
}

static void greet_at(struct rpc_client *client, uint32_t delay_ms) {
	client->link = LINK_GREETING;
	client->hello_ms = clock_monotonic_ms() + delay_ms;
}

static void take_event(struct rpc_client *client, uint16_t event, uint32_t value) {
	if (client->link == LINK_REFUSED)
		return;
	switch (event) {
	case ZMQ_EVENT_HANDSHAKE_SUCCEEDED:
		client->broken_off = 0;
		part_from_all(client, client_lose);
		/* All the children of a parent that came back would speak at once. */
		greet_at(client,
		    client->secured && client->was_up ? randombytes_uniform(RPC_HELLO_JITTER_MS) : 0);
		client->was_up = true;
		break;
	case ZMQ_EVENT_DISCONNECTED:
		take_what_came(client);
		client->link = LINK_DOWN;
		part_from_all(client, client_lose);
		break;
	case ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL:
		/* A server that was just stopped hangs up once; one with another key does it always. What
		 * took too long says something of the line, and nothing of the key. */
		if (client->secured && (value == EPIPE || value == ECONNRESET) &&
		    ++client->broken_off >= BROKEN_OFF_MAX)
			refuse(client, GOODBYE__REASON__NOT_ALLOWED);
		break;
	default: refuse(client, GOODBYE__REASON__NOT_ALLOWED); break;
	}
}

static void drain_monitor(struct rpc_client *client) {
	for (;;) {
		uint16_t kind = 0;
		uint32_t value = 0;
		zmq_msg_t event;
		zmq_msg_t address;
		int got;

		zmq_msg_init(&event);
		zmq_msg_init(&address);
		got = zmq_msg_recv(&event, client->monitor, ZMQ_DONTWAIT);
		if (got >= (int)(sizeof(kind) + sizeof(value)) && zmq_msg_more(&event)) {
			memcpy(&kind, zmq_msg_data(&event), sizeof(kind));
			memcpy(&value, (const char *)zmq_msg_data(&event) + sizeof(kind), sizeof(value));
			zmq_msg_recv(&address, client->monitor, 0);
			take_event(client, kind, value);
		}
		zmq_msg_close(&event);
		zmq_msg_close(&address);
		if (got < 0)
			return;
	}
}

int client_open_link(struct rpc_client *client, const struct rpc_client_options *options) {
	int r;

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
	if (r == 0)
		r = client->descriptor = socket_descriptor(client->socket);
	if (r >= 0)
		r = client->monitor_descriptor = socket_descriptor(client->monitor);
	/* Before it was asked once, it tells of no change. */
	if (r >= 0)
		drain_monitor(client);
	return r < 0 ? failed_below(r) : 0;
}

static void take_welcome(struct rpc_client *client, const uint8_t *bytes, size_t size) {
	ProtobufCMessage *unpacked = NULL;
	const Welcome *welcome;

	if (message_unpack(&welcome__descriptor, bytes, size, &client->scratch, &unpacked) !=
	    MESSAGE_OK)
		return;
	welcome = (const Welcome *)unpacked;
	if (welcome->message_max)
		client->message_max = welcome->message_max;
	if (welcome->calls_max)
		client->calls_max = welcome->calls_max;
	if (welcome->keepalive_ms)
		client->keepalive_ms = welcome->keepalive_ms;
	if (welcome->silence_ms)
		client->silence_ms = welcome->silence_ms;
	if (welcome->credit && welcome->credit <= RPC_CREDIT_MAX)
		client->flow.may_send += (int64_t)welcome->credit - RPC_WINDOW_CONNECTION;
	client->refused_wait_ms = 0;
}

static void take_goodbye(struct rpc_client *client, const uint8_t *bytes, size_t size) {
	ProtobufCMessage *unpacked = NULL;
	const Goodbye *goodbye;

	if (client->link == LINK_REFUSED || message_unpack(&goodbye__descriptor, bytes, size,
	                                        &client->scratch, &unpacked) != MESSAGE_OK)
		return;
	goodbye = (const Goodbye *)unpacked;
	/* Said to what crossed an earlier goodbye, which told when to come back. */
	if (client->link == LINK_GREETING && goodbye->reason == GOODBYE__REASON__NOT_INTRODUCED)
		return;
	switch (goodbye->reason) {
	case GOODBYE__REASON__STOPPING:
		part_from(client, goodbye->last_call, client_give_back);
		client->link = LINK_LEAVING;
		client->asked_ms = clock_monotonic_ms(); /* it hangs up, or is silent for too long */
		break;
	case GOODBYE__REASON__NOT_INTRODUCED:
	case GOODBYE__REASON__FULL:
		/* Who forgot us had looked at a call that was answered, or at nothing. */
		part_from_all(client, client->heard ? client_lose : client_give_back);
		greet_at(client, goodbye->retry_after_ms);
		break;
	case GOODBYE__REASON__REPLACED:
		part_from_all(client, client_lose);
		greet_at(client, RPC_KEEPALIVE_MS);
		break;
	default: refuse(client, goodbye->reason); break;
	}
}

static void reconnect(struct rpc_client *client) {
	client->link = LINK_DOWN;
	part_from_all(client, client_lose);
	zmq_disconnect(client->socket, client->endpoint);
	zmq_connect(client->socket, client->endpoint);
}

void client_knock_again(struct rpc_client *client) {
	if (client->link == LINK_REFUSED && clock_monotonic_ms() >= client->knock_ms)
		reconnect(client);
}

void client_take_message(struct rpc_client *client, struct frames *frames) {
	const Headers *headers;
	size_t at = 0;

	arena_reset(&client->scratch);
	headers = frames_headers(zmq_msg_data(&frames->header), zmq_msg_size(&frames->header),
	    zmq_msg_size(&frames->payload), &client->scratch);
	if (!headers)
		return;
	client->asked_ms = 0;
	client->heard = client->heard || headers->headers[0]->kind != HEADER__KIND__GOAWAY;
	for (size_t i = 0; i < headers->n_headers; i++) {
		const Header *header = headers->headers[i];
		const uint8_t *payload = (const uint8_t *)zmq_msg_data(&frames->payload) + at;

		switch (header->kind) {
		case HEADER__KIND__HELLO_OK: take_welcome(client, payload, header->size); break;
		case HEADER__KIND__GOAWAY: take_goodbye(client, payload, header->size); break;
		case HEADER__KIND__PING: {
			Header pong = HEADER__INIT;

			pong.kind = HEADER__KIND__PONG;
			(void)client_say(client, &pong, NULL, 0);
			break;
		}
		case HEADER__KIND__PONG: break;
		default:
			/* A server that breaks the rules is left. Each time costs an attempt, so it has an end.
			 */
			if (!client_take_part(client, header, &frames->payload, at)) {
				reconnect(client);
				return;
			}
		}
		at += header->size;
	}
	if (client->sent || client->link == LINK_LEAVING)
		client->asked_ms = clock_monotonic_ms();
}

void client_look(struct rpc_client *client, uint64_t wait_ms) {
	struct pollfd item = { .fd = client->monitor_descriptor, .events = POLLIN };

	if (poll(&item, 1, (int)wait_ms) > 0)
		drain_monitor(client);
}

/* Asking libzmq whether there is a message, waiting, and asking again costs three times what
 * waiting in its own hands does; but there nothing is heard of the connection, so the wait is
 * short. */
static int listen_for(struct rpc_client *client, uint64_t wait_ms) {
	int r;

	if (!set(client->socket, ZMQ_RCVTIMEO, (int)wait_ms))
		return failed_here(-errno);
	r = take_message(client, FRAMES_PATIENT);
	if (r == FRAMES_NONE)
		client_look(client, 0);
	return r < 0 ? failed_below(r) : 0;
}

/* When something must be said. Over a line that loses packets a lone request is missed late: only
 * what comes after it shows that it is missing. So while an answer is waited for something follows,
 * and less and less often. */
static uint64_t say_again_ms(const struct rpc_client *client) {
	uint64_t waited_ms = client->said_ms - client->request_ms;

	if (!client->secured || !client->sent || waited_ms >= client->keepalive_ms)
		return client->said_ms + client->keepalive_ms;
	return client->said_ms + (waited_ms > RPC_ASK_AGAIN_MS ? waited_ms : RPC_ASK_AGAIN_MS);
}

/* Whether there is anybody, asked when nothing was heard for long. Return: when to look again. */
static uint64_t keep_alive(struct rpc_client *client) {
	uint64_t now = clock_monotonic_ms();
	Header header = HEADER__INIT;

	if (client->link == LINK_GREETING) {
		if (now < client->hello_ms)
			return client->hello_ms;
		introduce(client);
	}
	if (client->link != LINK_UP && client->link != LINK_LEAVING)
		return UINT64_MAX;
	if (client->asked_ms && now - client->asked_ms >= client->silence_ms) {
		reconnect(client);
		return now; /* to those whose calls were lost */
	}
	if (client->link == LINK_UP && now >= say_again_ms(client)) {
		header.kind = HEADER__KIND__PING;
		(void)client_say(client, &header, NULL, 0);
		if (!client->asked_ms)
			client->asked_ms = now;
	}
	return sooner(client->link == LINK_UP ? say_again_ms(client) : UINT64_MAX,
	    client->asked_ms ? client->asked_ms + client->silence_ms : UINT64_MAX);
}

/* What may be said, is. Return: 0 or a negative errno. */
static int say_all(struct rpc_client *client, uint64_t *ret_alive_ms) {
	int r;

	*ret_alive_ms = keep_alive(client);
	r = client_send_unsent(client);
	if (r == 0)
		r = client_flush(client);
	return r < 0 ? failed_below(r) : 0;
}

int client_turn(struct rpc_client *client, uint64_t *ret_until_ms) {
	enum link_state link = client->link;
	unsigned came = 0;
	int r;

	/* Until nothing came: libzmq tells of changes only, and what came may want an answer. */
	do {
		client_look(client, 0);
		r = say_all(client, ret_until_ms);
		if (r == 0)
			r = take_message(client, FRAMES_AT_ONCE);
	} while (r >= 0 && r != FRAMES_NONE && ++came < TURN_MESSAGES_MAX);
	if (came || client->link != link)
		*ret_until_ms = 0;
	return r < 0 ? failed_below(r) : 0;
}

int client_wait(struct rpc_client *client, uint64_t until_ms) {
	uint64_t alive_ms;
	int r = say_all(client, &alive_ms);
	uint64_t now = clock_monotonic_ms();
	uint64_t left;

	if (r < 0)
		return failed_below(r);
	if (alive_ms < until_ms)
		until_ms = alive_ms;
	left = until_ms > now ? until_ms - now : 0;
	if (left > LOOK_MS)
		left = LOOK_MS;
	if (client->link == LINK_UP || client->link == LINK_LEAVING)
		return listen_for(client, left);
	client_look(client, left);
	return 0;
}
