/* SPDX-License-Identifier: MIT */
#include "common/rpc/client.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/base/message.h"
#include "common/rpc/client_internal.h"

enum {
	PAYLOAD_KEPT = 65536, /* a larger buffer is not kept for the next call */
	AT_ONCE_SIZE = 4096,  /* a larger request waits for no company */
	TENTHS = 10,          /* of a retry token; a success gives one back */
};

int rpc_client_open(const struct rpc_client_options *options, struct rpc_client **ret_client) {
	AUTO(rpc_client_closep) struct rpc_client *client = calloc(1, sizeof(*client));
	int r;

	if (!client)
		return failed_here(-ENOMEM);
	arena_init(&client->scratch, RPC_MEMORY_MAX);
	client->transport = options->transport;
	client->endpoint = strdup(options->endpoint);
	client->node = strdup(options->node ? options->node : "");
	client->lane = options->lane;
	client->cancelled = options->cancelled;
	client->secured = options->server_key != NULL;
	client->keepalive_ms = RPC_KEEPALIVE_MS;
	client->silence_ms = RPC_SILENCE_MS;
	client->message_max = RPC_PAYLOAD_MAX;
	client->calls_max = RPC_CALLS_PEER_MAX;
	client->tokens_10 = RPC_RETRY_TOKENS * TENTHS;
	for (; client->free_count < RPC_IN_FLIGHT_MAX; client->free_count++)
		client->free[client->free_count] = (uint8_t)(RPC_IN_FLIGHT_MAX - 1 - client->free_count);
	if (!client->endpoint || !client->node)
		return failed_here(-ENOMEM);
	r = client_open_link(client, options);
	if (r < 0)
		return failed_below(r);
	*ret_client = client;
	client = NULL;
	return 0;
}

static void release(struct rpc_client *client, struct flight *flight) {
	uint8_t *payload = flight->payload;
	size_t room = flight->room;

	if (flight->ended)
		zmq_msg_close(&flight->reply);
	if (flight->ended)
		client->untaken--;
	else if (flight->sent)
		client->sent--;
	else if (!flight->lost)
		client->unsent--;
	free(flight->status);
	if (flight->token)
		sodium_memzero(flight->token, sizeof(*flight->token));
	free(flight->token);
	chunks_free(&flight->arrived);
	if (room > PAYLOAD_KEPT) {
		free(payload);
		payload = NULL;
		room = 0;
	}
	memset(flight, 0, sizeof(*flight));
	flight->payload = payload;
	flight->room = room;
	client->free[client->free_count++] = (uint8_t)(flight - client->flights);
}

void rpc_client_close(struct rpc_client *client) {
	for (size_t i = 0; i < RPC_IN_FLIGHT_MAX; i++) {
		if (client->flights[i].ticket)
			release(client, &client->flights[i]);
		free(client->flights[i].payload);
	}
	client_close_link(client);
	outbox_empty(&client->outbox, &client->batches);
	batch_store_deinit(&client->batches);
	arena_deinit(&client->scratch);
	free(client->endpoint);
	free(client->node);
	free(client);
}

void rpc_client_closep(struct rpc_client **client) {
	if (*client)
		rpc_client_close(*client);
	*client = NULL;
}

struct flight *client_find(struct rpc_client *client, uint64_t ticket) {
	struct flight *flight = &client->flights[ticket % RPC_IN_FLIGHT_MAX];

	return ticket && flight->ticket == ticket ? flight : NULL;
}

/* Rising, and telling which flight it is of. */
static uint64_t next_number(struct rpc_client *client, const struct flight *flight) {
	return ++client->next_number * RPC_IN_FLIGHT_MAX + (uint64_t)(flight - client->flights);
}

static bool is_repeatable(const struct flight *flight) {
	const struct contract_method *method = flight->method;

	return method->attempts > 1 && !method->streams_requests && !method->streams_replies;
}

void client_unsend(struct rpc_client *client, struct flight *flight) {
	flight->sent = false;
	flight->state = CALL_IDLE;
	client->sent--;
	client->unsent++;
}

static void lose_for_good(struct rpc_client *client, struct flight *flight) {
	flight->sent = false;
	flight->lost = true;
	client->sent--;
}

void client_give_back(struct rpc_client *client, struct flight *flight) {
	if (flight->spoke)
		lose_for_good(client, flight);
	else
		client_unsend(client, flight);
}

