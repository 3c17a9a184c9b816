/* SPDX-License-Identifier: MIT */
#include "tests/unit/rpc/fake.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <zmq.h>

#include <cmocka.h>

#include "common/base/clock.h"
#include "common/rpc/client_internal.h"
#include "tests/unit/rpc/wire.h"

enum { PATIENCE_MS = 10000, TURN_MS = 10, FAREWELL_MS = 2000, NEVER_MS = 3600000 };

void fake_open(struct fake *fake, const char *endpoint) {
	static const int farewell_ms = FAREWELL_MS;

	*fake = (struct fake) { .context = zmq_ctx_new() };
	fake->socket = zmq_socket(fake->context, ZMQ_ROUTER);
	assert_non_null(fake->socket);
	zmq_setsockopt(fake->socket, ZMQ_LINGER, &farewell_ms, sizeof(farewell_ms));
	assert_return_code(zmq_bind(fake->socket, endpoint), 0);
	arena_init(&fake->arena, (size_t)64 << 20);
}

void fake_close(struct fake *fake) {
	zmq_close(fake->socket);
	zmq_ctx_term(fake->context);
	arena_deinit(&fake->arena);
}

/* Both are looked after by turns, since each waits in its own way. */
static void await_message(struct fake *fake, struct rpc_client *client) {
	uint64_t until_ms = clock_monotonic_ms() + PATIENCE_MS;
	zmq_pollitem_t item = { .socket = fake->socket, .events = ZMQ_POLLIN };

	while (zmq_poll(&item, 1, TURN_MS) == 0) {
		assert_in_range(clock_monotonic_ms(), 0, until_ms);
		assert_return_code(client_wait(client, 0), 0);
	}
}

static const Header *hear_next(struct fake *fake, struct rpc_client *client) {
	if (!fake->said || fake->next == fake->said->n_headers) {
		int size;

		assert_return_code(client_wait(client, 0), 0);
		await_message(fake, client);
		size = zmq_recv(fake->socket, fake->routing, sizeof(fake->routing), 0);
		assert_in_range(size, 1, sizeof(fake->routing));
		fake->routing_size = (size_t)size;
		fake->said = wire_pull(fake->socket, &fake->arena, NULL, NULL);
		fake->next = 0;
	}
	return fake->said->headers[fake->next++];
}

const Header *fake_hear(struct fake *fake, struct rpc_client *client, Header__Kind kind) {
	const Header *header = hear_next(fake, client);

	assert_int_equal(header->kind, kind);
	return header;
}

void fake_say(struct fake *fake, Header *header, const void *payload, size_t size) {
	assert_return_code(zmq_send(fake->socket, fake->routing, fake->routing_size, ZMQ_SNDMORE), 0);
	wire_push(fake->socket, header, payload, size);
}

void fake_say_goodbye(struct fake *fake, Goodbye__Reason reason, uint32_t retry_after_ms) {
	Header header = wire_word(HEADER__KIND__GOAWAY, 0);
	Goodbye goodbye = GOODBYE__INIT;
	uint8_t payload[64];

	goodbye.reason = reason;
	goodbye.retry_after_ms = retry_after_ms;
	fake_say(fake, &header, payload, goodbye__pack(&goodbye, payload));
}

void fake_say_status(struct fake *fake, uint64_t call, uint32_t status) {
	Header header = wire_word(HEADER__KIND__STATUS, call);

	header.status = status;
	fake_say(fake, &header, "", 0);
}

void fake_welcome(struct fake *fake, struct rpc_client *client, uint32_t keepalive_ms) {
	Header header = wire_word(HEADER__KIND__HELLO_OK, 0);
	Welcome welcome = WELCOME__INIT;
	uint8_t payload[256];

	fake_hear(fake, client, HEADER__KIND__HELLO);
	welcome.protocol = RPC_PROTOCOL;
	welcome.message_max = RPC_PAYLOAD_MAX;
	welcome.calls_max = RPC_CALLS_PEER_MAX;
	welcome.credit = RPC_WINDOW_CONNECTION;
	welcome.keepalive_ms = keepalive_ms ? keepalive_ms : NEVER_MS;
	welcome.silence_ms = 3 * welcome.keepalive_ms;
	fake_say(fake, &header, payload, welcome__pack(&welcome, payload));
}

void fake_hear_nothing_else(struct fake *fake, struct rpc_client *client) {
	Header ping = wire_word(HEADER__KIND__PING, 0);
	const Header *header;

	fake_say(fake, &ping, "", 0);
	do
		header = hear_next(fake, client);
	while (header->kind == HEADER__KIND__CREDIT && header->call == 0);
	assert_int_equal(header->kind, HEADER__KIND__PONG);
}
