/* SPDX-License-Identifier: MIT */
/*
 * Departures
 *
 * A server that stops, a client that was forgotten, a line that breaks: what was answered counts,
 * what nobody looked at is asked again, and what may have been done is never done twice.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <poll.h>
#include <zmq.h>

#include "common/base/clock.h"
#include "common/base/file.h"
#include "tests/unit/rpc/caller.h"
#include "tests/unit/rpc/fake.h"
#include "tests/unit/rpc/scene.h"
#include "tests/unit/rpc/wire.h"

enum { CHUNK = 1000, LONG_MS = 60000 };

/* --- a server that drains --- */

/* It crossed the goodbye on its way, and so did all that followed it. */
static void what_crosses_the_goodbye_is_passed_over(void **state) {
	SCENE(scene);
	struct wire_ear ear = { .socket = wire_dial(scene.context, scene.endpoint),
		.arena = &scene.arena };
	Header first = wire_request(1, "Node/State");
	Header late = wire_request(3, "Line/Converse");
	static const Header__Kind words[] = { HEADER__KIND__DATA, HEADER__KIND__CREDIT,
		HEADER__KIND__HALF_CLOSE, HEADER__KIND__CANCEL };

	(void)state;
	tiny_behave(scene.server, TINY_KEEPS);
	wire_push_hello(ear.socket, "", LANE__LANE_UNSPECIFIED);
	wire_push(ear.socket, &first, "", 0);
	tiny_wait_kept(scene.server, 1);
	tiny_leave(scene.server);
	wire_hear_kind(&ear, HEADER__KIND__HELLO_OK);
	assert_int_equal(wire_hear_goodbye(&ear, GOODBYE__REASON__STOPPING)->last_call, 1);
	wire_push(ear.socket, &late, "", 0);
	for (size_t i = 0; i < LENGTH_OF(words); i++) {
		Header word = wire_word(words[i], 3);

		wire_push(ear.socket, &word, "", 0);
	}
	wire_hear_nothing_else(&ear);
	tiny_behave(scene.server, TINY_ANSWERS);
	assert_int_equal(wire_hear_kind(&ear, HEADER__KIND__STATUS)->status, RPC_OK);
	zmq_close(ear.socket);
}

static void a_stream_begun_during_a_drain_is_lost_alone(void **state) {
	SCENE(scene);
	uint64_t answered = caller_begin(scene.client, "Replica/Marks", 0);
	uint64_t in_hand = caller_begin(scene.client, "Line/Upload", LONG_MS);
	uint64_t stream;

	(void)state;
	/* This reply is taken, so the earlier one is here; while one is not taken, the client does not
	 * listen when it begins a call. */
	assert_int_equal(caller_call(scene.client, "Replica/Marks", 0, &scene.arena), RPC_OK);
	tiny_leave(scene.server);
	stream = caller_begin(scene.client, "Line/Upload", LONG_MS);
	assert_int_equal(caller_send(scene.client, stream, 0, CHUNK), 0);
	assert_int_equal(rpc_client_half_close(scene.client, in_hand), 0);
	assert_int_equal(caller_end(scene.client, in_hand, &scene.arena).status, RPC_OK);
	assert_int_equal(caller_end(scene.client, answered, &scene.arena).status, RPC_OK);
	assert_int_equal(caller_end(scene.client, stream, &scene.arena).status, RPC_UNAVAILABLE);
	scene_restart(&scene);
	assert_int_equal(caller_call(scene.client, "Replica/Marks", 0, &scene.arena), RPC_OK);
}

/* One call keeps the server from going. */
static uint64_t begin_drain(struct scene *scene) {
	uint64_t kept;

	assert_int_equal(caller_call(scene->client, "Replica/Marks", 0, &scene->arena), RPC_OK);
	tiny_behave(scene->server, TINY_KEEPS);
	kept = caller_begin(scene->client, "Exchange/Marks", LONG_MS);
	tiny_wait_kept(scene->server, 1);
	tiny_leave(scene->server);
	return kept;
}

