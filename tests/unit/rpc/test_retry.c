/* SPDX-License-Identifier: MIT */
/* Calls that are made again, and those that are not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/base/clock.h"
#include "common/base/file.h"
#include "tests/unit/rpc/caller.h"
#include "tests/unit/rpc/scene.h"

static unsigned attempts_made(struct scene *scene, unsigned refused) {
	return refused - atomic_load(&scene->server->refused);
}

static void a_call_that_is_refused_for_a_while_is_made_again(void **state) {
	SCENE(scene);
	uint64_t started = clock_monotonic_ms();

	(void)state;
	scene_refuse(&scene, 2, RPC_UNAVAILABLE, 0);
	assert_int_equal(caller_call(scene.client, "Replica/Marks", 10000, &scene.arena), RPC_OK);
	/* 100 ms, then 200, a fifth more or less. */
	assert_in_range(clock_monotonic_ms() - started, 240, 1500);
}

static void it_comes_back_when_it_was_told_to(void **state) {
	SCENE(scene);
	uint64_t started;

	(void)state;
	assert_int_equal(caller_call(scene.client, "Replica/Marks", 0, &scene.arena), RPC_OK);
	scene_refuse(&scene, 1, RPC_RESOURCE_EXHAUSTED, 700);
	started = clock_monotonic_ms();
	assert_int_equal(caller_call(scene.client, "Replica/Marks", 10000, &scene.arena), RPC_OK);
	assert_in_range(clock_monotonic_ms() - started, 700, 1500);
}

static void five_attempts_are_enough(void **state) {
	SCENE(scene);

	(void)state;
	scene_refuse(&scene, 100, RPC_UNAVAILABLE, 1);
	assert_int_equal(
	    caller_call(scene.client, "Replica/Marks", 20000, &scene.arena), RPC_UNAVAILABLE);
	assert_int_equal(attempts_made(&scene, 100), 5);
}

static void what_is_not_safe_is_tried_once(void **state) {
	SCENE(scene);

	(void)state;
	scene_refuse(&scene, 100, RPC_UNAVAILABLE, 1);
	assert_int_equal(
	    caller_call(scene.client, "Exchange/Marks", 5000, &scene.arena), RPC_UNAVAILABLE);
	assert_int_equal(attempts_made(&scene, 100), 1);
}

static void what_will_not_change_is_not_asked_again(void **state) {
	static const enum rpc_status final[] = { RPC_INVALID_ARGUMENT, RPC_NOT_FOUND, RPC_ABORTED,
		RPC_FAILED_PRECONDITION, RPC_INTERNAL, RPC_PERMISSION_DENIED, RPC_RESOURCE_EXHAUSTED };
	SCENE(scene);

	(void)state;
	for (size_t i = 0; i < LENGTH_OF(final); i++) {
		scene_refuse(&scene, 100, final[i], 0);
		assert_int_equal(caller_call(scene.client, "Replica/Marks", 5000, &scene.arena), final[i]);
		assert_int_equal(attempts_made(&scene, 100), 1);
	}
}

/* A server in trouble is not asked more and more: of ten failures half may cause further calls. */
static void after_many_refusals_nothing_is_made_again(void **state) {
	SCENE(scene);
	unsigned before;

	(void)state;
	scene_refuse(&scene, 1000, RPC_UNAVAILABLE, 1);
	assert_int_equal(
	    caller_call(scene.client, "Replica/Marks", 20000, &scene.arena), RPC_UNAVAILABLE);
	before = attempts_made(&scene, 1000);
	assert_int_equal(before, 5);
	assert_int_equal(
	    caller_call(scene.client, "Replica/Marks", 20000, &scene.arena), RPC_UNAVAILABLE);
	assert_int_equal(attempts_made(&scene, 1000), before + 1);
	/* What succeeds earns the right back, a tenth each. */
	atomic_store(&scene.server->refused, 0);
	for (int i = 0; i < 10 * RPC_RETRY_TOKENS; i++)
		assert_int_equal(caller_call(scene.client, "Replica/Marks", 0, &scene.arena), RPC_OK);
	scene_refuse(&scene, 2, RPC_UNAVAILABLE, 1);
	assert_int_equal(caller_call(scene.client, "Replica/Marks", 0, &scene.arena), RPC_OK);
}

static void a_call_waits_for_a_connection_as_long_as_it_was_told(void **state) {
	SCENE(scene);
	MarksRequest message = MARKS_REQUEST__INIT;
	struct rpc_request request = tiny_ask(&message, "Replica/Marks", 20000);
	uint64_t started = clock_monotonic_ms();
	struct rpc_reply reply;

	(void)state;
	tiny_stopp(&scene.server);
	request.ready_ms = 300;
	started = clock_monotonic_ms();
	assert_return_code(rpc_client_call(scene.client, &request, &scene.arena, &reply), 0);
	assert_int_equal(reply.status, RPC_UNAVAILABLE);
	assert_in_range(clock_monotonic_ms() - started, 300, 1500);
}

/* What a handler began ends with it. */
static void a_call_ends_with_the_call_that_caused_it(void **state) {
	SCENE(scene);
	struct rpc_call cause = { .deadline_ms = clock_monotonic_ms() + 200 };
	MarksRequest message = MARKS_REQUEST__INIT;
	struct rpc_request request = tiny_ask(&message, "Replica/Marks", 20000);
	uint64_t started = clock_monotonic_ms();
	atomic_bool stopping = false;
	struct rpc_client_options options = {
		.transport = scene.transport,
		.endpoint = scene.endpoint,
		.cancelled = &stopping,
	};
	struct rpc_client *client;
	struct rpc_reply reply;

	(void)state;
	assert_return_code(rpc_client_open(&options, &client), 0);
	tiny_behave(scene.server, TINY_KEEPS);
	request.cause = &cause;
	assert_return_code(rpc_client_call(client, &request, &scene.arena, &reply), 0);
	assert_int_equal(reply.status, RPC_CANCELLED);
	assert_in_range(clock_monotonic_ms() - started, 200, 1500);
	rpc_client_close(client);
}

static void the_calls_of_a_client_that_is_full_wait_here(void **state) {
	SCENE(scene);
	uint64_t tickets[RPC_IN_FLIGHT_MAX];

	(void)state;
	assert_int_equal(caller_call(scene.client, "Replica/Marks", 0, &scene.arena), RPC_OK);
	scene.client->calls_max = 3;
	tiny_behave(scene.server, TINY_KEEPS);
	for (size_t i = 0; i < LENGTH_OF(tickets); i++)
		tickets[i] = caller_begin(scene.client, "Replica/Marks", 10000);
	tiny_wait_kept(scene.server, 3);
	assert_int_equal(atomic_load(&scene.server->kept_count), 3);
	tiny_behave(scene.server, TINY_ANSWERS);
	for (size_t i = 0; i < LENGTH_OF(tickets); i++)
		assert_int_equal(caller_end(scene.client, tickets[i], &scene.arena).status, RPC_OK);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_call_that_is_refused_for_a_while_is_made_again),
		cmocka_unit_test(it_comes_back_when_it_was_told_to),
		cmocka_unit_test(five_attempts_are_enough),
		cmocka_unit_test(what_is_not_safe_is_tried_once),
		cmocka_unit_test(what_will_not_change_is_not_asked_again),
		cmocka_unit_test(after_many_refusals_nothing_is_made_again),
		cmocka_unit_test(a_call_waits_for_a_connection_as_long_as_it_was_told),
		cmocka_unit_test(a_call_ends_with_the_call_that_caused_it),
		cmocka_unit_test(the_calls_of_a_client_that_is_full_wait_here),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
