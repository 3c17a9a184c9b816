/* SPDX-License-Identifier: MIT */
/*
 * Connections of a server, and the callers they belong to. A connection is known by the routing id
 * that libzmq made for it, from its HELLO until it is silent for too long or somebody newer takes
 * its place. Loop's thread; `flow` and `calls` are also read by handlers under the server's lock.
 */
#pragma once

#include <uthash.h>

#include "common/rpc/audit.h"
#include "common/rpc/batch.h"
#include "common/rpc/flow.h"
#include "common/rpc/keyring.h"
#include "common/rpc/listener.h"
#include "common/rpc/status.h"

struct rpc_call;

/* A node that is a peer, or the office itself (code ""). It outlives its connections. */
struct caller {
	char code[KEYRING_CODE_SIZE];
	struct connection *lanes[LANE__LANE_BULK + 1]; /* of a peer: at most one each */
	uint64_t boots[2];                             /* of its last two processes, newest first */
	uint64_t last_heard_ms;                        /* wall clock */
	size_t in_hand; /* calls whose handlers run, also those whose connection is gone */
	size_t streams; /* of them, those that stream */
	unsigned connections;
	uint64_t by_status[RPC_STATUS_COUNT];
	uint64_t bytes_in;
	uint64_t bytes_out;
	uint64_t hellos;
	uint64_t hello_ms;     /* monotonic */
	unsigned hellos_since; /* in the second that began then */
	char program[32];      /* as it said last */
	bool other_contract;   /* than ours */
	struct audit audit;
	size_t place; /* in a list that is being made */
	UT_hash_handle hh;
};

enum { CONNECTION_KEY_SIZE = 10 };

struct connection {
	uint8_t key[CONNECTION_KEY_SIZE]; /* listener and size in one, then the routing id */
	uint8_t routing_size;
	struct listener *listener;
	struct caller *caller;
	char user[RPC_KEY_TEXT_SIZE]; /* the key that ZAP let in; "" for the office */
	unsigned keyring_version;     /* when the key was last looked up */
	Lane lane;
	uint64_t heard_ms; /* monotonic */
	uint64_t highest;  /* call id that was said */
	uint64_t taken;    /* call id that was looked at */
	size_t in_hand;
	size_t streams;
	uint32_t message_max; /* what the other side takes */
	struct flow flow;
	struct outbox outbox;
	struct rpc_call *calls;
	struct connection *next_dirty;
	bool dirty;               /* its outbox is to be sent */
	bool waiting;             /* its outbox did not go … */
	uint64_t try_ms;          /* … and is offered again then; monotonic */
	bool lost;                /* to be forgotten: it takes nothing, or it is gone */
	struct connection *older; /* by `heard_ms` */
	struct connection *newer;
	UT_hash_handle hh;
};

struct connections {
	struct connection *by_key;
	struct connection *oldest;
	struct connection *newest;
	struct caller *callers;
	size_t count;
};

struct connection *connections_find(
    struct connections *connections, const uint8_t key[CONNECTION_KEY_SIZE]);

/* A new one, heard now; the office's have the caller "". Null when memory is out. */
struct connection *connections_add(struct connections *connections,
    const uint8_t key[CONNECTION_KEY_SIZE], const char *code, uint64_t now_ms);

/* Its calls must be gone. */
void connections_remove(struct connections *connections, struct connection *connection);
void connections_heard(
    struct connections *connections, struct connection *connection, uint64_t now_ms);
struct caller *connections_caller(struct connections *connections, const char *code);

/* Every connection must be removed before. */
void connections_deinit(struct connections *connections);