static void who_comes_during_a_drain_is_told_at_once(void **state) {
	SCENE(scene);
	struct wire_ear ear = { .arena = &scene.arena };
	uint64_t kept = begin_drain(&scene);

	(void)state;
	ear.socket = wire_dial(scene.context, scene.endpoint);
	wire_push_hello(ear.socket, "", LANE__LANE_UNSPECIFIED);
	assert_int_equal(wire_hear_goodbye(&ear, GOODBYE__REASON__STOPPING)->last_call, 0);
	zmq_close(ear.socket);
	tiny_behave(scene.server, TINY_ANSWERS);
	assert_int_equal(caller_end(scene.client, kept, &scene.arena).status, RPC_OK);
}

static void who_comes_during_a_drain_is_served_by_the_next_server(void **state) {
	SCENE(scene);
	struct rpc_client *late = tiny_client(scene.transport, scene.endpoint);
	uint64_t kept;
	uint64_t ticket;

	(void)state;
	kept = begin_drain(&scene);
	ticket = caller_begin(late, "Exchange/Marks", LONG_MS);
	caller_await_link(late, LINK_LEAVING);
	tiny_behave(scene.server, TINY_ANSWERS);
	assert_int_equal(caller_end(scene.client, kept, &scene.arena).status, RPC_OK);
	scene_restart(&scene);
	assert_int_equal(caller_end(late, ticket, &scene.arena).status, RPC_OK);
	rpc_client_close(late);
}

/* --- a goodbye before the answer --- */

static const Goodbye__Reason not_looked_at[] = { GOODBYE__REASON__STOPPING,
	GOODBYE__REASON__NOT_INTRODUCED, GOODBYE__REASON__FULL };

/* After STOPPING the server goes; after the others the client greets it once more. */
static void come_again(struct scene *scene, struct fake *fake, Goodbye__Reason reason) {
	if (reason == GOODBYE__REASON__STOPPING) {
		caller_await_link(scene->client, LINK_LEAVING);
		fake_close(fake);
		fake_open(fake, scene->endpoint);
	}
	fake_welcome(fake, scene->client, 0);
}

static void answer_next(struct scene *scene, struct fake *fake, uint64_t ticket) {
	const Header *request = fake_hear(fake, scene->client, HEADER__KIND__REQUEST);

	assert_string_equal(request->method, "Exchange/Marks");
	fake_say_status(fake, request->call, RPC_OK);
	assert_int_equal(caller_end(scene->client, ticket, &scene->arena).status, RPC_OK);
}

/* As for who was idle for so long that the server forgot it; or the server stops just now. */
static void what_was_not_looked_at_is_asked_again(void **state) {
	(void)state;
	assert_int_equal(contract_find(&office_contract, "Exchange/Marks")->attempts, 1);
	for (size_t i = 0; i < LENGTH_OF(not_looked_at); i++) {
		FAKE(scene, fake);
		uint64_t ticket = caller_begin(scene.client, "Exchange/Marks", LONG_MS);

		fake_welcome(&fake, scene.client, 0);
		answer_next(&scene, &fake, ticket);
		ticket = caller_begin(scene.client, "Exchange/Marks", LONG_MS);
		fake_hear(&fake, scene.client, HEADER__KIND__REQUEST);
		fake_say_goodbye(&fake, not_looked_at[i], 1);
		come_again(&scene, &fake, not_looked_at[i]);
		answer_next(&scene, &fake, ticket);
	}
}

/* Nor what is turned away before it was welcome. */
static void a_full_server_costs_no_call(void **state) {
	FAKE(scene, fake);
	uint64_t ticket = caller_begin(scene.client, "Exchange/Marks", LONG_MS);

	(void)state;
	fake_hear(&fake, scene.client, HEADER__KIND__HELLO);
	fake_say_goodbye(&fake, GOODBYE__REASON__FULL, 1);
	fake_hear(&fake, scene.client, HEADER__KIND__REQUEST); /* it crossed the goodbye */
	fake_welcome(&fake, scene.client, 0);
	answer_next(&scene, &fake, ticket);
}

