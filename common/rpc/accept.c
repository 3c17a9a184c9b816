/* SPDX-License-Identifier: MIT */
/* What a message says, part by part. */
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/base/message.h"
#include "common/rpc/server_internal.h"

enum { CLOCK_SKEW_MS = 120000 };

/* A part of the message that is looked at. */
struct part {
	const Header *header;
	const uint8_t *payload;
};

static bool make_key(const struct rpc_server *server, const struct listener *listener,
    zmq_msg_t *routing, uint8_t key[CONNECTION_KEY_SIZE]) {
	size_t size = zmq_msg_size(routing);

	memset(key, 0, CONNECTION_KEY_SIZE);
	if (size >= CONNECTION_KEY_SIZE)
		return false;
	/* With the size: an id that ends in a zero byte is not the one without. */
	key[0] = (uint8_t)((size_t)(listener - server->listeners) * CONNECTION_KEY_SIZE + size);
	memcpy(key + 1, zmq_msg_data(routing), size);
	return true;
}

/* To somebody we know nothing of, without keeping anything. */
static void turn_away(struct rpc_server *server, const struct listener *listener,
    zmq_msg_t *routing, Goodbye__Reason reason, uint32_t retry_after_ms) {
	struct outbox outbox = { .first = NULL };
	Header header = HEADER__INIT;
	Goodbye goodbye = GOODBYE__INIT;

	header.kind = HEADER__KIND__GOAWAY;
	goodbye.reason = reason;
	goodbye.retry_after_ms = retry_after_ms;
	if (outbox_add_message(&outbox, &server->batches, &header, &goodbye.base) == 0)
		(void)outbox_send(&outbox, &server->batches, listener->socket, zmq_msg_data(routing),
		    zmq_msg_size(routing));
	outbox_empty(&outbox, &server->batches);
}

/* Only a key that our own ZAP handler let in, and only while it is still in the list. */
static bool identify(const struct listener *listener, zmq_msg_t *payload,
    char ret_user[RPC_KEY_TEXT_SIZE], char ret_code[KEYRING_CODE_SIZE]) {
	uint8_t key[KEYRING_KEY_SIZE];
	const char *user;

	*ret_user = '\0';
	*ret_code = '\0';
	if (!listener->keyring)
		return true;
	user = zmq_msg_gets(payload, "User-Id");
	if (!user || !rpc_key_is_valid(user))
		return false;
	rpc_key_decode(user, key);
	snprintf(ret_user, RPC_KEY_TEXT_SIZE, "%s", user);
	return rpc_keyring_find(listener->keyring, key, ret_code);
}

/* Whether what a connection was let in for still holds. */
static bool is_still_allowed(struct connection *connection, zmq_msg_t *payload) {
	const struct listener *listener = connection->listener;
	char user[RPC_KEY_TEXT_SIZE];
	char code[KEYRING_CODE_SIZE];
	unsigned version;
	const char *given;

	if (!listener->keyring)
		return true;
	given = zmq_msg_gets(payload, "User-Id");
	if (!given || strcmp(given, connection->user) != 0)
		return false;
	version = rpc_keyring_version(listener->keyring);
	if (version == connection->keyring_version)
		return true;
	if (!identify(listener, payload, user, code) || strcmp(code, connection->caller->code) != 0)
		return false;
	connection->keyring_version = version;
	return true;
}

static bool too_many_hellos(struct rpc_server *server) {
	uint64_t now_ms = server->now_us / 1000;

	if (now_ms - server->hello_ms >= 1000) {
		server->hello_ms = now_ms;
		server->hellos = 0;
	}
	return ++server->hellos > RPC_HELLOS_PER_S;
}

/* Room for one more: whoever of the office was silent longest and has no call makes it. */
static bool make_place(struct rpc_server *server) {
	struct connection *oldest = server->connections.oldest;

	if (server->connections.count < RPC_CONNECTIONS_MAX)
		return true;
	while (oldest && oldest->calls)
		oldest = oldest->newer;
	if (!oldest)
		return false;
	server_forget(server, oldest, GOODBYE__REASON__NOT_INTRODUCED);
	return true;
}

/* The newest connection wins: the older one may be half dead without our knowing. */
static void take_lane(
    struct rpc_server *server, struct connection *connection, const Hello *hello) {
	struct caller *caller = connection->caller;
	struct connection *older = caller->lanes[hello->lane];

	if (older)
		server_forget(server, older, GOODBYE__REASON__REPLACED);
	caller->lanes[hello->lane] = connection;
	if (hello->boot == caller->boots[0])
		return;
	if (hello->boot == caller->boots[1])
		log_warn("boot-alternates", "two processes call as %s by turns", caller->code);
	caller->boots[1] = caller->boots[0];
	caller->boots[0] = hello->boot;
}

