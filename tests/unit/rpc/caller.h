/* SPDX-License-Identifier: MIT */
/* A caller: what tests do with a client, by the names of the methods that a tiny server answers. */
#pragma once

#include "cchc/node.pb-c.h"
#include "common/rpc/client_internal.h"

/* Begin a call; what is to be said leaves at once, and nothing that came is looked at. */
uint64_t caller_begin(struct rpc_client *client, const char *method, uint32_t deadline_ms);

/* The reply lives in `arena`. */
struct rpc_reply caller_end(struct rpc_client *client, uint64_t ticket, struct arena *arena);

/* Both. */
enum rpc_status caller_call(
    struct rpc_client *client, const char *method, uint32_t deadline_ms, struct arena *arena);

/* Begin a Line/Download of so many chunks of so many bytes (4 or more). */
uint64_t caller_order(
    struct rpc_client *client, uint32_t chunks, uint32_t chunk_bytes, uint32_t deadline_ms);

/* A chunk that begins with its number; `arena` is reset. Return: as the client's functions. */
int caller_send(struct rpc_client *client, uint64_t ticket, uint32_t number, size_t size);
int caller_receive(
    struct rpc_client *client, uint64_t ticket, struct arena *arena, uint32_t *ret_number);

/* What its server counts. */
const NodeStatistics *caller_statistics(struct rpc_client *client, struct arena *arena);

/* The client goes on, as if its thread waited for something, until the call has nothing more to
 * wait for, or the connection is in this state; the test fails after ten seconds. */
void caller_await_over(struct rpc_client *client, uint64_t ticket);
void caller_await_link(struct rpc_client *client, enum link_state link);
