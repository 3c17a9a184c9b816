/* SPDX-License-Identifier: MIT */
/* Peers over tcp: whose key may knock, what a peer may call, and how much of the server it gets. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <zmq.h>

#include "common/base/clock.h"
#include "common/base/file.h"
#include "common/rpc/internal.h"
#include "tests/harness/memory.h"
#include "tests/unit/rpc/tiny.h"
#include "tests/unit/rpc/wire.h"

#define COMMUNE "H51.15.61"
#define OTHER   "H51.15.62"

struct scene {
	char endpoint[TINY_ENDPOINT_SIZE];
	struct tiny *server;
	struct rpc_transport *transport;
	struct rpc_identity commune;
	struct rpc_identity other;
	struct rpc_client *client; /* the commune's, in the keyring */
	struct arena arena;
};

static void scene_open(struct scene *scene) {
	tiny_free_endpoint(scene->endpoint);
	scene->server = tiny_start(scene->endpoint);
	assert_return_code(rpc_transport_open(&office_contract, &scene->transport), 0);
	assert_return_code(rpc_identity_make(&scene->commune), 0);
	assert_return_code(rpc_identity_make(&scene->other), 0);
	tiny_let_in(scene->server, COMMUNE, &scene->commune);
	scene->client = tiny_peer(scene->transport, scene->endpoint, &scene->commune, scene->server);
	arena_init(&scene->arena, (size_t)64 << 20);
}

static void scene_close(struct scene *scene) {
	arena_deinit(&scene->arena);
	rpc_client_closep(&scene->client);
	rpc_transport_closep(&scene->transport);
	tiny_stopp(&scene->server);
}

#define SCENE(name)                                                                                \
	AUTO(scene_close) struct scene name;                                                           \
	scene_open(&name)

static struct rpc_reply ask_within(
    struct scene *scene, struct rpc_client *client, const char *method, uint32_t deadline_ms) {
	MarksRequest message = MARKS_REQUEST__INIT;
	struct rpc_request request = tiny_ask(&message, method, deadline_ms);
	struct rpc_reply reply;

	message.service = (char *)(uintptr_t) "dossiers";
	assert_return_code(rpc_client_call(client, &request, &scene->arena, &reply), 0);
	return reply;
}

static struct rpc_reply ask(struct scene *scene, struct rpc_client *client, const char *method) {
	return ask_within(scene, client, method, 15000);
}

static void expect_served_as(struct scene *scene, struct rpc_client *client, const char *code) {
	struct rpc_reply reply = ask(scene, client, "Exchange/Marks");

	assert_int_equal(reply.status, RPC_OK);
	assert_string_equal(((MarksReply *)reply.message)->marks[1]->origin, code);
}

/* A new connection, which is refused before its call is. */
static void expect_refused_soon(struct scene *scene, const struct rpc_identity *identity) {
	struct rpc_client *client =
	    tiny_peer(scene->transport, scene->endpoint, identity, scene->server);
	uint64_t started = clock_monotonic_ms();
	unsigned served = atomic_load(&scene->server->served);

	assert_int_equal(ask(scene, client, "Exchange/Marks").status, RPC_UNAUTHENTICATED);
	assert_in_range(clock_monotonic_ms() - started, 0, 2000);
	assert_int_equal(atomic_load(&scene->server->served), served);
	rpc_client_close(client);
}

static void a_known_key_is_served_as_its_node(void **state) {
	SCENE(scene);
	struct rpc_client *client;

	(void)state;
	tiny_let_in_two(scene.server, COMMUNE, &scene.commune, OTHER, &scene.other);
	client = tiny_peer(scene.transport, scene.endpoint, &scene.other, scene.server);
	expect_served_as(&scene, scene.client, COMMUNE);
	expect_served_as(&scene, client, OTHER);
	expect_served_as(&scene, scene.client, COMMUNE);
	rpc_client_close(client);
}

static void a_random_key_is_refused_soon(void **state) {
	SCENE(scene);
	struct rpc_identity stranger;

	(void)state;
	assert_return_code(rpc_identity_make(&stranger), 0);
	expect_refused_soon(&scene, &stranger);
	expect_served_as(&scene, scene.client, COMMUNE);
}

