/* SPDX-License-Identifier: MIT */
/*
 * Client
 *
 * Calls one server. A client belongs to one thread. Several calls may be in flight: begin them,
 * then end each. A call waits here until there is a connection; one that was given up is never
 * sent. The transport may lose a message with a connection, so a call that is safe to repeat is
 * sent again until its deadline, always under the same idempotency key; any other ends with its
 * connection.
 */
#pragma once

#include <protobuf-c/protobuf-c.h>
#include <stdatomic.h>

#include "cchc/call.pb-c.h"
#include "common/base/arena.h"
#include "common/rpc/status.h"
#include "common/rpc/transport.h"
#include "proto/contract.h"

struct rpc_client_options {
	struct rpc_transport *transport;
	const char *endpoint;                /* ipc://… or tcp://HOST:PORT */
	const struct rpc_identity *identity; /* ours, for tcp; null for ipc */
	const char *server_key;              /* the server's public key, for tcp; null for ipc */
	const atomic_bool *cancelled;        /* when it turns true, calls end soon; may be null */
};

struct rpc_client;

/* Connecting goes on by itself; an unreachable server shows in the calls.
 * Return: 0 or a negative errno. */
int rpc_client_open(const struct rpc_client_options *options, struct rpc_client **ret_client);
void rpc_client_close(struct rpc_client *client);
void rpc_client_closep(struct rpc_client **client);

struct rpc_request {
	const char *method; /* "Dossiers/GetDossier" */
	const ProtobufCMessage *message;
	uint32_t deadline_ms; /* 0: the method's */
	const char *actor;    /* the person who acts; may be null */
	const uint8_t *key;   /* 16 bytes for a keyed method; null: a new random one */
};

struct rpc_reply {
	enum rpc_status status;
	ProtobufCMessage *message; /* null unless the status is RPC_OK */
	Fault *fault;              /* may be null */
};

/* Send a request and go on. *ret_ticket names it for rpc_client_end. While there is no connection
 * it stays here and leaves during an rpc_client_end. Return: 0, -EMSGSIZE when it is larger than a
 * payload may be, or another negative errno. */
int rpc_client_begin(
    struct rpc_client *client, const struct rpc_request *request, uint64_t *ret_ticket);

/* Wait for the reply of a begun call; its parts are put into `arena`. Never waits longer than the
 * deadline: then the status is RPC_DEADLINE_EXCEEDED, or RPC_UNAVAILABLE when the connection never
 * came about or went, or RPC_UNAUTHENTICATED when the server lets us not in (then this client does
 * not try again), or RPC_CANCELLED. Return: 0 or a negative errno. */
int rpc_client_end(
    struct rpc_client *client, uint64_t ticket, struct arena *arena, struct rpc_reply *ret_reply);

/* Both. */
int rpc_client_call(struct rpc_client *client, const struct rpc_request *request,
    struct arena *arena, struct rpc_reply *ret_reply);

/* Whether a server lets this identity in, by trying. Return: an answer below or a negative errno.
 */
enum { RPC_KNOCK_ACCEPTED, RPC_KNOCK_REFUSED, RPC_KNOCK_NO_ANSWER };
int rpc_client_knock(struct rpc_transport *transport, const char *endpoint,
    const struct rpc_identity *identity, const char *server_key, unsigned timeout_ms);
