/* SPDX-License-Identifier: MIT */
/* What a message says, part by part. */
#include <stdlib.h>
#include <string.h>

#include "common/base/message.h"
#include "common/rpc/server_internal.h"

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

static bool is_overloaded(const struct rpc_server *server, const struct connection *connection) {
	bool peer = *connection->user != '\0';

	return server->in_hand > RPC_CALLS_MAX ||
	       (peer ? connection->caller->in_hand > RPC_CALLS_PEER_MAX
	             : connection->in_hand > RPC_CALLS_OFFICE_MAX);
}

/* A stream holds a thread, so that one caller must not have them all. */
static bool take_stream(struct connection *connection) {
	size_t *streams = *connection->user ? &connection->caller->streams : &connection->streams;

	if (*streams == RPC_STREAMS_MAX)
		return false;
	connection->caller->streams++;
	connection->streams++;
	return true;
}

static int prepare(struct rpc_server *server, struct connection *connection, struct rpc_call *call,
    const struct part *part) {
	int status = is_overloaded(server, connection)
	                 ? rpc_call_refuse_busy(call)
	                 : rpc_call_prepare(call, server->contract, server->tokens, part->header,
	                       part->payload, part->header->size);

	if (status == RPC_OK && contract_streams(call->method) && !take_stream(connection))
		status = rpc_call_refuse_busy(call);
	return status;
}

static void take_request(
    struct rpc_server *server, struct connection *connection, const struct part *part) {
	const Header *header = part->header;
	struct rpc_call *call = server_take_call(server, connection);

	connection->taken = header->call;
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
	call->status = (enum rpc_status)prepare(server, connection, call, part);
	if (call->status != RPC_OK) {
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

/* Of a call that has ended it counts all the same for the connection, or its credit would dwindle.
 * Return: whether the caller had credit for it. */
static bool take_data(struct rpc_server *server, struct connection *connection,
    struct rpc_call *call, const struct part *part) {
	size_t size = part->header->size;
	struct chunk *chunk = call ? chunk_new(size) : NULL;
	bool allowed;

	if (call && !chunk)
		return false;
	if (chunk)
		memcpy(chunk->bytes, part->payload, size);
	pthread_mutex_lock(&server->lock);
	allowed =
	    flow_arrived(&connection->flow, size) && (!call || flow_arrived(&call->own->flow, size));
	if (allowed && call) {
		chunks_add(&call->own->arrived, chunk);
		call->own->bytes_in += size;
		pthread_cond_signal(&call->own->changed);
	}
	if (allowed)
		grant_connection(server, connection, size);
	pthread_mutex_unlock(&server->lock);
	if (!allowed)
		free(chunk);
	return allowed;
}

/* Return: whether it may be so much. */
static bool take_credit(struct rpc_server *server, struct connection *connection,
    struct rpc_call *call, uint64_t credit) {
	bool allowed;

	pthread_mutex_lock(&server->lock);
	allowed = flow_granted(call ? &call->own->flow : &connection->flow, credit);
	for (struct rpc_call *waiting = connection->calls; waiting; waiting = waiting->own->next)
		if (!call || waiting == call)
			pthread_cond_signal(&waiting->own->changed);
	pthread_mutex_unlock(&server->lock);
	return allowed;
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
		server->stats.late++; /* it crossed our STATUS */
		return header->call <= connection->highest &&
		       (header->kind != HEADER__KIND__DATA || take_data(server, connection, NULL, part));
	}
	next = protocol_next(call->method, CALLER, call->own->state, header->kind);
	if (next == PROTOCOL_VIOLATION)
		return false;
	/* Whatever its caller said, it has a state of its own until its STATUS left. */
	if (next != CALL_ENDED)
		call->own->state = (enum call_state)next;
	switch (header->kind) {
	case HEADER__KIND__DATA: return take_data(server, connection, call, part);
	case HEADER__KIND__CREDIT: return take_credit(server, connection, call, header->credit);
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
		connection->highest = header->call;
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
		return header->call ? take_part_of_call(server, connection, part)
		                    : take_credit(server, connection, NULL, header->credit);
	case HEADER__KIND__DATA:
	case HEADER__KIND__HALF_CLOSE:
	case HEADER__KIND__CANCEL: return take_part_of_call(server, connection, part);
	default: return false;
	}
}

static void end_violation(
    struct rpc_server *server, struct connection *connection, const char *what) {
	server->stats.violations++;
	server_audit(server, connection->caller, "violation", NULL, what);
	server_forget(server, connection, GOODBYE__REASON__VIOLATION);
}

/* One part of a message. Return: the connection as it is now; null when nothing more of the message
 * is to be looked at. */
static struct connection *accept_part(struct rpc_server *server, struct listener *listener,
    struct frames *frames, const uint8_t key[CONNECTION_KEY_SIZE], struct connection *connection,
    const struct part *part) {
	Header__Kind kind = part->header->kind;

	if (!connection && kind == HEADER__KIND__HELLO)
		return server_introduce(server, listener, frames, key, part);
	if (!connection) {
		if (kind != HEADER__KIND__GOAWAY)
			server_turn_away(
			    server, listener, &frames->routing, GOODBYE__REASON__NOT_INTRODUCED, 0);
		return NULL;
	}
	if (kind == HEADER__KIND__GOAWAY) {
		server_forget(server, connection, GOODBYE__REASON__UNSPECIFIED);
		return NULL;
	}
	if (!take_part(server, connection, part))
		end_violation(server, connection,
		    protobuf_c_enum_descriptor_get_value(&header__kind__descriptor, (int)kind)->name);
	/* A part may have cost the connection its place. */
	return connections_find(&server->connections, key);
}

void server_accept(struct rpc_server *server, struct listener *listener, struct frames *frames) {
	uint8_t key[CONNECTION_KEY_SIZE];
	const uint8_t *payload = zmq_msg_data(&frames->payload);
	struct connection *connection;
	const Headers *headers;

	if (!make_key(server, listener, &frames->routing, key)) {
		server->stats.frames_dropped++;
		return;
	}
	connection = connections_find(&server->connections, key);
	if (connection && !server_still_allows(connection, &frames->payload)) {
		server_audit(server, connection->caller, "key-withdrawn", NULL, "a key of the past");
		server_forget(server, connection, GOODBYE__REASON__NOT_ALLOWED);
		return;
	}
	if (connection && connection->lost)
		return;
	arena_reset(&server->scratch);
	headers = frames_headers(zmq_msg_data(&frames->header), zmq_msg_size(&frames->header),
	    zmq_msg_size(&frames->payload), &server->scratch);
	if (!headers) {
		server->stats.frames_dropped++;
		if (connection)
			end_violation(server, connection, "headers");
		return;
	}
	if (connection) {
		connections_heard(&server->connections, connection, server->now_us / 1000);
		connection->caller->bytes_in += zmq_msg_size(&frames->payload);
	}
	for (size_t i = 0; i < headers->n_headers && (connection || i == 0); i++) {
		struct part part = { headers->headers[i], payload };

		payload += part.header->size;
		connection = accept_part(server, listener, frames, key, connection, &part);
	}
}
