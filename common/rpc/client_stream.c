/* SPDX-License-Identifier: MIT */
/* The caller's end of a call: parts that come, and streams. */
#include <stdlib.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/base/message.h"
#include "common/rpc/client_internal.h"

int client_say_of(struct rpc_client *client, const struct flight *flight, Header__Kind kind,
    const uint8_t *payload, size_t size) {
	Header header = HEADER__INIT;

	header.kind = kind;
	header.call = flight->call;
	return client_say(client, &header, payload, size);
}

static void grant(struct rpc_client *client, uint64_t call, uint32_t bytes) {
	Header header = HEADER__INIT;

	if (!bytes)
		return;
	header.kind = HEADER__KIND__CREDIT;
	header.call = call;
	header.credit = bytes;
	(void)client_say(client, &header, NULL, 0);
}

/* The connection's credit is for what is on the way; what has arrived is the call's, or nobody's.
 */
static bool take_off_the_way(struct rpc_client *client, size_t size) {
	if (!flow_arrived(&client->flow, size))
		return false;
	grant(client, 0, flow_taken(&client->flow, size, clock_monotonic_ms()));
	return true;
}

static bool take_data(
    struct rpc_client *client, struct flight *flight, const uint8_t *bytes, size_t size) {
	struct chunk *chunk;

	if (!take_off_the_way(client, size) || !flow_arrived(&flight->flow, size))
		return false;
	chunk = chunk_new(size);
	if (!chunk)
		return false;
	memcpy(chunk->bytes, bytes, size);
	chunks_add(&flight->arrived, chunk);
	return true;
}

/* A chunk was used up: the server may send as much again. */
static void grant_call(struct rpc_client *client, struct flight *flight, size_t size) {
	if (flight->sent && !flight->ended)
		grant(client, flight->call, flow_taken(&flight->flow, size, clock_monotonic_ms()));
}

void client_throw_away(struct rpc_client *client, struct flight *flight) {
	for (struct chunk *chunk; (chunk = chunks_take(&flight->arrived)) != NULL; free(chunk))
		grant_call(client, flight, chunk->size);
}

static bool take_status(struct rpc_client *client, struct flight *flight, const Header *header,
    zmq_msg_t *payload, size_t at) {
	/* What a server that goes had no time for is lost like what never came back. */
	if (client->link == LINK_LEAVING && header->status == RPC_UNAVAILABLE) {
		client_lose(client, flight);
		return true;
	}
	if (client_retries(client, flight, header))
		return true;
	if (header->status != RPC_OK) {
		flight->status = chunk_new(header__get_packed_size(header));
		if (!flight->status)
			return false;
		header__pack(header, flight->status->bytes);
	}
	zmq_msg_init(&flight->reply);
	zmq_msg_copy(&flight->reply, payload);
	flight->reply_at = at;
	flight->reply_size = header->size;
	flight->ended = true;
	client->sent--;
	client->untaken++;
	return true;
}

bool client_take_part(
    struct rpc_client *client, const Header *header, zmq_msg_t *payload, size_t at) {
	struct flight *flight = &client->flights[header->call / 2 % RPC_IN_FLIGHT_MAX];
	int next;

	if (header->kind == HEADER__KIND__CREDIT && header->call == 0)
		return flow_granted(&client->flow, header->credit);
	if (!flight->sent || flight->call != header->call)
		/* Late: it crossed our CANCEL, or the deadline was over. */
		return header->kind != HEADER__KIND__DATA || take_off_the_way(client, header->size);
	next = flight->ended ? PROTOCOL_VIOLATION
	                     : protocol_next(flight->method, CALLEE, flight->state, header->kind);
	if (next == PROTOCOL_VIOLATION)
		return false;
	flight->state = (enum call_state)next;
	switch (header->kind) {
	case HEADER__KIND__DATA:
		return take_data(client, flight, (const uint8_t *)zmq_msg_data(payload) + at, header->size);
	case HEADER__KIND__CREDIT: return flow_granted(&flight->flow, header->credit);
	default: return take_status(client, flight, header, payload, at);
	}
}

