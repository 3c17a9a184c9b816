/* SPDX-License-Identifier: MIT */
#include "common/rpc/batch.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/error.h"

enum { SPARE_MAX = 64, ROOM_MIN = 1024, HEADER_TAG = 0x0a, TAG_SIZE_MAX = 6 };

static void batch_free(struct batch *batch) {
	free(batch->headers);
	free(batch->payloads);
	free(batch);
}

void batch_store_deinit(struct batch_store *store) {
	while (store->spare) {
		struct batch *batch = store->spare;

		store->spare = batch->next;
		batch_free(batch);
	}
	store->count = 0;
}

static struct batch *take(struct batch_store *store) {
	struct batch *batch = store->spare;

	if (!batch)
		return calloc(1, sizeof(*batch));
	store->spare = batch->next;
	store->count--;
	batch->next = NULL;
	return batch;
}

static void give_back(struct batch_store *store, struct batch *batch) {
	if (store->count == SPARE_MAX || batch->payloads_room > 2 * RPC_BATCH_SIZE) {
		batch_free(batch);
		return;
	}
	batch->headers_size = 0;
	batch->payloads_size = 0;
	batch->parts = 0;
	batch->sealed = false;
	batch->next = store->spare;
	store->spare = batch;
	store->count++;
}

static bool make_room(uint8_t **bytes, size_t *room, size_t needed) {
	size_t wanted = *room ? *room : ROOM_MIN;
	uint8_t *larger;

	if (needed <= *room)
		return true;
	while (wanted < needed)
		wanted *= 2;
	larger = realloc(*bytes, wanted);
	if (!larger)
		return false;
	*bytes = larger;
	*room = wanted;
	return true;
}

static bool has_room(const struct batch *batch, size_t header_size, size_t size) {
	return !batch->sealed && batch->parts < RPC_BATCH_PARTS &&
	       batch->payloads_size < RPC_BATCH_SIZE &&
	       batch->headers_size + header_size + TAG_SIZE_MAX <= RPC_HEADERS_MAX &&
	       batch->payloads_size + size <= RPC_PAYLOAD_MAX;
}

static struct batch *last_with_room(
    struct outbox *outbox, struct batch_store *store, size_t header_size, size_t size) {
	struct batch *batch = outbox->last;

	if (batch && has_room(batch, header_size, size))
		return batch;
	batch = take(store);
	if (!batch)
		return NULL;
	if (outbox->last)
		outbox->last->next = batch;
	else
		outbox->first = batch;
	outbox->last = batch;
	return batch;
}

static size_t put_varint(uint8_t *bytes, size_t value) {
	size_t count = 0;

	while (value > 127) {
		bytes[count++] = (uint8_t)(value | 128);
		value >>= 7;
	}
	bytes[count++] = (uint8_t)value;
	return count;
}

/* The payload's place, `size` bytes; null when memory is out. */
static uint8_t *add(struct outbox *outbox, struct batch_store *store, Header *header, size_t size) {
	struct batch *batch;
	size_t header_size;
	uint8_t *at;

	header->size = (uint32_t)size;
	header_size = header__get_packed_size(header);
	batch = last_with_room(outbox, store, header_size, size);
	if (!batch ||
	    !make_room(&batch->headers, &batch->headers_room,
	        batch->headers_size + header_size + TAG_SIZE_MAX) ||
	    !make_room(&batch->payloads, &batch->payloads_room, batch->payloads_size + size + 1))
		return NULL;
	at = batch->headers + batch->headers_size;
	*at++ = HEADER_TAG;
	at += put_varint(at, header_size);
	at += header__pack(header, at);
	outbox->bytes += (size_t)(at - batch->headers) - batch->headers_size + size;
	batch->headers_size = (size_t)(at - batch->headers);
	at = batch->payloads + batch->payloads_size;
	batch->payloads_size += size;
	batch->parts++;
	return at;
}

