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
#include <zmq.h>

#include "common/base/clock.h"
#include "common/base/file.h"
#include "common/rpc/client_internal.h"
#include "tests/harness/folder.h"
#include "tests/unit/rpc/tiny.h"
#include "tests/unit/rpc/wire.h"

struct scene {
	struct folder folder;
	char endpoint[TINY_ENDPOINT_SIZE];
	struct tiny *server; /* null until it is started */
	struct rpc_transport *transport;
	struct rpc_client *client;
	struct arena arena;
};

static void scene_open(struct scene *scene) {
	scene->folder = folder_new();
	snprintf(scene->endpoint, sizeof(scene->endpoint), "ipc://%s/tiny", scene->folder.path);
	scene->server = NULL;
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

static uint64_t begin(struct scene *scene, const char *method, uint32_t deadline_ms) {
	MarksRequest message = MARKS_REQUEST__INIT;
	struct rpc_request request = tiny_ask(&message, method, deadline_ms);
	uint64_t ticket;

	message.service = (char *)(uintptr_t)method;
	assert_return_code(rpc_client_begin(scene->client, &request, &ticket), 0);
	return ticket;
}

static struct rpc_reply end(struct scene *scene, uint64_t ticket) {
	struct rpc_reply reply;

	assert_return_code(rpc_client_end(scene->client, ticket, &scene->arena, &reply), 0);
	return reply;
}

static enum rpc_status call(struct scene *scene, const char *method, uint32_t deadline_ms) {
	return end(scene, begin(scene, method, deadline_ms)).status;
}

static void start_again(struct scene *scene) {
	tiny_stopp(&scene->server);
	scene->server = tiny_start(scene->endpoint);
}

static void calls_in_flight_survive_a_restart(void **state) {
	enum { CALLS = 20 };
	SCENE(scene);
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
	assert_int_equal(call(&scene, "Replica/Marks", 0), RPC_OK);
	tiny_behave(scene.server, TINY_KEEPS);
	for (int i = 1; i < CALLS; i++)
		tickets[i] = begin(&scene, "Replica/Marks", 20000);
	assert_return_code(rpc_client_begin(scene.client, &write, &tickets[0]), 0);
	tiny_wait_kept(scene.server, CALLS);
	start_again(&scene);
	started = clock_monotonic_ms();
	reply = end(&scene, tickets[0]);
	assert_int_equal(reply.status, RPC_OK);
	assert_int_equal(((ApplyEventsReply *)reply.message)->held, 42);
	for (int i = 1; i < CALLS; i++)
		assert_int_equal(end(&scene, tickets[i]).status, RPC_OK);
	assert_in_range(clock_monotonic_ms() - started, 0, 1500);
	assert_int_equal(atomic_load(&scene.server->served), CALLS);
}

static void a_call_that_must_not_be_repeated_ends_with_its_server(void **state) {
	SCENE(scene);
	uint64_t started = clock_monotonic_ms();
	struct rpc_reply reply;
	uint64_t ticket;

	(void)state;
	scene.server = tiny_start(scene.endpoint);
	assert_int_equal(call(&scene, "Exchange/Marks", 0), RPC_OK);
	tiny_behave(scene.server, TINY_KEEPS);
	ticket = begin(&scene, "Exchange/Marks", 60000);
	tiny_wait_kept(scene.server, 1);
	start_again(&scene);
	reply = end(&scene, ticket);
	assert_int_equal(reply.status, RPC_UNAVAILABLE);
	assert_int_equal(reply.fault->reason, FAULT__REASON__SERVICE_DOWN);
	assert_in_range(clock_monotonic_ms() - started, 0, 5000);
	assert_int_equal(call(&scene, "Exchange/Marks", 0), RPC_OK);
	assert_int_equal(atomic_load(&scene.server->served), 1);
}

/* A server that is told to stop first ends what it was asked. */
static void calls_in_hand_are_answered_before_the_server_goes(void **state) {
	enum { CALLS = 10 };
	SCENE(scene);
	uint64_t tickets[CALLS];

	(void)state;
	scene.server = tiny_start(scene.endpoint);
	assert_int_equal(call(&scene, "Exchange/Marks", 0), RPC_OK);
	tiny_behave(scene.server, TINY_KEEPS);
	for (size_t i = 0; i < CALLS; i++)
		tickets[i] = begin(&scene, "Exchange/Marks", 20000);
	tiny_wait_kept(scene.server, CALLS);
	tiny_leave(scene.server);
	tiny_behave(scene.server, TINY_ANSWERS);
	tiny_wait_answered(scene.server);
	/* What is begun now waits for the server that comes after this one. */
	for (size_t i = 0; i < CALLS; i++)
		assert_int_equal(end(&scene, tickets[i]).status, RPC_OK);
	tickets[0] = begin(&scene, "Exchange/Marks", 20000);
	start_again(&scene);
	assert_int_equal(end(&scene, tickets[0]).status, RPC_OK);
	assert_int_equal(atomic_load(&scene.server->served), 1);
}

/* Even if the caller looks only when the connection is gone, too. */
static void answers_that_arrived_outlive_their_connection(void **state) {
	enum { CALLS = 10 };
	SCENE(scene);
	uint64_t tickets[CALLS];

	(void)state;
	scene.server = tiny_start(scene.endpoint);
	assert_int_equal(call(&scene, "Exchange/Marks", 0), RPC_OK);
	tiny_behave(scene.server, TINY_KEEPS);
	for (size_t i = 0; i < CALLS; i++)
		tickets[i] = begin(&scene, "Exchange/Marks", 20000);
	tiny_wait_kept(scene.server, CALLS);
	tiny_behave(scene.server, TINY_ANSWERS);
	tiny_wait_answered(scene.server);
	tiny_stopp(&scene.server);
	for (size_t i = 0; i < CALLS; i++)
		assert_int_equal(end(&scene, tickets[i]).status, RPC_OK);
}

static void a_call_that_was_given_up_is_never_done_later(void **state) {
	SCENE(scene);

	(void)state;
	for (int i = 0; i < 5; i++)
		assert_int_equal(call(&scene, "Replica/Marks", 50), RPC_UNAVAILABLE);
	scene.server = tiny_start(scene.endpoint);
	assert_int_equal(call(&scene, "Replica/Marks", 10000), RPC_OK);
	assert_int_equal(atomic_load(&scene.server->served), 1);
}

static void a_call_waits_for_a_server_that_comes_late(void **state) {
	SCENE(scene);
	uint64_t ticket = begin(&scene, "Exchange/Marks", 10000);

	(void)state;
	scene.server = tiny_start(scene.endpoint);
	assert_int_equal(end(&scene, ticket).status, RPC_OK);
}

/* Nor does it keep the client busy until its ticket is ended. */
static void a_call_that_came_too_late_to_be_sent_costs_nothing(void **state) {
	SCENE(scene);
	uint64_t late = begin(&scene, "Replica/Marks", 1);
	struct timespec before;
	struct timespec after;
	uint64_t ticket;

	(void)state;
	scene.server = tiny_start(scene.endpoint);
	tiny_behave(scene.server, TINY_KEEPS);
	ticket = begin(&scene, "Replica/Marks", 1000);
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &before);
	assert_int_equal(end(&scene, ticket).status, RPC_DEADLINE_EXCEEDED);
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &after);
	assert_int_equal(end(&scene, late).status, RPC_UNAVAILABLE);
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
	SCENE(scene);

	(void)state;
	hang_up_once(scene.endpoint + strlen("ipc://"));
	assert_int_equal(call(&scene, "Replica/Marks", 200), RPC_UNAVAILABLE);
	scene.server = tiny_start(scene.endpoint);
	assert_int_equal(call(&scene, "Replica/Marks", 10000), RPC_OK);
}