/* Skew of versions is allowed, and to be seen. */
static void note_program(
    const struct rpc_server *server, struct caller *caller, const Hello *hello) {
	bool other = hello->contract.len != CONTRACT_HASH_SIZE ||
	             memcmp(hello->contract.data, server->contract->hash, CONTRACT_HASH_SIZE) != 0;

	snprintf(caller->program, sizeof(caller->program), "%.*s",
	    (int)text_cut(hello->program, sizeof(caller->program) - 1), hello->program);
	if (other && !caller->other_contract)
		log_info("other-contract", "%s calls with %s, built with another contract",
		    *caller->code ? caller->code : "the office", caller->program);
	caller->other_contract = other;
}

static void welcome(struct rpc_server *server, struct connection *connection, const Hello *hello) {
	bool peer = *connection->user != '\0';
	Header header = HEADER__INIT;
	Welcome reply = WELCOME__INIT;

	header.kind = HEADER__KIND__HELLO_OK;
	reply.protocol = RPC_PROTOCOL;
	reply.boot = server->options.transport->boot;
	reply.node = (char *)(uintptr_t)server->options.node;
	reply.contract =
	    (ProtobufCBinaryData) { CONTRACT_HASH_SIZE, (uint8_t *)(uintptr_t)server->contract->hash };
	reply.message_max = RPC_PAYLOAD_MAX;
	reply.calls_max = peer ? RPC_CALLS_PEER_MAX : RPC_CALLS_OFFICE_MAX;
	reply.credit = RPC_WINDOW_CONNECTION;
	reply.keepalive_ms = server->options.keepalive_ms;
	reply.silence_ms = server->options.silence_ms;
	reply.time_ms = clock_wall_ms();
	reply.program = (char *)(uintptr_t) "cchc " CCHC_VERSION;
	server_say(server, connection, &header, &reply.base);
	if (peer && (hello->time_ms > reply.time_ms + CLOCK_SKEW_MS ||
	                hello->time_ms + CLOCK_SKEW_MS < reply.time_ms))
		log_warn("clock-skew", "the clock of %s is %lld s off", connection->caller->code,
		    ((long long)hello->time_ms - (long long)reply.time_ms) / 1000);
}

/* `code` is of the node whose key it is; "" for a stranger and for the office. */
static void refuse_hello(struct rpc_server *server, const struct listener *listener,
    struct frames *frames, const char *code, Goodbye__Reason reason) {
	struct caller *caller =
	    listener->keyring && !*code ? NULL : connections_caller(&server->connections, code);

	if (reason != GOODBYE__REASON__STOPPING)
		server_audit(server, caller, "hello-refused", NULL,
		    protobuf_c_enum_descriptor_get_value(&goodbye__reason__descriptor, (int)reason)->name);
	/* Not all at once. */
	turn_away(server, listener, &frames->routing, reason,
	    reason == GOODBYE__REASON__FULL
	        ? RPC_COME_BACK_MS + randombytes_uniform(4 * RPC_COME_BACK_MS)
	        : 0);
}

static struct connection *introduce(struct rpc_server *server, struct listener *listener,
    struct frames *frames, const uint8_t key[CONNECTION_KEY_SIZE], const struct part *part) {
	ProtobufCMessage *unpacked = NULL;
	struct connection *connection;
	char user[RPC_KEY_TEXT_SIZE] = "";
	char code[KEYRING_CODE_SIZE] = "";
	const Hello *hello;
	Goodbye__Reason reason = GOODBYE__REASON__UNSPECIFIED;

	if (message_unpack(&hello__descriptor, part->payload, part->header->size, &server->scratch,
	        &unpacked) != MESSAGE_OK) {
		server->stats.violations++;
		turn_away(server, listener, &frames->routing, GOODBYE__REASON__VIOLATION, 0);
		return NULL;
	}
	hello = (const Hello *)unpacked;
	if (hello->protocol_min > RPC_PROTOCOL || hello->protocol_max < RPC_PROTOCOL)
		reason = GOODBYE__REASON__PROTOCOL_VERSION;
	else if (!identify(listener, &frames->payload, user, code) ||
	         (listener->keyring &&
	             (strcmp(code, hello->node) != 0 || hello->lane == LANE__LANE_UNSPECIFIED)))
		reason = GOODBYE__REASON__NOT_ALLOWED;
	else if (server->drained_by_ms)
		reason = GOODBYE__REASON__STOPPING;
	else if (too_many_hellos(server) || !make_place(server))
		reason = GOODBYE__REASON__FULL;
	if (reason) {
		refuse_hello(server, listener, frames, code, reason);
		return NULL;
	}
	connection = connections_add(&server->connections, key, code, server->now_us / 1000);
	if (!connection)
		return NULL;
	memcpy(connection->user, user, sizeof(user));
	connection->listener = listener;
	connection->routing_size = (uint8_t)zmq_msg_size(&frames->routing);
	connection->lane = hello->lane;
	connection->keyring_version = listener->keyring ? rpc_keyring_version(listener->keyring) : 0;
	connection->message_max = hello->message_max && hello->message_max < RPC_PAYLOAD_MAX
	                              ? hello->message_max
	                              : RPC_PAYLOAD_MAX;
	flow_init(
	    &connection->flow, RPC_WINDOW_CONNECTION, RPC_WINDOW_CONNECTION, server->now_us / 1000);
	if (hello->credit)
		connection->flow.may_send = hello->credit;
	note_program(server, connection->caller, hello);
	if (listener->keyring)
		take_lane(server, connection, hello);
	welcome(server, connection, hello);
	return connection;
}

