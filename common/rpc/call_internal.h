/* SPDX-License-Identifier: MIT */
/* A call as the files of this folder see it. */
#pragma once

#include <pthread.h>
#include <stdatomic.h>

#include "common/rpc/call.h"
#include "common/rpc/connections.h"
#include "common/rpc/protocol.h"

/* One message of a stream, packed. */
struct chunk {
	struct chunk *next;
	size_t size;
	uint8_t bytes[];
};

struct chunks {
	struct chunk *first;
	struct chunk *last;
};

/* Null when memory is out. */
struct chunk *chunk_new(size_t size);
void chunks_add(struct chunks *chunks, struct chunk *chunk);
struct chunk *chunks_take(struct chunks *chunks);
void chunks_free(struct chunks *chunks);

struct rpc_call_private {
	struct rpc_server *server;
	struct caller *caller;
	struct connection *connection; /* null: it is gone; changed under the server's lock */
	uint64_t call;
	enum call_state state;
	uint8_t key[16];
	uint8_t asked[RPC_ASKED_SIZE];
	char peer[KEYRING_CODE_SIZE];
	char person[TOKEN_PERSON_MAX + 1];
	uint64_t arrived_us; /* monotonic */
	size_t bytes_in;
	size_t bytes_out;
	uint32_t message_max;  /* what the caller takes */
	bool in_hand;          /* dispatched and not ended */
	atomic_bool cancelled; /* or the caller is gone */
	Detail **details;
	size_t detail_count;
	size_t details_size;
	uint32_t details_cut;
	struct rpc_call *made; /* before this one */
	struct rpc_call *next; /* of its connection */

	/* Streams; guarded by the server's lock. */
	pthread_cond_t changed;
	struct flow flow;
	struct chunks arrived;
	bool arrived_all;

	/* For the loop to do; guarded by the server's lock. */
	struct chunks leaving;
	uint32_t grant;
	bool answered;
	bool posted;
	struct rpc_call *next_posted;
};

/* How much of a text has room in `max` bytes without half a letter: half of one would spoil the
 * whole message. */
size_t text_cut(const char *text, size_t max);

/* Everything that can be wrong with a call before its handler. `peer` and `role` say who calls.
 * Return: 0, or the status with the call's fault set. */
int rpc_call_prepare(struct rpc_call *call, const struct contract *contract,
    struct token_checker *tokens, const Header *header, const uint8_t *bytes, size_t size);

/* The loop has something to do for this call. With the server's lock held. */
void server_post(struct rpc_call *call);
pthread_mutex_t *server_lock(struct rpc_server *server);
