/* SPDX-License-Identifier: MIT */
#include "common/rpc/flow.h"

#include "common/rpc/limits.h"

enum { TRY_AGAIN_ROUNDS = 16 }; /* a line may have become better */

/* A connection's window is for many streams: it only keeps off what is slow, and leaves it to each
 * stream to find what is worth it. */
static const struct {
	uint32_t window; /* it begins with this, and does not shrink below it */
	uint32_t window_max;
	uint32_t grows_ms; /* when a window passed in less */
} limits[] = {
	[FLOW_OF_CALL] = { RPC_WINDOW_MIN, RPC_WINDOW_MAX, RPC_WINDOW_LEAST_MS },
	[FLOW_OF_CONNECTION] = { RPC_WINDOW_CONNECTION, RPC_WINDOW_CONNECTION_MAX, RPC_WINDOW_MOST_MS },
};

void flow_init(struct flow *flow, enum flow_of of, uint64_t now_ms) {
	*flow = (struct flow) {
		.of = of,
		.may_send = limits[of].window,
		.may_arrive = limits[of].window,
		.window = limits[of].window,
		.got = limits[of].window / 2,
		.grew = true,
		.rounds = 1,
		.round_ms = now_ms,
	};
}

/* An empty message takes room too. */
static uint32_t cost_of(size_t size) {
	return (uint32_t)size + RPC_MESSAGE_COST;
}

void flow_sent(struct flow *flow, size_t size) {
	flow->may_send -= cost_of(size);
}

bool flow_granted(struct flow *flow, uint64_t credit) {
	if (credit > RPC_CREDIT_MAX || flow->may_send + (int64_t)credit > RPC_CREDIT_MAX)
		return false;
	flow->may_send += (int64_t)credit;
	flow->got = (uint32_t)credit;
	return true;
}

uint32_t flow_chunk(const struct flow *flow) {
	uint32_t least = limits[flow->of].window / 2;
	uint32_t size = flow->got / 2;

	if (size < least)
		return least;
	return size < RPC_CHUNK_MAX ? size : RPC_CHUNK_MAX;
}

bool flow_arrived(struct flow *flow, size_t size) {
	bool allowed = flow->may_arrive > 0;

	flow->may_arrive -= cost_of(size);
	return allowed;
}

static void grow(struct flow *flow, uint64_t rate) {
	if (flow->window < limits[flow->of].window_max) {
		flow->window *= 2;
		flow->rate = rate;
		flow->grew = true;
		flow->rounds = 0;
	}
}

static void shrink(struct flow *flow) {
	if (flow->window > limits[flow->of].window) {
		flow->window /= 2;
		flow->grew = false;
		flow->rounds = 0;
	}
}

/* A whole window was used up. When the line is not full, what a round takes is the way there and
 * back, however large the window: then a larger one carries more, and is worth it. When it is full,
 * a larger one only waits longer. */
static void adapt(struct flow *flow, uint64_t took_ms) {
	uint64_t rate = (uint64_t)flow->round * 1000 / (took_ms + 1);
	/* The round in which the window grew still carried what was sent before. */
	bool paid = flow->grew && flow->rounds == 1 && 2 * rate > 3 * flow->rate;

	flow->rounds++;
	if (took_ms > RPC_WINDOW_MOST_MS)
		shrink(flow);
	else if (took_ms < limits[flow->of].grows_ms || paid || flow->rounds > TRY_AGAIN_ROUNDS)
		grow(flow, rate);
}

uint32_t flow_taken(struct flow *flow, size_t size, uint64_t now_ms) {
	uint32_t before = flow->window;
	uint32_t grant;

	flow->taken += cost_of(size);
	if (flow->taken < flow->window / 2)
		return 0;
	flow->round += flow->taken;
	if (flow->round >= flow->window) {
		adapt(flow, now_ms - flow->round_ms);
		flow->round = 0;
		flow->round_ms = now_ms;
	}
	grant = flow->taken + flow->window - before;
	flow->taken = 0;
	flow->may_arrive += grant;
	return grant;
}
