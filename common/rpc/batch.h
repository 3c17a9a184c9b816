/* SPDX-License-Identifier: MIT */
/*
 * Batch and outbox
 *
 * Parts that leave together are one message: libzmq, CURVE and the system calls cost per message
 * and not per call. An outbox holds what one connection has not taken yet.
 */
#pragma once

#include "common/rpc/internal.h"
#include "common/rpc/limits.h"

struct batch {
	uint8_t *headers;
	size_t headers_size;
	size_t headers_room;
	uint8_t *payloads;
	size_t payloads_size;
	size_t payloads_room;
	unsigned parts;
	bool sealed; /* takes no further part */
	struct batch *next;
};

/* Batches to use again, so that a call in steady state allocates nothing. */
struct batch_store {
	struct batch *spare;
	unsigned count;
};
void batch_store_deinit(struct batch_store *store);

struct outbox {
	struct batch *first;
	struct batch *last;
	size_t bytes;
};

/* Add a part; its `size` is set. Return: 0, -ENOBUFS when the outbox is full, or -ENOMEM. */
int outbox_add(struct outbox *outbox, struct batch_store *store, Header *header,
    const uint8_t *payload, size_t size);

/* The same, packing the payload in place. Return: also -EMSGSIZE. */
int outbox_add_message(struct outbox *outbox, struct batch_store *store, Header *header,
    const ProtobufCMessage *message);

/* The message that is made now takes no further part once it has so many bytes. */
void outbox_seal(struct outbox *outbox, size_t bytes);

/* Whether a whole message waits, and not only the beginning of one. */
bool outbox_has_full(const struct outbox *outbox);

/* Throw everything away. */
void outbox_empty(struct outbox *outbox, struct batch_store *store);

/* Send what goes without waiting. `routing` is null but for a ROUTER.
 * Return: an answer below or a negative errno. */
enum { OUTBOX_EMPTY, OUTBOX_WAITS, OUTBOX_LOST };
int outbox_send(struct outbox *outbox, struct batch_store *store, void *socket,
    const uint8_t *routing, size_t routing_size);
