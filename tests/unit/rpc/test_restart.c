/* SPDX-License-Identifier: MIT */
/* Servers that go and come: what happens to the calls in flight. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "common/base/file.h"
#include "tests/unit/rpc/caller.h"
#include "tests/unit/rpc/scene.h"

static void calls_in_flight_survive_a_restart(void **state) {
	enum { CALLS = 20 };
	SCENE_ALONE(scene);
	ApplyEventsRequest message = APPLY_EVENTS_REQUEST__INIT;
	static const uint8_t key[16] = { 42 };
	struct rpc_request write = {
		.method = "Replica/ApplyEvents",
		.message = &message.base,
		.key = key,
	};
	uint64_t tickets[CALLS];
	struct rpc_reply reply;
	uint64_t started;

	(void)state;
	scene.server = tiny_start(scene.endpoint);
	assert_int_equal(caller_call(scene.client, "Replica/Marks", 0, &scene.arena), RPC_OK);
	tiny_behave(scene.server, TINY_KEEPS);
	for (int i = 1; i < CALLS; i++)
		tickets[i] = caller_begin(scene.client, "Replica/Marks", 20000);
	assert_return_code(rpc_client_begin(scene.client, &write, &tickets[0]), 0);
	tiny_wait_kept(scene.server, CALLS);
	scene_restart(&scene);
	started = clock_monotonic_ms();
	reply = caller_end(scene.client, tickets[0], &scene.arena);
	assert_int_equal(reply.status, RPC_OK);
	assert_int_equal(((ApplyEventsReply *)reply.message)->held, 42);
	for (int i = 1; i < CALLS; i++)
		assert_int_equal(caller_end(scene.client, tickets[i], &scene.arena).status, RPC_OK);
	assert_in_range(clock_monotonic_ms() - started, 0, 1500);
	assert_int_equal(atomic_load(&scene.server->served), CALLS);
}

static void a_call_that_must_not_be_repeated_ends_with_its_server(void **state) {
	SCENE_ALONE(scene);
	uint64_t started = clock_monotonic_ms();
	struct rpc_reply reply;
	uint64_t ticket;

	(void)state;
	scene.server = tiny_start(scene.endpoint);
	assert_int_equal(caller_call(scene.client, "Exchange/Marks", 0, &scene.arena), RPC_OK);
	tiny_behave(scene.server, TINY_KEEPS);
	ticket = caller_begin(scene.client, "Exchange/Marks", 60000);
	tiny_wait_kept(scene.server, 1);
	scene_restart(&scene);
	reply = caller_end(scene.client, ticket, &scene.arena);
	assert_int_equal(reply.status, RPC_UNAVAILABLE);
	assert_int_equal(reply.fault->reason, FAULT__REASON__SERVICE_DOWN);
	assert_in_range(clock_monotonic_ms() - started, 0, 5000);
	assert_int_equal(caller_call(scene.client, "Exchange/Marks", 0, &scene.arena), RPC_OK);
	assert_int_equal(atomic_load(&scene.server->served), 1);
}

/* A server that is told to stop first ends what it was asked. */
static void calls_in_hand_are_answered_before_the_server_goes(void **state) {
	enum { CALLS = 10 };
	SCENE_ALONE(scene);
	uint64_t tickets[CALLS];

	(void)state;
	scene.server = tiny_start(scene.endpoint);
	assert_int_equal(caller_call(scene.client, "Exchange/Marks", 0, &scene.arena), RPC_OK);
	tiny_behave(scene.server, TINY_KEEPS);
	for (size_t i = 0; i < CALLS; i++)
		tickets[i] = caller_begin(scene.client, "Exchange/Marks", 20000);
	tiny_wait_kept(scene.server, CALLS);
	tiny_leave(scene.server);
	tiny_behave(scene.server, TINY_ANSWERS);
	tiny_wait_answered(scene.server);
	/* What is begun now waits for the server that comes after this one. */
	for (size_t i = 0; i < CALLS; i++)
		assert_int_equal(caller_end(scene.client, tickets[i], &scene.arena).status, RPC_OK);
	tickets[0] = caller_begin(scene.client, "Exchange/Marks", 20000);
	scene_restart(&scene);
	assert_int_equal(caller_end(scene.client, tickets[0], &scene.arena).status, RPC_OK);
	assert_int_equal(atomic_load(&scene.server->served), 1);
}