/* A server whose every word is ours: how it was greeted, and what it answers. */
static bool is_greeted(struct rpc_client *client, void *server, uint64_t until_ms) {
	zmq_pollitem_t item = { .socket = server, .events = ZMQ_POLLIN };

	while (clock_monotonic_ms() < until_ms) {
		assert_return_code(client_wait(client, clock_monotonic_ms() + 10), 0);
		if (zmq_poll(&item, 1, 0) > 0)
			return true;
	}
	return false;
}

static void turn_away(struct scene *scene, void *server, Goodbye__Reason reason, uint32_t wait_ms) {
	Header header = HEADER__INIT;
	Goodbye goodbye = GOODBYE__INIT;
	uint8_t payload[32];
	uint8_t routing[16];
	int size = zmq_recv(server, routing, sizeof(routing), 0);

	assert_int_equal(
	    wire_pull(server, &scene->arena, NULL, NULL)->headers[0]->kind, HEADER__KIND__HELLO);
	header.kind = HEADER__KIND__GOAWAY;
	goodbye.reason = reason;
	goodbye.retry_after_ms = wait_ms;
	assert_return_code(zmq_send(server, routing, (size_t)size, ZMQ_SNDMORE), 0);
	wire_push(server, &header, payload, goodbye__pack(&goodbye, payload));
	/* As to a call that was on its way meanwhile. */
	goodbye.reason = GOODBYE__REASON__NOT_INTRODUCED;
	goodbye.retry_after_ms = 0;
	assert_return_code(zmq_send(server, routing, (size_t)size, ZMQ_SNDMORE), 0);
	wire_push(server, &header, payload, goodbye__pack(&goodbye, payload));
}