static void expect_stream_is_lost(
    struct scene *scene, struct fake *fake, Goodbye__Reason reason, unsigned chunks) {
	uint64_t ticket = caller_begin(scene->client, "Line/Upload", LONG_MS);
	uint64_t next;

	fake_welcome(fake, scene->client, 0);
	fake_hear(fake, scene->client, HEADER__KIND__REQUEST);
	for (uint32_t i = 0; i < chunks; i++) {
		assert_int_equal(caller_send(scene->client, ticket, i, CHUNK), 0);
		fake_hear(fake, scene->client, HEADER__KIND__DATA);
	}
	if (!chunks) {
		assert_int_equal(rpc_client_half_close(scene->client, ticket), 0);
		fake_hear(fake, scene->client, HEADER__KIND__HALF_CLOSE);
	}
	fake_say_goodbye(fake, reason, 1);
	caller_await_over(scene->client, ticket);
	assert_int_equal(caller_end(scene->client, ticket, &scene->arena).status, RPC_UNAVAILABLE);
	/* What the next server hears first is the next call. */
	next = caller_begin(scene->client, "Replica/Marks", LONG_MS);
	come_again(scene, fake, reason);
	assert_string_equal(
	    fake_hear(fake, scene->client, HEADER__KIND__REQUEST)->method, "Replica/Marks");
	rpc_client_cancel(scene->client, next);
}

/* What it said is not kept, and half of it would be something else. */
static void a_stream_that_spoke_is_lost_with_its_connection(void **state) {
	(void)state;
	for (size_t i = 0; i < LENGTH_OF(not_looked_at); i++) {
		for (unsigned chunks = 0; chunks < 3; chunks++) {
			FAKE(scene, fake);

			expect_stream_is_lost(&scene, &fake, not_looked_at[i], chunks);
		}
	}
}

static void a_stream_that_said_nothing_yet_is_asked_again(void **state) {
	FAKE(scene, fake);
	uint64_t ticket = caller_begin(scene.client, "Line/Upload", LONG_MS);
	const Header *request;

	(void)state;
	fake_welcome(&fake, scene.client, 0);
	fake_hear(&fake, scene.client, HEADER__KIND__REQUEST);
	fake_say_goodbye(&fake, GOODBYE__REASON__STOPPING, 0);
	come_again(&scene, &fake, GOODBYE__REASON__STOPPING);
	request = fake_hear(&fake, scene.client, HEADER__KIND__REQUEST);
	assert_int_equal(caller_send(scene.client, ticket, 0, CHUNK), 0);
	assert_int_equal(rpc_client_half_close(scene.client, ticket), 0);
	fake_hear(&fake, scene.client, HEADER__KIND__DATA);
	fake_hear(&fake, scene.client, HEADER__KIND__HALF_CLOSE);
	fake_say_status(&fake, request->call, RPC_OK);
	assert_int_equal(caller_end(scene.client, ticket, &scene.arena).status, RPC_OK);
}

/* --- a line that breaks --- */

/* Whoever begins or ends a call may be the first to see what became of the connection. What libzmq
 * had not handed to the client's socket yet is lost with it; so the first reply is read before. */
static void expect_reply_counts(struct scene *scene, struct fake *fake, bool begin_another) {
	uint64_t first = caller_begin(scene->client, "Exchange/Marks", LONG_MS);
	uint64_t second = caller_begin(scene->client, "Exchange/Marks", LONG_MS);
	struct pollfd monitor = { .events = POLLIN };
	uint64_t next = 0;
	uint64_t calls[2];

	fake_welcome(fake, scene->client, 0);
	for (size_t i = 0; i < LENGTH_OF(calls); i++)
		calls[i] = fake_hear(fake, scene->client, HEADER__KIND__REQUEST)->call;
	for (size_t i = 0; i < LENGTH_OF(calls); i++)
		fake_say_status(fake, calls[i], RPC_OK);
	assert_int_equal(caller_end(scene->client, first, &scene->arena).status, RPC_OK);
	assert_false(client_find(scene->client, second)->ended);
	fake_close(fake);
	monitor.fd = scene->client->monitor_descriptor;
	assert_int_equal(poll(&monitor, 1, 10000), 1);
	if (begin_another)
		next = caller_begin(scene->client, "Exchange/Marks", LONG_MS);
	assert_int_equal(caller_end(scene->client, second, &scene->arena).status, RPC_OK);
	fake_open(fake, scene->endpoint);
	rpc_client_cancel(scene->client, next);
}

static void a_reply_before_the_disconnection_counts_for_who_ends_its_call(void **state) {
	FAKE(scene, fake);

	(void)state;
	expect_reply_counts(&scene, &fake, false);
}

static void a_reply_before_the_disconnection_counts_for_who_begins_another(void **state) {
	FAKE(scene, fake);

	(void)state;
	expect_reply_counts(&scene, &fake, true);
}

