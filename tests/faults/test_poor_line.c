/* SPDX-License-Identifier: MIT */
/*
 * A line of 16 kbit/s, 800 ms there and back, that loses 5 % of what it is given: somebody waits
 * for an answer while much goes over the other lane of the same node. Several lines run beside each
 * other, for more calls in the same time.
 *
 *   test_poor_line [--full | MILLISECONDS WORDS CHUNK_BYTES]
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/clock.h"
#include "tests/faults/faults.h"

enum {
	LINES = 8,
	CALLS_MAX = 20000,
	CALL_BYTES = 64,
	DEADLINE_MS = 60000,
	SOON_MS = 5000,
	MEDIAN_MS = 2500,  /* of calls that lose none */
	BULK_KBIT = 4,     /* the other lane must not starve */
	FIRST_MS = 120000, /* for the first call, with its connection */
	STREAM_MS = 3600000,
};

static struct line *lines[LINES];
static uint64_t measure_ms = 15000;
/* A call's packets are lost now and then, and some of them twice; of few calls that may be many. */
static size_t late_percent = 10;
static const char *words = "rate 16 delay 400 loss 5";
static size_t chunk_bytes; /* of what goes beside the calls; 0: as is advised */

struct run {
	struct faults faults;
	struct rpc_client *control;
	struct rpc_client *bulk;
	bool upload;
	atomic_bool started;
	atomic_bool stopping;
	atomic_size_t bulk_bytes;
	uint64_t measured_ms;
	size_t measured_bytes; /* of what went beside the calls meanwhile */
	size_t calls;
	size_t failed;
	uint64_t first_ms;
	uint64_t took_ms[CALLS_MAX / LINES];
	pthread_t bulk_thread;
	pthread_t control_thread;
};

static void send_much(struct run *run) {
	static uint8_t body[RPC_PAYLOAD_MAX];
	struct rpc_request request = { .method = "Line/Upload", .deadline_ms = STREAM_MS };
	LineChunk chunk = LINE_CHUNK__INIT;
	uint64_t ticket;

	chunk.body = (ProtobufCBinaryData) { chunk_bytes, body };
	assert_return_code(rpc_client_begin(run->bulk, &request, &ticket), 0);
	while (!atomic_load(&run->stopping)) {
		chunk.body.len = chunk_bytes ? chunk_bytes : rpc_client_chunk_size(run->bulk, ticket);
		if (rpc_client_send(run->bulk, ticket, &chunk.base) != 0)
			break;
		atomic_fetch_add(&run->bulk_bytes, chunk.body.len);
		atomic_store(&run->started, true);
	}
	rpc_client_cancel(run->bulk, ticket);
}

static void receive_much(struct run *run) {
	LineOrder order = LINE_ORDER__INIT;
	struct rpc_request request = {
		.method = "Line/Download",
		.message = &order.base,
		.deadline_ms = STREAM_MS,
	};
	ProtobufCMessage *chunk;
	struct arena arena;
	uint64_t ticket;

	arena_init(&arena, 8 << 20);
	order.chunks = UINT32_MAX;
	order.chunk_bytes = (uint32_t)chunk_bytes;
	assert_return_code(rpc_client_begin(run->bulk, &request, &ticket), 0);
	while (!atomic_load(&run->stopping) &&
	       rpc_client_receive(run->bulk, ticket, &arena, &chunk) == 0) {
		atomic_fetch_add(&run->bulk_bytes, ((const LineChunk *)chunk)->body.len);
		atomic_store(&run->started, true);
		arena_reset(&arena);
	}
	rpc_client_cancel(run->bulk, ticket);
	arena_deinit(&arena);
}

static void *work_bulk(void *context) {
	struct run *run = context;

	/* A stream that ends with its connection is begun again. */
	while (!atomic_load(&run->stopping))
		(run->upload ? send_much : receive_much)(run);
	return NULL;
}

