/* SPDX-License-Identifier: MIT */
/* Where tests of connections play: a scene is an office over ipc, a yard is peers over tcp. */
#pragma once

#include "common/base/error.h"
#include "tests/harness/folder.h"
#include "tests/unit/rpc/tiny.h"

struct scene {
	struct folder folder;
	char endpoint[TINY_ENDPOINT_SIZE];
	struct tiny *server; /* null: none */
	struct rpc_transport *transport;
	struct rpc_client *client;
	void *context; /* for sockets of the test's own, closed before the scene */
	struct arena arena;
};

/* With a server, or without one; scene_close for AUTO. */
void scene_open(struct scene *scene);
void scene_open_alone(struct scene *scene);
void scene_close(struct scene *scene);

#define SCENE(name)                                                                                \
	AUTO(scene_close) struct scene name;                                                           \
	scene_open(&name)
#define SCENE_ALONE(name)                                                                          \
	AUTO(scene_close) struct scene name;                                                           \
	scene_open_alone(&name)

/* A server comes; the one that was there ends first. */
void scene_restart(struct scene *scene);

/* So many calls more are refused with this status, and told to come back then; 0: not told. */
void scene_refuse(
    struct scene *scene, unsigned calls, enum rpc_status status, unsigned come_back_ms);

#define YARD_COMMUNE "H51.15.61"
#define YARD_OTHER   "H51.15.62"

struct yard {
	char endpoint[TINY_ENDPOINT_SIZE];
	struct tiny *server;
	struct rpc_transport *transport;
	struct rpc_identity commune; /* both are in the keyring */
	struct rpc_identity other;
	void *context;
	struct arena arena;
};

void yard_open(struct yard *yard);
void yard_close(struct yard *yard);

#define YARD(name)                                                                                 \
	AUTO(yard_close) struct yard name;                                                             \
	yard_open(&name)
