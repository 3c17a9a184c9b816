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
	struct rpc_call *spare;  /* calls to use again */
	size_t spare_count;
	struct rpc_call *made; /* every call there is, newest first */
	size_t in_hand;
	struct connections connections;
	struct connection *dirty; /* outboxes to send */
	size_t waiting;           /* connections whose outbox did not go */
	uint64_t left_ms;         /* monotonic; when anything left last */
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

/* A part of the message that is looked at. */
struct part {
	const Header *header;
	const uint8_t *payload;
};

/* accept.c: everything a message says. */
void server_accept(struct rpc_server *server, struct listener *listener, struct frames *frames);

/* greet.c: a HELLO. Return: the new connection, or null when it was told why not. */
struct connection *server_introduce(struct rpc_server *server, struct listener *listener,
    struct frames *frames, const uint8_t key[CONNECTION_KEY_SIZE], const struct part *part);

/* Whether what a connection was let in for still holds. */
bool server_still_allows(struct connection *connection, zmq_msg_t *payload);

/* GOAWAY to somebody we know nothing of, without keeping anything. */
void server_turn_away(struct rpc_server *server, const struct listener *listener,
    zmq_msg_t *routing, Goodbye__Reason reason, uint32_t retry_after_ms);

/* server_say.c: a part for a connection; it leaves when the loop has looked at all that came. */
void server_say(struct rpc_server *server, struct connection *connection, Header *header,
    const ProtobufCMessage *message);
void server_say_goodbye(
    struct rpc_server *server, struct connection *connection, Goodbye__Reason reason);

/* A part was put into the connection's outbox, or could not be (a negative errno). */
void server_note_said(struct rpc_server *server, struct connection *connection, int r);

/* Send what was said. Return: whether anything left. */
bool server_flush(struct rpc_server *server);

/* Tell why (0: say nothing), cancel its calls and forget it. */
void server_forget(
    struct rpc_server *server, struct connection *connection, Goodbye__Reason reason);

/* Forget who was silent for longer than was agreed. */
void server_sweep(struct rpc_server *server);

/* For people; `caller` is null for a stranger. */
const char *server_name_of(const struct caller *caller);

/* A line for what was refused or is strange; of each caller so many a second. */
void server_audit(struct rpc_server *server, struct caller *caller, const char *event,
    const struct rpc_call *call, const char *what);

/* server_calls.c: null when memory is out. */
struct rpc_call *server_take_call(struct rpc_server *server, struct connection *connection);

/* A call that was ended: its status leaves, and it is the server's again. */
void server_end_call(struct rpc_server *server, struct rpc_call *call);

/* Its connection goes, or it ends: nothing can be said for it any more. */
void server_leave_connection(struct rpc_server *server, struct rpc_call *call);

/* What handlers on other threads left for the loop. */
void server_serve_posted(struct rpc_server *server);

/* Handlers that still wait for their callers hear that it is over. */
void server_cancel_calls(struct rpc_server *server);
void server_free_calls(struct rpc_server *server);
