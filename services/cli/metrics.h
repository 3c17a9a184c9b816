/* SPDX-License-Identifier: MIT */
/*
 * Metrics: what the services of a node counted, in Prometheus' text format 0.0.4
 * (https://prometheus.io/docs/instrumenting/exposition_formats/).
 */
#pragma once

#include "cchc/node.pb-c.h"
#include "common/base/text.h"

/* One service; both null when it did not answer. */
struct metrics_service {
	const char *name;
	const NodeStatistics *statistics;
	const NodeState *state;
};

/* Every family once, with the samples of all services. */
void metrics_print(const struct metrics_service *services, size_t count, struct text *out);
