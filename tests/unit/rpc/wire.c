/* SPDX-License-Identifier: MIT */
#include "tests/unit/rpc/wire.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <zmq.h>

#include <cmocka.h>

#include "common/base/message.h"
#include "common/rpc/frame.h"
#include "common/rpc/limits.h"

enum { PATIENCE_MS = 10000 };

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

void wire_push_greeting(void *socket, const Hello *hello) {
	uint8_t payload[WIRE_HEADERS_MAX];
	Header header = wire_word(HEADER__KIND__HELLO, 0);

	assert_in_range(hello__get_packed_size(hello), 0, sizeof(payload));
	wire_push(socket, &header, payload, hello__pack(hello, payload));
}

void wire_push_many(void *socket, Header *header, size_t count, const void *payload, size_t size) {
	static uint8_t frame[RPC_HEADERS_MAX];
	static uint8_t payloads[RPC_HEADERS_MAX];
	Header *parts[RPC_PARTS_MAX];
	Headers headers = HEADERS__INIT;

	assert_in_range(count, 1, RPC_PARTS_MAX);
	assert_in_range(count * size, 0, sizeof(payloads));
	header->size = (uint32_t)size;
	for (size_t i = 0; i < count; i++) {
		parts[i] = header;
		memcpy(payloads + i * size, payload, size);
	}
	headers.headers = parts;
	headers.n_headers = count;
	assert_in_range(headers__get_packed_size(&headers), 1, sizeof(frame));
	send_both(socket, frame, headers__pack(&headers, frame), payloads, count * size);
}

static void *open_dealer(void *context) {
	static const int no_linger = 0;
	static const int patience_ms = PATIENCE_MS;
	void *socket = zmq_socket(context, ZMQ_DEALER);

	assert_non_null(socket);
	zmq_setsockopt(socket, ZMQ_LINGER, &no_linger, sizeof(no_linger));
	zmq_setsockopt(socket, ZMQ_RCVTIMEO, &patience_ms, sizeof(patience_ms));
	zmq_setsockopt(socket, ZMQ_SNDTIMEO, &patience_ms, sizeof(patience_ms));
	return socket;
}

void *wire_dial(void *context, const char *endpoint) {
	void *socket = open_dealer(context);

	assert_return_code(zmq_connect(socket, endpoint), 0);
	return socket;
}

void *wire_dial_as(void *context, const char *endpoint, const struct rpc_identity *identity,
    const char *server_key) {
	void *socket = open_dealer(context);

	zmq_setsockopt(socket, ZMQ_CURVE_SERVERKEY, server_key, 40);
	zmq_setsockopt(socket, ZMQ_CURVE_PUBLICKEY, identity->public_key, 40);
	zmq_setsockopt(socket, ZMQ_CURVE_SECRETKEY, identity->secret_key, 40);
	assert_return_code(zmq_connect(socket, endpoint), 0);
	return socket;
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

Header wire_word(Header__Kind kind, uint64_t call) {
	Header header = HEADER__INIT;

	header.kind = kind;
	header.call = call;
	return header;
}

const Header *wire_hear(struct wire_ear *ear, const uint8_t **ret_payload) {
	const Header *header;
	size_t size;

	if (!ear->said || ear->next == ear->said->n_headers) {
		ear->said = wire_pull(ear->socket, ear->arena, &ear->payload, &size);
		ear->next = 0;
	}
	header = ear->said->headers[ear->next++];
	if (ret_payload)
		*ret_payload = ear->payload;
	ear->payload += header->size;
	return header;
}

const Header *wire_hear_kind(struct wire_ear *ear, Header__Kind kind) {
	const Header *header = wire_hear(ear, NULL);

	assert_int_equal(header->kind, kind);
	return header;
}

const Goodbye *wire_hear_goodbye(struct wire_ear *ear, Goodbye__Reason reason) {
	const uint8_t *payload;
	const Header *header = wire_hear(ear, &payload);
	ProtobufCMessage *goodbye = NULL;

	assert_int_equal(header->kind, HEADER__KIND__GOAWAY);
	assert_int_equal(
	    message_unpack(&goodbye__descriptor, payload, header->size, ear->arena, &goodbye),
	    MESSAGE_OK);
	assert_int_equal(((const Goodbye *)goodbye)->reason, reason);
	return (const Goodbye *)goodbye;
}

void wire_hear_nothing_else(struct wire_ear *ear) {
	Header ping = wire_word(HEADER__KIND__PING, 0);

	wire_push(ear->socket, &ping, "", 0);
	wire_hear_kind(ear, HEADER__KIND__PONG);
}

bool wire_is_heard(struct wire_ear *ear) {
	zmq_pollitem_t item = { .socket = ear->socket, .events = ZMQ_POLLIN };

	return (ear->said && ear->next < ear->said->n_headers) || zmq_poll(&item, 1, 0) > 0;
}