static void a_full_server_is_left_alone_as_long_as_it_asks(void **state) {
	static const int no_linger = 0;
	SCENE(scene);
	void *context = zmq_ctx_new();
	void *server = zmq_socket(context, ZMQ_ROUTER);
	uint64_t now;

	(void)state;
	zmq_setsockopt(server, ZMQ_LINGER, &no_linger, sizeof(no_linger));
	assert_return_code(zmq_bind(server, scene.endpoint), 0);
	assert_true(is_greeted(scene.client, server, clock_monotonic_ms() + 10000));
	now = clock_monotonic_ms();
	turn_away(&scene, server, GOODBYE__REASON__FULL, 700);
	assert_false(is_greeted(scene.client, server, now + 600));
	assert_true(is_greeted(scene.client, server, now + 10000));
	zmq_close(server);
	zmq_ctx_term(context);
}

static void twenty_restarts_lose_no_call(void **state) {
	SCENE(scene);

	(void)state;
	for (int i = 0; i < 20; i++) {
		uint64_t tickets[8];

		for (size_t j = 0; j < LENGTH_OF(tickets); j++)
			tickets[j] = begin(&scene, "Replica/Marks", 20000);
		start_again(&scene);
		for (size_t j = 0; j < LENGTH_OF(tickets); j++)
			assert_int_equal(end(&scene, tickets[j]).status, RPC_OK);
	}
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(calls_in_flight_survive_a_restart),
		cmocka_unit_test(calls_in_hand_are_answered_before_the_server_goes),
		cmocka_unit_test(answers_that_arrived_outlive_their_connection),
		cmocka_unit_test(a_call_that_must_not_be_repeated_ends_with_its_server),
		cmocka_unit_test(a_call_that_was_given_up_is_never_done_later),
		cmocka_unit_test(a_call_that_came_too_late_to_be_sent_costs_nothing),
		cmocka_unit_test(a_call_waits_for_a_server_that_comes_late),
		cmocka_unit_test(a_handshake_broken_off_is_no_refusal),
		cmocka_unit_test(a_full_server_is_left_alone_as_long_as_it_asks),
		cmocka_unit_test(twenty_restarts_lose_no_call),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