static bool is_overloaded(const struct rpc_server *server, const struct connection *connection) {
	bool peer = *connection->user != '\0';

	return server->in_hand > RPC_CALLS_MAX ||
	       (peer ? connection->caller->in_hand > RPC_CALLS_PEER_MAX
	             : connection->in_hand > RPC_CALLS_OFFICE_MAX);
}

static void take_request(
    struct rpc_server *server, struct connection *connection, const struct part *part) {
	const Header *header = part->header;
	struct rpc_call *call = server_take_call(server, connection);
	int status;

	connection->highest = header->call;
	if (!call)
		return;
	call->own->call = header->call;
	call->own->bytes_in = header->size;
	trace_begin(&call->trace, header->trace);
	call->role = *connection->user ? ROLE__ROLE_PEER : ROLE__ROLE_SERVICE;
	if (*connection->user) {
		memcpy(call->own->peer, connection->caller->code, sizeof(call->own->peer));
		call->peer = call->own->peer;
	}
	if (is_overloaded(server, connection)) {
		status = rpc_call_refuse(
		    call, RPC_RESOURCE_EXHAUSTED, FAULT__REASON__OVERLOADED, header->method, NULL);
		call->retry_after_ms = RPC_COME_BACK_MS;
	} else
		status = rpc_call_prepare(
		    call, server->contract, server->tokens, header, part->payload, header->size);
	call->status = (enum rpc_status)status;
	if (status != RPC_OK) {
		server_audit(server, connection->caller, "call-refused", call, header->method);
		server_end_call(server, call);
		return;
	}
	call->own->state =
	    (enum call_state)protocol_next(call->method, CALLER, CALL_IDLE, HEADER__KIND__REQUEST);
	call->own->in_hand = true;
	server->options.dispatch(server->options.context, call);
}

static struct rpc_call *find_call(const struct connection *connection, uint64_t id) {
	struct rpc_call *call = connection->calls;

	while (call && call->own->call != id)
		call = call->own->next;
	return call;
}

/* The connection's credit is for what is on the way; what has arrived is the call's. */
static void grant_connection(
    struct rpc_server *server, struct connection *connection, size_t size) {
	Header header = HEADER__INIT;

	header.kind = HEADER__KIND__CREDIT;
	header.credit = flow_taken(&connection->flow, size, server->now_us / 1000);
	if (header.credit)
		server_say(server, connection, &header, NULL);
}

/* Return: whether the caller had credit for it. */
static bool take_data(struct rpc_server *server, struct connection *connection,
    struct rpc_call *call, const struct part *part) {
	struct chunk *chunk = chunk_new(part->header->size);
	bool allowed;

	if (!chunk)
		return false;
	memcpy(chunk->bytes, part->payload, part->header->size);
	pthread_mutex_lock(&server->lock);
	allowed =
	    flow_arrived(&connection->flow, chunk->size) && flow_arrived(&call->own->flow, chunk->size);
	if (allowed) {
		chunks_add(&call->own->arrived, chunk);
		call->own->bytes_in += chunk->size;
		grant_connection(server, connection, chunk->size);
	}
	pthread_cond_signal(&call->own->changed);
	pthread_mutex_unlock(&server->lock);
	if (!allowed)
		free(chunk);
	return allowed;
}

static void take_credit(struct rpc_server *server, struct connection *connection,
    struct rpc_call *call, uint64_t credit) {
	struct flow *flow = call ? &call->own->flow : &connection->flow;

	pthread_mutex_lock(&server->lock);
	if (credit <= UINT32_MAX && flow->may_send < INT64_MAX / 2)
		flow->may_send += (int64_t)credit;
	for (struct rpc_call *waiting = connection->calls; waiting; waiting = waiting->own->next)
		if (!call || waiting == call)
			pthread_cond_signal(&waiting->own->changed);
	pthread_mutex_unlock(&server->lock);
}

