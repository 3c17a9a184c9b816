/* SPDX-License-Identifier: MIT */
/*
 * Quotas
 *
 * What one caller can use up of a server that others share: introductions, calls, lines of the log,
 * memory, numbers; and what a server can use up of its client.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <zmq.h>

#include "common/base/clock.h"
#include "common/base/file.h"
#include "common/rpc/audit.h"
#include "tests/unit/rpc/caller.h"
#include "tests/unit/rpc/fake.h"
#include "tests/unit/rpc/scene.h"
#include "tests/unit/rpc/wire.h"

enum { LONG_MS = 60000 };

static struct wire_ear dial(struct scene *scene) {
	return (struct wire_ear) {
		.socket = wire_dial(scene->context, scene->endpoint),
		.arena = &scene->arena,
	};
}

static struct wire_ear dial_as(struct yard *yard, const struct rpc_identity *identity) {
	return (struct wire_ear) {
		.socket = wire_dial_as(
		    yard->context, yard->endpoint, identity, yard->server->identity.public_key),
		.arena = &yard->arena,
	};
}

static struct rpc_client *call_as(struct yard *yard, const struct rpc_identity *identity) {
	return tiny_peer(yard->transport, yard->endpoint, identity, yard->server);
}

/* --- introductions --- */

static Hello greeting_of(const char *node) {
	Hello hello = HELLO__INIT;

	hello.protocol_min = RPC_PROTOCOL;
	hello.protocol_max = RPC_PROTOCOL;
	hello.node = (char *)(uintptr_t)node;
	hello.lane = *node ? LANE__LANE_CONTROL : LANE__LANE_UNSPECIFIED;
	return hello;
}

static void push_leave(void *socket) {
	Header leave = wire_word(HEADER__KIND__GOAWAY, 0);

	wire_push(socket, &leave, "", 0);
}

static void one_introduction_is_enough(void **state) {
	SCENE(scene);
	struct wire_ear ear = dial(&scene);

	(void)state;
	wire_push_hello(ear.socket, "", LANE__LANE_UNSPECIFIED);
	wire_hear_kind(&ear, HEADER__KIND__HELLO_OK);
	wire_push_hello(ear.socket, "", LANE__LANE_UNSPECIFIED);
	wire_hear_goodbye(&ear, GOODBYE__REASON__VIOLATION);
	wire_push_hello(ear.socket, "", LANE__LANE_UNSPECIFIED);
	wire_hear_kind(&ear, HEADER__KIND__HELLO_OK);
	wire_hear_nothing_else(&ear);
	zmq_close(ear.socket);
}

static bool is_told_full(struct wire_ear *ear) {
	bool full = false;

	while (!full && wire_is_heard(ear)) {
		const uint8_t *payload;
		const Header *header = wire_hear(ear, &payload);

		if (header->kind == HEADER__KIND__GOAWAY) {
			Goodbye *goodbye = goodbye__unpack(NULL, header->size, payload);

			assert_non_null(goodbye);
			full = goodbye->reason == GOODBYE__REASON__FULL;
			goodbye__free_unpacked(goodbye, NULL);
		}
	}
	return full;
}

/* Until it is told to come back later, or a slow machine never has to. */
static void who_introduces_itself_too_often_shuts_out_nobody_else(void **state) {
	enum { MOST = 5000 };
	YARD(yard);
	struct wire_ear often = dial_as(&yard, &yard.commune);
	struct wire_ear once = dial_as(&yard, &yard.other);
	Header ping = wire_word(HEADER__KIND__PING, 0);

	(void)state;
	/* Both lines stand before it begins. */
	wire_push(once.socket, &ping, "", 0);
	wire_hear_goodbye(&once, GOODBYE__REASON__NOT_INTRODUCED);
	for (int i = 0; i < MOST && !is_told_full(&often); i++) {
		wire_push_hello(often.socket, YARD_COMMUNE, LANE__LANE_CONTROL);
		push_leave(often.socket);
	}
	wire_push_hello(once.socket, YARD_OTHER, LANE__LANE_CONTROL);
	wire_hear_kind(&once, HEADER__KIND__HELLO_OK);
	zmq_close(often.socket);
	zmq_close(once.socket);
}

/* --- lines of the log --- */

