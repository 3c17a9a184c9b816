/* SPDX-License-Identifier: MIT */
/* One question to every service of the node at once. */
#pragma once

#include "services/cli/calls.h"

struct cli_answer {
	const char *service;
	const ProtobufCMessage *message; /* null: it did not answer */
};

/* Ask; who does not listen is not waited for. Return: EXIT_OK, EXIT_PARTIAL when some did not
 * answer, or another exit status of what was wrong, which has been said: EXIT_UNAVAILABLE when none
 * did. `answers` is written whatever the status. */
int cli_ask_all(struct cli *cli, const char *method, const ProtobufCMessage *request,
    struct cli_answer answers[CLI_SERVICES]);

/* Say who did not answer. */
void cli_say_silent(const struct cli *cli, const struct cli_answer answers[CLI_SERVICES]);