static void an_added_key_is_served_without_a_restart(void **state) {
	SCENE(scene);
	struct rpc_client *client;

	(void)state;
	expect_refused_soon(&scene, &scene.other);
	tiny_let_in_two(scene.server, COMMUNE, &scene.commune, OTHER, &scene.other);
	client = tiny_peer(scene.transport, scene.endpoint, &scene.other, scene.server);
	expect_served_as(&scene, client, OTHER);
	rpc_client_close(client);
}

static void expect_shut_out(struct scene *scene) {
	struct rpc_reply reply = ask(scene, scene->client, "Exchange/Marks");

	assert_int_equal(reply.status, RPC_UNAUTHENTICATED);
	assert_int_equal(reply.fault->reason, FAULT__REASON__NOT_ALLOWED);
	assert_int_equal(atomic_load(&scene->server->served), 1);
}

/* A client that was refused does not try again. */
static void call_anew(struct scene *scene) {
	rpc_client_close(scene->client);
	scene->client = tiny_peer(scene->transport, scene->endpoint, &scene->commune, scene->server);
}

static void a_removed_key_is_refused_on_the_open_connection(void **state) {
	SCENE(scene);

	(void)state;
	expect_served_as(&scene, scene.client, COMMUNE);
	tiny_let_nobody_in(scene.server);
	expect_shut_out(&scene);
	tiny_let_in(scene.server, COMMUNE, &scene.commune);
	call_anew(&scene);
	expect_served_as(&scene, scene.client, COMMUNE);
}

static void an_exchanged_key_is_refused_on_the_open_connection(void **state) {
	SCENE(scene);

	(void)state;
	expect_served_as(&scene, scene.client, COMMUNE);
	tiny_let_in(scene.server, COMMUNE, &scene.other);
	expect_shut_out(&scene);
}

static void a_key_given_to_another_node_is_served_as_that_node(void **state) {
	SCENE(scene);

	(void)state;
	expect_served_as(&scene, scene.client, COMMUNE);
	tiny_let_in(scene.server, OTHER, &scene.commune);
	expect_shut_out(&scene);
	call_anew(&scene);
	expect_served_as(&scene, scene.client, OTHER);
}

/* Old and new key of a node that changes from one to the other. */
static void both_keys_of_a_node_are_served_until_one_is_struck_off(void **state) {
	SCENE(scene);
	struct rpc_client *client;

	(void)state;
	tiny_let_in_two(scene.server, COMMUNE, &scene.commune, COMMUNE, &scene.other);
	expect_served_as(&scene, scene.client, COMMUNE);
	client = tiny_peer(scene.transport, scene.endpoint, &scene.other, scene.server);
	expect_served_as(&scene, client, COMMUNE);
	tiny_let_in(scene.server, COMMUNE, &scene.other);
	expect_served_as(&scene, client, COMMUNE);
	expect_refused_soon(&scene, &scene.commune);
	rpc_client_close(client);
}

static void a_server_with_another_key_is_not_talked_to(void **state) {
	SCENE(scene);
	struct rpc_client_options options = {
		.transport = scene.transport,
		.endpoint = scene.endpoint,
		.identity = &scene.commune,
		.server_key = scene.other.public_key,
	};
	struct rpc_client *client;
	uint64_t started = clock_monotonic_ms();

	(void)state;
	assert_return_code(rpc_client_open(&options, &client), 0);
	assert_int_equal(ask(&scene, client, "Exchange/Marks").status, RPC_UNAUTHENTICATED);
	/* Two handshakes, up to twice the longest wait between them. */
	assert_in_range(clock_monotonic_ms() - started, 0, 12000);
	assert_int_equal(atomic_load(&scene.server->served), 0);
	rpc_client_close(client);
}

static void what_belongs_to_the_office_is_refused_to_a_peer(void **state) {
	SCENE(scene);
	struct rpc_reply reply = ask(&scene, scene.client, "Replica/Marks");

	(void)state;
	assert_int_equal(reply.status, RPC_PERMISSION_DENIED);
	assert_int_equal(reply.fault->reason, FAULT__REASON__NOT_ALLOWED);
	assert_int_equal(atomic_load(&scene.server->served), 0);
	expect_served_as(&scene, scene.client, COMMUNE);
}

