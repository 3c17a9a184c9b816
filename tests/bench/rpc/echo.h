/* SPDX-License-Identifier: MIT */
/*
 * The frame of every contender: a server that sends back the dossier it gets, and a client that
 * keeps a number of calls in flight and measures them.
 */
#pragma once

#include <stddef.h>

struct figures;

struct echo_options {
	const char *endpoint; /* ipc://… or tcp://… */
	const char *keys;     /* folder of what encryption needs; null: no encryption */
	size_t in_flight;
	size_t calls;
};

struct echo_program {
	const char *name;
	const char *encryption; /* what it is called: the member of the JSON line */
	/* Serve until a signal ends the process; call echo_ready() once callers are welcome. */
	void (*serve)(const struct echo_options *options);
	/* Make figures_total() calls, each told to figures_add() when its reply is unpacked. */
	void (*call)(const struct echo_options *options, struct figures *figures);
};

/* The whole of main(). */
int echo_main(const struct echo_program *program, int argc, char **argv);

/* Tell whoever started the server. */
void echo_ready(void);
