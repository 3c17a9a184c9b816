/* SPDX-License-Identifier: MIT */
/*
 * Routes
 *
 * A route says whose log is followed by whom. Following is one step repeated: ask the follower for
 * its marks, read the events after them at the source, hand them to the follower, who answers after
 * its commit with new marks. Where a step is lost, the next begins at the marks again; what arrives
 * twice is recognised by its place in the log.
 */
#pragma once

#include <stdbool.h>

#include "cchc/exchange.pb-c.h"
#include "common/rpc/client.h"

enum route_way {
	ROUTE_UP,   /* this node's service to the parent's */
	ROUTE_DOWN, /* the parent's service to this node's */
	ROUTE_HERE, /* one service of this node to another */
};

struct route {
	const char *service; /* whose log */
	Stream stream;
	enum route_way way;
	const char *follower; /* which service follows; of ROUTE_UP and ROUTE_DOWN the same one */
};

extern const struct route routes[];
extern const size_t route_count;

/* Whether peers may send (ROUTE_UP) or read (ROUTE_DOWN) this stream of this service. */
bool route_is_open(const char *service, Stream stream, enum route_way way);

/* One end of a route. */
struct route_end {
	struct rpc_client *client;
	bool gate;           /* through the parent's gate; else a service of this node */
	const char *service; /* which service */
};

/* Follow until there is nothing more, or until a monotonic time; every call is made for the step
 * `trace`. *ret_state says how far it came, also when it failed. Return: 0 or a negative errno. */
int route_follow(const struct route *route, const struct route_end *source,
    const struct route_end *follower, const struct trace *trace, uint64_t until_ms,
    RouteState *ret_state);
