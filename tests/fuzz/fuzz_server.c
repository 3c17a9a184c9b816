/* SPDX-License-Identifier: MIT */
/*
 * Fuzz target of a server's door
 *
 * The input is a row of messages, each two bytes of the first frame's length, two of the second's,
 * then both frames. A byte before them says whether the connection was introduced, and whether
 * calls are answered at once or kept. Whatever comes, the server goes on, and no call is left in
 * its hand when the connection is gone.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/rpc/server_internal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct {
	struct rpc_transport *transport;
	struct rpc_server *server;
	struct rpc_call *kept;
	bool keeps;
} door;

static void promise(int kept) {
	if (!kept)
		abort();
}

static void dispatch(void *context, struct rpc_call *call) {
	(void)context;
	if (door.keeps) {
		call->next = door.kept;
		door.kept = call;
		return;
	}
	rpc_server_answer(door.server, call);
}

static void open_door(void) {
	struct rpc_server_options options = { .dispatch = dispatch, .node = "H51" };

	if (door.server)
		return;
	promise(rpc_transport_open(&office_contract, &door.transport) == 0);
	options.transport = door.transport;
	promise(rpc_server_open(&options, &door.server) == 0);
	promise(rpc_server_listen_office(door.server, "inproc://door") == 0);
	door.server->loop = pthread_self();
}

static void give(const void *headers, size_t headers_size, const void *payloads, size_t size) {
	struct frames frames;

	promise(zmq_msg_init_size(&frames.routing, 5) == 0);
	promise(zmq_msg_init_size(&frames.header, headers_size) == 0);
	promise(zmq_msg_init_size(&frames.payload, size) == 0);
	memcpy(zmq_msg_data(&frames.routing), "\0four", 5);
	memcpy(zmq_msg_data(&frames.header), headers, headers_size);
	memcpy(zmq_msg_data(&frames.payload), payloads, size);
	door.server->now_us = clock_monotonic_us();
	server_accept(door.server, &door.server->listeners[0], &frames);
	frames_close(&frames);
}

static void introduce(void) {
	/* HELLO of six bytes: protocols 1 to 1, lane 0. */
	give("\x0a\x04\x08\x01\x18\x06", 6, "\x08\x01\x10\x01\x28\x00", 6);
	promise(door.server->connections.count == 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
	const uint8_t *end = data + size;

	if (size == 0)
		return 0;
	open_door();
	door.keeps = *data & 2;
	door.server->hellos = 0;
	if (*data++ & 1)
		introduce();
	while (end - data >= 4) {
		size_t headers_size = (size_t)(data[0] | data[1] << 8);
		size_t payload_size = (size_t)(data[2] | data[3] << 8);

		data += 4;
		if (headers_size > (size_t)(end - data))
			headers_size = (size_t)(end - data);
		if (payload_size > (size_t)(end - data) - headers_size)
			payload_size = (size_t)(end - data) - headers_size;
		give(data, headers_size, data + headers_size, payload_size);
		data += headers_size + payload_size;
	}
	while (door.server->connections.oldest)
		server_forget(door.server, door.server->connections.oldest, GOODBYE__REASON__VIOLATION);
	while (door.kept) {
		struct rpc_call *call = door.kept;

		door.kept = call->next;
		rpc_server_answer(door.server, call);
	}
	promise(door.server->in_hand == 0);
	promise(door.server->connections.count == 0 && !door.server->dirty);
	return 0;
}