/* Wait until a flight is under way or has ended. */
static int wait_sent(struct rpc_client *client, struct flight *flight) {
	int r = 0;

	while (r == 0 && !flight->sent && !client_is_over(client, flight))
		r = client_wait(client, flight->deadline_ms);
	if (r < 0)
		return failed_below(r);
	return client_is_over(client, flight) ? RPC_CLIENT_ENDED : 0;
}

int rpc_client_send(struct rpc_client *client, uint64_t ticket, const ProtobufCMessage *message) {
	struct flight *flight = client_find(client, ticket);
	size_t size = protobuf_c_message_get_packed_size(message);
	Header header = HEADER__INIT;
	int r;

	if (!flight || !flight->method->streams_requests)
		return failed_here(-ENOENT);
	if (size > client->message_max)
		return failed_here(-EMSGSIZE);
	if (flight->state == CALL_HALF_CLOSED)
		return failed_here(-EALREADY);
	r = wait_sent(client, flight);
	while (r == 0 && (flight->flow.may_send <= 0 || client->flow.may_send <= 0))
		r = client_is_over(client, flight) ? RPC_CLIENT_ENDED
		                                   : client_wait(client, flight->deadline_ms);
	if (r)
		return r < 0 ? failed_below(r) : r;
	header.kind = HEADER__KIND__DATA;
	header.call = flight->call;
	flow_sent(&flight->flow, size);
	flow_sent(&client->flow, size);
	flight->spoke = true;
	client->said_ms = clock_monotonic_ms();
	r = outbox_add_message(&client->outbox, &client->batches, &header, message);
	/* On a slow line the messages tell how slow it is only one by one. */
	if (r == 0 &&
	    (client->outbox.bytes >= RPC_BATCH_SIZE ||
	        client->outbox.bytes >= flow_chunk(&flight->flow) || flight->flow.may_send <= 0))
		r = client_flush(client);
	return r < 0 ? failed_below(r) : 0;
}

size_t rpc_client_chunk_size(struct rpc_client *client, uint64_t ticket) {
	const struct flight *flight = client_find(client, ticket);

	return flight ? flow_chunk(&flight->flow) : RPC_WINDOW_MIN / 2;
}

int rpc_client_half_close(struct rpc_client *client, uint64_t ticket) {
	struct flight *flight = client_find(client, ticket);
	int r;

	if (!flight || !flight->method->streams_requests)
		return failed_here(-ENOENT);
	r = wait_sent(client, flight);
	if (r)
		return r;
	if (flight->state != CALL_OPEN)
		return failed_here(-EALREADY);
	flight->state = CALL_HALF_CLOSED;
	flight->spoke = true;
	r = client_say_of(client, flight, HEADER__KIND__HALF_CLOSE, NULL, 0);
	if (r == 0)
		r = client_flush(client);
	return r < 0 ? failed_below(r) : 0;
}

int rpc_client_receive(struct rpc_client *client, uint64_t ticket, struct arena *arena,
    ProtobufCMessage **ret_message) {
	struct flight *flight = client_find(client, ticket);
	struct chunk *chunk;
	int r = 0;

	if (!flight || !flight->method->streams_replies)
		return failed_here(-ENOENT);
	while (r == 0 && !flight->arrived.first && !client_is_over(client, flight))
		r = client_wait(client, flight->deadline_ms);
	if (r < 0)
		return failed_below(r);
	chunk = chunks_take(&flight->arrived);
	if (!chunk)
		return RPC_CLIENT_ENDED;
	grant_call(client, flight, chunk->size);
	r = message_unpack(flight->method->reply, chunk->bytes, chunk->size, arena, ret_message);
	free(chunk);
	if (r == MESSAGE_OK)
		r = client_flush(client);
	else
		r = failed_here(r == MESSAGE_TOO_LARGE ? -ENOMEM : -EBADMSG);
	return r < 0 ? failed_below(r) : 0;
}
