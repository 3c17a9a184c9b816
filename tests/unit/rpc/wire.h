/* SPDX-License-Identifier: MIT */
/* What travels, said and read without the client: for those who do not keep to the rules. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cchc/call.pb-c.h"
#include "common/base/arena.h"
#include "common/rpc/transport.h"

enum { WIRE_HEADERS_MAX = 8192 };

/* A header frame of one part with a payload of `size` bytes. Return: its size. */
size_t wire_headers(Header *header, size_t size, uint8_t ret_frame[WIRE_HEADERS_MAX]);

/* A header frame and the payload of a HELLO. Return: sizes by the last two. */
void wire_hello(const char *node, Lane lane, uint8_t ret_frame[WIRE_HEADERS_MAX],
    size_t *ret_frame_size, uint8_t ret_payload[WIRE_HEADERS_MAX], size_t *ret_payload_size);

/* Send one part over a ZeroMQ socket; the test fails when it cannot. */
void wire_push(void *socket, Header *header, const void *payload, size_t size);
void wire_push_hello(void *socket, const char *node, Lane lane);
void wire_push_greeting(void *socket, const Hello *hello);

/* One message of `count` such parts. */
void wire_push_many(void *socket, Header *header, size_t count, const void *payload, size_t size);

/* A DEALER that keeps to no rules: over ipc, or as this identity over tcp. What does not come
 * within ten seconds fails the test; zmq_close ends it. */
void *wire_dial(void *context, const char *endpoint);
void *wire_dial_as(void *context, const char *endpoint, const struct rpc_identity *identity,
    const char *server_key);

/* The next message of a socket, in `arena`; the test fails when none comes. `ret_payload` may be
 * null. */
const Headers *wire_pull(
    void *socket, struct arena *arena, const uint8_t **ret_payload, size_t *ret_size);

Header wire_request(uint64_t call, const char *method);
Header wire_word(Header__Kind kind, uint64_t call);

/* Listens to a socket part by part: several may come in one message. */
struct wire_ear {
	void *socket;
	struct arena *arena; /* of what is heard */
	const Headers *said; /* the last message … */
	const uint8_t *payload;
	size_t next; /* … and how far it was heard */
};

/* The next part and its payload (may be null); the test fails when none comes. */
const Header *wire_hear(struct wire_ear *ear, const uint8_t **ret_payload);

/* The same, which must be of this kind. */
const Header *wire_hear_kind(struct wire_ear *ear, Header__Kind kind);

/* The next part must be a goodbye for this reason. */
const Goodbye *wire_hear_goodbye(struct wire_ear *ear, Goodbye__Reason reason);

/* The other side has looked at all that was said before, and had nothing to say to it. */
void wire_hear_nothing_else(struct wire_ear *ear);

/* Whether something is there to be heard without waiting. */
bool wire_is_heard(struct wire_ear *ear);
