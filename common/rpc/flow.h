/* SPDX-License-Identifier: MIT */
/*
 * Flow of a stream: credit in bytes, granted by who receives. A message costs its bytes and
 * RPC_MESSAGE_COST. A sender may send while its credit is above zero; the message that uses it up
 * may be larger than what was left. The same for one call and for a whole connection.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct flow {
	int64_t may_send;    /* what the other side still takes */
	int64_t may_arrive;  /* what this side granted and has not got */
	uint32_t window;     /* what this side has outstanding at most */
	uint32_t window_max; /* up to this the window grows */
	uint32_t taken;      /* used up here since the last grant */
	uint64_t granted_ms; /* monotonic */
};

/* Both sides begin with the same window. */
void flow_init(struct flow *flow, uint32_t window, uint32_t window_max, uint64_t now_ms);

/* A message leaves. */
void flow_sent(struct flow *flow, size_t size);

/* The other side takes so many bytes more. Return: whether it may; beyond RPC_CREDIT_MAX it would
 * make this side hold whatever it likes. */
bool flow_granted(struct flow *flow, uint64_t credit);

/* A message arrived. Return: whether it was allowed to. */
bool flow_arrived(struct flow *flow, size_t size);

/* A message that arrived was used up. Return: the bytes to grant now; 0: none yet. */
uint32_t flow_taken(struct flow *flow, size_t size, uint64_t now_ms);
