/* SPDX-License-Identifier: MIT */
/*
 * A fake server
 *
 * The test itself is the server of a client on the same thread: while it listens, the client goes
 * on. It says what no server of ours would, or stops where none could be made to.
 */
#pragma once

#include "cchc/call.pb-c.h"
#include "common/base/arena.h"
#include "common/rpc/client.h"
#include "tests/unit/rpc/scene.h"

struct fake {
	void *context; /* of its own: once that has ended, so has the socket */
	void *socket;
	uint8_t routing[255]; /* of whom it heard last */
	size_t routing_size;
	struct arena arena;
	const Headers *said; /* the last message … */
	size_t next;         /* … and how far it was heard */
};

/* fake_close waits until what was said has left, and hangs up; for AUTO. */
void fake_open(struct fake *fake, const char *endpoint);
void fake_close(struct fake *fake);

/* A scene whose client has this server. */
#define FAKE(scene_name, name)                                                                     \
	SCENE_ALONE(scene_name);                                                                       \
	AUTO(fake_close) struct fake name;                                                             \
	fake_open(&name, scene_name.endpoint)

/* The next part that the client says; it must be of this kind, or the test fails. */
const Header *fake_hear(struct fake *fake, struct rpc_client *client, Header__Kind kind);

/* To whom it heard last. The payload may be "". */
void fake_say(struct fake *fake, Header *header, const void *payload, size_t size);
void fake_say_goodbye(struct fake *fake, Goodbye__Reason reason, uint32_t retry_after_ms);
void fake_say_status(struct fake *fake, uint64_t call, uint32_t status);

/* Hear a HELLO and answer it. keepalive_ms 0: the client need say nothing for an hour. */
void fake_welcome(struct fake *fake, struct rpc_client *client, uint32_t keepalive_ms);

/* The client has read all that was said before, and had nothing to say to it but the connection's
 * credit. */
void fake_hear_nothing_else(struct fake *fake, struct rpc_client *client);