void client_lose(struct rpc_client *client, struct flight *flight) {
	if (is_repeatable(flight) && ++flight->attempt < flight->method->attempts)
		client_unsend(client, flight);
	else
		lose_for_good(client, flight);
}

static bool is_stuck(const struct rpc_client *client) {
	return client->cancelled && atomic_load(client->cancelled);
}

bool client_is_over(const struct rpc_client *client, const struct flight *flight) {
	uint64_t now = clock_monotonic_ms();

	return flight->ended || flight->lost || client->link == LINK_REFUSED || is_stuck(client) ||
	       now >= flight->deadline_ms || (flight->cause && rpc_call_is_over(flight->cause)) ||
	       (!flight->sent && client->link != LINK_UP && now >= flight->ready_ms);
}

static int send_request(struct rpc_client *client, struct flight *flight, uint64_t now) {
	Header header = HEADER__INIT;
	int r;

	flight->call = next_number(client, flight) * 2 + 1;
	header.kind = HEADER__KIND__REQUEST;
	header.call = flight->call;
	header.method = (char *)(uintptr_t)flight->method->name;
	header.deadline_ms = (uint32_t)(flight->deadline_ms - now);
	header.trace = flight->trace;
	header.attempt = flight->attempt;
	if (flight->method->keyed)
		header.idempotency_key = (ProtobufCBinaryData) { sizeof(flight->key), flight->key };
	if (flight->token)
		header.token = (ProtobufCBinaryData) { flight->token->size, flight->token->bytes };
	r = outbox_add(&client->outbox, &client->batches, &header, flight->payload, flight->size);
	if (r < 0)
		return failed_below(r);
	flight->state =
	    (enum call_state)protocol_next(flight->method, CALLER, CALL_IDLE, HEADER__KIND__REQUEST);
	flight->sent = true;
	flow_init(&flight->flow, FLOW_OF_CALL, now);
	client->heard = client->heard && client->sent > 0;
	client->unsent--;
	client->sent++;
	client->said_ms = now;
	client->request_ms = now;
	if (!client->asked_ms)
		client->asked_ms = now;
	return 0;
}

/* Still to be sent; what came too late for that does not count. */
static bool may_be_sent(const struct flight *flight, uint64_t now) {
	return flight->ticket && !flight->sent && !flight->lost && !flight->ended &&
	       now >= flight->retry_ms && now < flight->deadline_ms;
}

int client_send_unsent(struct rpc_client *client) {
	uint64_t now = clock_monotonic_ms();
	int r = 0;

	for (size_t i = 0; i < RPC_IN_FLIGHT_MAX && client->unsent && client->link == LINK_UP &&
	                   client->sent < client->calls_max && r == 0;
	     i++)
		if (may_be_sent(&client->flights[i], now))
			r = send_request(client, &client->flights[i], now);
	return r < 0 ? failed_below(r) : 0;
}

static int pack_request(struct flight *flight, const struct rpc_request *request, size_t size) {
	if (request->token && request->token->size) {
		flight->token = malloc(sizeof(*flight->token));
		if (!flight->token)
			return failed_here(-ENOMEM);
		*flight->token = *request->token;
	}
	if (size > flight->room) {
		uint8_t *larger = realloc(flight->payload, size);

		if (!larger) {
			free(flight->token);
			flight->token = NULL;
			return failed_here(-ENOMEM);
		}
		flight->payload = larger;
		flight->room = size;
	}
	flight->size =
	    request->message ? protobuf_c_message_pack(request->message, flight->payload) : 0;
	return 0;
}

static void fill_flight(struct rpc_client *client, struct flight *flight,
    const struct rpc_request *request, const struct contract_method *method) {
	uint64_t now = clock_monotonic_ms();
	struct trace fresh;

	flight->ticket = next_number(client, flight);
	flight->method = method;
	flight->deadline_ms = now + (request->deadline_ms ? request->deadline_ms : method->deadline_ms);
	flight->ready_ms = request->ready_ms ? now + request->ready_ms : flight->deadline_ms;
	flight->cause = request->cause;
	/* No step of our own between the two that are on record: whoever serves the call makes one. */
	if (!request->trace)
		trace_begin(&fresh, "");
	trace_text(request->trace ? request->trace : &fresh, flight->trace);
	if (method->keyed && request->key)
		memcpy(flight->key, request->key, sizeof(flight->key));
	else if (method->keyed)
		randombytes_buf(flight->key, sizeof(flight->key));
	client->unsent++;
}

