/* SPDX-License-Identifier: MIT */
/* Shared by the files of this folder. */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <zmq.h>

#include "cchc/call.pb-c.h"
#include "common/base/arena.h"
#include "common/rpc/transport.h"

struct rpc_keyring;
struct zap;

struct rpc_transport {
	void *context;
	const struct contract *contract;
	uint64_t boot;        /* of this process, for those it calls and those it serves */
	struct zap *zap;      /* null until the first CURVE listener */
	atomic_uint monitors; /* names given; libzmq frees a name some time after its socket */
};

int zap_start(struct rpc_transport *transport, struct rpc_keyring *keyring);
void zap_stop(struct zap *zap);

/* The descriptor of a socket that becomes readable when something changes, for poll. It tells of
 * changes only: before waiting the socket must have said that nothing is there. Return: it, or a
 * negative errno. */
int socket_descriptor(void *socket);

/* Common limits of every socket. Return: 0 or a negative errno. */
int socket_prepare(void *socket);
