/* SPDX-License-Identifier: MIT */
/*
 * Keeper: the thread that looks after a service's store while nobody asks. Every second it looks at
 * readers and free pages, every minute it has logs signed that were not for long, and once in a
 * while it scrubs: a whole verification, slowly, whose findings are told in the log and in the
 * service's state.
 */
#pragma once

#include <stdint.h>

struct service;
struct keeper;

struct keeper_state {
	uint64_t oldest_reader_us;
	uint64_t scrubbed_ms; /* when the last scrub ended, since 1970; 0: never */
	uint64_t scrub_findings;
};

/* Return: 0 or a negative errno. */
int keeper_start(struct service *service, struct keeper **ret_keeper);
void keeper_stop(struct keeper *keeper);

/* From any thread. */
struct keeper_state keeper_state(struct keeper *keeper);
