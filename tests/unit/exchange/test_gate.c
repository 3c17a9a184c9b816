/* SPDX-License-Identifier: MIT */
/* The gate of a node as a process of its own: what peers reach through it, and how it ends. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "common/base/clock.h"
#include "common/base/file.h"
#include "tests/unit/exchange/house.h"
#include "tests/unit/rpc/tiny.h"

#define DISTRICT "H51.15"
#define COMMUNE  "H51.15.61"
#define OTHER    "H51.15.62"

struct scene {
	struct house district;
	char endpoint[TINY_ENDPOINT_SIZE];
	struct rpc_identity commune;
	struct rpc_client *peer; /* the commune's */
};

static struct rpc_client *knock(
    struct scene *scene, const char *code, const struct rpc_identity *identity) {
	struct rpc_client_options options = {
		.transport = scene->district.transport,
		.endpoint = scene->endpoint,
		.identity = identity,
		.server_key = scene->district.identity.public_key,
		.node = code,
		.lane = LANE__LANE_CONTROL,
	};
	struct rpc_client *client = NULL;

	assert_return_code(rpc_client_open(&options, &client), 0);
	return client;
}

static void scene_open(struct scene *scene) {
	char settings[128];

	snprintf(settings, sizeof(settings), "listen = %s\n", tiny_free_endpoint(scene->endpoint));
	house_open(&scene->district, DISTRICT, settings, NULL);
	assert_return_code(rpc_identity_make(&scene->commune), 0);
	house_put_peer(&scene->district, COMMUNE, &scene->commune);
	house_start(&scene->district, HOUSE_STAFFING);
	house_start(&scene->district, HOUSE_DOSSIERS);
	house_start(&scene->district, HOUSE_EXCHANGE);
	scene->peer = knock(scene, COMMUNE, &scene->commune);
}

static void scene_close(struct scene *scene) {
	rpc_client_closep(&scene->peer);
	house_close(&scene->district);
}

#define SCENE(name)                                                                                \
	AUTO(scene_close) struct scene name;                                                           \
	scene_open(&name)

static uint64_t gate_reaches(
    struct scene *scene, struct rpc_client *client, const char *service, Stream stream) {
	return house_reaches(&scene->district, client, "Exchange/Marks", service, stream);
}

static void the_gate_asks_the_service_that_is_meant(void **state) {
	SCENE(scene);
	struct rpc_client *office = scene.district.clients[HOUSE_EXCHANGE];

	(void)state;
	for (unsigned i = 1; i <= 3; i++)
		assert_int_equal(house_record_training(&scene.district, i).status, RPC_OK);
	/* Four workers take turns; with three steps each of them asks both. */
	for (int i = 0; i < 60; i++) {
		const char *service = i % 3 ? "staffing" : "dossiers";

		assert_int_equal(
		    gate_reaches(&scene, office, service, STREAM__STREAM_RECORDS), i % 3 ? 3 : 0);
		arena_reset(&scene.district.arena);
	}
}

static struct rpc_reply read_by_peer(struct scene *scene, const char *service, Stream stream) {
	ReadEventsRequest message = READ_EVENTS_REQUEST__INIT;

	message.service = (char *)(uintptr_t)service;
	message.stream = stream;
	return house_ask_by(&scene->district, scene->peer, "Exchange/ReadEvents", &message.base);
}

static void a_peer_reads_catalogues_and_nothing_else(void **state) {
	static const struct {
		const char *service;
		Stream stream;
	} closed[] = {
		{ "staffing", STREAM__STREAM_RECORDS },
		{ "dossiers", STREAM__STREAM_RECORDS },
		{ "staffing", STREAM__STREAM_UNSPECIFIED },
		{ "exchange", STREAM__STREAM_UNITS },
		{ "../run/staffing", STREAM__STREAM_UNITS },
		{ "", STREAM__STREAM_UNITS },
	};
	SCENE(scene);
	struct rpc_reply reply;

	(void)state;
	house_record_units(&scene.district, 0, 10);
	reply = read_by_peer(&scene, "staffing", STREAM__STREAM_UNITS);
	assert_int_equal(reply.status, RPC_OK);
	assert_int_equal(((ReadEventsReply *)reply.message)->n_events, 10);
	for (size_t i = 0; i < LENGTH_OF(closed); i++)
		assert_int_equal(read_by_peer(&scene, closed[i].service, closed[i].stream).status,
		    RPC_PERMISSION_DENIED);
}

