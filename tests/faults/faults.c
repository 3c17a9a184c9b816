/* SPDX-License-Identifier: MIT */
#include "tests/faults/faults.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

bool faults_in_full(int argc, char **argv) {
	return argc > 1 && strcmp(argv[1], "--full") == 0;
}

void faults_open_lines(struct line *lines[], size_t count) {
	for (size_t i = 0; i < count; i++) {
		int r = line_open(0, &lines[i]);

		if (r)
			exit(r == LINE_NOT_ALLOWED ? LINE_SKIPPED : EXIT_FAILURE);
	}
}

void faults_close_lines(struct line *lines[], size_t count) {
	for (size_t i = 0; i < count; i++)
		line_closep(&lines[i]);
}

struct faults faults_open(struct line *line, const struct tiny_settings *settings) {
	struct faults faults = { .line = line };

	assert_return_code(rpc_identity_make(&faults.commune), 0);
	assert_return_code(line_say(line, "clear"), 0);
	assert_return_code(line_enter(line, LINE_LEFT), 0);
	faults.server = tiny_start_with(FAULT_ENDPOINT, settings);
	tiny_let_in(faults.server, COMMUNE, &faults.commune);
	assert_return_code(line_leave(line), 0);
	assert_return_code(rpc_transport_open(&office_contract, &faults.transport), 0);
	return faults;
}

void faults_close(struct faults *faults) {
	rpc_transport_closep(&faults->transport);
	tiny_stopp(&faults->server);
}

struct rpc_client *faults_client(struct faults *faults, Lane lane) {
	struct rpc_client *client;

	/* libzmq's thread, which makes the connections, starts with the first socket. */
	assert_return_code(line_enter(faults->line, LINE_RIGHT), 0);
	client =
	    tiny_peer_on(lane, faults->transport, FAULT_ENDPOINT, &faults->commune, faults->server);
	assert_return_code(line_leave(faults->line), 0);
	return client;
}

enum rpc_status faults_echo(struct rpc_client *client, size_t bytes, uint32_t deadline_ms) {
	static uint8_t body[RPC_PAYLOAD_MAX];
	LineChunk chunk = LINE_CHUNK__INIT;
	struct rpc_request request = {
		.method = "Line/Echo",
		.message = &chunk.base,
		.deadline_ms = deadline_ms,
	};
	struct rpc_reply reply;
	struct arena arena;

	arena_init(&arena, 8 << 20);
	chunk.body = (ProtobufCBinaryData) { bytes, body };
	assert_return_code(rpc_client_call(client, &request, &arena, &reply), 0);
	if (reply.status == RPC_OK)
		assert_int_equal(((const LineChunk *)reply.message)->body.len, bytes);
	arena_deinit(&arena);
	return reply.status;
}

static int compare(const void *left, const void *right) {
	const uint64_t *a = left;
	const uint64_t *b = right;

	return (*a > *b) - (*a < *b);
}

struct spread faults_spread(const char *what, uint64_t values[], size_t count) {
	struct spread spread = { 0 };

	if (count) {
		qsort(values, count, sizeof(values[0]), compare);
		spread = (struct spread) { values[0], values[count / 2], values[count * 9 / 10],
			values[count * 99 / 100], values[count - 1] };
	}
	print_message("%s: %zu, least %llu, half %llu, 90 %% %llu, 99 %% %llu, most %llu\n", what,
	    count, (unsigned long long)spread.least, (unsigned long long)spread.median,
	    (unsigned long long)spread.p90, (unsigned long long)spread.p99,
	    (unsigned long long)spread.most);
	return spread;
}
