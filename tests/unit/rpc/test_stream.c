/* SPDX-License-Identifier: MIT */
/* Streams: four shapes, credit, and every way a stream can end. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <poll.h>

#include "common/base/clock.h"
#include "tests/unit/rpc/caller.h"
#include "tests/unit/rpc/scene.h"

enum { CHUNK = 4096 };

static void expect_echo(struct scene *scene) {
	assert_int_equal(caller_call(scene->client, "Replica/Marks", 0, &scene->arena), RPC_OK);
}

static void what_goes_up_arrives_once_and_is_counted(void **state) {
	SCENE(scene);
	uint64_t ticket = caller_begin(scene.client, "Line/Upload", 0);
	struct rpc_reply reply;

	(void)state;
	for (uint32_t i = 0; i < 1000; i++)
		assert_int_equal(caller_send(scene.client, ticket, i, CHUNK), 0);
	assert_int_equal(rpc_client_half_close(scene.client, ticket), 0);
	reply = caller_end(scene.client, ticket, &scene.arena);
	assert_int_equal(reply.status, RPC_OK);
	assert_int_equal(((const LineReceipt *)reply.message)->chunks, 1000);
	assert_int_equal(((const LineReceipt *)reply.message)->bytes, 1000 * CHUNK);
}

static void an_empty_stream_is_one_too(void **state) {
	SCENE(scene);
	uint64_t up = caller_begin(scene.client, "Line/Upload", 0);
	uint64_t down = caller_order(scene.client, 0, 0, 0);
	uint32_t number;
	struct rpc_reply reply;

	(void)state;
	assert_int_equal(rpc_client_half_close(scene.client, up), 0);
	reply = caller_end(scene.client, up, &scene.arena);
	assert_int_equal(reply.status, RPC_OK);
	assert_int_equal(((const LineReceipt *)reply.message)->chunks, 0);
	assert_int_equal(caller_receive(scene.client, down, &scene.arena, &number), RPC_CLIENT_ENDED);
	assert_int_equal(caller_end(scene.client, down, &scene.arena).status, RPC_OK);
}

static void what_comes_down_comes_in_order(void **state) {
	enum { CHUNKS = 2000 };
	SCENE(scene);
	uint64_t ticket = caller_order(scene.client, CHUNKS, CHUNK, 0);
	uint32_t number;

	(void)state;
	for (uint32_t i = 0; i < CHUNKS; i++) {
		assert_int_equal(caller_receive(scene.client, ticket, &scene.arena, &number), 0);
		assert_int_equal(number, i);
	}
	assert_int_equal(caller_receive(scene.client, ticket, &scene.arena, &number), RPC_CLIENT_ENDED);
	assert_int_equal(caller_end(scene.client, ticket, &scene.arena).status, RPC_OK);
}

/* More than any window, both ways at once; unary calls pass between. */
static void both_ways_at_once_nobody_waits_for_ever(void **state) {
	enum { CHUNKS = 600 };
	SCENE(scene);
	uint64_t ticket = caller_begin(scene.client, "Line/Converse", 0);
	uint32_t number;

	(void)state;
	for (uint32_t i = 0; i < CHUNKS; i++) {
		assert_int_equal(caller_send(scene.client, ticket, i, CHUNK), 0);
		assert_int_equal(caller_receive(scene.client, ticket, &scene.arena, &number), 0);
		assert_int_equal(number, i);
		if (i % 100 == 0)
			expect_echo(&scene);
	}
	assert_int_equal(rpc_client_half_close(scene.client, ticket), 0);
	assert_int_equal(caller_receive(scene.client, ticket, &scene.arena, &number), RPC_CLIENT_ENDED);
	assert_int_equal(caller_end(scene.client, ticket, &scene.arena).status, RPC_OK);
}