struct log_catcher {
	int file;
	int saved; /* stderr as it was */
	uint64_t since_ms;
};

static void log_catch(struct log_catcher *catcher) {
	catcher->file = memfd_create("log", MFD_CLOEXEC);
	catcher->saved = dup(STDERR_FILENO);
	assert_return_code(catcher->file, errno);
	assert_return_code(catcher->saved, errno);
	assert_return_code(dup2(catcher->file, STDERR_FILENO), errno);
	catcher->since_ms = clock_monotonic_ms();
}

/* As many lines as an audit allows for the time that went by, and for one caller. */
static void log_expect_few(struct log_catcher *catcher) {
	uint64_t seconds = (clock_monotonic_ms() - catcher->since_ms) / 1000 + 2;
	off_t size = lseek(catcher->file, 0, SEEK_END);
	AUTO(heap_freep) char *text = calloc(1, (size_t)size + 1);
	unsigned lines = 0;

	dup2(catcher->saved, STDERR_FILENO);
	assert_non_null(text);
	assert_int_equal(pread(catcher->file, text, (size_t)size, 0), size);
	for (off_t i = 0; i < size; i++)
		lines += text[i] == '\n';
	close(catcher->file);
	close(catcher->saved);
	assert_in_range(lines, 0, seconds * AUDIT_LINES_PER_S);
}

/* Each time with another contract than before. */
static void introductions_of_the_office_do_not_fill_the_log(void **state) {
	SCENE(scene);
	struct wire_ear ear = dial(&scene);
	struct log_catcher catcher;
	Hello hello = greeting_of("");

	(void)state;
	hello.program = (char *)(uintptr_t) "cchc 0.0.1";
	log_catch(&catcher);
	for (int i = 0; i < 400; i++) {
		hello.contract.len = i % 2 ? 0 : CONTRACT_HASH_SIZE;
		hello.contract.data = (uint8_t *)(uintptr_t)office_contract.hash;
		wire_push_greeting(ear.socket, &hello);
		wire_hear_kind(&ear, HEADER__KIND__HELLO_OK);
		push_leave(ear.socket);
	}
	log_expect_few(&catcher);
	zmq_close(ear.socket);
}

/* Each time as another process, with a wrong clock. */
static void introductions_of_a_peer_do_not_fill_the_log(void **state) {
	YARD(yard);
	struct wire_ear ear = dial_as(&yard, &yard.commune);
	struct log_catcher catcher;
	Hello hello = greeting_of(YARD_COMMUNE);

	(void)state;
	log_catch(&catcher);
	for (int i = 0; i < 300; i++) {
		hello.boot = 1 + (uint64_t)i % 2;
		wire_push_greeting(ear.socket, &hello);
		(void)wire_hear(&ear, NULL); /* it may be told to come back later */
		push_leave(ear.socket);
	}
	log_expect_few(&catcher);
	zmq_close(ear.socket);
}

/* Arithmetic with it stays defined: the sanitizer would tell. */
static void the_clock_of_a_peer_may_say_anything(void **state) {
	static const uint64_t times_ms[] = { 0, 1, INT64_MAX, UINT64_C(1) << 63, UINT64_MAX };
	YARD(yard);
	struct wire_ear ear = dial_as(&yard, &yard.commune);
	Hello hello = greeting_of(YARD_COMMUNE);

	(void)state;
	for (size_t i = 0; i < LENGTH_OF(times_ms); i++) {
		hello.time_ms = times_ms[i];
		wire_push_greeting(ear.socket, &hello);
		wire_hear_kind(&ear, HEADER__KIND__HELLO_OK);
		push_leave(ear.socket);
	}
	zmq_close(ear.socket);
}

/* --- calls in hand --- */