static void a_call_that_was_given_up_is_never_done_later(void **state) {
	SCENE_ALONE(scene);

	(void)state;
	for (int i = 0; i < 5; i++)
		assert_int_equal(
		    caller_call(scene.client, "Replica/Marks", 50, &scene.arena), RPC_UNAVAILABLE);
	scene.server = tiny_start(scene.endpoint);
	assert_int_equal(caller_call(scene.client, "Replica/Marks", 10000, &scene.arena), RPC_OK);
	assert_int_equal(atomic_load(&scene.server->served), 1);
}

static void a_call_waits_for_a_server_that_comes_late(void **state) {
	SCENE_ALONE(scene);
	uint64_t ticket = caller_begin(scene.client, "Exchange/Marks", 10000);

	(void)state;
	scene.server = tiny_start(scene.endpoint);
	assert_int_equal(caller_end(scene.client, ticket, &scene.arena).status, RPC_OK);
}

/* Nor does it keep the client busy until its ticket is ended. */
static void a_call_that_came_too_late_to_be_sent_costs_nothing(void **state) {
	SCENE_ALONE(scene);
	uint64_t late = caller_begin(scene.client, "Replica/Marks", 1);
	struct timespec before;
	struct timespec after;
	uint64_t ticket;

	(void)state;
	scene.server = tiny_start(scene.endpoint);
	tiny_behave(scene.server, TINY_KEEPS);
	ticket = caller_begin(scene.client, "Replica/Marks", 1000);
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &before);
	assert_int_equal(caller_end(scene.client, ticket, &scene.arena).status, RPC_DEADLINE_EXCEEDED);
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &after);
	assert_int_equal(caller_end(scene.client, late, &scene.arena).status, RPC_UNAVAILABLE);
	assert_in_range(
	    (after.tv_sec - before.tv_sec) * 1000 + (after.tv_nsec - before.tv_nsec) / 1000000, 0, 300);
}

/* A server that is killed in the middle of a handshake: it accepts and goes. */
static void hang_up_once(const char *path) {
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	AUTO(file_descriptor_close) int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct pollfd poller = { .fd = listener, .events = POLLIN };

	snprintf(address.sun_path, sizeof(address.sun_path), "%.100s", path);
	assert_return_code(bind(listener, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_return_code(listen(listener, 1), 0);
	assert_int_equal(poll(&poller, 1, 5000), 1);
	close(accept(listener, NULL, NULL));
	unlink(path);
}

static void a_handshake_broken_off_is_no_refusal(void **state) {
	SCENE_ALONE(scene);

	(void)state;
	hang_up_once(scene.endpoint + strlen("ipc://"));
	assert_int_equal(
	    caller_call(scene.client, "Replica/Marks", 200, &scene.arena), RPC_UNAVAILABLE);
	scene.server = tiny_start(scene.endpoint);
	assert_int_equal(caller_call(scene.client, "Replica/Marks", 10000, &scene.arena), RPC_OK);
}

static void twenty_restarts_lose_no_call(void **state) {
	SCENE_ALONE(scene);

	(void)state;
	for (int i = 0; i < 20; i++) {
		uint64_t tickets[8];

		for (size_t j = 0; j < LENGTH_OF(tickets); j++)
			tickets[j] = caller_begin(scene.client, "Replica/Marks", 20000);
		scene_restart(&scene);
		for (size_t j = 0; j < LENGTH_OF(tickets); j++)
			assert_int_equal(caller_end(scene.client, tickets[j], &scene.arena).status, RPC_OK);
	}
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(calls_in_flight_survive_a_restart),
		cmocka_unit_test(calls_in_hand_are_answered_before_the_server_goes),
		cmocka_unit_test(a_call_that_must_not_be_repeated_ends_with_its_server),
		cmocka_unit_test(a_call_that_was_given_up_is_never_done_later),
		cmocka_unit_test(a_call_that_came_too_late_to_be_sent_costs_nothing),
		cmocka_unit_test(a_call_waits_for_a_server_that_comes_late),
		cmocka_unit_test(a_handshake_broken_off_is_no_refusal),
		cmocka_unit_test(twenty_restarts_lose_no_call),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
