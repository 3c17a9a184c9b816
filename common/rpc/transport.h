/* SPDX-License-Identifier: MIT */
/*
 * Transport
 *
 * The process's ZeroMQ context and the limits of the wire. libzmq is an encrypted, reconnecting
 * pipe of frames and nothing more: it may lose a message with a connection, so calls are repeated
 * under their idempotency key, and nothing is acknowledged but by a reply. zmq.h is included only
 * in this folder.
 */
#pragma once

#include "common/base/error.h"
#include "common/rpc/limits.h"
#include "proto/contract.h"

/* A CURVE key pair, Z85 text as in key files. */
#define RPC_KEY_TEXT_SIZE 41

struct rpc_identity {
	char public_key[RPC_KEY_TEXT_SIZE];
	char secret_key[RPC_KEY_TEXT_SIZE];
};

struct rpc_transport;

/* Make the context; the contract is what its servers serve and its clients call. Call it after the
 * last fork. Return: 0 or a negative errno. */
int rpc_transport_open(const struct contract *contract, struct rpc_transport **ret_transport);

/* Every server and client of the transport must be closed before. */
void rpc_transport_close(struct rpc_transport *transport);
void rpc_transport_closep(struct rpc_transport **transport);

/* A new key pair. Return: 0 or a negative errno. */
int rpc_identity_make(struct rpc_identity *ret_identity);

/* Whether the text (40 characters) is a Z85 key. */
int rpc_key_is_valid(const char *text);

/* The 32 bytes of a valid Z85 key. */
void rpc_key_decode(const char *text, unsigned char ret_key[32]);

/* Try to reach tcp://HOST:PORT for at most `timeout_ms`. Return: 0, or the negative errno of why
 * not (-EHOSTUNREACH for a name that cannot be resolved, -EINVAL for no such endpoint). */
int rpc_probe(const char *endpoint, unsigned timeout_ms);
