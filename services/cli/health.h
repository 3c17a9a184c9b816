/* SPDX-License-Identifier: MIT */
/* Health of the services, as it is told of: whether each lives and can do its work. */
#pragma once

#include "cchc/node.pb-c.h"
#include "services/cli/calls.h"

enum { HEALTH_REASON_SIZE = 64 };

struct health {
	const char *service;
	bool wanted; /* it is asked after */
	bool alive;  /* it answers */
	HealthCheckResponse__ServingStatus readiness;
	char reason[HEALTH_REASON_SIZE]; /* why it is not ready, as it said */
};

/* It answered, or it did not (null). Return: whether that is news. */
bool health_note(struct health *health, const HealthCheckResponse *response);

bool health_is_ready(const struct health *health);

/* EXIT_OK when all that is wanted is ready, else EXIT_UNAVAILABLE. */
int health_status(const struct health healths[CLI_SERVICES]);

/* A line for a person, or what a machine makes of it; the caller owns that. */
void health_print(struct cli *cli, const char *when, const struct health *health);
json_t *health_json(const struct health *health);

/* Tell every change until Ctrl-C. Return: health_status at the end, or the exit status of what went
 * wrong, which has been said. */
int health_watch(struct cli *cli, struct health healths[CLI_SERVICES]);
