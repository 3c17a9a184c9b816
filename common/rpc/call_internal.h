/* SPDX-License-Identifier: MIT */
/* Shared by call.c and server.c. */
#pragma once

#include "common/rpc/call.h"
#include "common/rpc/internal.h"
#include "common/rpc/keyring.h"

struct rpc_call_private {
	void *socket; /* it came by */
	zmq_msg_t routing;
	uint64_t call;
	uint8_t key[16];
	char peer[KEYRING_CODE_SIZE];
	char trace[64];
	struct heard *heard;   /* of `peer`; null for the office's own */
	bool in_hand;          /* dispatched and not ended */
	struct rpc_call *made; /* before this one */
};

/* How much of a text has room in `max` bytes without half a letter: half of one would spoil the
 * whole message. */
size_t text_cut(const char *text, size_t max);

/* Everything that can be wrong with a call before its handler; `peer` is set already.
 * Return: 0, or the status with the call's fault set. */
int rpc_call_prepare(
    struct rpc_call *call, const CallHeader *header, const uint8_t *bytes, size_t size);
