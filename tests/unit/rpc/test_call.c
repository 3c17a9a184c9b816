/* SPDX-License-Identifier: MIT */
/* Calls of the office over ipc: what a caller hears, whatever the server does. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/base/file.h"
#include "common/base/message.h"
#include "tests/unit/rpc/caller.h"
#include "tests/unit/rpc/scene.h"

static MarksRequest question(const char *service) {
	MarksRequest message = MARKS_REQUEST__INIT;

	message.service = (char *)(uintptr_t)service;
	return message;
}

static uint64_t begin(struct rpc_client *client, const char *service, uint32_t deadline_ms) {
	MarksRequest message = question(service);
	struct rpc_request request = tiny_ask(&message, "Replica/Marks", deadline_ms);
	uint64_t ticket;

	assert_return_code(rpc_client_begin(client, &request, &ticket), 0);
	return ticket;
}

static void expect_marks(const struct rpc_reply *reply, const char *service) {
	const MarksReply *marks = (const MarksReply *)reply->message;

	assert_int_equal(reply->status, RPC_OK);
	assert_int_equal(marks->n_marks, 2);
	assert_string_equal(marks->marks[0]->origin, service);
}

static void expect_answer(struct scene *scene, const char *service) {
	uint64_t ticket = begin(scene->client, service, 0);
	struct rpc_reply reply = caller_end(scene->client, ticket, &scene->arena);

	expect_marks(&reply, service);
	arena_reset(&scene->arena);
}

static const NodeState *ask_state(
    struct scene *scene, const struct token_bytes *token, const struct trace *trace) {
	NodeStateRequest message = NODE_STATE_REQUEST__INIT;
	struct rpc_request request = {
		.method = "Node/State",
		.message = &message.base,
		.token = token,
		.trace = trace,
	};
	struct rpc_reply reply;

	assert_return_code(rpc_client_call(scene->client, &request, &scene->arena, &reply), 0);
	assert_int_equal(reply.status, RPC_OK);
	assert_null(reply.fault);
	return (const NodeState *)reply.message;
}

static void a_call_goes_and_comes(void **state) {
	SCENE(scene);
	Token lan = TOKEN__INIT;
	struct token_bytes token;

	(void)state;
	lan.person = (char *)(uintptr_t) "Nguyễn Thị Lan";
	lan.role = ROLE__ROLE_CLERK;
	lan.node = (char *)(uintptr_t)TINY_NODE;
	lan.expires_ms = clock_wall_ms() + 60000;
	assert_return_code(rpc_token_sign(&scene.server->identity, &lan, &token), 0);
	assert_string_equal(ask_state(&scene, &token, NULL)->node, "Nguyễn Thị Lan");
}

static void tell_step(struct rpc_call *call) {
	((NodeState *)call->reply)->service = call->trace.id;
	((NodeState *)call->reply)->node = call->trace.parent;
}

/* Who joins spans of several processes finds each one's parent among them. */
static void a_call_is_a_step_below_its_callers(void **state) {
	SCENE(scene);
	const NodeState *heard;
	struct trace step;

	(void)state;
	scene.server->fill = tell_step;
	trace_begin(&step, "");
	heard = ask_state(&scene, NULL, &step);
	assert_string_equal(heard->service, step.id);
	assert_string_equal(heard->node, step.span);
	heard = ask_state(&scene, NULL, NULL);
	assert_string_not_equal(heard->service, step.id);
	assert_int_equal(strlen(heard->node), TRACE_SPAN_SIZE - 1);
}

static void a_thousand_calls_come_back_from_another_thread(void **state) {
	SCENE(scene);
	char service[32];

	(void)state;
	tiny_behave(scene.server, TINY_HANDS);
	for (int i = 0; i < 1000; i++) {
		snprintf(service, sizeof(service), "s%d", i);
		expect_answer(&scene, service);
	}
}

