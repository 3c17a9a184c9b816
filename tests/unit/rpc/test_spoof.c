/* SPDX-License-Identifier: MIT */
/*
 * A peer that writes its own CURVE handshake (ZeroMQ RFC 26) and claims in it to be another: a
 * User-Id of its own among the properties. libzmq's clients cannot do that.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "common/base/file.h"
#include "common/base/message.h"
#include "tests/unit/rpc/tiny.h"
#include "tests/unit/rpc/wire.h"

#define COMMUNE "H51.15.61"
#define OTHER   "H51.15.62"

enum { KEY = 32, BOX = crypto_box_MACBYTES, NONCE = crypto_box_NONCEBYTES, FRAME_MAX = 2048 };

struct forger {
	int socket;
	uint8_t server[KEY];
	uint8_t public_key[KEY];
	uint8_t secret_key[KEY];
	uint8_t short_public[KEY];
	uint8_t short_secret[KEY];
	uint8_t short_server[KEY];
	uint64_t next_nonce;
};

struct frame {
	uint8_t bytes[FRAME_MAX];
	size_t size;
};

static void add(struct frame *frame, const void *bytes, size_t size) {
	assert_true(frame->size + size <= sizeof(frame->bytes));
	memcpy(frame->bytes + frame->size, bytes, size);
	frame->size += size;
}

static void add_property(struct frame *frame, const char *name, const char *value) {
	uint8_t name_size = (uint8_t)strlen(name);
	uint32_t value_size = htonl((uint32_t)strlen(value));

	add(frame, &name_size, 1);
	add(frame, name, name_size);
	add(frame, &value_size, 4);
	add(frame, value, strlen(value));
}

static void send_all(struct forger *forger, const void *bytes, size_t size) {
	assert_int_equal(send(forger->socket, bytes, size, MSG_NOSIGNAL), (ssize_t)size);
}

static void receive_all(struct forger *forger, void *bytes, size_t size) {
	for (size_t got = 0; got < size;) {
		ssize_t r = recv(forger->socket, (uint8_t *)bytes + got, size - got, 0);

		assert_true(r > 0);
		got += (size_t)r;
	}
}

enum { MESSAGE_FRAME = 0, LONG_FRAME = 2, COMMAND_FRAME = 4 };

static void send_frame(struct forger *forger, uint8_t kind, const struct frame *frame) {
	uint8_t head[9] = { (uint8_t)(kind | LONG_FRAME) };

	for (int i = 0; i < 8; i++)
		head[1 + i] = (uint8_t)((uint64_t)frame->size >> (56 - 8 * i));
	send_all(forger, head, sizeof(head));
	send_all(forger, frame->bytes, frame->size);
}

static void receive_frame(struct forger *forger, struct frame *frame) {
	uint8_t head[9];
	size_t size = 0;
	size_t size_bytes;

	receive_all(forger, head, 1);
	size_bytes = head[0] & LONG_FRAME ? 8 : 1;
	receive_all(forger, head + 1, size_bytes);
	for (size_t i = 0; i < size_bytes; i++)
		size = size << 8 | head[1 + i];
	assert_true(size <= sizeof(frame->bytes));
	receive_all(forger, frame->bytes, size);
	frame->size = size;
}

/* A prefix of 16 bytes and the counter, which is also written to the frame. */
static void make_nonce(
    struct forger *forger, const char *prefix, uint8_t nonce[NONCE], struct frame *frame) {
	uint64_t counter = forger->next_nonce++;

	memcpy(nonce, prefix, 16);
	for (int i = 0; i < 8; i++)
		nonce[16 + i] = (uint8_t)(counter >> (56 - 8 * i));
	add(frame, nonce + 16, 8);
}

static void add_box(struct frame *frame, const struct frame *plain, const uint8_t nonce[NONCE],
    const uint8_t to[KEY], const uint8_t from_secret[KEY]) {
	uint8_t box[FRAME_MAX + BOX];

	assert_int_equal(crypto_box_easy(box, plain->bytes, plain->size, nonce, to, from_secret), 0);
	add(frame, box, plain->size + BOX);
}

static void greet(struct forger *forger) {
	uint8_t greeting[64] = { 0xff, 0, 0, 0, 0, 0, 0, 0, 0, 0x7f, 3, 0, 'C', 'U', 'R', 'V', 'E' };

	send_all(forger, greeting, sizeof(greeting));
	receive_all(forger, greeting, sizeof(greeting));
}

