/* SPDX-License-Identifier: MIT */
/* What a server counts: calls by method, and the calls that ended lately. Loop's thread only. */
#pragma once

#include "common/rpc/status.h"
#include "common/rpc/trace.h"
#include "proto/contract.h"

enum { STATS_LATENCY_BUCKETS = 28, STATS_SPANS = 2048 };

struct method_stats {
	uint64_t by_status[RPC_STATUS_COUNT];
	uint64_t latency[STATS_LATENCY_BUCKETS]; /* less than 1, 2, 4 … microseconds */
	uint64_t latency_sum_us;
	uint64_t bytes_in;
	uint64_t bytes_out;
};

struct span {
	struct trace trace;
	const struct contract_method *method; /* null: never used */
	char caller[17];                      /* the node; "" for the office's own */
	uint64_t started_ms;                  /* wall clock */
	uint64_t duration_us;
	enum rpc_status status;
};

struct stats {
	const struct contract *contract;
	struct method_stats *methods; /* one for each of the contract */
	struct span *spans;           /* a ring */
	size_t next_span;
	uint64_t started_ms; /* wall clock */
	uint64_t frames_dropped;
	uint64_t late;
	uint64_t violations;
};

/* Return: 0 or -ENOMEM. */
int stats_init(struct stats *stats, const struct contract *contract);
void stats_deinit(struct stats *stats);

struct stats_call {
	const struct contract_method *method;
	const struct trace *trace;
	const char *caller;
	enum rpc_status status;
	uint64_t duration_us;
	size_t bytes_in;
	size_t bytes_out;
};
void stats_count(struct stats *stats, const struct stats_call *call);
