/* SPDX-License-Identifier: MIT */
/* What travels, said and read without the client: for those who do not keep to the rules. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "cchc/call.pb-c.h"
#include "common/base/arena.h"

enum { WIRE_HEADERS_MAX = 8192 };

/* A header frame of one part with a payload of `size` bytes. Return: its size. */
size_t wire_headers(Header *header, size_t size, uint8_t ret_frame[WIRE_HEADERS_MAX]);

/* A header frame and the payload of a HELLO. Return: sizes by the last two. */
void wire_hello(const char *node, Lane lane, uint8_t ret_frame[WIRE_HEADERS_MAX],
    size_t *ret_frame_size, uint8_t ret_payload[WIRE_HEADERS_MAX], size_t *ret_payload_size);

/* Send one part over a ZeroMQ socket; the test fails when it cannot. */
void wire_push(void *socket, Header *header, const void *payload, size_t size);
void wire_push_hello(void *socket, const char *node, Lane lane);

/* The next message of a socket, in `arena`; the test fails when none comes. `ret_payload` may be
 * null. */
const Headers *wire_pull(
    void *socket, struct arena *arena, const uint8_t **ret_payload, size_t *ret_size);

Header wire_request(uint64_t call, const char *method);
