/* SPDX-License-Identifier: MIT */
/* Shared by the client's files. */
#pragma once

#include <stdbool.h>

#include "common/rpc/batch.h"
#include "common/rpc/call_internal.h"
#include "common/rpc/client.h"
#include "common/rpc/flow.h"
#include "common/rpc/frame.h"
#include "common/rpc/protocol.h"

enum { LOOK_MS = 50 }; /* how often a wait looks up, for the connection and for who cancels */

enum link_state {
	LINK_DOWN,     /* no connection */
	LINK_GREETING, /* there is one; HELLO leaves at `hello_ms` */
	LINK_UP,       /* HELLO was said, calls may follow */
	LINK_LEAVING,  /* the server stops: no more calls over this connection */
	LINK_REFUSED,  /* it lets us not in; final */
};

/* A call from its begin to its end. */
struct flight {
	uint64_t ticket; /* 0: free */
	uint64_t call;   /* on the connection; another one for each attempt */
	const struct contract_method *method;
	enum call_state state;
	uint64_t deadline_ms; /* monotonic */
	uint64_t ready_ms;    /* monotonic: without a connection until then it ends */
	uint64_t retry_ms;    /* monotonic: not sent before */
	uint32_t attempt;
	bool sent;  /* over the connection there is */
	bool spoke; /* said more than its REQUEST: it cannot be said again */
	bool lost;  /* sent over one that is gone, and not to be repeated */
	bool ended; /* its STATUS came */
	uint8_t key[16];
	struct token_bytes *token; /* null: none */
	char trace[TRACE_TEXT_SIZE];
	const struct rpc_call *cause;
	uint8_t *payload; /* packed request; kept for the next call when it is small */
	size_t size;
	size_t room;
	struct flow flow;
	struct chunks arrived;
	struct chunk *status; /* packed Header, when it is not OK */
	zmq_msg_t reply;      /* the message that brought the STATUS … */
	size_t reply_at;      /* … and where in it the reply lies */
	size_t reply_size;
};

struct rpc_client {
	struct rpc_transport *transport;
	void *socket;
	void *monitor;
	int descriptor;         /* of the socket, for the poll of a caller's loop */
	int monitor_descriptor; /* of the monitor, for poll */
	char *endpoint;
	char *node;
	Lane lane;
	const atomic_bool *cancelled;
	enum link_state link;
	Goodbye__Reason refusal;
	uint64_t refused_wait_ms; /* how long a refused client keeps away; 0: it was not refused … */
	uint64_t knock_ms;        /* … and until when; monotonic */
	bool heard;               /* anything since the oldest call in flight was sent */
	bool secured;             /* by CURVE */
	bool was_up;              /* there was a connection before */
	unsigned broken_off;      /* handshakes in a row that ended without a word */
	uint64_t hello_ms;        /* monotonic */
	uint64_t asked_ms;        /* monotonic; since then nothing was heard; 0: nothing was asked */
	uint64_t said_ms;         /* monotonic */
	uint64_t request_ms;      /* monotonic; of the last request */
	uint32_t keepalive_ms;
	uint32_t silence_ms;
	uint32_t message_max;
	uint32_t calls_max;
	uint64_t next_number;            /* of tickets and calls */
	uint8_t free[RPC_IN_FLIGHT_MAX]; /* flights to use */
	unsigned free_count;
	unsigned sent;      /* flights sent and not ended */
	unsigned unsent;    /* flights to be sent */
	unsigned untaken;   /* flights that ended and that rpc_client_end did not take yet */
	unsigned tokens_10; /* tenths of retry tokens */
	struct outbox outbox;
	struct batch_store batches;
	struct flow flow;
	struct arena scratch; /* of the message that is looked at */
	struct flight flights[RPC_IN_FLIGHT_MAX];
};

static inline uint64_t sooner(uint64_t one_ms, uint64_t other_ms) {
	return one_ms < other_ms ? one_ms : other_ms;
}

/* The flight of a ticket, or null. */
struct flight *client_find(struct rpc_client *client, uint64_t ticket);

/* To be sent once more, under a new number. */
void client_unsend(struct rpc_client *client, struct flight *flight);

/* The server did not look at it: it waits for the next connection. */
void client_give_back(struct rpc_client *client, struct flight *flight);

/* A client that was refused tries again when its time has come. */
void client_knock_again(struct rpc_client *client);

int client_open_link(struct rpc_client *client, const struct rpc_client_options *options);
void client_close_link(struct rpc_client *client);

/* A part for the server. Return: 0 or a negative errno. */
int client_say(struct rpc_client *client, Header *header, const uint8_t *payload, size_t size);
int client_flush(struct rpc_client *client);

/* Calls that may leave now, leave. Return: 0 or a negative errno. */
int client_send_unsent(struct rpc_client *client);

/* Wait for whatever comes first, at most until then. Return: 0 or a negative errno. */
int client_wait(struct rpc_client *client, uint64_t until_ms);

/* Everything that can be done without waiting; it is to be done again when the socket or the
 * monitor is ready, and not later than *ret_until_ms, which is 0 when something came meanwhile.
 * Return: 0 or a negative errno. */
int client_turn(struct rpc_client *client, uint64_t *ret_until_ms);

/* What became of the connection; waits for it at most so long. */
void client_look(struct rpc_client *client, uint64_t wait_ms);

/* Whether a flight has nothing to wait for. */
bool client_is_over(const struct rpc_client *client, const struct flight *flight);

/* The server may have looked at it and did not end it: repeat it or let it end. */
void client_lose(struct rpc_client *client, struct flight *flight);

/* Everything a message says. */
void client_take_message(struct rpc_client *client, struct frames *frames);

/* A part about a call. Return: whether it fits the protocol. */
bool client_take_part(
    struct rpc_client *client, const Header *header, zmq_msg_t *payload, size_t at);

/* What came of a stream is not wanted. */
void client_throw_away(struct rpc_client *client, struct flight *flight);

/* Whether a call that was refused is made again; then it is to be sent later. */
bool client_retries(struct rpc_client *client, struct flight *flight, const Header *status);

/* A part of the flight's call. Return: 0 or a negative errno. */
int client_say_of(struct rpc_client *client, const struct flight *flight, Header__Kind kind,
    const uint8_t *payload, size_t size);
