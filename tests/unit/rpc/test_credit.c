/* SPDX-License-Identifier: MIT */
/*
 * Credit
 *
 * Each message of a stream costs its bytes and something for being one, at both ends. What was
 * thrown away is given back like what was taken, and nobody can be made to hold more than a window.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <zmq.h>

#include "common/base/file.h"
#include "tests/unit/rpc/caller.h"
#include "tests/unit/rpc/fake.h"
#include "tests/unit/rpc/scene.h"
#include "tests/unit/rpc/wire.h"

enum {
	LONG_MS = 60000,
	SHORT_MS = 1000,
	CHUNK = RPC_WINDOW_CONNECTION, /* what uses up all that may be on the way */
};

static const uint8_t chunk[CHUNK]; /* not to be read as a message */

static void dial(struct scene *scene, struct wire_ear *ear) {
	*ear = (struct wire_ear) { .socket = wire_dial(scene->context, scene->endpoint),
		.arena = &scene->arena };
	wire_push_hello(ear->socket, "", LANE__LANE_UNSPECIFIED);
	wire_hear_kind(ear, HEADER__KIND__HELLO_OK);
}

static void push_order(void *socket, uint64_t call, uint32_t chunks, uint32_t chunk_bytes) {
	Header request = wire_request(call, "Line/Download");
	LineOrder order = LINE_ORDER__INIT;
	uint8_t payload[64];

	request.deadline_ms = SHORT_MS;
	order.chunks = chunks;
	order.chunk_bytes = chunk_bytes;
	wire_push(socket, &request, payload, line_order__pack(&order, payload));
}

/* --- what is thrown away --- */

static void a_client_gives_back_what_comes_for_a_stream_called_off(void **state) {
	FAKE(scene, fake);
	uint64_t ticket = caller_order(scene.client, 1000, CHUNK, LONG_MS);
	Header data = wire_word(HEADER__KIND__DATA, 0);
	const Header *credit;

	(void)state;
	fake_welcome(&fake, scene.client, 0);
	data.call = fake_hear(&fake, scene.client, HEADER__KIND__REQUEST)->call;
	rpc_client_cancel(scene.client, ticket);
	fake_hear(&fake, scene.client, HEADER__KIND__CANCEL);
	fake_say(&fake, &data, chunk, CHUNK);
	credit = fake_hear(&fake, scene.client, HEADER__KIND__CREDIT);
	assert_int_equal(credit->call, 0);
	assert_in_range(credit->credit, CHUNK + RPC_MESSAGE_COST, RPC_CREDIT_MAX);
}

static void a_server_gives_back_what_comes_for_a_stream_it_refused(void **state) {
	SCENE(scene);
	Header request = wire_request(1, "Line/Upload");
	Header data = wire_word(HEADER__KIND__DATA, 1);
	struct wire_ear ear;
	const Header *credit;

	(void)state;
	scene_refuse(&scene, 1, RPC_PERMISSION_DENIED, 0);
	dial(&scene, &ear);
	wire_push(ear.socket, &request, "", 0);
	wire_push(ear.socket, &data, chunk, CHUNK);
	assert_int_equal(wire_hear_kind(&ear, HEADER__KIND__STATUS)->status, RPC_PERMISSION_DENIED);
	/* Asked, so that something comes in any case. */
	request = wire_word(HEADER__KIND__PING, 0);
	wire_push(ear.socket, &request, "", 0);
	credit = wire_hear_kind(&ear, HEADER__KIND__CREDIT);
	assert_int_equal(credit->call, 0);
	assert_in_range(credit->credit, CHUNK + RPC_MESSAGE_COST, RPC_CREDIT_MAX);
	zmq_close(ear.socket);
}

