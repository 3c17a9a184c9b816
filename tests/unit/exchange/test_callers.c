/* SPDX-License-Identifier: MIT */
/* What the callers of one service leave each other; the service is a process of its own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>

#include "common/base/clock.h"
#include "common/base/file.h"
#include "tests/unit/exchange/house.h"
#include "tests/unit/rpc/caller.h"
#include "tests/unit/rpc/tiny.h"

#define DISTRICT "H51.15"

enum { LONG_MS = 20000 };

struct scene {
	struct house house;
	struct rpc_client *first; /* both are processes of the office */
	struct rpc_client *second;
};

static void scene_open(struct scene *scene) {
	char endpoint[NODE_ENDPOINT_SIZE];

	house_open(&scene->house, DISTRICT, "", NULL);
	house_start(&scene->house, HOUSE_STAFFING);
	node_endpoint(&scene->house.node, "staffing", endpoint);
	scene->first = tiny_client(scene->house.transport, endpoint);
	scene->second = tiny_client(scene->house.transport, endpoint);
}

static void scene_close(struct scene *scene) {
	rpc_client_closep(&scene->first);
	rpc_client_closep(&scene->second);
	house_close(&scene->house);
}

#define SCENE(name)                                                                                \
	AUTO(scene_close) struct scene name;                                                           \
	scene_open(&name)

static void streams_of_one_caller_leave_room_for_another(void **state) {
	enum { STREAMS = 40 };
	SCENE(scene);
	struct arena *arena = &scene.house.arena;
	uint64_t ticket;

	(void)state;
	for (int i = 0; i < STREAMS; i++)
		(void)caller_begin(scene.first, "Line/Upload", LONG_MS);
	/* Asked after them on the same connection: they all were looked at. */
	assert_int_equal(caller_call(scene.first, "Node/State", LONG_MS, arena), RPC_OK);
	ticket = caller_begin(scene.second, "Line/Upload", LONG_MS);
	assert_int_equal(caller_send(scene.second, ticket, 0, 1000), 0);
	assert_int_equal(rpc_client_half_close(scene.second, ticket), 0);
	assert_int_equal(caller_end(scene.second, ticket, arena).status, RPC_OK);
}

static enum rpc_status upload(struct scene *scene) {
	uint64_t ticket = caller_begin(scene->first, "Line/Upload", LONG_MS);

	if (caller_send(scene->first, ticket, 0, 1000) == 0)
		(void)rpc_client_half_close(scene->first, ticket);
	return caller_end(scene->first, ticket, &scene->house.arena).status;
}

/* As soon as its handler has heard so, which may take a while. */
static void a_stream_called_off_makes_room_for_the_next(void **state) {
	SCENE(scene);

	(void)state;
	for (int i = 0; i < 100; i++) {
		uint64_t until_ms = clock_monotonic_ms() + LONG_MS;
		uint64_t ticket = caller_begin(scene.first, "Line/Upload", LONG_MS);
		enum rpc_status status;

		rpc_client_cancel(scene.first, ticket);
		while ((status = upload(&scene)) == RPC_RESOURCE_EXHAUSTED)
			assert_in_range(clock_monotonic_ms(), 0, until_ms);
		assert_int_equal(status, RPC_OK);
	}
}

static void expect_added(struct rpc_reply reply, unsigned added) {
	assert_int_equal(reply.status, RPC_OK);
	assert_int_equal(((const RecordReply *)reply.message)->added, added);
}

static void a_key_that_comes_with_another_request_is_refused(void **state) {
	static const uint8_t key[16] = { 4, 7, 1, 1 };
	static const uint8_t other_key[16] = { 4, 7, 1, 2 };
	SCENE(scene);
	struct house *house = &scene.house;
	struct rpc_reply reply;

	(void)state;
	expect_added(house_record_training_by(house, scene.first, 1, key), 1);
	/* The answer that was kept. */
	expect_added(house_record_training_by(house, scene.first, 1, key), 1);
	reply = house_record_training_by(house, scene.first, 2, key);
	assert_int_equal(reply.status, RPC_INVALID_ARGUMENT);
	assert_int_equal(reply.fault->reason, FAULT__REASON__KEY_REUSED);
	expect_added(house_record_training_by(house, scene.first, 2, other_key), 1);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(streams_of_one_caller_leave_room_for_another),
		cmocka_unit_test(a_stream_called_off_makes_room_for_the_next),
		cmocka_unit_test(a_key_that_comes_with_another_request_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
