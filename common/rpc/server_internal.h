/* SPDX-License-Identifier: MIT */
/* Shared by server.c and the files that serve it. */
#pragma once

#include "common/rpc/call_internal.h"
#include "common/rpc/frame.h"
#include "common/rpc/server.h"
#include "common/rpc/stats.h"

enum { LISTENERS_MAX = 2, WATCHES_MAX = 4 };

struct rpc_server {
	struct rpc_server_options options;
	const struct contract *contract;
	struct token_checker *tokens; /* null: nobody's word is taken */
	pthread_t loop;
	struct listener listeners[LISTENERS_MAX];
	size_t listener_count;
	struct {
		int descriptor;
		rpc_ready_function *ready;
		void *context;
	} watches[WATCHES_MAX];
	size_t watch_count;
	pthread_mutex_t lock;    /* guards `posted` and what calls say they guard by it */
	struct rpc_call *posted; /* by other threads, newest first */
	int wake;                /* eventfd: `posted` is not empty */
	struct rpc_call *spare;  /* calls to use again; their arenas keep a chunk */
	struct rpc_call *made;   /* every call there is, newest first */
	size_t in_hand;
	struct connections connections;
	struct connection *dirty; /* outboxes to send */
	size_t waiting;           /* connections whose outbox did not go */
	struct batch_store batches;
	struct arena scratch; /* of the message that is looked at */
	struct stats stats;
	struct audit strangers;
	uint64_t now_us; /* monotonic; when the loop woke up last */
	uint64_t hello_ms;
	unsigned hellos; /* in the second that began then */
	uint64_t swept_ms;
	uint64_t drained_by_ms; /* monotonic; 0: not stopping */
};

/* Everything a message says. */
void server_accept(struct rpc_server *server, struct listener *listener, struct frames *frames);

/* A part for a connection; it leaves when the loop has looked at all that came. */
void server_say(struct rpc_server *server, struct connection *connection, Header *header,
    const ProtobufCMessage *message);

/* Tell why, cancel its calls and forget it. */
void server_forget(
    struct rpc_server *server, struct connection *connection, Goodbye__Reason reason);

/* A call that was ended: its status leaves, and it is the server's again. */
void server_end_call(struct rpc_server *server, struct rpc_call *call);

/* Null when memory is out. */
struct rpc_call *server_take_call(struct rpc_server *server, struct connection *connection);

/* The connection's outbox has something to send. */
void server_mark_dirty(struct rpc_server *server, struct connection *connection);

/* A line for what was refused; `caller` is null for a stranger. */
void server_audit(struct rpc_server *server, struct caller *caller, const char *event,
    const struct rpc_call *call, const char *what);