static void without_a_handler_nobody_comes_in(void **state) {
	SCENE(scene);

	(void)state;
	expect_served_as(&scene, scene.client, COMMUNE);
	zap_stop(scene.server->transport->zap);
	scene.server->transport->zap = NULL;
	rpc_client_closep(&scene.client);
	scene.client = tiny_peer(scene.transport, scene.endpoint, &scene.commune, scene.server);
	assert_int_not_equal(ask_within(&scene, scene.client, "Exchange/Marks", 1500).status, RPC_OK);
	assert_int_equal(atomic_load(&scene.server->served), 1);
}

static void a_connection_without_curve_is_not_heard(void **state) {
	static const int no_linger = 0;
	SCENE(scene);
	void *context = zmq_ctx_new();
	void *socket = zmq_socket(context, ZMQ_DEALER);
	zmq_pollitem_t item = { .socket = socket, .events = ZMQ_POLLIN };
	Header header = wire_request(1, "Exchange/Marks");

	(void)state;
	zmq_setsockopt(socket, ZMQ_LINGER, &no_linger, sizeof(no_linger));
	assert_return_code(zmq_connect(socket, scene.endpoint), 0);
	wire_push_hello(socket, COMMUNE, LANE__LANE_CONTROL);
	wire_push(socket, &header, "", 0);
	assert_int_equal(zmq_poll(&item, 1, 500), 0);
	assert_int_equal(atomic_load(&scene.server->served), 0);
	zmq_close(socket);
	zmq_ctx_term(context);
	expect_served_as(&scene, scene.client, COMMUNE);
}

static void a_port_that_is_taken_is_told(void **state) {
	SCENE(scene);
	struct rpc_server_options options = { .transport = scene.transport };
	struct rpc_keyring *keyring = rpc_keyring_new();
	struct rpc_server *server;

	(void)state;
	assert_return_code(rpc_server_open(&options, &server), 0);
	assert_int_equal(
	    rpc_server_listen_peers(server, scene.endpoint, &scene.other, keyring), -EADDRINUSE);
	rpc_server_close(server);
	rpc_client_closep(&scene.client);
	rpc_transport_closep(&scene.transport);
	rpc_keyring_free(keyring);
}

static void a_peer_may_shorten_a_deadline_and_not_lengthen_it(void **state) {
	SCENE(scene);
	MarksRequest message = MARKS_REQUEST__INIT;
	struct rpc_request request = tiny_ask(&message, "Exchange/Marks", 0xfffffff);
	struct rpc_reply reply;

	(void)state;
	assert_return_code(rpc_client_call(scene.client, &request, &scene.arena, &reply), 0);
	assert_in_range(atomic_load(&scene.server->last_deadline_ms), 5000, 10000);
	request.deadline_ms = 3000;
	assert_return_code(rpc_client_call(scene.client, &request, &scene.arena, &reply), 0);
	assert_in_range(atomic_load(&scene.server->last_deadline_ms), 1000, 3000);
}

static void one_peer_does_not_take_the_place_of_another(void **state) {
	enum { CALLS_AT_ONCE = 64 };
	SCENE(scene);
	MarksRequest message = MARKS_REQUEST__INIT;
	struct rpc_request request = tiny_ask(&message, "Exchange/Marks", 10000);
	struct rpc_client *client;
	uint64_t tickets[CALLS_AT_ONCE];
	uint64_t ticket;
	struct rpc_reply reply;

	(void)state;
	tiny_let_in_two(scene.server, COMMUNE, &scene.commune, OTHER, &scene.other);
	client = tiny_peer(scene.transport, scene.endpoint, &scene.other, scene.server);
	expect_served_as(&scene, scene.client, COMMUNE);
	expect_served_as(&scene, client, OTHER);
	tiny_behave(scene.server, TINY_KEEPS);
	for (int i = 0; i < CALLS_AT_ONCE; i++)
		assert_return_code(rpc_client_begin(scene.client, &request, &tickets[i]), 0);
	assert_return_code(rpc_client_begin(client, &request, &ticket), 0);
	tiny_wait_kept(scene.server, RPC_CALLS_PEER_MAX + 1);
	assert_int_equal(atomic_load(&scene.server->kept_count), RPC_CALLS_PEER_MAX + 1);
	tiny_behave(scene.server, TINY_ANSWERS);
	for (int i = 0; i < CALLS_AT_ONCE; i++) {
		assert_return_code(rpc_client_end(scene.client, tickets[i], &scene.arena, &reply), 0);
		assert_int_equal(reply.status, RPC_OK);
	}
	assert_return_code(rpc_client_end(client, ticket, &scene.arena, &reply), 0);
	assert_int_equal(reply.status, RPC_OK);
	expect_served_as(&scene, scene.client, COMMUNE);
	rpc_client_close(client);
}

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
enum {
	CALLS = 40,
	SERVED = 40,
	SIZE = 4000,
	MOST_KIB = INT32_MAX
}; /* a sanitizer keeps memory of its own */
#else
enum { CALLS = 400, SERVED = 12, SIZE = 400000, MOST_KIB = 100 * 1024 };
#endif

