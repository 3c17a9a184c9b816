/* SPDX-License-Identifier: MIT */
/* What comes in at the door: frames that no client of ours would send. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zmq.h>

#include "common/base/clock.h"
#include "common/base/file.h"
#include "common/base/message.h"
#include "tests/harness/folder.h"
#include "tests/unit/rpc/tiny.h"

enum { PATIENCE_MS = 10000 };

struct door {
	struct folder folder;
	char endpoint[TINY_ENDPOINT_SIZE];
	struct tiny *server;
	void *context;
	void *socket; /* DEALER */
};

static void connect_door(struct door *door) {
	static const int patience_ms = PATIENCE_MS;
	static const int no_linger = 0;

	door->socket = zmq_socket(door->context, ZMQ_DEALER);
	zmq_setsockopt(door->socket, ZMQ_LINGER, &no_linger, sizeof(no_linger));
	zmq_setsockopt(door->socket, ZMQ_RCVTIMEO, &patience_ms, sizeof(patience_ms));
	assert_return_code(zmq_connect(door->socket, door->endpoint), 0);
}

static void reconnect(struct door *door) {
	zmq_close(door->socket);
	connect_door(door);
}

static void door_open(struct door *door) {
	door->folder = folder_new();
	snprintf(door->endpoint, sizeof(door->endpoint), "ipc://%s/tiny", door->folder.path);
	door->server = tiny_start(door->endpoint);
	door->context = zmq_ctx_new();
	connect_door(door);
}

static void door_close(struct door *door) {
	zmq_close(door->socket);
	zmq_ctx_term(door->context);
	tiny_stopp(&door->server);
	folder_remove(&door->folder);
}

#define DOOR(name)                                                                                 \
	AUTO(door_close) struct door name;                                                             \
	door_open(&name)

struct bytes {
	const void *at;
	size_t size;
};

static void push(struct door *door, const struct bytes *frames, size_t count) {
	for (size_t i = 0; i < count; i++)
		assert_return_code(
		    zmq_send(door->socket, frames[i].at, frames[i].size, i + 1 < count ? ZMQ_SNDMORE : 0),
		    0);
}

static CallHeader request_header(uint64_t call, const char *method) {
	CallHeader header = CALL_HEADER__INIT;

	header.kind = CALL_HEADER__KIND__REQUEST;
	header.call = call;
	header.method = (char *)(uintptr_t)method;
	return header;
}

static void push_call(
    struct door *door, const CallHeader *header, const void *payload, size_t size) {
	size_t packed_size = call_header__get_packed_size(header);
	AUTO(heap_freep) uint8_t *packed = malloc(packed_size + 1);

	assert_non_null(packed);
	call_header__pack(header, packed);
	push(door, (struct bytes[]) { { packed, packed_size }, { payload, size } }, 2);
}

/* The next reply, read as our client reads it. */
static CallHeader *pull(struct door *door, struct arena *arena) {
	ProtobufCMessage *header = NULL;
	char payload[4096];
	uint8_t bytes[8192];
	int size = zmq_recv(door->socket, bytes, sizeof(bytes), 0);

	assert_in_range(size, 1, RPC_HEADER_MAX);
	assert_return_code(zmq_recv(door->socket, payload, sizeof(payload), 0), 0);
	assert_int_equal(
	    message_unpack(&call_header__descriptor, bytes, (size_t)size, arena, &header), MESSAGE_OK);
	return (CallHeader *)header;
}

static void expect_refusal(
    struct door *door, const CallHeader *header, enum rpc_status status, Fault__Reason reason) {
	AUTO(arena_deinit) struct arena arena;
	const CallHeader *reply;

	arena_init(&arena, 1 << 20);
	reply = pull(door, &arena);
	assert_int_equal(reply->kind, CALL_HEADER__KIND__STATUS);
	assert_int_equal(reply->call, header->call);
	assert_int_equal(reply->status, status);
	assert_non_null(reply->fault);
	assert_int_equal(reply->fault->reason, reason);
}

/* Nothing of what went before is answered, and the next honest call is. */
static void expect_nothing_but_service(struct door *door) {
	CallHeader header = request_header(4711, "Node/Check");
	AUTO(arena_deinit) struct arena arena;
	const CallHeader *reply;

	arena_init(&arena, 1 << 20);
	push_call(door, &header, "", 0);
	reply = pull(door, &arena);
	assert_int_equal(reply->call, 4711);
	assert_int_equal(reply->status, RPC_OK);
}

