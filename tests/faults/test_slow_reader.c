/* SPDX-License-Identifier: MIT */
/*
 * Both ends send as fast as they can and take what comes slowly, while the connection is kept alive
 * many times over: nothing is lost, nobody aborts, and neither process grows.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "tests/faults/faults.h"
#include "tests/harness/memory.h"

enum {
	CHUNK = 4000,
	PACE_MS = 4, /* that a reader takes for each */
	WARM_MS = 3000,
	STREAM_MS = 4000,
	GROWTH_KIB = 4096 + FAULTS_SANITIZER_KIB,
};

static struct line *line;
static uint64_t measure_ms = 12000;

struct readers {
	struct rpc_client *up;
	struct rpc_client *down;
	uint64_t until_ms;
	uint32_t sent;
	uint32_t received;
	bool sent_well;
	bool received_well;
};

/* In a process of its own, which ends with ours. */
static pid_t serve(const struct rpc_identity *identity, const struct rpc_identity *commune) {
	struct tiny_settings settings = {
		.keepalive_ms = 300,
		.silence_ms = 3000,
		.pace_ms = PACE_MS,
		.identity = identity,
	};
	pid_t process = fork();

	if (process)
		return process;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	assert_return_code(line_enter(line, LINE_LEFT), 0);
	tiny_let_in(tiny_start_with(FAULT_ENDPOINT, &settings), COMMUNE, commune);
	for (;;)
		pause();
}

/* Until then a stream goes on: a peer's may not last for longer than its method says. */
static uint64_t stream_until(const struct readers *readers) {
	uint64_t until_ms = clock_monotonic_ms() + STREAM_MS;

	return until_ms < readers->until_ms ? until_ms : readers->until_ms;
}

/* The server's handler is the slow one. Return: whether everything arrived. */
static bool send_stream(struct readers *readers, struct arena *arena) {
	static uint8_t body[CHUNK];
	struct rpc_request request = { .method = "Line/Upload" };
	uint64_t until_ms = stream_until(readers);
	LineChunk chunk = LINE_CHUNK__INIT;
	const LineReceipt *receipt;
	struct rpc_reply reply;
	uint64_t ticket;
	uint32_t sent = 0;

	chunk.body = (ProtobufCBinaryData) { sizeof(body), body };
	if (rpc_client_begin(readers->up, &request, &ticket) < 0)
		return false;
	for (; clock_monotonic_ms() < until_ms; sent++)
		if (rpc_client_send(readers->up, ticket, &chunk.base) != 0)
			return false;
	if (rpc_client_half_close(readers->up, ticket) != 0 ||
	    rpc_client_end(readers->up, ticket, arena, &reply) < 0 || reply.status != RPC_OK)
		return false;
	receipt = (const LineReceipt *)reply.message;
	readers->sent += sent;
	return receipt->chunks == sent && receipt->bytes == (uint64_t)sent * CHUNK;
}

/* Here we are. Return: whether everything came, in order. */
static bool receive_stream(struct readers *readers, struct arena *arena) {
	LineOrder order = LINE_ORDER__INIT;
	struct rpc_request request = { .method = "Line/Download", .message = &order.base };
	uint64_t until_ms = stream_until(readers);
	uint64_t ticket;

	order.chunks = UINT32_MAX;
	order.chunk_bytes = CHUNK;
	if (rpc_client_begin(readers->down, &request, &ticket) < 0)
		return false;
	for (uint32_t wanted = 0; clock_monotonic_ms() < until_ms; wanted++) {
		ProtobufCMessage *chunk;
		uint32_t number;

		if (rpc_client_receive(readers->down, ticket, arena, &chunk) != 0)
			return false;
		memcpy(&number, ((const LineChunk *)chunk)->body.data, sizeof(number));
		if (number != wanted)
			return false;
		readers->received++;
		arena_reset(arena);
		(void)poll(NULL, 0, PACE_MS); /* the slow reader's work */
	}
	rpc_client_cancel(readers->down, ticket);
	return true;
}

/* What a thread of its own asserts, nobody hears. */
static void *send_all(void *context) {
	struct readers *readers = context;
	struct arena arena;

	arena_init(&arena, 8 << 20);
	do {
		arena_reset(&arena);
		readers->sent_well = send_stream(readers, &arena);
	} while (readers->sent_well && clock_monotonic_ms() < readers->until_ms);
	arena_deinit(&arena);
	return NULL;
}

