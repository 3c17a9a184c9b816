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
#include "tests/unit/rpc/wire.h"

enum { PATIENCE_MS = 10000 };

struct door {
	struct folder folder;
	char endpoint[TINY_ENDPOINT_SIZE];
	struct tiny *server;
	void *context;
	void *socket;        /* DEALER */
	struct arena arena;  /* of what was said */
	const Headers *said; /* the last message … */
	size_t next;         /* … and how far it was read */
};

/* The next part that is said: several may come in one message. */
static const Header *pull(struct door *door, struct arena *arena) {
	if (!door->said || door->next == door->said->n_headers) {
		door->said = wire_pull(door->socket, arena, NULL, NULL);
		door->next = 0;
	}
	return door->said->headers[door->next++];
}

static void greet(struct door *door) {
	door->said = NULL;
	wire_push_hello(door->socket, "", LANE__LANE_UNSPECIFIED);
	assert_int_equal(pull(door, &door->arena)->kind, HEADER__KIND__HELLO_OK);
}

static void connect_door(struct door *door) {
	static const int patience_ms = PATIENCE_MS;
	static const int no_linger = 0;

	door->socket = zmq_socket(door->context, ZMQ_DEALER);
	zmq_setsockopt(door->socket, ZMQ_LINGER, &no_linger, sizeof(no_linger));
	zmq_setsockopt(door->socket, ZMQ_RCVTIMEO, &patience_ms, sizeof(patience_ms));
	assert_return_code(zmq_connect(door->socket, door->endpoint), 0);
	greet(door);
}

static void reconnect(struct door *door) {
	zmq_close(door->socket);
	connect_door(door);
}

static void door_open(struct door *door) {
	door->folder = folder_new();
	snprintf(door->endpoint, sizeof(door->endpoint), "ipc://%s/tiny", door->folder.path);
	door->server = tiny_start(door->endpoint);
	arena_init(&door->arena, (size_t)64 << 20);
	door->context = zmq_ctx_new();
	connect_door(door);
}

