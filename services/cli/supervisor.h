/* SPDX-License-Identifier: MIT */
/*
 * Supervisor: keeps the services of a node running in the foreground. A service that ends is
 * started again; before the node was ready once, it is a failure of the node. SIGTERM and SIGINT
 * stop all.
 */
#pragma once

#include "services/cli/cli.h"

/* Return: the exit status. */
int supervise(struct cli *cli);
