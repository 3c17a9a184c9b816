/* SPDX-License-Identifier: MIT */
/* A line that drops everything and tells nobody. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "common/base/clock.h"
#include "common/base/file.h"
#include "common/rpc/client_internal.h"
#include "tests/faults/faults.h"

enum {
	CALL_MS = 1000,
	LATE_MS = 200,
	SWEEP_MS = 1000, /* a server looks for the silent so often */
	STREAM_MS = 300000,
	SILENT_PORT = 5552,
	BACK_MS = 25000, /* for a connection after its line was mended */
};

#define SILENT_PORT_TEXT "5552"

static struct line *line;
static struct tiny_settings settings = { .keepalive_ms = 900, .silence_ms = 2000 };
static bool full;

/* Connections of the left end that its kernel takes for alive. */
static unsigned established(void) {
	FILE *stream;
	char text[256];
	unsigned state;
	unsigned count = 0;

	assert_return_code(line_enter(line, LINE_LEFT), 0);
	stream = fopen("/proc/thread-self/net/tcp6", "re");
	assert_non_null(stream);
	assert_non_null(fgets(text, sizeof(text), stream));
	while (fgets(text, sizeof(text), stream))
		count += sscanf(text, " %*d: %*s %*s %x", &state) == 1 && state == 1;
	fclose(stream);
	assert_return_code(line_leave(line), 0);
	return count;
}

static uint64_t begin(struct rpc_client *client, const char *method, uint32_t deadline_ms) {
	MarksRequest marks = MARKS_REQUEST__INIT;
	struct rpc_request request = tiny_ask(&marks, method, deadline_ms);
	uint64_t ticket;

	if (strncmp(method, "Line/", 5) == 0)
		request.message = NULL;
	assert_return_code(rpc_client_begin(client, &request, &ticket), 0);
	return ticket;
}

static enum rpc_status end(struct rpc_client *client, uint64_t ticket) {
	struct rpc_reply reply;
	struct arena arena;

	arena_init(&arena, 1 << 20);
	assert_return_code(rpc_client_end(client, ticket, &arena, &reply), 0);
	arena_deinit(&arena);
	return reply.status;
}

static void send_one(struct rpc_client *client, uint64_t ticket, struct arena *arena) {
	LineChunk chunk = LINE_CHUNK__INIT;
	ProtobufCMessage *back;

	assert_int_equal(rpc_client_send(client, ticket, &chunk.base), 0);
	assert_int_equal(rpc_client_receive(client, ticket, arena, &back), 0);
}

static void a_silent_drop_ends_calls_on_time_and_the_connection_soon(void **state) {
	struct faults faults = faults_open(line, &settings);
	struct rpc_client *client = faults_client(&faults, LANE__LANE_CONTROL);
	ProtobufCMessage *chunk;
	struct arena arena;
	uint64_t call;
	uint64_t stream;
	uint64_t cut_ms;
	uint64_t took_ms;

	(void)state;
	arena_init(&arena, 1 << 20);
	stream = begin(client, "Line/Converse", STREAM_MS);
	send_one(client, stream, &arena);
	tiny_behave(faults.server, TINY_KEEPS);
	call = begin(client, "Exchange/Marks", CALL_MS);
	tiny_wait_kept(faults.server, 1);
	cut_ms = clock_monotonic_ms();
	assert_return_code(line_say(line, "cut"), 0);

	assert_int_equal(end(client, call), RPC_DEADLINE_EXCEEDED);
	took_ms = clock_monotonic_ms() - cut_ms;
	print_message("a deadline of %d ms fired after %d ms\n", (int)CALL_MS, (int)took_ms);
	assert_in_range(took_ms, CALL_MS - LATE_MS, CALL_MS + LATE_MS);

	/* A stream has no end of its own: it shows when the connection is given up. */
	assert_int_equal(rpc_client_receive(client, stream, &arena, &chunk), RPC_CLIENT_ENDED);
	took_ms = clock_monotonic_ms() - cut_ms;
	print_message("the caller gave up after %d ms\n", (int)took_ms);
	assert_in_range(took_ms, 0, settings.silence_ms + LATE_MS);
	assert_int_equal(end(client, stream), RPC_UNAVAILABLE);
	tiny_wait_no_stream(faults.server);
	took_ms = clock_monotonic_ms() - cut_ms;
	print_message("the server gave up after %d ms\n", (int)took_ms);
	assert_in_range(took_ms, 0, settings.silence_ms + SWEEP_MS + LATE_MS);
	/* The socket is libzmq's to close, which takes the kernel's word. */
	if (full) {
		while (established() && clock_monotonic_ms() - cut_ms < 3 * settings.silence_ms)
			(void)faults_echo(client, 1, 1000);
		took_ms = clock_monotonic_ms() - cut_ms;
		print_message("its kernel gave up after %d ms\n", (int)took_ms);
		assert_in_range(took_ms, 0, RPC_SILENCE_MS + 15000);
	}

	/* Nobody does anything but to mend the line. */
	tiny_behave(faults.server, TINY_ANSWERS);
	assert_return_code(line_say(line, "mend"), 0);
	cut_ms = clock_monotonic_ms();
	assert_int_equal(faults_echo(client, 64, BACK_MS), RPC_OK);
	print_message("back %d ms after it was mended\n", (int)(clock_monotonic_ms() - cut_ms));
	arena_deinit(&arena);
	rpc_client_close(client);
	faults_close(&faults);
}