/* Who has replies to take comes back at once: what it begins meanwhile leaves together. */
static int send_begun(struct rpc_client *client, bool in_company) {
	int r;

	if (!in_company)
		client_look(client, 0);
	client_knock_again(client);
	r = client_send_unsent(client);
	if (r == 0 && (!in_company || outbox_has_full(&client->outbox)))
		r = client_flush(client);
	return r;
}

int rpc_client_begin(
    struct rpc_client *client, const struct rpc_request *request, uint64_t *ret_ticket) {
	const struct contract_method *method =
	    contract_find(client->transport->contract, request->method);
	size_t size = request->message ? protobuf_c_message_get_packed_size(request->message) : 0;
	struct flight *flight;
	int r;

	if (!method)
		return failed_here(-ENOSYS);
	if (client->free_count == 0)
		return failed_here(-EBUSY);
	if (size > client->message_max)
		return failed_here(-EMSGSIZE);
	flight = &client->flights[client->free[client->free_count - 1]];
	r = pack_request(flight, request, size);
	if (r < 0)
		return failed_below(r);
	client->free_count--;
	fill_flight(client, flight, request, method);
	r = send_begun(client, client->untaken && size < AT_ONCE_SIZE);
	if (r < 0) {
		release(client, flight);
		return failed_below(r);
	}
	*ret_ticket = flight->ticket;
	return 0;
}

bool client_retries(struct rpc_client *client, struct flight *flight, const Header *status) {
	const struct contract_method *method = flight->method;
	uint64_t wait_ms = (uint64_t)method->backoff_ms
	                   << (flight->attempt < 16 ? flight->attempt : 16);
	uint64_t now = clock_monotonic_ms();

	if (status->status == RPC_OK && client->tokens_10 < RPC_RETRY_TOKENS * TENTHS)
		client->tokens_10++;
	if (status->status != RPC_UNAVAILABLE && status->status != RPC_RESOURCE_EXHAUSTED)
		return false;
	client->tokens_10 -= client->tokens_10 < TENTHS ? client->tokens_10 : TENTHS;
	/* What is exhausted for good, such as a disk, says nothing of when to come back. */
	if (status->status == RPC_RESOURCE_EXHAUSTED && !status->retry_after_ms)
		return false;
	if (!is_repeatable(flight) || flight->attempt + 1 >= method->attempts ||
	    client->tokens_10 <= RPC_RETRY_TOKENS * TENTHS / 2)
		return false;
	/* A fifth more or less, so that those who were refused together do not come together; never
	 * before the server said. */
	if (wait_ms > RPC_BACKOFF_MAX_MS)
		wait_ms = RPC_BACKOFF_MAX_MS;
	wait_ms = status->retry_after_ms ? status->retry_after_ms : wait_ms * 8 / 10;
	wait_ms += randombytes_uniform((uint32_t)(wait_ms / 4) + 1);
	if (now + wait_ms >= flight->deadline_ms)
		return false;
	flight->attempt++;
	flight->retry_ms = now + wait_ms;
	client_unsend(client, flight);
	return true;
}

static void give_up(const struct rpc_client *client, const struct flight *flight,
    struct arena *arena, struct rpc_reply *reply) {
	Fault__Reason reason = FAULT__REASON__SERVICE_DOWN;

	if (is_stuck(client) || (flight->cause && rpc_call_is_over(flight->cause))) {
		reply->status = RPC_CANCELLED;
		reason = FAULT__REASON__CANCELLED;
	} else if (client->link == LINK_REFUSED &&
	           client->refusal == GOODBYE__REASON__PROTOCOL_VERSION) {
		reply->status = RPC_FAILED_PRECONDITION;
		reason = FAULT__REASON__PROTOCOL;
	} else if (client->link == LINK_REFUSED && client->refusal == GOODBYE__REASON__VIOLATION) {
		reply->status = RPC_INTERNAL;
		reason = FAULT__REASON__PROTOCOL;
	} else if (client->link == LINK_REFUSED) {
		reply->status = RPC_UNAUTHENTICATED;
		reason = FAULT__REASON__NOT_ALLOWED;
	} else
		/* What was sent once may have been done: nobody should be told to just try again. */
		reply->status = flight->sent || (flight->attempt && !flight->lost) ? RPC_DEADLINE_EXCEEDED
		                                                                   : RPC_UNAVAILABLE;
	reply->fault = (Fault *)message_new(&fault__descriptor, arena);
	if (reply->fault)
		reply->fault->reason = reason;
}