static void calls_in_flight_may_be_answered_in_any_order(void **state) {
	enum { CALLS = 64 };
	SCENE(scene);
	uint64_t tickets[CALLS];
	char services[CALLS][16];

	(void)state;
	expect_answer(&scene, "connected");
	tiny_behave(scene.server, TINY_KEEPS);
	for (int i = 0; i < CALLS; i++) {
		snprintf(services[i], sizeof(services[i]), "s%d", i);
		tickets[i] = begin(scene.client, services[i], 0);
	}
	tiny_wait_kept(scene.server, CALLS);
	tiny_behave(scene.server, TINY_ANSWERS);
	for (int i = 0; i < CALLS; i++) {
		struct rpc_reply reply = caller_end(scene.client, tickets[i], &scene.arena);

		expect_marks(&reply, services[i]);
	}
	assert_int_equal(atomic_load(&scene.server->served), 1 + CALLS);
}

static void one_call_too_many_in_flight_is_refused_here(void **state) {
	SCENE(scene);
	MarksRequest message = question("x");
	struct rpc_request request = tiny_ask(&message, "Replica/Marks", 0);
	uint64_t tickets[64];
	uint64_t spare;

	(void)state;
	for (size_t i = 0; i < LENGTH_OF(tickets); i++)
		tickets[i] = caller_begin(scene.client, "Replica/Marks", 0);
	assert_int_equal(rpc_client_begin(scene.client, &request, &spare), -EBUSY);
	for (size_t i = 0; i < LENGTH_OF(tickets); i++)
		assert_int_equal(caller_end(scene.client, tickets[i], &scene.arena).status, RPC_OK);
	expect_answer(&scene, "again");
}

static void a_ticket_serves_once(void **state) {
	SCENE(scene);
	uint64_t ticket = caller_begin(scene.client, "Replica/Marks", 0);
	struct rpc_reply reply;

	(void)state;
	assert_int_equal(caller_end(scene.client, ticket, &scene.arena).status, RPC_OK);
	assert_int_equal(rpc_client_end(scene.client, ticket, &scene.arena, &reply), -ENOENT);
}

static void the_key_reaches_the_handler(void **state) {
	SCENE(scene);
	ApplyEventsRequest message = APPLY_EVENTS_REQUEST__INIT;
	static const uint8_t key[16] = { 77 };
	struct rpc_request request = {
		.method = "Replica/ApplyEvents",
		.message = &message.base,
		.key = key,
	};
	struct rpc_reply reply;

	(void)state;
	assert_return_code(rpc_client_call(scene.client, &request, &scene.arena, &reply), 0);
	assert_int_equal(reply.status, RPC_OK);
	assert_int_equal(((ApplyEventsReply *)reply.message)->held, 77);
}

static void the_deadline_fires_on_time_and_the_late_reply_is_dropped(void **state) {
	SCENE(scene);
	uint64_t started;
	uint64_t took;

	(void)state;
	expect_answer(&scene, "warm");
	tiny_behave(scene.server, TINY_KEEPS);
	started = clock_monotonic_ms();
	assert_int_equal(
	    caller_call(scene.client, "Replica/Marks", 300, &scene.arena), RPC_DEADLINE_EXCEEDED);
	took = clock_monotonic_ms() - started;
	assert_in_range(took, 300, 1000);
	tiny_wait_kept(scene.server, 1);
	tiny_behave(scene.server, TINY_ANSWERS);
	expect_answer(&scene, "next");
	expect_answer(&scene, "and next");
}

static void the_server_hears_what_is_left_of_the_deadline(void **state) {
	SCENE(scene);

	(void)state;
	assert_int_equal(caller_call(scene.client, "Replica/Marks", 7000, &scene.arena), RPC_OK);
	assert_in_range(atomic_load(&scene.server->last_deadline_ms), 6000, 7000);
	assert_int_equal(caller_call(scene.client, "Replica/Marks", 0, &scene.arena), RPC_OK);
	assert_in_range(atomic_load(&scene.server->last_deadline_ms), 4000, 5000);
}

