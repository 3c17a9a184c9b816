/* SPDX-License-Identifier: MIT */
/*
 * Fuzz target of what a server says to a client
 *
 * The input is a row of messages as in fuzz_server.c. Three calls are in flight, one of each shape
 * that receives something; whatever comes, the client goes on and lets go of all of them.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "cchc/node.pb-c.h"
#include "common/base/message.h"
#include "common/rpc/client_internal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct rpc_client *client; /* one for all inputs: libzmq closes sockets slowly */
static void *listener;            /* without it libzmq keeps every connection the client gave up */

static void promise(int kept) {
	if (!kept)
		abort();
}

static void open_client(void) {
	struct rpc_client_options options = { .endpoint = "inproc://nobody-answers" };

	if (client)
		return;
	promise(rpc_transport_open(&office_contract, &options.transport) == 0);
	listener = zmq_socket(options.transport->context, ZMQ_ROUTER);
	promise(listener && zmq_bind(listener, options.endpoint) == 0);
	promise(rpc_client_open(&options, &client) == 0);
}

/* What the client said, and that it left. */
static void drop_what_was_said(void) {
	zmq_msg_t frame;

	zmq_msg_init(&frame);
	while (zmq_msg_recv(&frame, listener, ZMQ_DONTWAIT) >= 0)
		;
	zmq_msg_close(&frame);
}

static void begin_three(uint64_t tickets[3]) {
	static const char *const methods[] = { "Line/Echo", "Line/Download", "Line/Converse" };
	LineChunk chunk = LINE_CHUNK__INIT;
	LineOrder order = LINE_ORDER__INIT;
	const ProtobufCMessage *messages[] = { &chunk.base, &order.base, NULL };

	for (size_t i = 0; i < 3; i++) {
		struct rpc_request request = { .method = methods[i], .message = messages[i] };

		promise(rpc_client_begin(client, &request, &tickets[i]) == 0);
	}
	/* As if they had left. */
	client->link = LINK_UP;
	promise(client_send_unsent(client) == 0);
}

static void give(
    const uint8_t *headers, size_t headers_size, const uint8_t *payloads, size_t size) {
	struct frames frames;

	zmq_msg_init(&frames.routing);
	promise(zmq_msg_init_size(&frames.header, headers_size) == 0);
	promise(zmq_msg_init_size(&frames.payload, size) == 0);
	memcpy(zmq_msg_data(&frames.header), headers, headers_size);
	memcpy(zmq_msg_data(&frames.payload), payloads, size);
	client_take_message(client, &frames);
	frames_close(&frames);
}

static void end_all(const uint64_t tickets[3]) {
	AUTO(arena_deinit) struct arena arena;
	struct rpc_reply reply;

	arena_init(&arena, RPC_MEMORY_MAX);
	for (size_t i = 0; i < 3; i++) {
		struct flight *flight = client_find(client, tickets[i]);

		promise(flight != NULL);
		if (flight->ended)
			(void)rpc_client_end(client, tickets[i], &arena, &reply);
		else
			rpc_client_cancel(client, tickets[i]);
	}
	promise(client->free_count == RPC_IN_FLIGHT_MAX);
	promise(client->sent == 0 && client->unsent == 0 && client->untaken == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
	const uint8_t *end = data + size;
	uint64_t tickets[3];

	open_client();
	client->link = LINK_DOWN;
	client->next_number = 0; /* the corpus knows the numbers of the first three calls */
	client->tokens_10 = 10 * RPC_RETRY_TOKENS;
	begin_three(tickets);
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
	end_all(tickets);
	outbox_empty(&client->outbox, &client->batches);
	drop_what_was_said();
	return 0;
}