static void take_word(struct rpc_server *server, struct rpc_call *call, Header__Kind kind) {
	pthread_mutex_lock(&server->lock);
	if (kind == HEADER__KIND__HALF_CLOSE)
		call->own->arrived_all = true;
	else
		atomic_store(&call->own->cancelled, true);
	pthread_cond_signal(&call->own->changed);
	pthread_mutex_unlock(&server->lock);
}

/* A part about a call that was opened before. Return: whether it fits the protocol. */
static bool take_part_of_call(
    struct rpc_server *server, struct connection *connection, const struct part *part) {
	const Header *header = part->header;
	struct rpc_call *call = find_call(connection, header->call);
	int next;

	if (!call) {
		server->stats.late++;
		/* It crossed our STATUS, or its REQUEST crossed our GOAWAY. */
		return header->call <= connection->highest || server->drained_by_ms;
	}
	next = protocol_next(call->method, CALLER, call->own->state, header->kind);
	if (next == PROTOCOL_VIOLATION)
		return false;
	/* Whatever its caller said, it has a state of its own until its STATUS left. */
	if (next != CALL_ENDED)
		call->own->state = (enum call_state)next;
	switch (header->kind) {
	case HEADER__KIND__DATA: return take_data(server, connection, call, part);
	case HEADER__KIND__CREDIT: take_credit(server, connection, call, header->credit); break;
	default: take_word(server, call, header->kind); break;
	}
	return true;
}

/* Return: whether it fits the protocol. */
static bool take_part(
    struct rpc_server *server, struct connection *connection, const struct part *part) {
	const Header *header = part->header;

	switch (header->kind) {
	case HEADER__KIND__REQUEST:
		if (header->call % 2 == 0 || header->call <= connection->highest)
			return false;
		/* Told by GOAWAY: what comes after it is not looked at. */
		if (!server->drained_by_ms)
			take_request(server, connection, part);
		return true;
	case HEADER__KIND__PING: {
		Header pong = HEADER__INIT;

		pong.kind = HEADER__KIND__PONG;
		server_say(server, connection, &pong, NULL);
		return true;
	}
	case HEADER__KIND__PONG: return true;
	case HEADER__KIND__CREDIT:
		if (header->call == 0) {
			take_credit(server, connection, NULL, header->credit);
			return true;
		}
		return take_part_of_call(server, connection, part);
	case HEADER__KIND__DATA:
	case HEADER__KIND__HALF_CLOSE:
	case HEADER__KIND__CANCEL: return take_part_of_call(server, connection, part);
	default: return false;
	}
}

void server_accept(struct rpc_server *server, struct listener *listener, struct frames *frames) {
	uint8_t key[CONNECTION_KEY_SIZE];
	const uint8_t *payload = zmq_msg_data(&frames->payload);
	struct connection *connection;
	const Headers *headers;

	arena_reset(&server->scratch);
	headers = frames_headers(zmq_msg_data(&frames->header), zmq_msg_size(&frames->header),
	    zmq_msg_size(&frames->payload), &server->scratch);
	if (!headers || !make_key(server, listener, &frames->routing, key)) {
		server->stats.frames_dropped++;
		return;
	}
	connection = connections_find(&server->connections, key);
	if (connection && !is_still_allowed(connection, &frames->payload)) {
		server_audit(server, connection->caller, "key-withdrawn", NULL, "");
		server_forget(server, connection, GOODBYE__REASON__NOT_ALLOWED);
		return;
	}
	if (connection && connection->lost)
		return;
	if (connection) {
		connections_heard(&server->connections, connection, server->now_us / 1000);
		connection->caller->bytes_in += zmq_msg_size(&frames->payload);
	}
	for (size_t i = 0; i < headers->n_headers; i++) {
		struct part part = { headers->headers[i], payload };

		payload += part.header->size;
		if (part.header->kind == HEADER__KIND__HELLO) {
			if (connection)
				server_forget(server, connection, GOODBYE__REASON__UNSPECIFIED);
			connection = introduce(server, listener, frames, key, &part);
			if (!connection)
				return;
		} else if (part.header->kind == HEADER__KIND__GOAWAY) {
			if (connection)
				server_forget(server, connection, GOODBYE__REASON__UNSPECIFIED);
			return;
		} else if (!connection) {
			turn_away(server, listener, &frames->routing, GOODBYE__REASON__NOT_INTRODUCED, 0);
			return;
		} else if (!take_part(server, connection, &part)) {
			server->stats.violations++;
			server_audit(server, connection->caller, "violation", NULL,
			    protobuf_c_enum_descriptor_get_value(
			        &header__kind__descriptor, (int)part.header->kind)
			        ->name);
			server_forget(server, connection, GOODBYE__REASON__VIOLATION);
			return;
		}
		/* A part may have cost the connection its place. */
		connection = connections_find(&server->connections, key);
		if (!connection)
			return;
	}
}