/* Who hangs up and comes back still holds what its calls hold. */
static void calls_count_for_their_caller_until_their_handlers_end(void **state) {
	YARD(yard);
	struct rpc_client *client = call_as(&yard, &yard.commune);
	struct rpc_client *other = call_as(&yard, &yard.other);
	uint64_t ticket;

	(void)state;
	assert_int_equal(caller_call(client, "Exchange/Marks", 0, &yard.arena), RPC_OK);
	assert_int_equal(caller_call(other, "Exchange/Marks", 0, &yard.arena), RPC_OK);
	tiny_behave(yard.server, TINY_KEEPS);
	for (unsigned i = 0; i < RPC_CALLS_PEER_MAX; i++)
		(void)caller_begin(client, "Exchange/Marks", LONG_MS);
	tiny_wait_kept(yard.server, RPC_CALLS_PEER_MAX);
	rpc_client_close(client);
	client = call_as(&yard, &yard.commune);
	assert_int_equal(
	    caller_call(client, "Exchange/Marks", 5000, &yard.arena), RPC_RESOURCE_EXHAUSTED);
	ticket = caller_begin(other, "Exchange/Marks", LONG_MS);
	tiny_wait_kept(yard.server, RPC_CALLS_PEER_MAX + 1);
	tiny_behave(yard.server, TINY_ANSWERS);
	tiny_wait_answered(yard.server);
	assert_int_equal(caller_end(other, ticket, &yard.arena).status, RPC_OK);
	assert_int_equal(caller_call(client, "Exchange/Marks", 0, &yard.arena), RPC_OK);
	rpc_client_close(client);
	rpc_client_close(other);
}

/* --- memory --- */

static unsigned connections_of_the_office(struct scene *scene) {
	const NodeStatistics *statistics;

	arena_reset(&scene->arena);
	statistics = caller_statistics(scene->client, &scene->arena);
	assert_int_equal(statistics->n_peers, 1);
	return statistics->peers[0]->connections;
}

/* It asks for many megabytes and takes none of them. */
static void an_office_process_that_reads_nothing_is_given_up(void **state) {
	enum { CALLS = 300, HELD = 150, SIZE = 128 << 10 };
	static const int one = 1;
	SCENE(scene);
	AUTO(heap_freep) uint8_t *chunk = calloc(1, SIZE);
	AUTO(heap_freep) uint8_t *payload = malloc(SIZE + 64);
	LineChunk message = LINE_CHUNK__INIT;
	void *socket = zmq_socket(scene.context, ZMQ_DEALER);
	uint64_t until_ms;
	size_t size;

	(void)state;
	zmq_setsockopt(socket, ZMQ_RCVHWM, &one, sizeof(one));
	zmq_setsockopt(socket, ZMQ_SNDHWM, &one, sizeof(one));
	zmq_setsockopt(socket, ZMQ_LINGER, &(int) { 0 }, sizeof(int));
	assert_return_code(zmq_connect(socket, scene.endpoint), 0);
	wire_push_hello(socket, "", LANE__LANE_UNSPECIFIED);
	message.body = (ProtobufCBinaryData) { SIZE, chunk };
	size = line_chunk__pack(&message, payload);
	for (uint64_t i = 0; i < CALLS; i++) {
		Header header = wire_request(2 * i + 1, "Line/Echo");

		wire_push(socket, &header, payload, size);
	}
	until_ms = clock_monotonic_ms() + 10000;
	while (connections_of_the_office(&scene) > 1)
		assert_in_range(clock_monotonic_ms(), 0, until_ms);
	assert_in_range(atomic_load(&scene.server->served), 1, HELD);
	zmq_close(socket);
}

/* --- numbers and sizes --- */

static void a_header_beyond_its_limit_ends_the_connection(void **state) {
	SCENE(scene);
	struct wire_ear ear = dial(&scene);
	char method[RPC_HEADER_MAX + 1];
	Header header = wire_request(1, method);

	(void)state;
	memset(method, 'x', sizeof(method) - 1);
	method[sizeof(method) - 1] = '\0';
	wire_push_hello(ear.socket, "", LANE__LANE_UNSPECIFIED);
	wire_hear_kind(&ear, HEADER__KIND__HELLO_OK);
	wire_push(ear.socket, &header, "", 0);
	wire_hear_goodbye(&ear, GOODBYE__REASON__VIOLATION);
	zmq_close(ear.socket);
	assert_int_equal(caller_statistics(scene.client, &scene.arena)->frames_dropped, 1);
}

