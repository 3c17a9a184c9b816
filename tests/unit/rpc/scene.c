/* SPDX-License-Identifier: MIT */
#include "tests/unit/rpc/scene.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <zmq.h>

#include <cmocka.h>

#define ARENA_CAP ((size_t)256 << 20)

static void lay_out(struct scene *scene) {
	scene->folder = folder_new();
	snprintf(scene->endpoint, sizeof(scene->endpoint), "ipc://%s/tiny", scene->folder.path);
	scene->server = NULL;
}

static void come_in(struct scene *scene) {
	assert_return_code(rpc_transport_open(&office_contract, &scene->transport), 0);
	scene->client = tiny_client(scene->transport, scene->endpoint);
	scene->context = zmq_ctx_new();
	arena_init(&scene->arena, ARENA_CAP);
}

void scene_open_alone(struct scene *scene) {
	lay_out(scene);
	come_in(scene);
}

void scene_open(struct scene *scene) {
	lay_out(scene);
	scene->server = tiny_start(scene->endpoint);
	come_in(scene);
}

void scene_close(struct scene *scene) {
	arena_deinit(&scene->arena);
	zmq_ctx_term(scene->context);
	rpc_client_closep(&scene->client);
	rpc_transport_closep(&scene->transport);
	tiny_stopp(&scene->server);
	folder_remove(&scene->folder);
}

void scene_restart(struct scene *scene) {
	tiny_stopp(&scene->server);
	scene->server = tiny_start(scene->endpoint);
}

void scene_refuse(
    struct scene *scene, unsigned calls, enum rpc_status status, unsigned come_back_ms) {
	atomic_store(&scene->server->refuse_as, (unsigned)status);
	atomic_store(&scene->server->come_back_ms, come_back_ms);
	atomic_store(&scene->server->refused, calls);
}

void yard_open(struct yard *yard) {
	tiny_free_endpoint(yard->endpoint);
	yard->server = tiny_start(yard->endpoint);
	assert_return_code(rpc_transport_open(&office_contract, &yard->transport), 0);
	assert_return_code(rpc_identity_make(&yard->commune), 0);
	assert_return_code(rpc_identity_make(&yard->other), 0);
	tiny_let_in_two(yard->server, YARD_COMMUNE, &yard->commune, YARD_OTHER, &yard->other);
	yard->context = zmq_ctx_new();
	arena_init(&yard->arena, ARENA_CAP);
}

void yard_close(struct yard *yard) {
	arena_deinit(&yard->arena);
	zmq_ctx_term(yard->context);
	rpc_transport_closep(&yard->transport);
	tiny_stopp(&yard->server);
}