/* Return: how long that took. */
static uint64_t wait_for_link(
    struct rpc_client *client, enum link_state link, uint64_t at_most_ms) {
	uint64_t started = clock_monotonic_ms();
	uint64_t now = started;

	for (; client->link != link && now - started < at_most_ms; now = clock_monotonic_ms())
		assert_return_code(client_wait(client, started + at_most_ms), 0);
	assert_int_equal(client->link, link);
	return now - started;
}

static void a_server_that_leaves_and_falls_silent_is_given_up(void **state) {
	struct faults faults = faults_open(line, &settings);
	struct rpc_client *client = faults_client(&faults, LANE__LANE_CONTROL);
	uint64_t call;

	(void)state;
	assert_int_equal(faults_echo(client, 64, BACK_MS), RPC_OK);
	tiny_behave(faults.server, TINY_KEEPS);
	call = begin(client, "Exchange/Marks", STREAM_MS);
	tiny_wait_kept(faults.server, 1);
	tiny_leave(faults.server);
	wait_for_link(client, LINK_LEAVING, BACK_MS);
	assert_return_code(line_say(line, "cut"), 0);
	assert_in_range(wait_for_link(client, LINK_DOWN, 2 * settings.silence_ms), 0,
	    settings.silence_ms + LATE_MS);
	assert_int_equal(end(client, call), RPC_UNAVAILABLE);
	rpc_client_close(client);
	faults_close(&faults);
}

/* Somebody who lets us in and says nothing. */
static int listen_silently(void) {
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons(SILENT_PORT) };
	int made;

	inet_pton(AF_INET, LINE_LEFT_ADDRESS, &address.sin_addr);
	assert_return_code(line_enter(line, LINE_LEFT), 0);
	made = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_return_code(bind(made, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_return_code(listen(made, 8), 0);
	assert_return_code(line_leave(line), 0);
	return made;
}

/* What took too long says nothing of the key, however often. */
static void a_handshake_that_nobody_answers_is_no_refusal(void **state) {
	struct rpc_identity identity;
	struct rpc_client_options options = {
		.endpoint = "tcp://" LINE_LEFT_ADDRESS ":" SILENT_PORT_TEXT,
		.identity = &identity,
		.server_key = identity.public_key,
		.node = COMMUNE,
		.lane = LANE__LANE_CONTROL,
	};
	AUTO(file_descriptor_close) int silent = -1;
	struct rpc_transport *transport;
	struct rpc_client *client;

	(void)state;
	if (!full)
		skip();
	assert_return_code(line_say(line, "clear"), 0);
	silent = listen_silently();
	assert_return_code(rpc_identity_make(&identity), 0);
	assert_return_code(rpc_transport_open(&office_contract, &transport), 0);
	options.transport = transport;
	assert_return_code(line_enter(line, LINE_RIGHT), 0);
	assert_return_code(rpc_client_open(&options, &client), 0);
	assert_return_code(line_leave(line), 0);
	assert_int_equal(faults_echo(client, 64, 3 * RPC_HANDSHAKE_MS), RPC_UNAVAILABLE);
	rpc_client_close(client);
	rpc_transport_close(transport);
}

int main(int argc, char **argv) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_silent_drop_ends_calls_on_time_and_the_connection_soon),
		cmocka_unit_test(a_server_that_leaves_and_falls_silent_is_given_up),
		cmocka_unit_test(a_handshake_that_nobody_answers_is_no_refusal),
	};
	int failed;

	full = faults_in_full(argc, argv);
	if (full)
		settings = (struct tiny_settings) {
			.keepalive_ms = RPC_KEEPALIVE_MS,
			.silence_ms = RPC_SILENCE_MS - 10000, /* a peer's stream has no longer than this */
		};
	faults_open_lines(&line, 1);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	faults_close_lines(&line, 1);
	return failed;
}