static void nobody_there_is_told_at_the_deadline(void **state) {
	SCENE(scene);
	char endpoint[sizeof(scene.endpoint) + 8];
	uint64_t started = clock_monotonic_ms();

	(void)state;
	rpc_client_closep(&scene.client);
	snprintf(endpoint, sizeof(endpoint), "%s-none", scene.endpoint);
	scene.client = tiny_client(scene.transport, endpoint);
	assert_int_equal(
	    caller_call(scene.client, "Replica/Marks", 300, &scene.arena), RPC_UNAVAILABLE);
	assert_in_range(clock_monotonic_ms() - started, 300, 1000);
}

static char *long_text(size_t size) {
	char *text = malloc(size + 1);

	assert_non_null(text);
	memset(text, 'x', size);
	text[size] = '\0';
	return text;
}

static void a_payload_over_the_limit_is_refused_by_the_sender(void **state) {
	SCENE(scene);
	AUTO(heap_freep) char *text = long_text(RPC_PAYLOAD_MAX);
	MarksRequest message = question(text);
	struct rpc_request request = tiny_ask(&message, "Replica/Marks", 0);
	uint64_t ticket;

	(void)state;
	assert_int_equal(rpc_client_begin(scene.client, &request, &ticket), -EMSGSIZE);
	expect_answer(&scene, "the client goes on");
}

static void a_payload_at_the_limit_arrives(void **state) {
	enum { TAGS = 4 }; /* field number and a length of three bytes */
	SCENE(scene);
	AUTO(heap_freep) char *text = long_text(RPC_PAYLOAD_MAX - TAGS);
	MarksRequest message = question(text);
	struct rpc_request request = tiny_ask(&message, "Replica/Marks", 0);
	struct rpc_reply reply;

	(void)state;
	assert_int_equal(protobuf_c_message_get_packed_size(&message.base), RPC_PAYLOAD_MAX);
	assert_return_code(rpc_client_call(scene.client, &request, &scene.arena, &reply), 0);
	/* The answer names it twice, which is too much for the way back. */
	assert_int_equal(reply.status, RPC_RESOURCE_EXHAUSTED);
	assert_int_equal(reply.fault->reason, FAULT__REASON__TOO_LARGE);
}

struct cancelling {
	struct tiny *server;
	atomic_bool cancelled;
	atomic_bool waited_for; /* the call had arrived and was not answered */
};

/* Once the server has the call and its caller waits for nothing but the reply. */
static void *cancel_when_kept(void *context) {
	struct cancelling *cancelling = context;

	tiny_wait_kept(cancelling->server, 1);
	atomic_store(&cancelling->waited_for, true);
	atomic_store(&cancelling->cancelled, true);
	return NULL;
}

static void a_cancellation_ends_the_wait(void **state) {
	SCENE(scene);
	struct cancelling cancelling = { .server = scene.server };
	struct rpc_client_options options = {
		.transport = scene.transport,
		.endpoint = scene.endpoint,
		.cancelled = &cancelling.cancelled,
	};
	uint64_t started;
	pthread_t thread;

	(void)state;
	rpc_client_closep(&scene.client);
	assert_return_code(rpc_client_open(&options, &scene.client), 0);
	tiny_behave(scene.server, TINY_KEEPS);
	started = clock_monotonic_ms();
	assert_int_equal(pthread_create(&thread, NULL, cancel_when_kept, &cancelling), 0);
	assert_int_equal(
	    caller_call(scene.client, "Replica/Marks", 60000, &scene.arena), RPC_CANCELLED);
	assert_in_range(clock_monotonic_ms() - started, 0, 1500);
	assert_true(atomic_load(&cancelling.waited_for));
	pthread_join(thread, NULL);
}