/* The commune's own events, as its staffing service wrote them. */
static void write_events(struct house *commune, const ReadEventsReply **ret_events) {
	ReadEventsRequest message = READ_EVENTS_REQUEST__INIT;
	struct rpc_reply reply;

	house_open(commune, COMMUNE, "", NULL);
	house_start(commune, HOUSE_STAFFING);
	for (unsigned i = 1; i <= 5; i++)
		assert_int_equal(house_record_training(commune, i).status, RPC_OK);
	message.stream = STREAM__STREAM_RECORDS;
	reply = house_ask(commune, HOUSE_STAFFING, "Replica/ReadEvents", &message.base);
	assert_int_equal(reply.status, RPC_OK);
	*ret_events = (const ReadEventsReply *)reply.message;
	assert_int_equal((*ret_events)->n_events, 5);
}

static struct rpc_reply hand_over(
    struct scene *scene, struct rpc_client *client, const ReadEventsReply *events) {
	ApplyEventsRequest message = APPLY_EVENTS_REQUEST__INIT;

	message.service = (char *)(uintptr_t) "staffing";
	message.stream = STREAM__STREAM_RECORDS;
	message.events = events->events;
	message.n_events = events->n_events;
	return house_ask_by(&scene->district, client, "Exchange/ApplyEvents", &message.base);
}

static void a_peer_speaks_for_itself_and_for_nobody_else(void **state) {
	SCENE(scene);
	AUTO(house_close) struct house commune;
	struct rpc_client *peer;
	struct rpc_identity other;
	const ReadEventsReply *events;
	struct rpc_reply reply;

	(void)state;
	write_events(&commune, &events);
	assert_return_code(rpc_identity_make(&other), 0);
	house_put_peer(&scene.district, OTHER, &other);
	{
		ReloadPeersRequest message = RELOAD_PEERS_REQUEST__INIT;

		reply = house_ask(&scene.district, HOUSE_EXCHANGE, "Exchange/ReloadPeers", &message.base);
		assert_int_equal(reply.status, RPC_OK);
		assert_int_equal(((ReloadPeersReply *)reply.message)->peers, 2);
	}
	peer = knock(&scene, OTHER, &other);
	reply = hand_over(&scene, peer, events);
	assert_int_equal(reply.status, RPC_PERMISSION_DENIED);
	assert_int_equal(reply.fault->reason, FAULT__REASON__WRONG_ORIGIN);
	assert_string_equal(reply.fault->value, COMMUNE);
	reply = hand_over(&scene, scene.peer, events);
	assert_int_equal(reply.status, RPC_OK);
	assert_int_equal(((ApplyEventsReply *)reply.message)->applied, 5);
	reply = hand_over(&scene, scene.peer, events);
	assert_int_equal(reply.status, RPC_OK);
	assert_int_equal(((ApplyEventsReply *)reply.message)->repeated_events, 5);
	/* Nor does it see how far another is. */
	assert_int_equal(gate_reaches(&scene, scene.peer, "staffing", STREAM__STREAM_RECORDS), 5);
	assert_int_equal(gate_reaches(&scene, peer, "staffing", STREAM__STREAM_RECORDS), 0);
	rpc_client_close(peer);
}