static void poll_client(struct scene *scene) {
	struct pollfd items[RPC_CLIENT_POLLS];
	uint64_t now = clock_monotonic_ms();
	uint64_t until;

	assert_return_code(rpc_client_prepare(scene->client, items, &until), 0);
	if (until)
		assert_in_range(until, now, now + 60000);
	assert_true(poll(items, RPC_CLIENT_POLLS, until > now ? (int)(until - now) : 0) >= 0);
}

/* Whoever sends first and takes later would stop for good when both windows are full. */
static void in_a_loop_of_ones_own_neither_way_waits_for_the_other(void **state) {
	enum { CHUNKS = 600 };
	SCENE(scene);
	uint64_t ticket = caller_begin(scene.client, "Line/Converse", 0);
	uint32_t sent = 0;
	uint32_t received = 0;
	uint32_t number;
	int r = 0;

	(void)state;
	assert_false(rpc_client_may_receive(scene.client, ticket));
	while (r == 0) {
		for (; sent < CHUNKS && rpc_client_may_send(scene.client, ticket); sent++)
			assert_int_equal(caller_send(scene.client, ticket, sent, CHUNK), 0);
		if (sent == CHUNKS && rpc_client_may_send(scene.client, ticket))
			assert_int_equal(rpc_client_half_close(scene.client, ticket), 0);
		if (!rpc_client_may_receive(scene.client, ticket)) {
			poll_client(&scene);
			continue;
		}
		r = caller_receive(scene.client, ticket, &scene.arena, &number);
		if (r == 0)
			assert_int_equal(number, received++);
	}
	assert_int_equal(r, RPC_CLIENT_ENDED);
	assert_int_equal(received, CHUNKS);
	assert_int_equal(caller_end(scene.client, ticket, &scene.arena).status, RPC_OK);
	assert_false(rpc_client_may_send(scene.client, ticket));
}

static void in_a_loop_of_ones_own_a_deadline_is_the_end(void **state) {
	SCENE(scene);
	uint64_t ticket = caller_begin(scene.client, "Line/Converse", 200);

	(void)state;
	while (!rpc_client_may_receive(scene.client, ticket))
		poll_client(&scene);
	assert_false(rpc_client_may_send(scene.client, ticket));
	assert_int_equal(caller_end(scene.client, ticket, &scene.arena).status, RPC_DEADLINE_EXCEEDED);
}

static void streams_run_beside_each_other(void **state) {
	enum { STREAMS = RPC_STREAMS_MAX, CHUNKS = 50 };
	SCENE(scene);
	uint64_t tickets[STREAMS];
	uint32_t number;

	(void)state;
	for (size_t i = 0; i < STREAMS; i++)
		tickets[i] = caller_order(scene.client, CHUNKS, CHUNK, 0);
	for (uint32_t i = 0; i < CHUNKS; i++) {
		for (size_t j = 0; j < STREAMS; j++) {
			assert_int_equal(caller_receive(scene.client, tickets[j], &scene.arena, &number), 0);
			assert_int_equal(number, i);
		}
	}
	for (size_t i = 0; i < STREAMS; i++)
		assert_int_equal(caller_end(scene.client, tickets[i], &scene.arena).status, RPC_OK);
}

/* Nobody takes what comes: the writer stops at its credit, and goes on when there is more. */
static void a_reader_that_stops_stops_the_writer(void **state) {
	enum { CHUNKS = 1000 };
	SCENE(scene);
	uint64_t ticket = caller_order(scene.client, CHUNKS, 1000, 0);
	unsigned stopped;
	uint32_t number;

	(void)state;
	expect_echo(&scene);
	tiny_wait_streamed(scene.server, RPC_WINDOW_MIN / 1000);
	for (int i = 0; i < 50; i++)
		expect_echo(&scene);
	stopped = atomic_load(&scene.server->streamed);
	assert_in_range(stopped, RPC_WINDOW_MIN / 1000, RPC_WINDOW_MIN / 1000 + 1);
	for (uint32_t i = 0; i < CHUNKS; i++) {
		assert_int_equal(caller_receive(scene.client, ticket, &scene.arena, &number), 0);
		assert_int_equal(number, i);
	}
	assert_int_equal(caller_end(scene.client, ticket, &scene.arena).status, RPC_OK);
}

