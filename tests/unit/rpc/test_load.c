/* SPDX-License-Identifier: MIT */
/* Many calls: how many a second, and that the server's memory does not grow with them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "tests/harness/folder.h"
#include "tests/harness/memory.h"
#include "tests/unit/rpc/tiny.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
enum { CALLS = 20000 }; /* a sanitizer's own memory grows, and its time is dear */
#define GROWTH_PERCENT 200
#else
enum { CALLS = 200000 };
#define GROWTH_PERCENT 105
#endif

enum { WINDOW = 32, WARM = CALLS / 10 };

/* In a process of its own, so that its memory can be told from ours. */
static pid_t serve_elsewhere(const char *endpoint, enum tiny_manner manner) {
	pid_t process = fork();

	assert_return_code(process, 0);
	if (process == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		tiny_behave(tiny_start(endpoint), manner);
		for (;;)
			pause();
	}
	return process;
}

struct flow {
	struct rpc_client *client;
	struct arena arena;
	uint64_t tickets[WINDOW];
};

static uint64_t begin(struct flow *flow) {
	MarksRequest message = MARKS_REQUEST__INIT;
	struct rpc_request request = tiny_ask(&message, "Replica/Marks", 60000);
	uint64_t ticket;

	message.service = (char *)(uintptr_t) "dossiers";
	assert_return_code(rpc_client_begin(flow->client, &request, &ticket), 0);
	return ticket;
}

static void make_calls(struct flow *flow, int count) {
	for (int i = 0; i < count + WINDOW; i++) {
		uint64_t *ticket = &flow->tickets[i % WINDOW];
		struct rpc_reply reply;

		if (i >= WINDOW) {
			assert_return_code(rpc_client_end(flow->client, *ticket, &flow->arena, &reply), 0);
			assert_int_equal(reply.status, RPC_OK);
			arena_reset(&flow->arena);
		}
		if (i < count)
			*ticket = begin(flow);
	}
}

static void expect_flat_memory(enum tiny_manner manner, const char *what) {
	AUTO(folder_remove) struct folder folder = folder_new();
	char endpoint[TINY_ENDPOINT_SIZE];
	struct rpc_transport *transport;
	struct flow flow;
	unsigned long before;
	unsigned long after;
	uint64_t started;
	uint64_t took;
	pid_t server;

	snprintf(endpoint, sizeof(endpoint), "ipc://%s/tiny", folder.path);
	server = serve_elsewhere(endpoint, manner);
	assert_return_code(rpc_transport_open(&office_contract, &transport), 0);
	flow.client = tiny_client(transport, endpoint);
	arena_init(&flow.arena, 1 << 20);
	make_calls(&flow, WARM);
	before = memory_resident_kib(server);
	started = clock_monotonic_ms();
	make_calls(&flow, CALLS);
	took = clock_monotonic_ms() - started;
	after = memory_resident_kib(server);
	print_message("%s: %d calls, %llu a second, server %lu KiB, then %lu KiB\n", what, (int)CALLS,
	    (unsigned long long)CALLS * 1000 / (took ? took : 1), before, after);
	kill(server, SIGKILL);
	waitpid(server, NULL, 0);
	arena_deinit(&flow.arena);
	rpc_client_close(flow.client);
	rpc_transport_close(transport);
	assert_true(after * 100 <= before * GROWTH_PERCENT);
}

static void answered_on_the_loop_the_server_stays_as_large(void **state) {
	(void)state;
	expect_flat_memory(TINY_ANSWERS, "on the loop");
}

static void answered_by_another_thread_the_server_stays_as_large(void **state) {
	(void)state;
	expect_flat_memory(TINY_HANDS, "by another thread");
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(answered_on_the_loop_the_server_stays_as_large),
		cmocka_unit_test(answered_by_another_thread_the_server_stays_as_large),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
