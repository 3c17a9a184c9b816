/* SPDX-License-Identifier: MIT */
/*
 * Dialogue: one call of any shape as a person has it. Requests are read from a source as they come,
 * replies are printed as they come, one a line when there may be many; Ctrl-C calls it off.
 */
#pragma once

#include "services/cli/calls.h"
#include "services/cli/json_source.h"

struct dialogue_plan {
	const char *service; /* whom to call */
	const struct contract_method *method;
	struct json_source *source;
	uint32_t deadline_ms;   /* 0: the method's */
	const uint8_t *key;     /* 16 bytes for a keyed method */
	const char *key_digits; /* the same for a person, who may need it again */
};

/* Return: the exit status; 130 or 143 when a signal ended it. What went wrong has been said. */
int dialogue_hold(struct cli *cli, const struct dialogue_plan *plan);