static void a_status_that_is_none_is_unknown(void **state) {
	static const uint32_t statuses[] = { RPC_STATUS_COUNT, 0x10000, UINT32_MAX };
	FAKE(scene, fake);

	(void)state;
	for (size_t i = 0; i < LENGTH_OF(statuses); i++) {
		uint64_t ticket = caller_begin(scene.client, "Replica/Marks", LONG_MS);

		if (i == 0)
			fake_welcome(&fake, scene.client, 0);
		fake_say_status(
		    &fake, fake_hear(&fake, scene.client, HEADER__KIND__REQUEST)->call, statuses[i]);
		assert_int_equal(caller_end(scene.client, ticket, &scene.arena).status, RPC_UNKNOWN);
	}
}

static void refuse_as_nobody_does(struct rpc_call *call) {
	rpc_call_refuse(call, (enum rpc_status)0x10000, FAULT__REASON__OVERLOADED, NULL, NULL);
}

/* It is counted by its status; the sanitizer would tell where. */
static void a_status_that_is_none_and_passed_on_is_unknown(void **state) {
	SCENE(scene);

	(void)state;
	scene.server->fill = refuse_as_nobody_does;
	assert_int_equal(caller_call(scene.client, "Replica/Marks", 0, &scene.arena), RPC_UNKNOWN);
	assert_int_equal(
	    caller_statistics(scene.client, &scene.arena)->peers[0]->by_status[RPC_UNKNOWN], 1);
}

/* --- a server that talks without end --- */

enum { AHEAD = 200, FLOOD_MS = 8000 };

struct flood {
	struct fake *fake; /* the flood's own while it runs */
	atomic_bool stop;
	atomic_bool is_over;
};

/* The client answers each word; so there is always another one, and never too many. */
static void *flood_with_pings(void *context) {
	struct flood *flood = context;
	struct fake *fake = flood->fake;
	Header ping = wire_word(HEADER__KIND__PING, 0);
	zmq_pollitem_t item = { .socket = fake->socket, .events = ZMQ_POLLIN };
	uint64_t until_ms = clock_monotonic_ms() + FLOOD_MS;
	size_t ahead = 0;

	while (!atomic_load(&flood->stop) && clock_monotonic_ms() < until_ms) {
		for (; ahead < AHEAD; ahead++)
			fake_say(fake, &ping, "", 0);
		while (zmq_poll(&item, 1, 10) > 0) {
			const Headers *said;

			arena_reset(&fake->arena);
			zmq_recv(fake->socket, fake->routing, sizeof(fake->routing), 0);
			said = wire_pull(fake->socket, &fake->arena, NULL, NULL);
			ahead -= said->n_headers < ahead ? said->n_headers : ahead;
			if (ahead < AHEAD / 2)
				break;
		}
	}
	atomic_store(&flood->is_over, true);
	return NULL;
}

static void a_deadline_holds_while_the_server_talks(void **state) {
	FAKE(scene, fake);
	uint64_t ticket = caller_begin(scene.client, "Replica/Marks", 1000);
	struct flood flood = { .fake = &fake };
	enum rpc_status status;
	pthread_t thread;
	bool held;

	(void)state;
	fake_welcome(&fake, scene.client, 0);
	fake_hear(&fake, scene.client, HEADER__KIND__REQUEST);
	assert_int_equal(pthread_create(&thread, NULL, flood_with_pings, &flood), 0);
	status = caller_end(scene.client, ticket, &scene.arena).status;
	held = !atomic_load(&flood.is_over);
	atomic_store(&flood.stop, true);
	pthread_join(thread, NULL);
	fake.said = NULL;
	assert_int_equal(status, RPC_DEADLINE_EXCEEDED);
	assert_true(held);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_introduction_is_enough),
		cmocka_unit_test(who_introduces_itself_too_often_shuts_out_nobody_else),
		cmocka_unit_test(introductions_of_the_office_do_not_fill_the_log),
		cmocka_unit_test(introductions_of_a_peer_do_not_fill_the_log),
		cmocka_unit_test(the_clock_of_a_peer_may_say_anything),
		cmocka_unit_test(calls_count_for_their_caller_until_their_handlers_end),
		cmocka_unit_test(an_office_process_that_reads_nothing_is_given_up),
		cmocka_unit_test(a_header_beyond_its_limit_ends_the_connection),
		cmocka_unit_test(a_status_that_is_none_is_unknown),
		cmocka_unit_test(a_status_that_is_none_and_passed_on_is_unknown),
		cmocka_unit_test(a_deadline_holds_while_the_server_talks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