static void say_hello(struct forger *forger) {
	static const uint8_t padding[72] = { 0 };
	struct frame plain = { .size = 64 };
	struct frame hello = { .size = 0 };
	uint8_t nonce[NONCE];

	add(&hello, "\x05HELLO\x01", 8); /* with the 0 of version 1.0 */
	add(&hello, padding, sizeof(padding));
	add(&hello, forger->short_public, KEY);
	make_nonce(forger, "CurveZMQHELLO---", nonce, &hello);
	add_box(&hello, &plain, nonce, forger->server, forger->short_secret);
	assert_int_equal(hello.size, 200);
	send_frame(forger, COMMAND_FRAME, &hello);
}

/* Takes the WELCOME: the server's short key and the cookie. */
static void take_welcome(struct forger *forger, uint8_t cookie[96]) {
	struct frame welcome;
	uint8_t nonce[NONCE];
	uint8_t plain[128];

	receive_frame(forger, &welcome);
	assert_int_equal(welcome.size, 168);
	memcpy(nonce, "WELCOME-", 8);
	memcpy(nonce + 8, welcome.bytes + 8, 16);
	assert_int_equal(crypto_box_open_easy(plain, welcome.bytes + 24, 144, nonce, forger->server,
	                     forger->short_secret),
	    0);
	memcpy(forger->short_server, plain, KEY);
	memcpy(cookie, plain + KEY, 96);
}

static void add_vouch(struct forger *forger, struct frame *frame) {
	struct frame plain = { .size = 0 };
	uint8_t nonce[NONCE] = "VOUCH---";

	randombytes_buf(nonce + 8, 16);
	add(&plain, forger->short_public, KEY);
	add(&plain, forger->server, KEY);
	add(frame, nonce + 8, 16);
	add_box(frame, &plain, nonce, forger->short_server, forger->secret_key);
}

static void initiate(struct forger *forger, const uint8_t cookie[96], const char *user) {
	struct frame initiation = { .size = 0 };
	struct frame plain = { .size = 0 };
	uint8_t nonce[NONCE];

	add(&plain, forger->public_key, KEY);
	add_vouch(forger, &plain);
	add_property(&plain, "User-Id", user);
	add_property(&plain, "Socket-Type", "DEALER");
	add_property(&plain, "Identity", "");
	add_property(&plain, "User-Id", user);
	add(&initiation, "\x08INITIATE", 9);
	add(&initiation, cookie, 96);
	make_nonce(forger, "CurveZMQINITIATE", nonce, &initiation);
	add_box(&initiation, &plain, nonce, forger->short_server, forger->short_secret);
	send_frame(forger, COMMAND_FRAME, &initiation);
}