static void a_peer_that_is_struck_off_is_out_at_once(void **state) {
	SCENE(scene);
	ReloadPeersRequest message = RELOAD_PEERS_REQUEST__INIT;

	(void)state;
	assert_int_equal(gate_reaches(&scene, scene.peer, "staffing", STREAM__STREAM_RECORDS), 0);
	house_remove_peer(&scene.district, COMMUNE);
	assert_int_equal(
	    house_ask(&scene.district, HOUSE_EXCHANGE, "Exchange/ReloadPeers", &message.base).status,
	    RPC_OK);
	assert_int_equal(
	    read_by_peer(&scene, "staffing", STREAM__STREAM_UNITS).status, RPC_UNAUTHENTICATED);
}

static void the_gate_tells_whom_it_heard(void **state) {
	SCENE(scene);
	ListPeersRequest message = LIST_PEERS_REQUEST__INIT;
	const ListPeersReply *peers;

	(void)state;
	assert_int_equal(gate_reaches(&scene, scene.peer, "staffing", STREAM__STREAM_RECORDS), 0);
	peers = (const ListPeersReply *)house_ask(
	    &scene.district, HOUSE_EXCHANGE, "Exchange/ListPeers", &message.base)
	            .message;
	assert_int_equal(peers->n_peers, 1);
	assert_string_equal(peers->peers[0]->code, COMMUNE);
	assert_in_range(peers->peers[0]->last_contact_ms, clock_wall_ms() - 60000, clock_wall_ms());
}

static uint64_t begin_sync(struct house *house) {
	SyncRequest message = SYNC_REQUEST__INIT;
	struct rpc_request request = { .method = "Exchange/Sync", .message = &message.base };
	uint64_t ticket;

	assert_return_code(rpc_client_begin(house->clients[HOUSE_EXCHANGE], &request, &ticket), 0);
	return ticket;
}

/* A parent that takes connections and never says a word. */
static int listen_in_silence(const char *endpoint) {
	struct sockaddr_in address = { .sin_family = AF_INET };
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	static const int on = 1;

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	address.sin_port = htons((uint16_t)atoi(strrchr(endpoint, ':') + 1));
	setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	assert_return_code(bind(listener, (struct sockaddr *)&address, sizeof(address)), errno);
	assert_return_code(listen(listener, 8), errno);
	return listener;
}

static void await_readable(int descriptor) {
	struct pollfd poller = { .fd = descriptor, .events = POLLIN };

	assert_int_equal(poll(&poller, 1, 15000), 1);
}

/* How far the gate came with its parent when it is told to stop. */
enum parent_stage {
	PARENT_ABSENT,  /* nobody listens there */
	PARENT_DIALLED, /* the connection stands */
	PARENT_GREETED, /* the gate has spoken and waits for an answer */
	PARENT_STAGES,
};

/* Six of them on four workers: some are waited for, some wait. The parent does not answer. */
static void a_gate_that_is_stopped_ends_what_it_was_asked(void **state) {
	AUTO(house_close) struct house commune;
	struct rpc_identity parent;
	NodeStateRequest last = NODE_STATE_REQUEST__INIT;
	char settings[128];
	char endpoint[TINY_ENDPOINT_SIZE];
	uint64_t started;

	(void)state;
	assert_return_code(rpc_identity_make(&parent), 0);
	snprintf(settings, sizeof(settings), "parent = %s\n", tiny_free_endpoint(endpoint));
	house_open(&commune, COMMUNE, settings, parent.public_key);
	for (int stage = PARENT_ABSENT; stage < PARENT_STAGES; stage++) {
		AUTO(file_descriptor_close)
		int listener = stage == PARENT_ABSENT ? -1 : listen_in_silence(endpoint);
		AUTO(file_descriptor_close) int gate = -1;
		uint64_t tickets[6];

		house_start(&commune, HOUSE_EXCHANGE);
		for (size_t j = 0; j < LENGTH_OF(tickets); j++)
			tickets[j] = begin_sync(&commune);
		/* What the gate had not looked at would wait for the next one. */
		assert_int_equal(
		    house_ask(&commune, HOUSE_EXCHANGE, "Node/State", &last.base).status, RPC_OK);
		if (stage >= PARENT_DIALLED) {
			await_readable(listener);
			gate = accept(listener, NULL, NULL);
		}
		if (stage == PARENT_GREETED)
			await_readable(gate);
		house_stop(&commune, HOUSE_EXCHANGE, SIGTERM);
		started = clock_monotonic_ms();
		for (size_t j = 0; j < LENGTH_OF(tickets); j++) {
			struct rpc_reply reply;

			assert_return_code(
			    rpc_client_end(commune.clients[HOUSE_EXCHANGE], tickets[j], &commune.arena, &reply),
			    0);
			assert_int_not_equal(reply.status, RPC_OK);
		}
		assert_in_range(clock_monotonic_ms() - started, 0, 2000);
	}
}