static int read_reply(const struct flight *flight, struct arena *arena, struct rpc_reply *reply) {
	ProtobufCMessage *header = NULL;
	int r;

	if (flight->status) {
		r = message_unpack(
		    &header__descriptor, flight->status->bytes, flight->status->size, arena, &header);
		if (r != MESSAGE_OK)
			return failed_here(-EBADMSG);
		reply->header = (const Header *)header;
		reply->status = reply->header->status < RPC_STATUS_COUNT
		                    ? (enum rpc_status)reply->header->status
		                    : RPC_UNKNOWN;
		reply->fault = reply->header->fault;
		return 0;
	}
	if (flight->method->streams_replies)
		return 0;
	r = message_unpack(flight->method->reply,
	    (const uint8_t *)zmq_msg_data((zmq_msg_t *)(uintptr_t)&flight->reply) + flight->reply_at,
	    flight->reply_size, arena, &reply->message);
	return r == MESSAGE_OK ? 0 : failed_here(r == MESSAGE_TOO_LARGE ? -ENOMEM : -EBADMSG);
}

/* The server need not go on with what nobody waits for. */
static void call_off(struct rpc_client *client, struct flight *flight) {
	if (flight->sent && !flight->ended && client->link == LINK_UP) {
		(void)client_say_of(client, flight, HEADER__KIND__CANCEL, NULL, 0);
		(void)client_flush(client);
	}
	release(client, flight);
}

int rpc_client_end(
    struct rpc_client *client, uint64_t ticket, struct arena *arena, struct rpc_reply *ret_reply) {
	struct flight *flight = client_find(client, ticket);
	struct rpc_reply reply = { .status = RPC_OK };
	int r = 0;

	if (!flight)
		return failed_here(-ENOENT);
	while (r == 0 && !client_is_over(client, flight)) {
		uint64_t until = flight->deadline_ms;

		if (!flight->sent && client->link != LINK_UP)
			until = sooner(until, flight->ready_ms);
		if (!flight->sent && flight->retry_ms > clock_monotonic_ms())
			until = flight->retry_ms;
		r = client_wait(client, until);
		client_throw_away(client, flight);
	}
	memcpy(reply.trace, flight->trace, sizeof(reply.trace));
	if (r == 0 && flight->ended)
		r = read_reply(flight, arena, &reply);
	else if (r == 0)
		give_up(client, flight, arena, &reply);
	call_off(client, flight);
	if (r < 0)
		return failed_below(r);
	*ret_reply = reply;
	return 0;
}

void rpc_client_cancel(struct rpc_client *client, uint64_t ticket) {
	struct flight *flight = client_find(client, ticket);

	if (flight)
		call_off(client, flight);
}

int rpc_client_call(struct rpc_client *client, const struct rpc_request *request,
    struct arena *arena, struct rpc_reply *ret_reply) {
	uint64_t ticket;
	int r = rpc_client_begin(client, request, &ticket);

	return r < 0 ? failed_below(r) : rpc_client_end(client, ticket, arena, ret_reply);
}

int rpc_client_knock(struct rpc_transport *transport, const char *endpoint,
    const struct rpc_identity *identity, const char *server_key, unsigned timeout_ms) {
	struct rpc_client_options options = {
		.transport = transport,
		.endpoint = endpoint,
		.identity = identity,
		.server_key = server_key,
	};
	AUTO(rpc_client_closep) struct rpc_client *client = NULL;
	uint64_t until = clock_monotonic_ms() + timeout_ms;
	int r = rpc_client_open(&options, &client);

	while (r == 0 && client->link == LINK_DOWN && clock_monotonic_ms() < until)
		r = client_wait(client, until);
	if (r < 0)
		return failed_below(r);
	switch (client->link) {
	case LINK_DOWN: return RPC_KNOCK_NO_ANSWER;
	case LINK_REFUSED: return RPC_KNOCK_REFUSED;
	default: return RPC_KNOCK_ACCEPTED;
	}
}
