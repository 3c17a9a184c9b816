/* SPDX-License-Identifier: MIT */
/*
 * Limits
 *
 * Everything a caller can make grow has its limit here. proto/README.md tells them to strangers.
 */
#pragma once

#define RPC_PROTOCOL 1 /* the version of what travels */

/* A message: two frames, headers and payloads. */
#define RPC_PAYLOAD_MAX (1u << 20)             /* of one part; checked by the sender */
#define RPC_HEADER_MAX  4096u                  /* one packed header */
#define RPC_HEADERS_MAX 65536u                 /* the first frame */
#define RPC_PARTS_MAX   256u                   /* headers in it */
#define RPC_FRAME_MAX   (RPC_PAYLOAD_MAX + 64) /* any frame, with what CURVE adds */
#define RPC_BATCH_PARTS                                                                            \
	16u /* a message with so many parts leaves, so that both sides work at once */
#define RPC_BATCH_SIZE  32768u /* a message that is larger waits for no further part */
#define RPC_DETAILS_MAX 3072u  /* typed details of one status, packed */
#define RPC_VALUE_MAX   200u   /* a wrong value that is told */

/* A server. */
#define RPC_CALLS_MAX         1024 /* calls in hand; beyond this RESOURCE_EXHAUSTED */
#define RPC_CALLS_OFFICE_MAX  256  /* of them, calls of one connection of the office */
#define RPC_CALLS_PEER_MAX    64   /* of them, calls of one node that is a peer */
#define RPC_PEER_QUEUE_MAX    32   /* messages that libzmq holds for one peer, each way */
#define RPC_SPARE_CALLS_MAX   64   /* that keep memory for their next use */
#define RPC_CONNECTIONS_MAX   10000
#define RPC_HELLOS_PER_S      500u /* beyond this a dialler is asked to come back later */
#define RPC_HELLOS_PEER_PER_S 20u  /* of them, of one node that is a peer */
#define RPC_STREAMS_MAX       8 /* calls that stream, of one peer or one connection of the office */
#define RPC_OUTBOX_MAX        (4u << 20) /* bytes for one connection that does not take them */
#define RPC_MEMORY_MAX        ((size_t)64 << 20) /* arena of one call: request, reply and scratch */
#define RPC_MEMORY_FACTOR                                                                          \
	32 /* an honest request needs a few times its bytes, no more than that                         \
	    */

/* Streams: bytes a sender may have on the way, of one and of all of a connection. A window follows
 * the line (flow.c): it begins small, and is kept between what passes in LEAST_MS and in MOST_MS,
 * so that whoever waits behind it does not wait for long. */
#define RPC_WINDOW_MIN            2048
#define RPC_WINDOW_MAX            262144
#define RPC_WINDOW_CONNECTION     4096
#define RPC_WINDOW_CONNECTION_MAX 1048576
#define RPC_WINDOW_LEAST_MS       500
#define RPC_WINDOW_MOST_MS        2000
#define RPC_CHUNK_MAX             65536      /* the largest message that is advised for a stream */
#define RPC_MESSAGE_COST          64         /* credit that a message costs beside its bytes */
#define RPC_CREDIT_MAX            (2u << 20) /* that a sender may be given and not have used */

/* A client. */
#define RPC_IN_FLIGHT_MAX   64
#define RPC_RETRY_TOKENS    10     /* a bucket; retries stop when it is half empty */
#define RPC_BACKOFF_MAX_MS  10000  /* between two attempts, when the server names no time */
#define RPC_COME_BACK_MS    1000   /* how soon, when too much is waiting */
#define RPC_REFUSED_MIN_MS  5000   /* before a refused client knocks again; doubled each time … */
#define RPC_REFUSED_MAX_MS  120000 /* … up to this */
#define RPC_ASK_AGAIN_MS    500    /* a far server that has not answered is asked again */
#define RPC_HELLO_JITTER_MS 500    /* a lost connection is taken up again not later than this */

/* Life of a connection unless the server was told otherwise: it says so, the dialler keeps to it.
 */
#define RPC_HANDSHAKE_MS 30000 /* four ways there and back, and losses */
#define RPC_KEEPALIVE_MS 20000
#define RPC_SILENCE_MS   60000
#define RPC_TRY_AGAIN_MS 10   /* a line that took nothing is offered it again */
#define RPC_SWEEP_MS     1000 /* how often a server looks for the silent */
#define RPC_FAREWELL_MS  100  /* for the last words of a server to be taken up */
#define RPC_DRAIN_MS     2000 /* for the calls in hand of a server that stops */
