/* SPDX-License-Identifier: MIT */
/* Errands: a service's program started for one task on a node that does not run. */
#pragma once

#include "services/cli/cli.h"

/* Run cchc-SERVICE --node FOLDER OPTION [ARGUMENT] to its end; it ends with us. What it has to say
 * goes to stderr. `argument` may be null. Return: whether it succeeded. */
bool errand_run(struct cli *cli, const char *service, const char *node_folder, const char *option,
    const char *argument);