static void a_hundred_clients_are_served_at_once(void **state) {
	enum { CLIENTS = 100 };
	SCENE(scene);
	struct rpc_client *clients[CLIENTS];
	uint64_t tickets[CLIENTS];
	char services[CLIENTS][16];

	(void)state;
	tiny_behave(scene.server, TINY_KEEPS);
	for (int i = 0; i < CLIENTS; i++) {
		snprintf(services[i], sizeof(services[i]), "s%d", i);
		clients[i] = tiny_client(scene.transport, scene.endpoint);
		tickets[i] = begin(clients[i], services[i], 20000);
	}
	for (int i = 0; i < CLIENTS; i++) {
		struct rpc_reply reply;

		if (i == 0)
			tiny_behave(scene.server, TINY_HANDS);
		reply = caller_end(clients[i], tickets[i], &scene.arena);
		expect_marks(&reply, services[i]);
	}
	for (int i = 0; i < CLIENTS; i++)
		rpc_client_close(clients[i]);
}

static void clients_may_come_and_go_without_end(void **state) {
	SCENE(scene);

	(void)state;
	for (int i = 0; i < 500; i++) {
		rpc_client_closep(&scene.client);
		scene.client = tiny_client(scene.transport, scene.endpoint);
	}
	expect_answer(&scene, "still here");
}

/* More than there is room for: what is left out is told. */
static void refuse_with_details(struct rpc_call *call) {
	Fault fault = FAULT__INIT;
	char field[512] = "";

	memset(field, 'f', sizeof(field) - 1);
	fault.reason = FAULT__REASON__MISSING;
	fault.field = field;
	rpc_call_refuse(call, RPC_FAILED_PRECONDITION, FAULT__REASON__DISK_FULL, "disk", "value");
	for (uint32_t i = 0; i < 10; i++) {
		fault.record = i;
		rpc_call_add_detail(call, &fault.base);
	}
}

static void a_status_carries_typed_details_and_tells_how_many_were_cut(void **state) {
	SCENE(scene);
	struct rpc_reply reply;

	(void)state;
	scene.server->fill = refuse_with_details;
	reply = caller_end(scene.client, caller_begin(scene.client, "Replica/Marks", 0), &scene.arena);
	assert_int_equal(reply.status, RPC_FAILED_PRECONDITION);
	assert_int_equal(reply.fault->reason, FAULT__REASON__DISK_FULL);
	assert_non_null(reply.header);
	assert_int_equal(reply.header->n_details, 5);
	assert_int_equal(reply.header->details_cut, 5);
	for (uint32_t i = 0; i < reply.header->n_details; i++) {
		const Detail *detail = reply.header->details[i];
		ProtobufCMessage *fault;

		assert_string_equal(detail->type, "Fault");
		assert_int_equal(message_unpack(&fault__descriptor, detail->value.data, detail->value.len,
		                     &scene.arena, &fault),
		    MESSAGE_OK);
		assert_int_equal(((const Fault *)fault)->record, i);
	}
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_call_goes_and_comes),
		cmocka_unit_test(a_call_is_a_step_below_its_callers),
		cmocka_unit_test(a_thousand_calls_come_back_from_another_thread),
		cmocka_unit_test(calls_in_flight_may_be_answered_in_any_order),
		cmocka_unit_test(one_call_too_many_in_flight_is_refused_here),
		cmocka_unit_test(a_ticket_serves_once),
		cmocka_unit_test(a_status_carries_typed_details_and_tells_how_many_were_cut),
		cmocka_unit_test(the_key_reaches_the_handler),
		cmocka_unit_test(the_deadline_fires_on_time_and_the_late_reply_is_dropped),
		cmocka_unit_test(the_server_hears_what_is_left_of_the_deadline),
		cmocka_unit_test(nobody_there_is_told_at_the_deadline),
		cmocka_unit_test(a_payload_over_the_limit_is_refused_by_the_sender),
		cmocka_unit_test(a_payload_at_the_limit_arrives),
		cmocka_unit_test(a_cancellation_ends_the_wait),
		cmocka_unit_test(a_hundred_clients_are_served_at_once),
		cmocka_unit_test(clients_may_come_and_go_without_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