static void *receive_all(void *context) {
	struct readers *readers = context;
	struct arena arena;

	arena_init(&arena, 8 << 20);
	do {
		arena_reset(&arena);
		readers->received_well = receive_stream(readers, &arena);
	} while (readers->received_well && clock_monotonic_ms() < readers->until_ms);
	arena_deinit(&arena);
	return NULL;
}

static struct rpc_client *client_on(Lane lane, struct rpc_transport *transport,
    const struct rpc_identity *identity, const struct rpc_identity *server) {
	struct rpc_client_options options = {
		.transport = transport,
		.endpoint = FAULT_ENDPOINT,
		.identity = identity,
		.server_key = server->public_key,
		.node = COMMUNE,
		.lane = lane,
	};
	struct rpc_client *client = NULL;

	assert_return_code(rpc_client_open(&options, &client), 0);
	return client;
}

static void slow_readers_lose_nothing_and_cost_little(void **state) {
	struct rpc_identity server_identity;
	struct rpc_identity commune;
	struct rpc_transport *transport;
	struct readers readers = { .sent = 0 };
	struct {
		unsigned long before;
		unsigned long most;
	} resident[2] = { { 0 } };
	pthread_t threads[2];
	pid_t processes[2] = { getpid() };
	uint64_t warm_ms = clock_monotonic_ms() + WARM_MS;
	int status;

	(void)state;
	assert_return_code(rpc_identity_make(&server_identity), 0);
	assert_return_code(rpc_identity_make(&commune), 0);
	assert_return_code(line_say(line, "clear delay 5"), 0);
	processes[1] = serve(&server_identity, &commune);
	assert_return_code(processes[1], 0);
	readers.until_ms = warm_ms + measure_ms;
	assert_return_code(rpc_transport_open(&office_contract, &transport), 0);
	assert_return_code(line_enter(line, LINE_RIGHT), 0);
	readers.up = client_on(LANE__LANE_BULK, transport, &commune, &server_identity);
	readers.down = client_on(LANE__LANE_CONTROL, transport, &commune, &server_identity);
	assert_return_code(line_leave(line), 0);
	assert_int_equal(pthread_create(&threads[0], NULL, send_all, &readers), 0);
	assert_int_equal(pthread_create(&threads[1], NULL, receive_all, &readers), 0);
	for (uint64_t now; (now = clock_monotonic_ms()) < readers.until_ms;) {
		for (size_t i = 0; i < LENGTH_OF(processes); i++) {
			unsigned long kib = memory_resident_kib(processes[i]);

			if (now < warm_ms)
				resident[i].before = kib;
			else if (kib > resident[i].most)
				resident[i].most = kib;
		}
		(void)poll(NULL, 0, 100); /* between two samples */
	}
	for (size_t i = 0; i < LENGTH_OF(threads); i++)
		pthread_join(threads[i], NULL);
	print_message(
	    "%u chunks up, %u down; caller %lu KiB, at most %lu; server %lu KiB, at most %lu\n",
	    readers.sent, readers.received, resident[0].before, resident[0].most, resident[1].before,
	    resident[1].most);
	assert_true(readers.sent_well && readers.received_well);
	assert_int_equal(waitpid(processes[1], &status, WNOHANG), 0);
	for (size_t i = 0; i < LENGTH_OF(resident); i++)
		assert_in_range(resident[i].most, 1, resident[i].before + GROWTH_KIB);
	/* Readers this slow let through so much; were it far less, there was no pressure. */
	assert_in_range(readers.received, measure_ms / PACE_MS / 4, UINT32_MAX);
	assert_in_range(readers.sent, measure_ms / PACE_MS / 4, UINT32_MAX);
	rpc_client_close(readers.up);
	rpc_client_close(readers.down);
	rpc_transport_close(transport);
	kill(processes[1], SIGKILL);
	waitpid(processes[1], NULL, 0);
}

int main(int argc, char **argv) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(slow_readers_lose_nothing_and_cost_little),
	};
	int failed;

	if (faults_in_full(argc, argv))
		measure_ms = 600000;
	faults_open_lines(&line, 1);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	faults_close_lines(&line, 1);
	return failed;
}