struct write {
	char code[16];
	uint64_t ticket;
};

static void begin_write(struct house *house, unsigned number, struct write *write) {
	RecordTrainingsRequest message = RECORD_TRAININGS_REQUEST__INIT;
	Training training = TRAINING__INIT;
	Training *trainings[] = { &training };
	struct rpc_request request = {
		.method = "Staffing/RecordTrainings",
		.message = &message.base,
		.deadline_ms = 20000,
	};

	snprintf(write->code, sizeof(write->code), "T%u", number);
	training.year = 2024;
	training.code = write->code;
	message.records = trainings;
	message.n_records = 1;
	assert_return_code(
	    rpc_client_begin(house->clients[HOUSE_STAFFING], &request, &write->ticket), 0);
}

static void expect_written(struct house *house, const struct write *write) {
	struct rpc_reply reply;

	assert_return_code(
	    rpc_client_end(house->clients[HOUSE_STAFFING], write->ticket, &house->arena, &reply), 0);
	assert_int_equal(reply.status, RPC_OK);
	assert_int_equal(((RecordReply *)reply.message)->added, 1);
}

/* Each write has its effect once and its caller hears so, whenever the service ends. */
static void expect_writes_survive(int signal) {
	enum { ROUNDS = 6, WRITES = 40 };
	AUTO(house_close) struct house house;

	house_open(&house, DISTRICT, "batch-max = 4\n", NULL);
	house_start(&house, HOUSE_STAFFING);
	for (unsigned round = 0; round < ROUNDS; round++) {
		struct write writes[WRITES];

		for (unsigned i = 0; i < WRITES; i++)
			begin_write(&house, round * WRITES + i, &writes[i]);
		/* Every round has more answers before the end: none, then a fifth of them, … all. */
		for (unsigned i = 0; i < round * WRITES / (ROUNDS - 1); i++)
			expect_written(&house, &writes[i]);
		house_stop(&house, HOUSE_STAFFING, signal);
		house_spawn(&house, HOUSE_STAFFING);
		for (unsigned i = round * WRITES / (ROUNDS - 1); i < WRITES; i++)
			expect_written(&house, &writes[i]);
		assert_int_equal(house_reaches(&house, house.clients[HOUSE_STAFFING], "Replica/Marks", "",
		                     STREAM__STREAM_RECORDS),
		    (round + 1) * WRITES);
	}
}

static void writes_survive_a_stop(void **state) {
	(void)state;
	expect_writes_survive(SIGTERM);
}

static void writes_survive_a_kill(void **state) {
	(void)state;
	expect_writes_survive(SIGKILL);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_gate_asks_the_service_that_is_meant),
		cmocka_unit_test(a_peer_reads_catalogues_and_nothing_else),
		cmocka_unit_test(a_peer_speaks_for_itself_and_for_nobody_else),
		cmocka_unit_test(a_peer_that_is_struck_off_is_out_at_once),
		cmocka_unit_test(the_gate_tells_whom_it_heard),
		cmocka_unit_test(a_gate_that_is_stopped_ends_what_it_was_asked),
		cmocka_unit_test(writes_survive_a_stop),
		cmocka_unit_test(writes_survive_a_kill),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