/* Asks for a lot and reads nothing: what waits for it has a limit, and then so has our patience. */
static void a_peer_that_does_not_read_costs_little(void **state) {
	static const int no_linger = 0;
	static const int one = 1;
	SCENE(scene);
	AUTO(heap_freep) char *text = calloc(1, SIZE + 1);
	MarksRequest message = MARKS_REQUEST__INIT;
	Header header = wire_request(0, "Exchange/Marks");
	AUTO(heap_freep) uint8_t *payload = malloc(SIZE + 64);
	void *context = zmq_ctx_new();
	void *socket = zmq_socket(context, ZMQ_DEALER);
	unsigned long before;

	(void)state;
	memset(text, 'x', SIZE);
	message.service = text;
	zmq_setsockopt(socket, ZMQ_LINGER, &no_linger, sizeof(no_linger));
	zmq_setsockopt(socket, ZMQ_RCVHWM, &one, sizeof(one));
	zmq_setsockopt(socket, ZMQ_SNDHWM, &one, sizeof(one));
	zmq_setsockopt(socket, ZMQ_CURVE_SERVERKEY, scene.server->identity.public_key, 40);
	zmq_setsockopt(socket, ZMQ_CURVE_PUBLICKEY, scene.commune.public_key, 40);
	zmq_setsockopt(socket, ZMQ_CURVE_SECRETKEY, scene.commune.secret_key, 40);
	assert_return_code(zmq_connect(socket, scene.endpoint), 0);
	before = memory_resident_kib(getpid());
	wire_push_hello(socket, COMMUNE, LANE__LANE_BULK);
	for (unsigned i = 0; i < CALLS; i++) {
		header.call = 2 * i + 1;
		wire_push(socket, &header, payload, marks_request__pack(&message, payload));
	}
	tiny_wait_served(scene.server, SERVED);
	print_message("%lu KiB for %d replies of %d bytes that nobody reads\n",
	    memory_resident_kib(getpid()) - before, (int)CALLS, (int)SIZE);
	assert_in_range(memory_resident_kib(getpid()), 0, before + MOST_KIB);
	expect_served_as(&scene, scene.client, COMMUNE);
	zmq_close(socket);
	zmq_ctx_term(context);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_known_key_is_served_as_its_node),
		cmocka_unit_test(a_random_key_is_refused_soon),
		cmocka_unit_test(an_added_key_is_served_without_a_restart),
		cmocka_unit_test(a_removed_key_is_refused_on_the_open_connection),
		cmocka_unit_test(an_exchanged_key_is_refused_on_the_open_connection),
		cmocka_unit_test(a_key_given_to_another_node_is_served_as_that_node),
		cmocka_unit_test(both_keys_of_a_node_are_served_until_one_is_struck_off),
		cmocka_unit_test(a_server_with_another_key_is_not_talked_to),
		cmocka_unit_test(what_belongs_to_the_office_is_refused_to_a_peer),
		cmocka_unit_test(without_a_handler_nobody_comes_in),
		cmocka_unit_test(a_connection_without_curve_is_not_heard),
		cmocka_unit_test(a_port_that_is_taken_is_told),
		cmocka_unit_test(a_peer_may_shorten_a_deadline_and_not_lengthen_it),
		cmocka_unit_test(one_peer_does_not_take_the_place_of_another),
		cmocka_unit_test(a_peer_that_does_not_read_costs_little),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
