/* SPDX-License-Identifier: MIT */
/*
 * Pump
 *
 * One thread that follows every route of this node, at an interval and whenever somebody asks. It
 * owns the clients to the node's services and the one connection to the parent.
 */
#pragma once

#include "common/service/service.h"
#include "services/exchange/route.h"

#define PUMP_ROUTES_MAX 16

struct pump_round {
	RouteState states[PUMP_ROUTES_MAX]; /* texts are static */
	size_t count;
};

struct pump;

/* Return: 0 or a negative errno. */
int pump_start(struct service *service, struct pump **ret_pump);
void pump_stop(struct pump *pump);

enum { PUMP_OK, PUMP_TIMEOUT };

enum pump_scope {
	PUMP_ALL,
	PUMP_INSIDE, /* only between the services of this node */
};

/* Have a round made that begins after this call, and wait for it until a monotonic time.
 * Return: PUMP_OK with the round, or PUMP_TIMEOUT. */
int pump_exchange(struct pump *pump, enum pump_scope scope, uint64_t until_ms,
	struct pump_round *ret_round);
