/* SPDX-License-Identifier: MIT */
/* Calls that are made again, and those that are not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/base/file.h"
#include "common/rpc/client_internal.h"
#include "tests/harness/folder.h"
#include "tests/unit/rpc/tiny.h"

struct scene {
	struct folder folder;
	char endpoint[TINY_ENDPOINT_SIZE];
	struct tiny *server;
	struct rpc_transport *transport;
	struct rpc_client *client;
	struct arena arena;
};

static void scene_open(struct scene *scene) {
	scene->folder = folder_new();
	snprintf(scene->endpoint, sizeof(scene->endpoint), "ipc://%s/tiny", scene->folder.path);
	scene->server = tiny_start(scene->endpoint);
	assert_return_code(rpc_transport_open(&office_contract, &scene->transport), 0);
	scene->client = tiny_client(scene->transport, scene->endpoint);
	arena_init(&scene->arena, (size_t)64 << 20);
}

static void scene_close(struct scene *scene) {
	arena_deinit(&scene->arena);
	rpc_client_closep(&scene->client);
	rpc_transport_closep(&scene->transport);
	tiny_stopp(&scene->server);
	folder_remove(&scene->folder);
}

#define SCENE(name)                                                                                \
	AUTO(scene_close) struct scene name;                                                           \
	scene_open(&name)

static enum rpc_status call(struct scene *scene, const char *method, uint32_t deadline_ms) {
	MarksRequest message = MARKS_REQUEST__INIT;
	struct rpc_request request = tiny_ask(&message, method, deadline_ms);
	struct rpc_reply reply;

	arena_reset(&scene->arena);
	assert_return_code(rpc_client_call(scene->client, &request, &scene->arena, &reply), 0);
	return reply.status;
}

static void refuse(struct scene *scene, unsigned times, enum rpc_status status, unsigned ms) {
	atomic_store(&scene->server->refuse_as, (unsigned)status);
	atomic_store(&scene->server->come_back_ms, ms);
	atomic_store(&scene->server->refused, times);
}

static unsigned attempts_made(struct scene *scene, unsigned refused) {
	return refused - atomic_load(&scene->server->refused);
}

static void a_call_that_is_refused_for_a_while_is_made_again(void **state) {
	SCENE(scene);
	uint64_t started = clock_monotonic_ms();

	(void)state;
	refuse(&scene, 2, RPC_UNAVAILABLE, 0);
	assert_int_equal(call(&scene, "Replica/Marks", 10000), RPC_OK);
	/* 100 ms, then 200, a fifth more or less. */
	assert_in_range(clock_monotonic_ms() - started, 240, 1500);
}

static void it_comes_back_when_it_was_told_to(void **state) {
	SCENE(scene);
	uint64_t started;

	(void)state;
	assert_int_equal(call(&scene, "Replica/Marks", 0), RPC_OK);
	refuse(&scene, 1, RPC_RESOURCE_EXHAUSTED, 700);
	started = clock_monotonic_ms();
	assert_int_equal(call(&scene, "Replica/Marks", 10000), RPC_OK);
	assert_in_range(clock_monotonic_ms() - started, 700, 1500);
}

static void five_attempts_are_enough(void **state) {
	SCENE(scene);

	(void)state;
	refuse(&scene, 100, RPC_UNAVAILABLE, 1);
	assert_int_equal(call(&scene, "Replica/Marks", 20000), RPC_UNAVAILABLE);
	assert_int_equal(attempts_made(&scene, 100), 5);
}

static void what_is_not_safe_is_tried_once(void **state) {
	SCENE(scene);

	(void)state;
	refuse(&scene, 100, RPC_UNAVAILABLE, 1);
	assert_int_equal(call(&scene, "Exchange/Marks", 5000), RPC_UNAVAILABLE);
	assert_int_equal(attempts_made(&scene, 100), 1);
}

static void what_will_not_change_is_not_asked_again(void **state) {
	static const enum rpc_status final[] = { RPC_INVALID_ARGUMENT, RPC_NOT_FOUND, RPC_ABORTED,
		RPC_FAILED_PRECONDITION, RPC_INTERNAL, RPC_PERMISSION_DENIED, RPC_RESOURCE_EXHAUSTED };
	SCENE(scene);

	(void)state;
	for (size_t i = 0; i < LENGTH_OF(final); i++) {
		refuse(&scene, 100, final[i], 0);
		assert_int_equal(call(&scene, "Replica/Marks", 5000), final[i]);
		assert_int_equal(attempts_made(&scene, 100), 1);
	}
}

/* A server in trouble is not asked more and more: of ten failures half may cause further calls. */
static void after_many_refusals_nothing_is_made_again(void **state) {
	SCENE(scene);
	unsigned before;

	(void)state;
	refuse(&scene, 1000, RPC_UNAVAILABLE, 1);
	assert_int_equal(call(&scene, "Replica/Marks", 20000), RPC_UNAVAILABLE);
	before = attempts_made(&scene, 1000);
	assert_int_equal(before, 5);
	assert_int_equal(call(&scene, "Replica/Marks", 20000), RPC_UNAVAILABLE);
	assert_int_equal(attempts_made(&scene, 1000), before + 1);
	/* What succeeds earns the right back, a tenth each. */
	atomic_store(&scene.server->refused, 0);
	for (int i = 0; i < 10 * RPC_RETRY_TOKENS; i++)
		assert_int_equal(call(&scene, "Replica/Marks", 0), RPC_OK);
	refuse(&scene, 2, RPC_UNAVAILABLE, 1);
	assert_int_equal(call(&scene, "Replica/Marks", 0), RPC_OK);
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
	MarksRequest message = MARKS_REQUEST__INIT;
	struct rpc_request request = tiny_ask(&message, "Replica/Marks", 10000);
	uint64_t tickets[RPC_IN_FLIGHT_MAX];
	struct rpc_reply reply;

	(void)state;
	assert_int_equal(call(&scene, "Replica/Marks", 0), RPC_OK);
	scene.client->calls_max = 3;
	tiny_behave(scene.server, TINY_KEEPS);
	for (size_t i = 0; i < LENGTH_OF(tickets); i++)
		assert_return_code(rpc_client_begin(scene.client, &request, &tickets[i]), 0);
	tiny_wait_kept(scene.server, 3);
	assert_int_equal(atomic_load(&scene.server->kept_count), 3);
	tiny_behave(scene.server, TINY_ANSWERS);
	for (size_t i = 0; i < LENGTH_OF(tickets); i++) {
		assert_return_code(rpc_client_end(scene.client, tickets[i], &scene.arena, &reply), 0);
		assert_int_equal(reply.status, RPC_OK);
	}
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
