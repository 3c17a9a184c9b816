/* SPDX-License-Identifier: MIT */
/*
 * A call in steady state allocates nothing of ours, at neither end. What libzmq allocates is
 * counted apart: two frames a message, whatever number of calls travels in it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/file.h"
#include "tests/harness/folder.h"
#include "tests/unit/rpc/tiny.h"

enum { IN_FLIGHT = 64, WARM_UP = 2000, CALLS = 20000 };

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
/* A sanitizer has an allocator of its own. */
int main(void) {
	return 0;
}
#else

extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *bytes, size_t size);

extern const char __executable_start;
extern const char etext;

static atomic_bool counting;
static atomic_ullong ours;   /* of this program */
static atomic_ullong theirs; /* of libraries */

static void count(const void *caller) {
	if (!atomic_load(&counting))
		return;
	if ((const char *)caller >= &__executable_start && (const char *)caller < &etext)
		atomic_fetch_add(&ours, 1);
	else
		atomic_fetch_add(&theirs, 1);
}

void *malloc(size_t size) {
	count(__builtin_return_address(0));
	return __libc_malloc(size);
}

void *calloc(size_t number, size_t size) {
	count(__builtin_return_address(0));
	return __libc_calloc(number, size);
}

void *realloc(void *bytes, size_t size) {
	count(__builtin_return_address(0));
	return __libc_realloc(bytes, size);
}

static void make_calls(struct rpc_client *client, struct arena *arena, int calls) {
	LineChunk chunk = LINE_CHUNK__INIT;
	uint8_t bytes[200] = { 1 };
	struct rpc_request request = { .method = "Line/Echo", .message = &chunk.base };
	uint64_t tickets[IN_FLIGHT];

	chunk.body = (ProtobufCBinaryData) { sizeof(bytes), bytes };
	for (size_t i = 0; i < IN_FLIGHT; i++)
		assert_return_code(rpc_client_begin(client, &request, &tickets[i]), 0);
	for (int i = 0; i < calls; i++) {
		struct rpc_reply reply;
		uint64_t *ticket = &tickets[i % IN_FLIGHT];

		arena_reset(arena);
		assert_return_code(rpc_client_end(client, *ticket, arena, &reply), 0);
		assert_int_equal(reply.status, RPC_OK);
		if (i + IN_FLIGHT < calls)
			assert_return_code(rpc_client_begin(client, &request, ticket), 0);
	}
}

static void a_call_in_steady_state_allocates_nothing(void **state) {
	struct folder folder = folder_new();
	char endpoint[TINY_ENDPOINT_SIZE];
	struct rpc_transport *transport;
	struct rpc_client *client;
	struct tiny *server;
	struct arena arena;

	(void)state;
	snprintf(endpoint, sizeof(endpoint), "ipc://%s/tiny", folder.path);
	server = tiny_start(endpoint);
	assert_return_code(rpc_transport_open(&office_contract, &transport), 0);
	client = tiny_client(transport, endpoint);
	arena_init(&arena, 1 << 20);
	make_calls(client, &arena, WARM_UP);
	atomic_store(&counting, true);
	make_calls(client, &arena, CALLS);
	atomic_store(&counting, false);
	print_message("%d calls: %llu allocations of ours, %llu of libraries (%.2f a call)\n", CALLS,
	    atomic_load(&ours), atomic_load(&theirs), (double)atomic_load(&theirs) / (CALLS));
	assert_int_equal(atomic_load(&ours), 0);
	assert_in_range(atomic_load(&theirs), 0, CALLS);
	rpc_client_close(client);
	rpc_transport_close(transport);
	tiny_stopp(&server);
	arena_deinit(&arena);
	folder_remove(&folder);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_call_in_steady_state_allocates_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
#endif
