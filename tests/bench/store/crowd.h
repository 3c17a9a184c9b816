/* SPDX-License-Identifier: MIT */
/*
 * A crowd of clients, each on a thread of its own with one call in flight, for some seconds. What
 * they call is the caller's; the dossiers they write are numbered from `first` on, each once.
 */
#pragma once

#include <stdint.h>

struct crowd_options {
	const char *name;
	unsigned clients;
	double seconds;
	uint64_t first;
	const void *context;
	/* On the client's thread: its connection, one call about a dossier, the end. */
	void *(*connect)(const void *context);
	void (*call)(void *connection, uint64_t number);
	void (*disconnect)(void *connection);
};

/* Print a line of JSON: calls a second, their median and 99th percentile, and the number that is
 * next. The first fifth of a second warms up and is not counted. */
void crowd_run(const struct crowd_options *options);
