/* SPDX-License-Identifier: MIT */
/*
 * A node comes again, by another way, while the server still takes its old connection for alive:
 * the line of that one drops what the node sends, or everything.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/base/clock.h"
#include "tests/faults/faults.h"

enum { AT_ONCE_MS = 1500, CALL_MS = 3000, STREAM_MS = 60000 };

static struct line *line;

/* The node as it is after it was started again: another process, with another way to the server. */
struct newcomer {
	struct rpc_transport *transport;
	struct rpc_client *client;
};

static struct newcomer come_again(struct faults *faults) {
	struct newcomer newcomer;

	assert_return_code(rpc_transport_open(&office_contract, &newcomer.transport), 0);
	assert_return_code(line_enter(line, LINE_LEFT), 0);
	newcomer.client =
	    tiny_peer(newcomer.transport, FAULT_ENDPOINT, &faults->commune, faults->server);
	assert_return_code(line_leave(line), 0);
	return newcomer;
}

static void newcomer_close(struct newcomer *newcomer) {
	rpc_client_closep(&newcomer->client);
	rpc_transport_closep(&newcomer->transport);
}

/* One that has been answered and goes on. */
static uint64_t begin_stream(struct rpc_client *client) {
	struct rpc_request request = { .method = "Line/Converse", .deadline_ms = STREAM_MS };
	LineChunk chunk = LINE_CHUNK__INIT;
	ProtobufCMessage *back;
	struct arena arena;
	uint64_t ticket;

	arena_init(&arena, 1 << 20);
	assert_return_code(rpc_client_begin(client, &request, &ticket), 0);
	assert_int_equal(rpc_client_send(client, ticket, &chunk.base), 0);
	assert_int_equal(rpc_client_receive(client, ticket, &arena, &back), 0);
	arena_deinit(&arena);
	return ticket;
}

/* A stream that the server serves, and a call that it keeps. Return: the call. */
static uint64_t begin_both(struct faults *faults, struct rpc_client *client) {
	MarksRequest marks = MARKS_REQUEST__INIT;
	struct rpc_request unary = tiny_ask(&marks, "Exchange/Marks", CALL_MS);
	uint64_t ticket;

	(void)begin_stream(client);
	tiny_behave(faults->server, TINY_KEEPS);
	assert_return_code(rpc_client_begin(client, &unary, &ticket), 0);
	tiny_wait_kept(faults->server, 1);
	return ticket;
}

static void expect_ended_once(struct rpc_client *client, uint64_t ticket, enum rpc_status status) {
	struct rpc_reply reply;
	struct arena arena;

	arena_init(&arena, 1 << 20);
	assert_return_code(rpc_client_end(client, ticket, &arena, &reply), 0);
	assert_int_equal(reply.status, status);
	assert_int_equal(rpc_client_end(client, ticket, &arena, &reply), -ENOENT);
	arena_deinit(&arena);
}

static void expect_served_at_once(struct rpc_client *client) {
	uint64_t started = clock_monotonic_ms();

	assert_int_equal(faults_echo(client, 64, 10000), RPC_OK);
	assert_in_range(clock_monotonic_ms() - started, 0, AT_ONCE_MS);
}

/* `words` make the old connection half open; its unary call then ends as `status`. */
static void expect_newest_wins(const char *words, enum rpc_status status) {
	static const struct tiny_settings settings;
	struct faults faults = faults_open(line, &settings);
	struct rpc_client *old = faults_client(&faults, LANE__LANE_CONTROL);
	uint64_t kept = begin_both(&faults, old);
	struct newcomer newcomer;
	uint64_t started;

	assert_return_code(line_say(line, words), 0);
	newcomer = come_again(&faults);
	started = clock_monotonic_ms();
	(void)begin_stream(newcomer.client);
	assert_in_range(clock_monotonic_ms() - started, 0, AT_ONCE_MS);
	tiny_behave(faults.server, TINY_ANSWERS);
	tiny_wait_answered(faults.server);
	tiny_wait_cut_short(faults.server, 1); /* the stream of the old one */
	expect_ended_once(old, kept, status);
	assert_int_equal(atomic_load(&faults.server->served), 1);
	expect_served_at_once(newcomer.client);

	/* The line comes back with what its ends still have to say to each other. */
	assert_return_code(line_say(line, "mend"), 0);
	rpc_client_close(old);
	expect_served_at_once(newcomer.client);
	newcomer_close(&newcomer);
	newcomer = come_again(&faults);
	expect_served_at_once(newcomer.client);
	newcomer_close(&newcomer);
	faults_close(&faults);
}

/* The old one still hears: it is told at once. */
static void the_newest_wins_when_the_server_hears_nothing_of_the_old(void **state) {
	(void)state;
	expect_newest_wins("right cut", RPC_UNAVAILABLE);
}

/* The old one hears nothing: its deadline ends the call. */
static void the_newest_wins_when_nobody_hears_anything(void **state) {
	(void)state;
	expect_newest_wins("cut", RPC_DEADLINE_EXCEEDED);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_newest_wins_when_the_server_hears_nothing_of_the_old),
		cmocka_unit_test(the_newest_wins_when_nobody_hears_anything),
	};
	int failed;

	faults_open_lines(&line, 1);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	faults_close_lines(&line, 1);
	return failed;
}