static void knock(struct forger *forger, const char *endpoint, const struct tiny *server,
    const struct rpc_identity *identity, const char *user) {
	struct sockaddr_in address = { .sin_family = AF_INET };
	struct timeval patience = { .tv_sec = 10 };
	uint8_t cookie[96];

	*forger = (struct forger) { .next_nonce = 1 };
	forger->socket = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	setsockopt(forger->socket, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	rpc_key_decode(server->identity.public_key, forger->server);
	rpc_key_decode(identity->public_key, forger->public_key);
	rpc_key_decode(identity->secret_key, forger->secret_key);
	crypto_box_keypair(forger->short_public, forger->short_secret);
	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	address.sin_port = htons((uint16_t)atoi(strrchr(endpoint, ':') + 1));
	assert_return_code(connect(forger->socket, (struct sockaddr *)&address, sizeof(address)), 0);
	greet(forger);
	say_hello(forger);
	take_welcome(forger, cookie);
	initiate(forger, cookie, user);
}

static void push(struct forger *forger, uint8_t flags, const void *bytes, size_t size) {
	struct frame message = { .size = 0 };
	struct frame plain = { .size = 0 };
	uint8_t nonce[NONCE];

	add(&plain, &flags, 1);
	add(&plain, bytes, size);
	add(&message, "\x07MESSAGE", 8);
	make_nonce(forger, "CurveZMQMESSAGEC", nonce, &message);
	add_box(&message, &plain, nonce, forger->short_server, forger->short_secret);
	send_frame(forger, MESSAGE_FRAME, &message);
}

static void pull(struct forger *forger, struct frame *plain) {
	struct frame message;
	uint8_t nonce[NONCE];

	receive_frame(forger, &message);
	assert_memory_equal(message.bytes, "\x07MESSAGE", 8);
	memcpy(nonce, "CurveZMQMESSAGES", 16);
	memcpy(nonce + 16, message.bytes + 8, 8);
	assert_int_equal(crypto_box_open_easy(plain->bytes, message.bytes + 16, message.size - 16,
	                     nonce, forger->short_server, forger->short_secret),
	    0);
	plain->size = message.size - 16 - BOX - 1;
	memmove(plain->bytes, plain->bytes + 1, plain->size);
}

static void expect_ready(struct forger *forger) {
	struct frame ready;

	receive_frame(forger, &ready);
	assert_memory_equal(ready.bytes, "\x05READY", 6);
}

/* Calls and expects to be served as this node. */
static void expect_served_as(struct forger *forger, const char *code) {
	AUTO(arena_deinit) struct arena arena;
	uint8_t hello_frame[WIRE_HEADERS_MAX];
	uint8_t hello[WIRE_HEADERS_MAX];
	uint8_t headers[WIRE_HEADERS_MAX];
	Header header = wire_request(7, "Exchange/Marks");
	ProtobufCMessage *reply = NULL;
	struct frame frame;
	const Headers *said;
	size_t hello_frame_size;
	size_t hello_size;

	arena_init(&arena, 1 << 20);
	wire_hello(code, LANE__LANE_CONTROL, hello_frame, &hello_frame_size, hello, &hello_size);
	push(forger, 1, hello_frame, hello_frame_size);
	push(forger, 0, hello, hello_size);
	pull(forger, &frame);
	pull(forger, &frame); /* the welcome */
	push(forger, 1, headers, wire_headers(&header, 0, headers));
	push(forger, 0, "", 0);
	pull(forger, &frame);
	assert_int_equal(
	    message_unpack(&headers__descriptor, frame.bytes, frame.size, &arena, &reply), MESSAGE_OK);
	said = (const Headers *)reply;
	assert_int_equal(said->headers[0]->kind, HEADER__KIND__STATUS);
	assert_int_equal(said->headers[0]->status, RPC_OK);
	pull(forger, &frame);
	assert_int_equal(
	    message_unpack(&marks_reply__descriptor, frame.bytes, frame.size, &arena, &reply),
	    MESSAGE_OK);
	assert_string_equal(((MarksReply *)reply)->marks[1]->origin, code);
}

static void who_claims_to_be_another_stays_who_he_is(void **state) {
	char endpoint[TINY_ENDPOINT_SIZE];
	struct rpc_identity commune;
	struct rpc_identity other;
	AUTO(tiny_stopp) struct tiny *server = tiny_start(tiny_free_endpoint(endpoint));
	const char *claims[] = { OTHER, COMMUNE, "", other.public_key };

	(void)state;
	assert_return_code(rpc_identity_make(&commune), 0);
	assert_return_code(rpc_identity_make(&other), 0);
	tiny_let_in_two(server, COMMUNE, &commune, OTHER, &other);
	for (size_t i = 0; i < LENGTH_OF(claims); i++) {
		struct forger forger;

		knock(&forger, endpoint, server, &commune, claims[i]);
		expect_ready(&forger);
		expect_served_as(&forger, COMMUNE);
		close(forger.socket);
	}
}

static void who_only_claims_to_be_a_peer_is_refused(void **state) {
	char endpoint[TINY_ENDPOINT_SIZE];
	struct rpc_identity commune;
	struct rpc_identity stranger;
	AUTO(tiny_stopp) struct tiny *server = tiny_start(tiny_free_endpoint(endpoint));
	struct forger forger;
	struct frame answer;

	(void)state;
	assert_return_code(rpc_identity_make(&commune), 0);
	assert_return_code(rpc_identity_make(&stranger), 0);
	tiny_let_in(server, COMMUNE, &commune);
	knock(&forger, endpoint, server, &stranger, commune.public_key);
	receive_frame(&forger, &answer);
	assert_memory_equal(answer.bytes,
	    "\x05"
	    "ERROR\x03"
	    "400",
	    10);
	close(forger.socket);
	assert_int_equal(atomic_load(&server->served), 0);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(who_claims_to_be_another_stays_who_he_is),
		cmocka_unit_test(who_only_claims_to_be_a_peer_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
