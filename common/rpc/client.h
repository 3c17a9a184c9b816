/* SPDX-License-Identifier: MIT */
/*
 * Client
 *
 * Calls one server. A client belongs to one thread. Several calls may be in flight: begin them,
 * then end each. A call waits here until there is a connection; one that was given up is never
 * sent. The transport may lose a message with a connection, so a call that is safe to repeat is
 * made again over the next one, as often as its method may be made, always under the same
 * idempotency key; any other ends with its connection. A call that was refused for a while is made
 * again as its method's policy says, unless too many were refused lately.
 */
#pragma once

#include <poll.h>
#include <protobuf-c/protobuf-c.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "cchc/call.pb-c.h"
#include "common/base/arena.h"
#include "common/rpc/status.h"
#include "common/rpc/token.h"
#include "common/rpc/trace.h"
#include "common/rpc/transport.h"
#include "proto/contract.h"

struct rpc_client_options {
	struct rpc_transport *transport;
	const char *endpoint;                /* ipc://… or tcp://HOST:PORT */
	const struct rpc_identity *identity; /* ours, for tcp; null for ipc */
	const char *server_key;              /* the server's public key, for tcp; null for ipc */
	const char *node;                    /* our organisation code, for tcp; null for ipc */
	Lane lane;                           /* which of our connections it is, for tcp */
	const atomic_bool *cancelled;        /* when it turns true, calls end soon; may be null */
};

struct rpc_client;

/* Connecting goes on by itself; an unreachable server shows in the calls.
 * Return: 0 or a negative errno. */
int rpc_client_open(const struct rpc_client_options *options, struct rpc_client **ret_client);
void rpc_client_close(struct rpc_client *client);
void rpc_client_closep(struct rpc_client **client);

struct rpc_request {
	const char *method;              /* "Dossiers/GetDossier" */
	const ProtobufCMessage *message; /* null for a method that streams requests */
	uint32_t deadline_ms;            /* 0: the method's */
	uint32_t ready_ms;               /* longest wait for a connection; 0: until the deadline */
	const struct token_bytes *token; /* the person who acts; may be null */
	const uint8_t *key;              /* 16 bytes for a keyed method; null: a new random one */
	const struct trace *trace;       /* the step this call belongs to; null: a new work */
	const struct rpc_call *cause;    /* ends when this one is over; may be null */
};

struct rpc_reply {
	enum rpc_status status;
	ProtobufCMessage *message;   /* null unless the status is RPC_OK and the reply is no stream */
	Fault *fault;                /* may be null */
	const Header *header;        /* of the status, with typed details; null when it was made here */
	char trace[TRACE_TEXT_SIZE]; /* of the call */
};

/* Send a request and go on. *ret_ticket names it for the functions below. While there is no
 * connection, or the server takes no more, it stays here and leaves during a later call of these
 * functions. Return: 0, -EMSGSIZE when it is larger than the server takes, -EBUSY when too many are
 * in flight, -ENOSYS for a method that is not in the contract, or another negative errno. */
int rpc_client_begin(
    struct rpc_client *client, const struct rpc_request *request, uint64_t *ret_ticket);

/* Wait for the end of a begun call; its parts are put into `arena`. Never waits longer than the
 * deadline: then the status is RPC_DEADLINE_EXCEEDED, or RPC_UNAVAILABLE when the connection never
 * came about or went, or RPC_UNAUTHENTICATED when the server lets us not in (then this client does
 * not try again), or RPC_CANCELLED. What was not received of a stream is thrown away.
 * Return: 0 or a negative errno. */
int rpc_client_end(
    struct rpc_client *client, uint64_t ticket, struct arena *arena, struct rpc_reply *ret_reply);

/* Both. */
int rpc_client_call(struct rpc_client *client, const struct rpc_request *request,
    struct arena *arena, struct rpc_reply *ret_reply);

/* Send one message of a method that streams requests; waits while the server takes no more.
 * Return: 0, RPC_CLIENT_ENDED when the call has ended (rpc_client_end says how), or a negative
 * errno. */
#define RPC_CLIENT_ENDED 1
int rpc_client_send(struct rpc_client *client, uint64_t ticket, const ProtobufCMessage *message);

/* How large a message of a stream is best made now: what the line takes in about half a second. A
 * larger one passes too, but whoever waits behind it waits longer. */
size_t rpc_client_chunk_size(struct rpc_client *client, uint64_t ticket);

/* That was the last one. Return: as above. */
int rpc_client_half_close(struct rpc_client *client, uint64_t ticket);

/* The next message of a method that streams replies, in `arena`; waits for it. Return: as above. */
int rpc_client_receive(struct rpc_client *client, uint64_t ticket, struct arena *arena,
    ProtobufCMessage **ret_message);

/* For a caller whose own loop waits, for several clients or for a stream's two ways at once: do
 * what can be done without waiting, and say what to poll for and until when at most (monotonic; it
 * may be UINT64_MAX, and it is 0 when something came meanwhile). In each turn of the loop the two
 * below are asked: what they say yes to does not wait. Return: 0 or a negative errno. */
#define RPC_CLIENT_POLLS 2
int rpc_client_prepare(
    struct rpc_client *client, struct pollfd items[RPC_CLIENT_POLLS], uint64_t *ret_until_ms);

/* Whether rpc_client_send may be called now, or rpc_client_receive, which may find the end. Of a
 * call that streams no replies the second tells whether rpc_client_end may. */
bool rpc_client_may_send(struct rpc_client *client, uint64_t ticket);
bool rpc_client_may_receive(struct rpc_client *client, uint64_t ticket);

/* The answer is not wanted any more; the ticket is void. */
void rpc_client_cancel(struct rpc_client *client, uint64_t ticket);

/* Whether a server lets this identity in, by trying. Return: an answer below or a negative errno.
 */
enum { RPC_KNOCK_ACCEPTED, RPC_KNOCK_REFUSED, RPC_KNOCK_NO_ANSWER };
int rpc_client_knock(struct rpc_transport *transport, const char *endpoint,
    const struct rpc_identity *identity, const char *server_key, unsigned timeout_ms);