/* A request that kills its server does not kill it again and again. */
static void each_lost_connection_is_an_attempt(void **state) {
	FAKE(scene, fake);
	unsigned attempts = contract_find(&office_contract, "Replica/Marks")->attempts;
	uint64_t ticket = caller_begin(scene.client, "Replica/Marks", LONG_MS);

	(void)state;
	for (unsigned i = 0; i < attempts; i++) {
		fake_welcome(&fake, scene.client, 0);
		assert_int_equal(fake_hear(&fake, scene.client, HEADER__KIND__REQUEST)->attempt, i);
		fake_close(&fake);
		fake_open(&fake, scene.endpoint);
	}
	caller_await_over(scene.client, ticket);
	assert_int_equal(caller_end(scene.client, ticket, &scene.arena).status, RPC_UNAVAILABLE);
}

/* Its call does not exist for the next server, who would take the word for a breach. */
static void no_credit_is_said_for_a_stream_that_is_lost(void **state) {
	enum { CHUNKS = RPC_WINDOW_MIN / (CHUNK + RPC_MESSAGE_COST) + 1 }; /* a whole window */
	FAKE(scene, fake);
	uint64_t ticket = caller_order(scene.client, CHUNKS + 1, CHUNK, LONG_MS);
	Header data = wire_word(HEADER__KIND__DATA, 0);
	LineChunk message = LINE_CHUNK__INIT;
	static uint8_t bytes[CHUNK];
	uint8_t payload[CHUNK + 8];
	uint32_t number;

	(void)state;
	fake_welcome(&fake, scene.client, 0);
	data.call = fake_hear(&fake, scene.client, HEADER__KIND__REQUEST)->call;
	message.body = (ProtobufCBinaryData) { CHUNK, bytes };
	for (int i = 0; i < CHUNKS; i++)
		fake_say(&fake, &data, payload, line_chunk__pack(&message, payload));
	fake_hear_nothing_else(&fake, scene.client);
	fake_close(&fake);
	fake_open(&fake, scene.endpoint);
	fake_welcome(&fake, scene.client, 0);
	for (int i = 0; i < CHUNKS; i++)
		assert_int_equal(caller_receive(scene.client, ticket, &scene.arena, &number), 0);
	assert_int_equal(caller_receive(scene.client, ticket, &scene.arena, &number), RPC_CLIENT_ENDED);
	fake_hear_nothing_else(&fake, scene.client);
	assert_int_equal(caller_end(scene.client, ticket, &scene.arena).status, RPC_UNAVAILABLE);
}

/* It said that it stops, and then it hangs. */
static void a_server_that_hangs_in_its_departure_is_left(void **state) {
	FAKE(scene, fake);
	uint64_t ticket;

	(void)state;
	fake_welcome(&fake, scene.client, 200);
	fake_say_goodbye(&fake, GOODBYE__REASON__STOPPING, 0);
	caller_await_link(scene.client, LINK_LEAVING);
	ticket = caller_begin(scene.client, "Replica/Marks", LONG_MS);
	fake_welcome(&fake, scene.client, 0);
	fake_hear(&fake, scene.client, HEADER__KIND__REQUEST);
	rpc_client_cancel(scene.client, ticket);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_crosses_the_goodbye_is_passed_over),
		cmocka_unit_test(a_stream_begun_during_a_drain_is_lost_alone),
		cmocka_unit_test(who_comes_during_a_drain_is_told_at_once),
		cmocka_unit_test(who_comes_during_a_drain_is_served_by_the_next_server),
		cmocka_unit_test(what_was_not_looked_at_is_asked_again),
		cmocka_unit_test(a_full_server_costs_no_call),
		cmocka_unit_test(a_stream_that_spoke_is_lost_with_its_connection),
		cmocka_unit_test(a_stream_that_said_nothing_yet_is_asked_again),
		cmocka_unit_test(a_reply_before_the_disconnection_counts_for_who_ends_its_call),
		cmocka_unit_test(a_reply_before_the_disconnection_counts_for_who_begins_another),
		cmocka_unit_test(each_lost_connection_is_an_attempt),
		cmocka_unit_test(no_credit_is_said_for_a_stream_that_is_lost),
		cmocka_unit_test(a_server_that_hangs_in_its_departure_is_left),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
