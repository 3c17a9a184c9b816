/* SPDX-License-Identifier: MIT */
/*
 * Exchange: the gate of a node.
 *
 * Everything that travels is a log followed by a mark (route.h): records from child to parent,
 * catalogues from parent to child and between the services of a node. The child dials. Read in this
 * order: proto/cchc/exchange.proto, route.h, pump.h, methods.c.
 */
#pragma once

#include "cchc/exchange.pb-c.h"
#include "common/service/service.h"

extern const struct service_plan exchange_plan;

/* The gate's own: which keys may knock, and the pumps. */
struct exchange {
	struct rpc_keyring *keyring;
	struct pump *inside;
	struct pump *outside;
};
