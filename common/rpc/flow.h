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

enum flow_of { FLOW_OF_CALL, FLOW_OF_CONNECTION };

struct flow {
	int64_t may_send;   /* what the other side still takes */
	int64_t may_arrive; /* what this side granted and has not got */
	uint32_t window;    /* what this side has outstanding at most */
	enum flow_of of;
	uint32_t taken;    /* used up here since the last grant */
	uint32_t got;      /* what the other side granted last */
	uint32_t round;    /* used up since the last look at the line … */
	uint64_t round_ms; /* … which was then, monotonic; … */
	unsigned rounds;   /* … and looks since the window changed */
	bool grew;         /* when it did … */
	uint64_t rate;     /* … while the line carried so many bytes a second */
};

/* Both sides begin with the same window. */
void flow_init(struct flow *flow, enum flow_of of, uint64_t now_ms);

/* How large a message is best made: so that several have room in what the other side takes. */
uint32_t flow_chunk(const struct flow *flow);

/* A message leaves. */
void flow_sent(struct flow *flow, size_t size);

/* The other side takes so many bytes more. Return: whether it may; beyond RPC_CREDIT_MAX it would
 * make this side hold whatever it likes. */
bool flow_granted(struct flow *flow, uint64_t credit);

/* A message arrived. Return: whether it was allowed to. */
bool flow_arrived(struct flow *flow, size_t size);

/* A message that arrived was used up. Return: the bytes to grant now; 0: none yet. */
uint32_t flow_taken(struct flow *flow, size_t size, uint64_t now_ms);