static void what_is_larger_than_the_server_takes_stays_here(void **state) {
	SCENE(scene);
	uint64_t ticket = caller_begin(scene.client, "Line/Upload", 0);

	(void)state;
	assert_int_equal(caller_send(scene.client, ticket, 1, RPC_PAYLOAD_MAX), -EMSGSIZE);
	assert_int_equal(caller_send(scene.client, ticket, 1, RPC_PAYLOAD_MAX - 8), 0);
	assert_int_equal(caller_send(scene.client, ticket, 2, 16), 0);
	assert_int_equal(rpc_client_half_close(scene.client, ticket), 0);
	assert_int_equal(caller_end(scene.client, ticket, &scene.arena).status, RPC_OK);
}

static void a_stream_that_is_called_off_ends_its_handler(void **state) {
	SCENE(scene);
	uint64_t down = caller_order(scene.client, 1000000, CHUNK, 0);
	uint64_t up = caller_begin(scene.client, "Line/Upload", 0);
	uint32_t number;

	(void)state;
	assert_int_equal(caller_receive(scene.client, down, &scene.arena, &number), 0);
	assert_int_equal(caller_send(scene.client, up, 0, CHUNK), 0);
	rpc_client_cancel(scene.client, down);
	rpc_client_cancel(scene.client, up);
	tiny_wait_no_stream(scene.server);
	assert_int_equal(atomic_load(&scene.server->cut_short), 2);
	expect_echo(&scene);
}

/* What was under way of them has used up credit of the connection, and is given back. */
static void streams_that_are_called_off_cost_the_others_nothing(void **state) {
	enum { STREAMS = 200, CHUNKS = 500 };
	SCENE(scene);
	uint64_t ticket;
	uint32_t number;

	(void)state;
	for (int i = 0; i < STREAMS; i++) {
		ticket = caller_order(scene.client, 1000000, CHUNK, 0);
		assert_int_equal(caller_receive(scene.client, ticket, &scene.arena, &number), 0);
		rpc_client_cancel(scene.client, ticket);
		/* One that has not ended yet counts against what a caller may have. */
		tiny_wait_no_stream(scene.server);
	}
	ticket = caller_order(scene.client, CHUNKS, CHUNK, 5000);
	for (uint32_t i = 0; i < CHUNKS; i++)
		assert_int_equal(caller_receive(scene.client, ticket, &scene.arena, &number), 0);
	assert_int_equal(caller_receive(scene.client, ticket, &scene.arena, &number), RPC_CLIENT_ENDED);
	assert_int_equal(caller_end(scene.client, ticket, &scene.arena).status, RPC_OK);
}

static void a_stream_ends_at_its_deadline(void **state) {
	SCENE(scene);
	uint64_t started = clock_monotonic_ms();
	uint64_t ticket = caller_begin(scene.client, "Line/Converse", 300);
	uint32_t number;

	(void)state;
	assert_int_equal(caller_send(scene.client, ticket, 0, CHUNK), 0);
	assert_int_equal(caller_receive(scene.client, ticket, &scene.arena, &number), 0);
	assert_int_equal(caller_receive(scene.client, ticket, &scene.arena, &number), RPC_CLIENT_ENDED);
	assert_int_equal(caller_end(scene.client, ticket, &scene.arena).status, RPC_DEADLINE_EXCEEDED);
	assert_in_range(clock_monotonic_ms() - started, 300, 800);
	tiny_wait_no_stream(scene.server);
	assert_int_equal(atomic_load(&scene.server->cut_short), 1);
}

static void a_caller_that_leaves_ends_its_streams(void **state) {
	SCENE(scene);
	uint64_t ticket = caller_order(scene.client, 1000000, CHUNK, 0);
	uint32_t number;

	(void)state;
	assert_int_equal(caller_receive(scene.client, ticket, &scene.arena, &number), 0);
	rpc_client_closep(&scene.client);
	tiny_wait_no_stream(scene.server);
	assert_int_equal(atomic_load(&scene.server->cut_short), 1);
}

