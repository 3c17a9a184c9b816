/* SPDX-License-Identifier: MIT */
#include "common/rpc/flow.h"

#include "common/rpc/limits.h"

void flow_init(struct flow *flow, uint32_t window, uint32_t window_max, uint64_t now_ms) {
	*flow = (struct flow) {
		.may_send = window,
		.may_arrive = window,
		.window = window,
		.window_max = window_max,
		.granted_ms = now_ms,
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
	return true;
}

bool flow_arrived(struct flow *flow, size_t size) {
	bool allowed = flow->may_arrive > 0;

	flow->may_arrive -= cost_of(size);
	return allowed;
}

uint32_t flow_taken(struct flow *flow, size_t size, uint64_t now_ms) {
	uint32_t grant;

	flow->taken += cost_of(size);
	if (flow->taken < flow->window / 2)
		return 0;
	grant = flow->taken;
	if (now_ms - flow->granted_ms < RPC_WINDOW_QUICK_MS && flow->window < flow->window_max) {
		grant += flow->window;
		flow->window *= 2;
	}
	flow->taken = 0;
	flow->granted_ms = now_ms;
	flow->may_arrive += grant;
	return grant;
}