static void any_other_count_of_frames_is_dropped(void **state) {
	static const struct bytes frames[] = { { "a", 1 }, { "b", 1 }, { "c", 1 }, { "", 0 },
		{ "e", 1 }, { "f", 1 }, { "g", 1 }, { "h", 1 } };
	DOOR(door);

	(void)state;
	push(&door, frames, 1);
	push(&door, frames, 3);
	push(&door, frames, 4);
	push(&door, frames, 8);
	push(&door, frames + 3, 1);
	expect_nothing_but_service(&door);
}

static void five_thousand_frames_are_dropped(void **state) {
	DOOR(door);
	struct bytes *frames = calloc(5000, sizeof(*frames));

	(void)state;
	assert_non_null(frames);
	push(&door, frames, 5000);
	free(frames);
	expect_nothing_but_service(&door);
}

static void headers_that_are_none_are_dropped(void **state) {
	static const char long_header[RPC_HEADER_MAX + 1] = "";
	static const struct bytes headers[] = {
		{ "", 0 },                     /* empty: no kind */
		{ "\x08\x01", 1 },             /* cut */
		{ "\xff\xff\xff\xff", 4 },     /* no tag */
		{ "\x1a\x02\xff\xfe", 4 },     /* a method that is not UTF-8 */
		{ "\x1a\x01\x00", 3 },         /* a method with a NUL */
		{ "\x08\x63", 2 },             /* a kind that is not known */
		{ "\x08\x02", 2 },             /* a status: we called nobody */
		{ "\x08\x01\x12\x01\x01", 5 }, /* a call number that is text */
		{ long_header, sizeof(long_header) },
	};
	DOOR(door);

	(void)state;
	for (size_t i = 0; i < LENGTH_OF(headers); i++)
		push(&door, (struct bytes[]) { headers[i], { "payload", 7 } }, 2);
	expect_nothing_but_service(&door);
}

static void random_headers_harm_nobody(void **state) {
	DOOR(door);
	uint8_t bytes[64];

	(void)state;
	srandom(20240331);
	for (int i = 0; i < 20000; i++) {
		size_t size = (size_t)random() % sizeof(bytes);

		for (size_t j = 0; j < size; j++)
			bytes[j] = (uint8_t)random();
		/* Never the start of a request, so that nothing has to be answered. */
		bytes[0] = 0xff;
		push(&door, (struct bytes[]) { { bytes, size }, { bytes, size / 2 } }, 2);
	}
	expect_nothing_but_service(&door);
}

static void an_unknown_method_is_named(void **state) {
	DOOR(door);
	CallHeader header = request_header(7, "Dossiers/Forge");
	AUTO(arena_deinit) struct arena arena;
	const CallHeader *reply;

	(void)state;
	arena_init(&arena, 1 << 20);
	push_call(&door, &header, "", 0);
	reply = pull(&door, &arena);
	assert_int_equal(reply->status, RPC_UNIMPLEMENTED);
	assert_int_equal(reply->fault->reason, FAULT__REASON__UNKNOWN_METHOD);
	assert_string_equal(reply->fault->value, "Dossiers/Forge");
}

static void a_long_name_is_cut_between_letters(void **state) {
	DOOR(door);
	char method[1 + 2 * 300 + 1] = "x";
	CallHeader header = request_header(7, method);
	AUTO(arena_deinit) struct arena arena;
	const CallHeader *reply;

	(void)state;
	for (int i = 0; i < 300; i++)
		strcat(method, "đ");
	arena_init(&arena, 1 << 20);
	header.trace = method;
	push_call(&door, &header, "", 0);
	reply = pull(&door, &arena);
	assert_int_equal(reply->status, RPC_UNIMPLEMENTED);
	assert_int_equal(strlen(reply->fault->value), 199);
	assert_int_equal(strlen(reply->trace), 63);
}