/* It is not repeated: nobody knows what of it was done. */
static void a_server_that_goes_ends_the_stream(void **state) {
	SCENE(scene);
	uint64_t ticket = caller_order(scene.client, 1000000, CHUNK, 0);
	uint32_t number;
	int r;

	(void)state;
	assert_int_equal(caller_receive(scene.client, ticket, &scene.arena, &number), 0);
	scene_restart(&scene);
	while ((r = caller_receive(scene.client, ticket, &scene.arena, &number)) == 0)
		;
	assert_int_equal(r, RPC_CLIENT_ENDED);
	assert_int_not_equal(caller_end(scene.client, ticket, &scene.arena).status, RPC_OK);
	expect_echo(&scene);
}

static void a_message_that_is_none_is_refused(void **state) {
	SCENE(scene);
	uint64_t ticket = caller_begin(scene.client, "Line/Upload", 0);
	struct flight *flight = client_find(scene.client, ticket);
	struct rpc_reply reply;

	(void)state;
	expect_echo(&scene);
	assert_return_code(
	    client_say_of(scene.client, flight, HEADER__KIND__DATA, (const uint8_t *)"\x0a\x7f", 2), 0);
	reply = caller_end(scene.client, ticket, &scene.arena);
	assert_int_equal(reply.status, RPC_INVALID_ARGUMENT);
	assert_int_equal(reply.fault->reason, FAULT__REASON__MALFORMED);
}

/* The connection is given up, and only that. */
static void who_sends_beyond_the_credit_is_shown_the_door(void **state) {
	SCENE(scene);
	uint64_t ticket = caller_begin(scene.client, "Line/Converse", 0);
	struct flight *flight = client_find(scene.client, ticket);
	static uint8_t chunk[CHUNK + 3] = { 0x0a, 0x80, 0x20 };
	struct rpc_client *other = tiny_client(scene.transport, scene.endpoint);
	struct rpc_reply reply;

	(void)state;
	expect_echo(&scene);
	for (int i = 0; i < 3 * RPC_WINDOW_MAX / CHUNK; i++)
		assert_return_code(
		    client_say_of(scene.client, flight, HEADER__KIND__DATA, chunk, sizeof(chunk)), 0);
	reply = caller_end(scene.client, ticket, &scene.arena);
	assert_int_equal(reply.status, RPC_INTERNAL);
	assert_int_equal(reply.fault->reason, FAULT__REASON__PROTOCOL);
	tiny_wait_no_stream(scene.server);
	rpc_client_close(scene.client);
	scene.client = other;
	expect_echo(&scene);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_goes_up_arrives_once_and_is_counted),
		cmocka_unit_test(an_empty_stream_is_one_too),
		cmocka_unit_test(what_comes_down_comes_in_order),
		cmocka_unit_test(both_ways_at_once_nobody_waits_for_ever),
		cmocka_unit_test(in_a_loop_of_ones_own_neither_way_waits_for_the_other),
		cmocka_unit_test(in_a_loop_of_ones_own_a_deadline_is_the_end),
		cmocka_unit_test(streams_run_beside_each_other),
		cmocka_unit_test(a_reader_that_stops_stops_the_writer),
		cmocka_unit_test(what_is_larger_than_the_server_takes_stays_here),
		cmocka_unit_test(a_stream_that_is_called_off_ends_its_handler),
		cmocka_unit_test(streams_that_are_called_off_cost_the_others_nothing),
		cmocka_unit_test(a_stream_ends_at_its_deadline),
		cmocka_unit_test(a_caller_that_leaves_ends_its_streams),
		cmocka_unit_test(a_server_that_goes_ends_the_stream),
		cmocka_unit_test(a_message_that_is_none_is_refused),
		cmocka_unit_test(who_sends_beyond_the_credit_is_shown_the_door),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
