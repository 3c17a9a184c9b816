/* SPDX-License-Identifier: MIT */
/*
 * A tiny server
 *
 * A real server on a thread of its own. What it answers shows what arrived: of Marks, the first
 * mark names the service that was asked and counts the calls, the second names the peer; of
 * ApplyEvents, `held` is the first byte of the idempotency key; of State, `node` is the actor.
 * Statistics are the server's own, told at once whatever it does with other calls. Streams of Line
 * are served by a thread for each.
 */
#pragma once

#include <pthread.h>
#include <stdatomic.h>

#include "cchc/node.pb-c.h"
#include "cchc/records.pb-c.h"
#include "common/rpc/client.h"
#include "common/rpc/keyring.h"
#include "common/rpc/server.h"

enum tiny_manner {
	TINY_ANSWERS, /* on the loop's thread */
	TINY_HANDS,   /* to another thread, which answers */
	TINY_KEEPS,   /* every call, until the manner changes; then the newest is answered first */
};

struct tiny_settings {
	uint32_t keepalive_ms; /* 0: as a server has it */
	uint32_t silence_ms;
	uint32_t hellos_per_s;
	uint32_t pace_ms;                    /* that a handler takes for each message of a stream */
	const struct rpc_identity *identity; /* null: a new one */
};

struct tiny {
	struct rpc_transport *transport;
	struct rpc_server *server;
	struct rpc_keyring *keyring;
	struct rpc_identity identity;
	pthread_t loop;
	pthread_t hand;
	int result; /* of the loop */
	int wish;   /* eventfd: look at the members below */
	uint32_t pace_ms;
	atomic_int manner;
	atomic_bool stopping;
	atomic_bool leaving;
	atomic_uint drains; /* 1: it has told everybody that it stops */
	atomic_uint served;
	atomic_uint kept_count;
	atomic_uint streams;          /* that run now */
	atomic_uint streamed;         /* messages that streams sent or received */
	atomic_uint cut_short;        /* streams whose caller did not wait for the end */
	atomic_uint refused;          /* so many calls more are refused for a while … */
	atomic_uint refuse_as;        /* … with this status … */
	atomic_uint come_back_ms;     /* … and told to come back then */
	atomic_uint last_deadline_ms; /* what was left of the last call's */
	struct rpc_call *kept;        /* newest first; the loop's */
	void (*fill)(struct rpc_call
	        *call); /* the reply, instead of what the title says; set before a call comes */

	pthread_mutex_t lock;
	pthread_cond_t handed_over;
	pthread_cond_t counted; /* `served` or `kept_count` changed */
	struct rpc_call *handed;
};

#define TINY_NODE     "H51"
#define TINY_STRANGER "H99" /* as which an identity calls that is not in the keyring */

/* Start at an ipc endpoint, or a tcp one for peers; the test fails when it cannot. */
struct tiny *tiny_start(const char *endpoint);
struct tiny *tiny_start_with(const char *endpoint, const struct tiny_settings *settings);
void tiny_stopp(struct tiny **tiny); /* ends it, for AUTO; kept calls stay unanswered */

/* Tell it to stop and wait until it has told everybody so; it goes when it holds no call, or after
 * a while. */
void tiny_leave(struct tiny *tiny);

void tiny_behave(struct tiny *tiny, enum tiny_manner manner);

/* Wait until so many calls are kept; the test fails after 10 seconds. */
void tiny_wait_kept(struct tiny *tiny, unsigned count);
void tiny_wait_answered(struct tiny *tiny); /* until none is kept */

/* Wait until so many messages of streams came or went; until no stream runs. */
void tiny_wait_streamed(struct tiny *tiny, unsigned count);
void tiny_wait_no_stream(struct tiny *tiny);
void tiny_wait_cut_short(
    struct tiny *tiny, unsigned count); /* until so many heard that it is over */

/* Wait until so many calls were answered in all; the test fails after a minute. */
void tiny_wait_served(struct tiny *tiny, unsigned count);

/* The keys that may knock, as CODE, identity pairs up to a null code. */
void tiny_let_in(struct tiny *tiny, const char *code, const struct rpc_identity *identity);
void tiny_let_in_two(struct tiny *tiny, const char *code, const struct rpc_identity *identity,
    const char *other_code, const struct rpc_identity *other);
void tiny_let_nobody_in(struct tiny *tiny);

/* "tcp://127.0.0.1:PORT" with a port that was free a moment ago. */
#define TINY_ENDPOINT_SIZE 96
char *tiny_free_endpoint(char endpoint[TINY_ENDPOINT_SIZE]);

/* A client of the office, or of a peer, which says to be whom the keyring now takes it for. */
struct rpc_client *tiny_client(struct rpc_transport *transport, const char *endpoint);
struct rpc_client *tiny_peer(struct rpc_transport *transport, const char *endpoint,
    const struct rpc_identity *identity, const struct tiny *server);
struct rpc_client *tiny_peer_on(Lane lane, struct rpc_transport *transport, const char *endpoint,
    const struct rpc_identity *identity, const struct tiny *server);

/* Ask for marks; Replica/Marks is the office's, Exchange/Marks also the peers'. */
struct rpc_request tiny_ask(MarksRequest *message, const char *method, uint32_t deadline_ms);
