/* SPDX-License-Identifier: MIT */
#include "tests/unit/rpc/wire.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <zmq.h>

#include <cmocka.h>

#include "common/rpc/frame.h"

size_t wire_headers(Header *header, size_t size, uint8_t ret_frame[WIRE_HEADERS_MAX]) {
	Headers headers = HEADERS__INIT;

	header->size = (uint32_t)size;
	headers.headers = &header;
	headers.n_headers = 1;
	assert_in_range(headers__get_packed_size(&headers), 1, WIRE_HEADERS_MAX);
	return headers__pack(&headers, ret_frame);
}

void wire_hello(const char *node, Lane lane, uint8_t ret_frame[WIRE_HEADERS_MAX],
    size_t *ret_frame_size, uint8_t ret_payload[WIRE_HEADERS_MAX], size_t *ret_payload_size) {
	Header header = HEADER__INIT;
	Hello hello = HELLO__INIT;

	hello.protocol_min = RPC_PROTOCOL;
	hello.protocol_max = RPC_PROTOCOL;
	hello.node = (char *)(uintptr_t)node;
	hello.lane = lane;
	header.kind = HEADER__KIND__HELLO;
	*ret_payload_size = hello__pack(&hello, ret_payload);
	*ret_frame_size = wire_headers(&header, *ret_payload_size, ret_frame);
}

static void send_both(
    void *socket, const uint8_t *frame, size_t frame_size, const void *payload, size_t size) {
	assert_return_code(zmq_send(socket, frame, frame_size, ZMQ_SNDMORE), 0);
	assert_return_code(zmq_send(socket, payload, size, 0), 0);
}

void wire_push(void *socket, Header *header, const void *payload, size_t size) {
	uint8_t frame[WIRE_HEADERS_MAX];
	size_t frame_size = wire_headers(header, size, frame);

	send_both(socket, frame, frame_size, payload, size);
}

void wire_push_hello(void *socket, const char *node, Lane lane) {
	uint8_t frame[WIRE_HEADERS_MAX];
	uint8_t payload[WIRE_HEADERS_MAX];
	size_t frame_size;
	size_t size;

	wire_hello(node, lane, frame, &frame_size, payload, &size);
	send_both(socket, frame, frame_size, payload, size);
}

const Headers *wire_pull(
    void *socket, struct arena *arena, const uint8_t **ret_payload, size_t *ret_size) {
	const Headers *headers;
	zmq_msg_t frames[2];
	uint8_t *payload;
	size_t size;

	zmq_msg_init(&frames[0]);
	zmq_msg_init(&frames[1]);
	assert_return_code(zmq_msg_recv(&frames[0], socket, 0), 0);
	assert_true(zmq_msg_more(&frames[0]));
	assert_return_code(zmq_msg_recv(&frames[1], socket, 0), 0);
	assert_false(zmq_msg_more(&frames[1]));
	size = zmq_msg_size(&frames[1]);
	payload = arena_copy(arena, zmq_msg_data(&frames[1]), size);
	headers = frames_headers(zmq_msg_data(&frames[0]), zmq_msg_size(&frames[0]), size, arena);
	assert_non_null(headers);
	assert_non_null(payload);
	zmq_msg_close(&frames[0]);
	zmq_msg_close(&frames[1]);
	if (ret_payload) {
		*ret_payload = payload;
		*ret_size = size;
	}
	return headers;
}

Header wire_request(uint64_t call, const char *method) {
	Header header = HEADER__INIT;

	header.kind = HEADER__KIND__REQUEST;
	header.call = call;
	header.method = (char *)(uintptr_t)method;
	return header;
}