static void *work_control(void *context) {
	struct run *run = context;
	uint64_t began = clock_monotonic_ms();
	uint64_t from;

	if (faults_echo(run->control, CALL_BYTES, FIRST_MS) != RPC_OK)
		run->failed++;
	run->first_ms = clock_monotonic_ms() - began;
	while (!atomic_load(&run->started) && clock_monotonic_ms() - began < FIRST_MS)
		(void)faults_echo(run->control, CALL_BYTES, DEADLINE_MS);
	from = clock_monotonic_ms();
	run->measured_bytes = atomic_load(&run->bulk_bytes);
	for (uint64_t now;
	     (now = clock_monotonic_ms()) - from < measure_ms && run->calls < LENGTH_OF(run->took_ms);
	     run->calls++) {
		if (faults_echo(run->control, CALL_BYTES, DEADLINE_MS) != RPC_OK)
			run->failed++;
		run->took_ms[run->calls] = clock_monotonic_ms() - now;
	}
	run->measured_ms = clock_monotonic_ms() - from;
	run->measured_bytes = atomic_load(&run->bulk_bytes) - run->measured_bytes;
	return NULL;
}

static void start(struct run *run, struct line *line, bool upload) {
	static const struct tiny_settings settings;

	run->faults = faults_open(line, &settings);
	assert_return_code(line_say(line, words), 0);
	run->upload = upload;
	run->control = faults_client(&run->faults, LANE__LANE_CONTROL);
	run->bulk = faults_client(&run->faults, LANE__LANE_BULK);
	assert_int_equal(pthread_create(&run->bulk_thread, NULL, work_bulk, run), 0);
	assert_int_equal(pthread_create(&run->control_thread, NULL, work_control, run), 0);
}

static void stop(struct run *run) {
	atomic_store(&run->stopping, true);
	assert_return_code(line_say(run->faults.line, "clear"), 0);
	pthread_join(run->bulk_thread, NULL);
	rpc_client_close(run->control);
	rpc_client_close(run->bulk);
	faults_close(&run->faults);
}

static void a_call_is_answered_soon_while_much_goes_beside_it(void **state) {
	struct run *runs = calloc(LINES, sizeof(*runs));
	uint64_t *took = calloc(CALLS_MAX, sizeof(*took));
	uint64_t first[LINES];
	uint64_t kbit[LINES];
	size_t count = 0;
	size_t late = 0;
	size_t failed = 0;
	struct spread calls;

	(void)state;
	assert_true(runs && took);
	for (size_t i = 0; i < LINES; i++)
		start(&runs[i], lines[i], i % 2);
	for (size_t i = 0; i < LINES; i++) {
		struct run *run = &runs[i];

		pthread_join(run->control_thread, NULL);
		first[i] = run->first_ms;
		kbit[i] = run->measured_bytes * 8 / run->measured_ms;
		memcpy(took + count, run->took_ms, run->calls * sizeof(*took));
		count += run->calls;
		failed += run->failed;
	}
	for (size_t i = 0; i < count; i++)
		late += took[i] > SOON_MS;
	faults_spread("first calls with their connections, ms", first, LINES);
	faults_spread("beside the calls, kbit/s of each line", kbit, LINES);
	calls = faults_spread("calls, ms", took, count);
	print_message("%zu over %d ms, %zu failed\n", late, (int)SOON_MS, failed);
	for (size_t i = 0; i < LINES; i++)
		stop(&runs[i]);
	assert_int_equal(failed, 0);
	assert_in_range(late * 100, 0, count * late_percent);
	assert_in_range(calls.median, 0, MEDIAN_MS);
	assert_in_range(kbit[LINES / 2], BULK_KBIT, UINT32_MAX);
	free(runs);
	free(took);
}

int main(int argc, char **argv) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_call_is_answered_soon_while_much_goes_beside_it),
	};
	int failed;

	if (faults_in_full(argc, argv)) {
		measure_ms = 600000;
		late_percent = 3;
	}
	if (argc > 3) {
		measure_ms = strtoull(argv[1], NULL, 0);
		words = argv[2];
		chunk_bytes = strtoull(argv[3], NULL, 0);
	}
	faults_open_lines(lines, LINES);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	faults_close_lines(lines, LINES);
	return failed;
}