int outbox_add(struct outbox *outbox, struct batch_store *store, Header *header,
    const uint8_t *payload, size_t size) {
	uint8_t *place;

	if (outbox->bytes > RPC_OUTBOX_MAX)
		return failed_here(-ENOBUFS);
	place = add(outbox, store, header, size);
	if (!place)
		return failed_here(-ENOMEM);
	if (size)
		memcpy(place, payload, size);
	return 0;
}

int outbox_add_message(struct outbox *outbox, struct batch_store *store, Header *header,
    const ProtobufCMessage *message) {
	size_t size = protobuf_c_message_get_packed_size(message);
	uint8_t *place;

	if (size > RPC_PAYLOAD_MAX)
		return failed_here(-EMSGSIZE);
	if (outbox->bytes > RPC_OUTBOX_MAX)
		return failed_here(-ENOBUFS);
	place = add(outbox, store, header, size);
	if (!place)
		return failed_here(-ENOMEM);
	protobuf_c_message_pack(message, place);
	return 0;
}

void outbox_seal(struct outbox *outbox, size_t bytes) {
	if (outbox->last && outbox->last->payloads_size >= bytes)
		outbox->last->sealed = true;
}

bool outbox_has_full(const struct outbox *outbox) {
	return outbox->first != outbox->last;
}

static void drop_first(struct outbox *outbox, struct batch_store *store) {
	struct batch *batch = outbox->first;

	outbox->first = batch->next;
	if (!outbox->first)
		outbox->last = NULL;
	outbox->bytes -= batch->headers_size + batch->payloads_size;
	give_back(store, batch);
}

void outbox_empty(struct outbox *outbox, struct batch_store *store) {
	while (outbox->first)
		drop_first(outbox, store);
}

static int send_frame(void *socket, zmq_msg_t *frame, int flags) {
	int r;

	/* An interruption in the midst must not leave half a message. */
	do {
		r = zmq_msg_send(frame, socket, flags | ZMQ_DONTWAIT);
	} while (r < 0 && errno == EINTR);
	if (r >= 0)
		return OUTBOX_EMPTY;
	switch (errno) {
	case EAGAIN: return OUTBOX_WAITS;
	case EHOSTUNREACH: return OUTBOX_LOST;
	default: return failed_here(-errno);
	}
}

static int send_batch(
    const struct batch *batch, void *socket, const uint8_t *routing, size_t routing_size) {
	zmq_msg_t frames[3];
	int r = OUTBOX_EMPTY;

	/* All memory is had before the first frame goes: half a message would swallow the next one. */
	if (zmq_msg_init_size(&frames[0], routing_size) < 0)
		return failed_here(-ENOMEM);
	if (zmq_msg_init_size(&frames[1], batch->headers_size) < 0) {
		zmq_msg_close(&frames[0]);
		return failed_here(-ENOMEM);
	}
	if (zmq_msg_init_size(&frames[2], batch->payloads_size) < 0) {
		zmq_msg_close(&frames[0]);
		zmq_msg_close(&frames[1]);
		return failed_here(-ENOMEM);
	}
	if (routing)
		memcpy(zmq_msg_data(&frames[0]), routing, routing_size);
	memcpy(zmq_msg_data(&frames[1]), batch->headers, batch->headers_size);
	if (batch->payloads_size)
		memcpy(zmq_msg_data(&frames[2]), batch->payloads, batch->payloads_size);
	if (routing)
		r = send_frame(socket, &frames[0], ZMQ_SNDMORE);
	if (r == OUTBOX_EMPTY)
		r = send_frame(socket, &frames[1], ZMQ_SNDMORE);
	if (r == OUTBOX_EMPTY)
		r = send_frame(socket, &frames[2], 0);
	for (size_t i = 0; i < 3; i++)
		zmq_msg_close(&frames[i]);
	return r;
}

int outbox_send(struct outbox *outbox, struct batch_store *store, void *socket,
    const uint8_t *routing, size_t routing_size) {
	while (outbox->first) {
		int r = send_batch(outbox->first, socket, routing, routing_size);

		if (r != OUTBOX_EMPTY)
			return r < 0 ? failed_below(r) : r;
		drop_first(outbox, store);
	}
	return OUTBOX_EMPTY;
}
