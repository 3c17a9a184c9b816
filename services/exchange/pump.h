/* SPDX-License-Identifier: MIT */
/*
 * Pump
 *
 * A thread that follows the routes of one scope, at an interval and whenever somebody asks. There
 * is one for the routes inside the node and one for those to the parent, so that a line that is
 * down never keeps the node's own services waiting. Each owns its clients.
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

enum pump_scope {
	PUMP_INSIDE,  /* between the services of this node */
	PUMP_OUTSIDE, /* to and from the parent */
};

/* Return: 0 or a negative errno. */
int pump_start(struct service *service, enum pump_scope scope, struct pump **ret_pump);
void pump_stop(struct pump *pump);

enum { PUMP_OK, PUMP_TIMEOUT };

/* Have a round made that begins after this call, and wait for it until a monotonic time. A round
 * ends when nothing is left to move, when an end fails, or after PUMP_ROUND_MS. Its calls are made
 * for the step `trace`; those of a round that nobody asked for are a work of their own.
 * Return: PUMP_OK with the round, or PUMP_TIMEOUT. */
#define PUMP_ROUND_MS 10000
int pump_exchange(
    struct pump *pump, const struct trace *trace, uint64_t until_ms, struct pump_round *ret_round);