static void a_malformed_payload_is_refused(void **state) {
	static const struct bytes payloads[] = {
		{ "\x0a\x05"
		  "abc",
		    5 },               /* cut */
		{ "\x0a\x01\xff", 3 }, /* a service that is not UTF-8 */
		{ "\x10\x63", 2 },     /* a stream that is not known */
		{ "\x0b", 1 },         /* a group */
	};
	DOOR(door);

	(void)state;
	for (size_t i = 0; i < LENGTH_OF(payloads); i++) {
		CallHeader header = request_header(i, "Replica/Marks");

		push_call(&door, &header, payloads[i].at, payloads[i].size);
		expect_refusal(&door, &header, RPC_INVALID_ARGUMENT, FAULT__REASON__MALFORMED);
	}
	expect_nothing_but_service(&door);
}

static void a_payload_that_would_swell_is_refused(void **state) {
	DOOR(door);
	CallHeader header = request_header(9, "Replica/ReadEvents");
	AUTO(heap_freep) uint8_t *bomb = malloc(RPC_PAYLOAD_MAX);

	(void)state;
	assert_non_null(bomb);
	for (size_t i = 0; i < RPC_PAYLOAD_MAX; i += 2)
		memcpy(bomb + i, "\x1a\x00", 2); /* an empty mark, half a million times */
	push_call(&door, &header, bomb, RPC_PAYLOAD_MAX);
	expect_refusal(&door, &header, RPC_RESOURCE_EXHAUSTED, FAULT__REASON__TOO_LARGE);
	expect_nothing_but_service(&door);
}

static void a_mutating_call_needs_a_key_of_sixteen_bytes(void **state) {
	DOOR(door);
	uint8_t key[17] = { 1 };
	static const size_t sizes[] = { 0, 1, 15, 17 };
	CallHeader header = request_header(3, "Replica/ApplyEvents");
	AUTO(arena_deinit) struct arena arena;

	(void)state;
	arena_init(&arena, 1 << 20);
	for (size_t i = 0; i < LENGTH_OF(sizes); i++) {
		header.idempotency_key = (ProtobufCBinaryData) { sizes[i], key };
		push_call(&door, &header, "", 0);
		expect_refusal(&door, &header, RPC_INVALID_ARGUMENT, FAULT__REASON__KEY_NEEDED);
	}
	header.idempotency_key.len = 16;
	push_call(&door, &header, "", 0);
	assert_int_equal(pull(&door, &arena)->status, RPC_OK);
}

static void too_many_calls_in_hand_are_refused_and_then_served(void **state) {
	enum { OVER = 20 };
	DOOR(door);
	CallHeader header = request_header(1, "Node/Check");

	(void)state;
	tiny_behave(door.server, TINY_KEEPS);
	for (int i = 0; i < RPC_PENDING_MAX + OVER; i++)
		push_call(&door, &header, "", 0);
	for (int i = 0; i < OVER; i++)
		expect_refusal(&door, &header, RPC_RESOURCE_EXHAUSTED, FAULT__REASON__OVERLOADED);
	assert_int_equal(atomic_load(&door.server->kept_count), RPC_PENDING_MAX);
	tiny_behave(door.server, TINY_ANSWERS);
	tiny_wait_answered(door.server);
	/* A caller that reads so late loses replies; the next one loses none. */
	reconnect(&door);
	expect_nothing_but_service(&door);
}

/* The caller is gone before its answer: the answer goes nowhere, and costs nothing. */
static void a_caller_that_left_is_not_missed(void **state) {
	DOOR(door);
	CallHeader header = request_header(1, "Node/Check");

	(void)state;
	expect_nothing_but_service(&door);
	tiny_behave(door.server, TINY_KEEPS);
	for (int i = 0; i < 10; i++)
		push_call(&door, &header, "", 0);
	tiny_wait_kept(door.server, 10);
	reconnect(&door);
	tiny_behave(door.server, TINY_ANSWERS);
	expect_nothing_but_service(&door);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(any_other_count_of_frames_is_dropped),
		cmocka_unit_test(five_thousand_frames_are_dropped),
		cmocka_unit_test(headers_that_are_none_are_dropped),
		cmocka_unit_test(random_headers_harm_nobody),
		cmocka_unit_test(an_unknown_method_is_named),
		cmocka_unit_test(a_long_name_is_cut_between_letters),
		cmocka_unit_test(a_malformed_payload_is_refused),
		cmocka_unit_test(a_payload_that_would_swell_is_refused),
		cmocka_unit_test(a_mutating_call_needs_a_key_of_sixteen_bytes),
		cmocka_unit_test(too_many_calls_in_hand_are_refused_and_then_served),
		cmocka_unit_test(a_caller_that_left_is_not_missed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
