/* SPDX-License-Identifier: MIT */
/*
 * A call in the server's hand: from its request to its one answer. It belongs to whoever got it by
 * `dispatch` until rpc_server_answer gives it back.
 */
#pragma once

#include "cchc/call.pb-c.h"
#include "common/base/arena.h"
#include "common/rpc/status.h"
#include "common/rpc/transport.h"
#include "proto/contract.h"

#define RPC_MEMORY_MAX ((size_t)64 << 20) /* arena of one call: request, reply and scratch */

struct rpc_call {
	const struct contract_method *method;
	ProtobufCMessage *request; /* in `arena` */
	ProtobufCMessage *reply;   /* in `arena`; default values until the handler fills it */
	const char *actor;         /* the person who acts; "" for a service */
	const char *peer;          /* the node that calls; null for the office's own */
	const uint8_t *key;        /* idempotency key of a keyed method */
	uint64_t deadline_ms;      /* monotonic */
	struct arena arena;

	/* How it ended: set by the handler's side before rpc_server_answer. */
	enum rpc_status status;
	Fault *fault;          /* in `arena`; may be null */
	const uint8_t *packed; /* the reply's bytes; null: the server packs `reply` */
	size_t packed_size;

	struct rpc_call_private *own;
	struct rpc_call *next;
};

/* Ends the call with a fault. `field` and `value` may be null; texts are copied. Return: status. */
int rpc_call_refuse(struct rpc_call *call, enum rpc_status status, Fault__Reason reason,
    const char *field, const char *value);

/* Packs `reply` into the arena, now: what it borrows may be gone later.
 * Return: 0, or RPC_RESOURCE_EXHAUSTED when it is larger than a payload may be. */
int rpc_call_pack(struct rpc_call *call);
