/* SPDX-License-Identifier: MIT */
/*
 * Server
 *
 * One loop on one thread owns all sockets of the process. For each call it finds the method, checks
 * who calls, unpacks the request into a capped arena, and hands the call to `dispatch` on the
 * loop's thread; whoever ends the call gives it back with rpc_server_answer, from any thread.
 */
#pragma once

#include "cchc/node.pb-c.h"
#include "common/rpc/call.h"
#include "common/rpc/keyring.h"
#include "common/rpc/limits.h"

typedef void rpc_dispatch_function(void *context, struct rpc_call *call);

struct rpc_server_options {
	struct rpc_transport *transport;
	rpc_dispatch_function *dispatch;
	void *context;
	const char *node;                    /* our organisation code */
	const struct rpc_identity *identity; /* checks who acts; null: no token is believed */
	uint32_t keepalive_ms; /* how often a dialler says something; 0: RPC_KEEPALIVE_MS */
	uint32_t silence_ms;   /* who is silent so long is gone; 0: RPC_SILENCE_MS */
	uint32_t hellos_per_s; /* more are asked to come back later; 0: RPC_HELLOS_PER_S */
};

struct rpc_server;

int rpc_server_open(const struct rpc_server_options *options, struct rpc_server **ret_server);

/* Nobody else may hold a call any more. What was answered is still sent; calls that nobody answered
 * end with UNAVAILABLE. */
void rpc_server_close(struct rpc_server *server);

/* Serve the office's own over ipc. Return: 0 or a negative errno. */
int rpc_server_listen_office(struct rpc_server *server, const char *endpoint);

/* Serve peers over tcp with CURVE: only keys of the keyring, and only methods that permit peers.
 * Before it returns, a key that nobody knows has knocked and was refused; else -EPERM.
 * The keyring stays the caller's and must outlive the transport.
 * Return: 0 or a negative errno (-EADDRINUSE: somebody else listens there). */
int rpc_server_listen_peers(struct rpc_server *server, const char *endpoint,
    const struct rpc_identity *identity, struct rpc_keyring *keyring);

/* Call `ready` on the loop whenever `descriptor` is readable. At most 4. */
typedef void rpc_ready_function(void *context);
int rpc_server_watch(
    struct rpc_server *server, int descriptor, rpc_ready_function *ready, void *context);

/* Serve until rpc_server_stop. Return: 0 or a negative errno. */
int rpc_server_run(struct rpc_server *server);

/* Take no more calls, tell everybody so, and leave the loop once the calls in hand are answered, or
 * after RPC_DRAIN_MS; what is left then is over (rpc_call_is_over). From the loop's thread. */
void rpc_server_stop(struct rpc_server *server);

/* End a call; it belongs to the server again. From any thread. */
void rpc_server_answer(struct rpc_server *server, struct rpc_call *call);

/* When a peer was last heard, milliseconds since 1970; 0: never. From the loop's thread. */
uint64_t rpc_server_last_heard_ms(const struct rpc_server *server, const char *peer);

/* What was counted, in `arena`: methods, callers, and the calls of one trace (null: of all) that
 * ended lately, oldest first. From the loop's thread. Return: 0 or -ENOMEM. */
int rpc_server_statistics(
    struct rpc_server *server, struct arena *arena, NodeStatistics *ret_statistics);
int rpc_server_trace(
    const struct rpc_server *server, const char *trace, struct arena *arena, TraceReply *ret_trace);
