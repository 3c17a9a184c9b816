/* SPDX-License-Identifier: MIT */
/* What the tests of this folder share: a line with a real server at its left end. */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include "tests/harness/line.h"
#include "tests/unit/rpc/tiny.h"

/* A sanitizer keeps memory of its own. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
enum { FAULTS_SANITIZER_KIB = 1 << 20 };
#else
enum { FAULTS_SANITIZER_KIB = 0 };
#endif

#define COMMUNE        "H51.15.61"
#define FAULT_ENDPOINT "tcp://" LINE_LEFT_ADDRESS ":5551"

struct faults {
	struct line *line;
	struct tiny *server;
	struct rpc_transport *transport; /* at the right end */
	struct rpc_identity commune;
};

/* Run with --full: as long as the design asks for, and not only as long as a test run has time. */
bool faults_in_full(int argc, char **argv);

/* Lines that the process will use; before anything else. Ends the process, as skipped, when there
 * are none to be had. */
void faults_open_lines(struct line *lines[], size_t count);
void faults_close_lines(struct line *lines[], size_t count);

/* A server that lets COMMUNE in, and a transport for its callers, over that line. */
struct faults faults_open(struct line *line, const struct tiny_settings *settings);
void faults_close(struct faults *faults); /* clients first */

/* A client at the right end. */
struct rpc_client *faults_client(struct faults *faults, Lane lane);

/* There and back. Return: the status; the test fails when the body comes back changed. */
enum rpc_status faults_echo(struct rpc_client *client, size_t bytes, uint32_t deadline_ms);

/* Sorts `values` and prints how they are distributed. */
struct spread {
	uint64_t least, median, p90, p99, most;
};
struct spread faults_spread(const char *what, uint64_t values[], size_t count);