static void door_close(struct door *door) {
	zmq_close(door->socket);
	zmq_ctx_term(door->context);
	tiny_stopp(&door->server);
	arena_deinit(&door->arena);
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

static void expect_refusal(struct door *door, struct arena *arena, const Header *header,
    enum rpc_status status, Fault__Reason reason) {
	const Header *reply = pull(door, arena);

	assert_int_equal(reply->kind, HEADER__KIND__STATUS);
	assert_int_equal(reply->call, header->call);
	assert_int_equal(reply->status, status);
	assert_non_null(reply->fault);
	assert_int_equal(reply->fault->reason, reason);
}

static void expect_goodbye(struct door *door, Goodbye__Reason reason) {
	const uint8_t *payload;
	ProtobufCMessage *goodbye;
	size_t size;
	const Headers *said = wire_pull(door->socket, &door->arena, &payload, &size);
	const Header *last = said->headers[said->n_headers - 1];

	assert_int_equal(last->kind, HEADER__KIND__GOAWAY);
	assert_int_equal(message_unpack(&goodbye__descriptor, payload + size - last->size, last->size,
	                     &door->arena, &goodbye),
	    MESSAGE_OK);
	assert_int_equal(((const Goodbye *)goodbye)->reason, reason);
}

/* Nothing of what went before is answered, and the next honest call is. */
static void expect_nothing_but_service(struct door *door) {
	Header header = wire_request(4711, "Node/State");
	const Header *reply;

	wire_push(door->socket, &header, "", 0);
	reply = pull(door, &door->arena);
	assert_int_equal(reply->call, 4711);
	assert_int_equal(reply->status, RPC_OK);
}

static void any_other_count_of_frames_is_dropped(void **state) {
	static const char long_header[RPC_HEADERS_MAX + 1] = "";
	static const struct bytes frames[] = { { "a", 1 }, { "b", 1 }, { "c", 1 }, { "", 0 },
		{ "e", 1 }, { "f", 1 }, { "g", 1 }, { "h", 1 } };
	DOOR(door);

	(void)state;
	push(&door, frames, 1);
	push(&door, frames, 3);
	push(&door, frames, 4);
	push(&door, frames, 8);
	push(&door, frames + 3, 1);
	push(&door, (struct bytes[]) { { long_header, sizeof(long_header) }, { "payload", 7 } }, 2);
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

static void headers_that_are_none_end_the_connection(void **state) {
	static const struct bytes headers[] = {
		{ "", 0 },                                 /* nothing is said */
		{ "\x0a\x05\x08\x03", 4 },                 /* cut */
		{ "\xff\xff\xff\xff", 4 },                 /* no tag */
		{ "\x0a\x06\x18\x07\x22\x02\xff\xfe", 8 }, /* a method that is not UTF-8 */
		{ "\x0a\x05\x18\x07\x22\x01\x00", 7 },     /* a method with a NUL */
		{ "\x0a\x04\x18\x07\x08\x63", 6 },         /* a kind that is not known */
		{ "\x0a\x05\x18\x07\x12\x01\x01", 7 },     /* a call number that is text */
		{ "\x0a\x02\x18\x06", 4 },                 /* a size that leaves a byte over */
		{ "\x0a\x02\x18\x08", 4 },                 /* a size beyond the payload */
		{ "\x0a\x02\x18\x07\x0a\x02\x18\x07", 8 }, /* two that claim the same bytes */
	};
	DOOR(door);

	(void)state;
	for (size_t i = 0; i < LENGTH_OF(headers); i++) {
		push(&door, (struct bytes[]) { headers[i], { "payload", 7 } }, 2);
		expect_goodbye(&door, GOODBYE__REASON__VIOLATION);
		greet(&door);
	}
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
	expect_goodbye(&door, GOODBYE__REASON__VIOLATION);
	greet(&door);
	expect_nothing_but_service(&door);
}

static void an_unknown_method_is_named(void **state) {
	DOOR(door);
	Header header = wire_request(7, "Dossiers/Forge");
	const Header *reply;

	(void)state;
	wire_push(door.socket, &header, "", 0);
	reply = pull(&door, &door.arena);
	assert_int_equal(reply->status, RPC_UNIMPLEMENTED);
	assert_int_equal(reply->fault->reason, FAULT__REASON__UNKNOWN_METHOD);
	assert_string_equal(reply->fault->value, "Dossiers/Forge");
}

static void a_long_name_is_cut_between_letters(void **state) {
	DOOR(door);
	char method[1 + 2 * 300 + 1] = "x";
	Header header = wire_request(7, method);
	const Header *reply;

	(void)state;
	for (int i = 0; i < 300; i++)
		strcat(method, "đ");
	wire_push(door.socket, &header, "", 0);
	reply = pull(&door, &door.arena);
	assert_int_equal(reply->status, RPC_UNIMPLEMENTED);
	assert_int_equal(strlen(reply->fault->value), 199);
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
		Header header = wire_request(2 * i + 1, "Replica/Marks");

		wire_push(door.socket, &header, payloads[i].at, payloads[i].size);
		expect_refusal(&door, &door.arena, &header, RPC_INVALID_ARGUMENT, FAULT__REASON__MALFORMED);
	}
	expect_nothing_but_service(&door);
}

static void a_payload_that_would_swell_is_refused(void **state) {
	DOOR(door);
	Header header = wire_request(9, "Replica/ReadEvents");
	AUTO(heap_freep) uint8_t *bomb = malloc(RPC_PAYLOAD_MAX);

	(void)state;
	assert_non_null(bomb);
	for (size_t i = 0; i < RPC_PAYLOAD_MAX; i += 2)
		memcpy(bomb + i, "\x1a\x00", 2); /* an empty mark, half a million times */
	wire_push(door.socket, &header, bomb, RPC_PAYLOAD_MAX);
	expect_refusal(&door, &door.arena, &header, RPC_RESOURCE_EXHAUSTED, FAULT__REASON__TOO_LARGE);
	expect_nothing_but_service(&door);
}

static void a_mutating_call_needs_a_key_of_sixteen_bytes(void **state) {
	DOOR(door);
	uint8_t key[17] = { 1 };
	static const size_t sizes[] = { 0, 1, 15, 17 };
	Header header = wire_request(3, "Replica/ApplyEvents");

	(void)state;
	for (size_t i = 0; i < LENGTH_OF(sizes); i++) {
		header.call += 2;
		header.idempotency_key = (ProtobufCBinaryData) { sizes[i], key };
		wire_push(door.socket, &header, "", 0);
		expect_refusal(
		    &door, &door.arena, &header, RPC_INVALID_ARGUMENT, FAULT__REASON__KEY_NEEDED);
	}
	header.call += 2;
	header.idempotency_key.len = 16;
	wire_push(door.socket, &header, "", 0);
	assert_int_equal(pull(&door, &door.arena)->status, RPC_OK);
}

static void too_many_calls_in_hand_are_refused_and_then_served(void **state) {
	enum { OVER = 20 };
	DOOR(door);
	Header header = wire_request(0, "Node/State");

	(void)state;
	tiny_behave(door.server, TINY_KEEPS);
	for (uint64_t i = 0; i < RPC_CALLS_OFFICE_MAX + OVER; i++) {
		header.call = 2 * i + 1;
		wire_push(door.socket, &header, "", 0);
	}
	for (uint64_t i = 0; i < OVER; i++) {
		const Header *reply = pull(&door, &door.arena);

		assert_int_equal(reply->status, RPC_RESOURCE_EXHAUSTED);
		assert_int_equal(reply->fault->reason, FAULT__REASON__OVERLOADED);
		assert_int_equal(reply->call, 2 * (RPC_CALLS_OFFICE_MAX + i) + 1);
		assert_in_range(reply->retry_after_ms, 1, 60000);
	}
	assert_int_equal(atomic_load(&door.server->kept_count), RPC_CALLS_OFFICE_MAX);
	tiny_behave(door.server, TINY_ANSWERS);
	for (uint64_t i = 0; i < RPC_CALLS_OFFICE_MAX; i++)
		assert_int_equal(pull(&door, &door.arena)->status, RPC_OK);
	expect_nothing_but_service(&door);
}

/* The caller is gone before its answer: the answer goes nowhere, and costs nothing. */
static void a_caller_that_left_is_not_missed(void **state) {
	DOOR(door);
	Header header = wire_request(0, "Node/State");

	(void)state;
	tiny_behave(door.server, TINY_KEEPS);
	for (uint64_t i = 0; i < 10; i++) {
		header.call = 2 * i + 1;
		wire_push(door.socket, &header, "", 0);
	}
	tiny_wait_kept(door.server, 10);
	reconnect(&door);
	tiny_behave(door.server, TINY_ANSWERS);
	expect_nothing_but_service(&door);
}

/* Each ends its connection and no other, and the next HELLO is welcome. */
static void what_does_not_fit_the_protocol_ends_the_connection(void **state) {
	static const struct {
		Header__Kind kind;
		uint64_t call;
	} breaches[] = {
		{ HEADER__KIND__STATUS, 1 },   /* we called nobody */
		{ HEADER__KIND__HELLO_OK, 0 }, /* nor greeted */
		{ HEADER__KIND__HELLO, 0 },    /* twice */
		{ HEADER__KIND__UNSPECIFIED, 0 },
		{ HEADER__KIND__REQUEST, 2 }, /* even */
		{ HEADER__KIND__REQUEST, 0 },
		{ HEADER__KIND__DATA, 1 }, /* never opened */
		{ HEADER__KIND__HALF_CLOSE, 3 },
		{ HEADER__KIND__CANCEL, 5 },
	};
	DOOR(door);
	void *bystander = door.socket;
	Header honest = wire_request(1, "Node/State");

	(void)state;
	for (size_t i = 0; i < LENGTH_OF(breaches); i++) {
		Header header = wire_request(breaches[i].call, "Node/State");

		connect_door(&door);
		header.kind = breaches[i].kind;
		wire_push(door.socket, &header, "", 0);
		expect_goodbye(&door, GOODBYE__REASON__VIOLATION);
		wire_push(door.socket, &honest, "", 0);
		expect_goodbye(&door, GOODBYE__REASON__NOT_INTRODUCED);
		greet(&door);
		expect_nothing_but_service(&door);
		zmq_close(door.socket);
	}
	door.socket = bystander;
	door.said = NULL;
	expect_nothing_but_service(&door);
}

static void a_number_is_used_once(void **state) {
	DOOR(door);
	Header header = wire_request(7, "Node/State");

	(void)state;
	wire_push(door.socket, &header, "", 0);
	assert_int_equal(pull(&door, &door.arena)->status, RPC_OK);
	header.call = 5;
	wire_push(door.socket, &header, "", 0);
	expect_goodbye(&door, GOODBYE__REASON__VIOLATION);
}

/* libzmq takes any routing id that does not begin with a zero byte. */
static void names_that_differ_in_a_zero_byte_are_two_callers(void **state) {
	static const struct bytes names[] = { { "a", 1 }, { "a\0", 2 } };
	DOOR(door);
	void *sockets[LENGTH_OF(names)];

	(void)state;
	zmq_close(door.socket);
	for (size_t i = 0; i < LENGTH_OF(names); i++) {
		sockets[i] = zmq_socket(door.context, ZMQ_DEALER);
		zmq_setsockopt(sockets[i], ZMQ_ROUTING_ID, names[i].at, names[i].size);
		assert_return_code(zmq_connect(sockets[i], door.endpoint), 0);
		door.socket = sockets[i];
		greet(&door);
	}
	for (size_t i = 0; i < LENGTH_OF(names); i++) {
		door.socket = sockets[i];
		door.said = NULL;
		expect_nothing_but_service(&door);
	}
	zmq_close(sockets[0]);
}

/* They crossed our STATUS on the way. */
static void parts_for_a_call_that_ended_are_passed_over(void **state) {
	DOOR(door);
	Header header = wire_request(1, "Node/State");

	(void)state;
	wire_push(door.socket, &header, "", 0);
	assert_int_equal(pull(&door, &door.arena)->status, RPC_OK);
	header.kind = HEADER__KIND__CANCEL;
	wire_push(door.socket, &header, "", 0);
	header.kind = HEADER__KIND__DATA;
	wire_push(door.socket, &header, "late", 4);
	header.kind = HEADER__KIND__CREDIT;
	wire_push(door.socket, &header, "", 0);
	expect_nothing_but_service(&door);
}

static void a_protocol_that_is_not_spoken_is_refused(void **state) {
	DOOR(door);
	Header header = HEADER__INIT;
	Hello hello = HELLO__INIT;
	uint8_t payload[64];

	(void)state;
	/* Another connection: on this one it would be a second greeting. */
	zmq_close(door.socket);
	door.socket = zmq_socket(door.context, ZMQ_DEALER);
	assert_return_code(zmq_connect(door.socket, door.endpoint), 0);
	header.kind = HEADER__KIND__HELLO;
	hello.protocol_min = RPC_PROTOCOL + 1;
	hello.protocol_max = RPC_PROTOCOL + 9;
	wire_push(door.socket, &header, payload, hello__pack(&hello, payload));
	expect_goodbye(&door, GOODBYE__REASON__PROTOCOL_VERSION);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(any_other_count_of_frames_is_dropped),
		cmocka_unit_test(five_thousand_frames_are_dropped),
		cmocka_unit_test(headers_that_are_none_end_the_connection),
		cmocka_unit_test(random_headers_harm_nobody),
		cmocka_unit_test(an_unknown_method_is_named),
		cmocka_unit_test(a_long_name_is_cut_between_letters),
		cmocka_unit_test(a_malformed_payload_is_refused),
		cmocka_unit_test(a_payload_that_would_swell_is_refused),
		cmocka_unit_test(a_mutating_call_needs_a_key_of_sixteen_bytes),
		cmocka_unit_test(too_many_calls_in_hand_are_refused_and_then_served),
		cmocka_unit_test(a_caller_that_left_is_not_missed),
		cmocka_unit_test(what_does_not_fit_the_protocol_ends_the_connection),
		cmocka_unit_test(a_number_is_used_once),
		cmocka_unit_test(names_that_differ_in_a_zero_byte_are_two_callers),
		cmocka_unit_test(parts_for_a_call_that_ended_are_passed_over),
		cmocka_unit_test(a_protocol_that_is_not_spoken_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
