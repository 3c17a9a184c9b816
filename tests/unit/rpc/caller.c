/* SPDX-License-Identifier: MIT */
#include "tests/unit/rpc/caller.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "cchc/records.pb-c.h"
#include "common/base/clock.h"

enum { PATIENCE_MS = 10000 };

uint64_t caller_begin(struct rpc_client *client, const char *method, uint32_t deadline_ms) {
	MarksRequest marks = MARKS_REQUEST__INIT;
	ProtobufCMessage empty = { .descriptor = contract_find(&office_contract, method)->request };
	struct rpc_request request = { .method = method, .deadline_ms = deadline_ms };
	uint64_t ticket;

	marks.service = (char *)(uintptr_t)method;
	if (empty.descriptor == &marks_request__descriptor)
		request.message = &marks.base;
	else if (!contract_find(&office_contract, method)->streams_requests)
		request.message = &empty;
	assert_return_code(rpc_client_begin(client, &request, &ticket), 0);
	assert_return_code(client_flush(client), 0);
	return ticket;
}

struct rpc_reply caller_end(struct rpc_client *client, uint64_t ticket, struct arena *arena) {
	struct rpc_reply reply;

	assert_return_code(rpc_client_end(client, ticket, arena, &reply), 0);
	return reply;
}

enum rpc_status caller_call(
    struct rpc_client *client, const char *method, uint32_t deadline_ms, struct arena *arena) {
	return caller_end(client, caller_begin(client, method, deadline_ms), arena).status;
}

uint64_t caller_order(
    struct rpc_client *client, uint32_t chunks, uint32_t chunk_bytes, uint32_t deadline_ms) {
	LineOrder order = LINE_ORDER__INIT;
	struct rpc_request request = {
		.method = "Line/Download",
		.message = &order.base,
		.deadline_ms = deadline_ms,
	};
	uint64_t ticket;

	order.chunks = chunks;
	order.chunk_bytes = chunk_bytes;
	assert_return_code(rpc_client_begin(client, &request, &ticket), 0);
	assert_return_code(client_flush(client), 0);
	return ticket;
}

int caller_send(struct rpc_client *client, uint64_t ticket, uint32_t number, size_t size) {
	static uint8_t bytes[RPC_PAYLOAD_MAX];
	LineChunk chunk = LINE_CHUNK__INIT;

	memcpy(bytes, &number, sizeof(number));
	chunk.body = (ProtobufCBinaryData) { size, bytes };
	return rpc_client_send(client, ticket, &chunk.base);
}

int caller_receive(
    struct rpc_client *client, uint64_t ticket, struct arena *arena, uint32_t *ret_number) {
	ProtobufCMessage *chunk;
	int r;

	arena_reset(arena);
	r = rpc_client_receive(client, ticket, arena, &chunk);
	if (r == 0)
		memcpy(ret_number, ((const LineChunk *)chunk)->body.data, sizeof(*ret_number));
	return r;
}

const NodeStatistics *caller_statistics(struct rpc_client *client, struct arena *arena) {
	struct rpc_reply reply =
	    caller_end(client, caller_begin(client, "Node/Statistics", PATIENCE_MS), arena);

	assert_int_equal(reply.status, RPC_OK);
	return (const NodeStatistics *)reply.message;
}

void caller_await_over(struct rpc_client *client, uint64_t ticket) {
	uint64_t until_ms = clock_monotonic_ms() + PATIENCE_MS;

	while (!client_is_over(client, client_find(client, ticket))) {
		assert_in_range(clock_monotonic_ms(), 0, until_ms);
		assert_return_code(client_wait(client, until_ms), 0);
	}
}

void caller_await_link(struct rpc_client *client, enum link_state link) {
	uint64_t until_ms = clock_monotonic_ms() + PATIENCE_MS;

	while (client->link != link) {
		assert_in_range(clock_monotonic_ms(), 0, until_ms);
		assert_return_code(client_wait(client, until_ms), 0);
	}
}
