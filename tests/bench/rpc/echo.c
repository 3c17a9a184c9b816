/* SPDX-License-Identifier: MIT */
#include "tests/bench/rpc/echo.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/bench/rpc/arguments.h"
#include "tests/bench/rpc/figures.h"
#include "tests/bench/rpc/require.h"

static void client(const struct echo_program *program, const struct echo_options *options) {
	struct figures figures;

	require(options->in_flight > 0, "--in-flight is at least 1");
	figures_init(&figures, options->calls);
	program->call(options, &figures);
	figures_print(
	    &figures, program->name, options->in_flight, program->encryption, options->keys != NULL);
	figures_deinit(&figures);
}

int echo_main(const struct echo_program *program, int argc, char **argv) {
	struct echo_options options = {
		.endpoint = "tcp://127.0.0.1:5570",
		.in_flight = 64,
		.calls = 100000,
	};
	const struct argument arguments[] = {
		{ "--endpoint", .text = &options.endpoint, .help = "ipc://PATH or tcp://HOST:PORT" },
		{ "--keys", .text = &options.keys, .help = "encrypt with the keys in this folder" },
		{ "--in-flight", .number = &options.in_flight, .help = "calls not yet answered" },
		{ "--calls", .number = &options.calls, .help = "calls to measure" },
	};

	arguments_parse(arguments, sizeof(arguments) / sizeof(arguments[0]), argc, argv);
	if (argc > 1 && strcmp(argv[1], "server") == 0)
		program->serve(&options);
	else if (argc > 1 && strcmp(argv[1], "client") == 0)
		client(program, &options);
	else
		fprintf(stderr, "usage: %s server|client [options]\n", argv[0]);
	return argc > 1 ? EXIT_SUCCESS : EXIT_FAILURE;
}

void echo_ready(void) {
	puts("ready");
	fflush(stdout);
}
