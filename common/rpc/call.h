/* SPDX-License-Identifier: MIT */
/*
 * A call in the server's hand: from its request to its one answer. It belongs to whoever got it by
 * `dispatch` until rpc_server_answer gives it back.
 */
#pragma once

#include "cchc/call.pb-c.h"
#include "common/base/arena.h"
#include "common/rpc/status.h"
#include "common/rpc/token.h"
#include "common/rpc/trace.h"
#include "common/rpc/transport.h"
#include "proto/contract.h"

/* Bytes of `asked`. */
#define RPC_ASKED_SIZE 16

struct rpc_call {
	const struct contract_method *method;
	ProtobufCMessage *request; /* in `arena`; null for a method that streams requests */
	ProtobufCMessage *reply;   /* in `arena`; default values until the handler fills it */
	const char *actor;         /* the person who acts; "" for a service or a peer */
	const char *peer;          /* the node that calls; null for the office's own */
	const uint8_t *key;        /* idempotency key of a keyed method … */
	const uint8_t *asked;      /* … and digest of what is asked, by which node, for whom */
	uint64_t deadline_ms;      /* monotonic */
	Role role;                 /* of the actor, the service or the peer */
	struct trace trace;
	struct token_bytes token; /* of the actor, to be handed on */
	struct arena arena;

	/* How it ended: set by the handler's side before rpc_server_answer. */
	enum rpc_status status;
	Fault *fault;            /* in `arena`; may be null */
	uint32_t retry_after_ms; /* 0: as the method's policy says */
	const uint8_t *packed;   /* the reply's bytes; null: the server packs `reply` */
	size_t packed_size;

	struct rpc_call_private *own;
	struct rpc_call *next;
};

/* Ends the call with a fault. `field` and `value` may be null; texts are copied. Return: status. */
int rpc_call_refuse(struct rpc_call *call, enum rpc_status status, Fault__Reason reason,
    const char *field, const char *value);

/* Refuse because too much is waiting; the caller is told when to come back. Return: status. */
int rpc_call_refuse_busy(struct rpc_call *call);

/* Refuse because rpc_call_is_over. Return: status. */
int rpc_call_refuse_over(struct rpc_call *call);

/* A further typed detail of how it ended. What has no room is counted for the caller. */
void rpc_call_add_detail(struct rpc_call *call, const ProtobufCMessage *detail);

/* Packs `reply` into the arena, now: what it borrows may be gone later.
 * Return: 0, or RPC_RESOURCE_EXHAUSTED when it is larger than the caller takes. */
int rpc_call_pack(struct rpc_call *call);

/* Whether nobody waits for the answer: the caller said so, is gone, or its deadline is over. From
 * any thread. */
bool rpc_call_is_over(const struct rpc_call *call);

/* The next message of a method that streams requests, in `arena`; waits for it. Not from the loop's
 * thread. Return: 0, RPC_CALL_END after the last one, a positive status with which the call was
 * refused (RPC_CANCELLED, RPC_DEADLINE_EXCEEDED, RPC_INVALID_ARGUMENT), or -ENOMEM. */
#define RPC_CALL_END 1000
int rpc_call_receive(struct rpc_call *call, struct arena *arena, ProtobufCMessage **ret_message);

/* Send one message of a method that streams replies; waits while the caller takes no more. Not from
 * the loop's thread. Return: 0, a positive status as above, or -ENOMEM. */
int rpc_call_send(struct rpc_call *call, const ProtobufCMessage *message);

/* Whether rpc_call_send would not wait now. */
bool rpc_call_has_room(struct rpc_call *call);

/* How large a message is best made now, as rpc_client_chunk_size (client.h). */
size_t rpc_call_chunk_size(struct rpc_call *call);

/* Wait for at most `wait_ms`, less when the call is over. Not from the loop's thread. */
void rpc_call_wait(struct rpc_call *call, unsigned wait_ms);