/* Neither side runs dry, however often. */
static void streams_that_end_early_leave_the_line_as_it_was(void **state) {
	enum { STREAMS = 150, TAKEN = 20, BYTES = 4096, DEADLINE_MS = 20000 };
	SCENE(scene);
	uint64_t ticket;
	uint32_t number;

	(void)state;
	for (int i = 0; i < STREAMS; i++) {
		ticket = caller_order(scene.client, 1000000, BYTES, DEADLINE_MS);
		for (uint32_t j = 0; j < TAKEN; j++)
			assert_int_equal(caller_receive(scene.client, ticket, &scene.arena, &number), 0);
		rpc_client_cancel(scene.client, ticket);
		/* One that has not ended yet counts against what a caller may have. */
		tiny_wait_no_stream(scene.server);
	}
	scene_refuse(&scene, STREAMS, RPC_PERMISSION_DENIED, 0);
	for (int i = 0; i < STREAMS; i++) {
		ticket = caller_begin(scene.client, "Line/Upload", DEADLINE_MS);
		(void)caller_send(scene.client, ticket, 0, BYTES);
		assert_int_equal(
		    caller_end(scene.client, ticket, &scene.arena).status, RPC_PERMISSION_DENIED);
	}
	ticket = caller_order(scene.client, 200, BYTES, DEADLINE_MS);
	for (uint32_t i = 0; i < 200; i++)
		assert_int_equal(caller_receive(scene.client, ticket, &scene.arena, &number), 0);
	assert_int_equal(caller_end(scene.client, ticket, &scene.arena).status, RPC_OK);
	ticket = caller_begin(scene.client, "Line/Upload", DEADLINE_MS);
	for (uint32_t i = 0; i < 200; i++)
		assert_int_equal(caller_send(scene.client, ticket, i, BYTES), 0);
	assert_int_equal(rpc_client_half_close(scene.client, ticket), 0);
	assert_int_equal(caller_end(scene.client, ticket, &scene.arena).status, RPC_OK);
}

/* The server's word counts, though nobody looked at what it sent before. */
static void a_stream_that_is_ended_unread_ends_with_its_status(void **state) {
	SCENE(scene);
	uint64_t ticket = caller_order(scene.client, 100, 1000, 10000);

	(void)state;
	assert_int_equal(caller_end(scene.client, ticket, &scene.arena).status, RPC_OK);
	assert_int_equal(atomic_load(&scene.server->cut_short), 0);
}

/* --- what a message without bytes costs --- */

static void a_client_sends_as_many_empty_messages_as_a_window_has_room_for(void **state) {
	FAKE(scene, fake);
	LineChunk empty = LINE_CHUNK__INIT;
	uint64_t ticket = caller_begin(scene.client, "Line/Upload", SHORT_MS);
	int sent = 0;

	(void)state;
	fake_welcome(&fake, scene.client, 0);
	fake_hear(&fake, scene.client, HEADER__KIND__REQUEST);
	while (sent < RPC_WINDOW_MIN && rpc_client_send(scene.client, ticket, &empty.base) == 0)
		sent++;
	assert_int_equal(sent, RPC_WINDOW_MIN / RPC_MESSAGE_COST);
	(void)caller_end(scene.client, ticket, &scene.arena);
}

/* It stops at its credit, and its deadline ends it: all that it sent comes before its status. */
static void a_server_sends_as_many_small_messages_as_a_window_has_room_for(void **state) {
	enum { SIZE = 4 + 2, COST = SIZE + RPC_MESSAGE_COST };
	SCENE(scene);
	struct wire_ear ear;
	unsigned got = 0;
	const Header *header;

	(void)state;
	dial(&scene, &ear);
	push_order(ear.socket, 1, RPC_WINDOW_MIN, 4);
	for (header = wire_hear(&ear, NULL); header->kind == HEADER__KIND__DATA; got++) {
		assert_int_equal(header->size, SIZE);
		header = wire_hear(&ear, NULL);
	}
	assert_int_equal(header->kind, HEADER__KIND__STATUS);
	assert_int_equal(got, (RPC_WINDOW_MIN + COST - 1) / COST);
	zmq_close(ear.socket);
}

static void a_client_leaves_a_server_that_sends_too_many_empty_messages(void **state) {
	FAKE(scene, fake);
	uint64_t ticket = caller_order(scene.client, 1000, CHUNK, LONG_MS);
	Header data = wire_word(HEADER__KIND__DATA, 0);

	(void)state;
	fake_welcome(&fake, scene.client, 0);
	data.call = fake_hear(&fake, scene.client, HEADER__KIND__REQUEST)->call;
	for (int i = 0; i < RPC_WINDOW_MIN / RPC_MESSAGE_COST; i++)
		fake_say(&fake, &data, "", 0);
	fake_hear_nothing_else(&fake, scene.client);
	fake_say(&fake, &data, "", 0);
	data = wire_word(HEADER__KIND__PING, 0); /* a client that stays would answer */
	fake_say(&fake, &data, "", 0);
	fake_hear(&fake, scene.client, HEADER__KIND__HELLO);
	rpc_client_cancel(scene.client, ticket);
}

static void a_server_leaves_a_client_that_sends_too_many_empty_messages(void **state) {
	static const uint8_t large[5003] = { 0x0a, 0x88, 0x27 };
	SCENE(scene);
	Header request = wire_request(1, "Line/Converse");
	Header data = wire_word(HEADER__KIND__DATA, 1);
	Header ping = wire_word(HEADER__KIND__PING, 0);
	struct wire_ear ear;
	const Header *header;

	(void)state;
	dial(&scene, &ear);
	wire_push(ear.socket, &request, "", 0);
	/* Its echo is more than we take; with the next one the handler waits for us, and takes no
	 * more. */
	wire_push(ear.socket, &data, large, sizeof(large));
	tiny_wait_streamed(scene.server, 1);
	do
		header = wire_hear(&ear, NULL);
	while (header->kind != HEADER__KIND__CREDIT || header->call != 1);
	wire_push(ear.socket, &data, "\x0a\x01x", 3);
	for (unsigned i = 0; i < 16; i++)
		wire_push_many(ear.socket, &data, RPC_PARTS_MAX, "", 0);
	wire_push(ear.socket, &ping, "", 0); /* a server that stays would answer */
	while (header->kind == HEADER__KIND__DATA || header->kind == HEADER__KIND__CREDIT)
		header = wire_hear(&ear, NULL);
	assert_int_equal(header->kind, HEADER__KIND__GOAWAY);
	tiny_wait_no_stream(scene.server);
	zmq_close(ear.socket);
}

/* --- credit beyond measure --- */

static const struct {
	uint64_t call; /* 0: the connection's */
	uint32_t credit;
	unsigned times;
} excesses[] = {
	{ 0, UINT32_MAX, 1 },
	{ 1, UINT32_MAX, 1 },
	{ 0, RPC_CREDIT_MAX + 1, 1 },
	{ 1, RPC_CREDIT_MAX + 1, 1 },
	{ 0, RPC_CREDIT_MAX / 2, 3 },
	{ 1, RPC_CREDIT_MAX / 2, 3 },
};

static Header credit_of(size_t excess, uint64_t call) {
	Header credit = wire_word(HEADER__KIND__CREDIT, excesses[excess].call ? call : 0);

	credit.credit = excesses[excess].credit;
	return credit;
}

/* Or it would have to hold as much for a caller that takes nothing. */
static void a_server_leaves_a_client_that_gives_credit_beyond_measure(void **state) {
	SCENE(scene);
	Header request = wire_request(1, "Line/Converse");

	(void)state;
	for (size_t i = 0; i < LENGTH_OF(excesses); i++) {
		Header credit = credit_of(i, 1);
		Header ping = wire_word(HEADER__KIND__PING, 0);
		struct wire_ear ear;

		dial(&scene, &ear);
		wire_push(ear.socket, &request, "", 0);
		for (unsigned j = 0; j < excesses[i].times; j++)
			wire_push(ear.socket, &credit, "", 0);
		wire_push(ear.socket, &ping, "", 0); /* a server that stays would answer */
		wire_hear_goodbye(&ear, GOODBYE__REASON__VIOLATION);
		zmq_close(ear.socket);
	}
}

static void a_client_leaves_a_server_that_gives_credit_beyond_measure(void **state) {
	(void)state;
	for (size_t i = 0; i < LENGTH_OF(excesses); i++) {
		FAKE(scene, fake);
		uint64_t ticket = caller_begin(scene.client, "Line/Upload", LONG_MS);
		Header ping = wire_word(HEADER__KIND__PING, 0);
		Header credit;

		fake_welcome(&fake, scene.client, 0);
		credit = credit_of(i, fake_hear(&fake, scene.client, HEADER__KIND__REQUEST)->call);
		for (unsigned j = 0; j < excesses[i].times; j++)
			fake_say(&fake, &credit, "", 0);
		fake_say(&fake, &ping, "", 0); /* a client that stays would answer */
		fake_hear(&fake, scene.client, HEADER__KIND__HELLO);
		rpc_client_cancel(scene.client, ticket);
	}
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_client_gives_back_what_comes_for_a_stream_called_off),
		cmocka_unit_test(a_server_gives_back_what_comes_for_a_stream_it_refused),
		cmocka_unit_test(streams_that_end_early_leave_the_line_as_it_was),
		cmocka_unit_test(a_stream_that_is_ended_unread_ends_with_its_status),
		cmocka_unit_test(a_client_sends_as_many_empty_messages_as_a_window_has_room_for),
		cmocka_unit_test(a_server_sends_as_many_small_messages_as_a_window_has_room_for),
		cmocka_unit_test(a_client_leaves_a_server_that_sends_too_many_empty_messages),
		cmocka_unit_test(a_server_leaves_a_client_that_sends_too_many_empty_messages),
		cmocka_unit_test(a_server_leaves_a_client_that_gives_credit_beyond_measure),
		cmocka_unit_test(a_client_leaves_a_server_that_gives_credit_beyond_measure),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
