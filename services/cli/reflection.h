/* SPDX-License-Identifier: MIT */
/* The contract: as this program was built with it, or as a service that runs says it was. */
#pragma once

#include "cchc/node.pb-c.h"
#include "proto/descriptor_set.h"
#include "services/cli/calls.h"

/* The set of `service`, or of this program when it is null, in the command's arena.
 * *ret_description is what the service said besides, or null. Return: EXIT_OK or the exit status;
 * it has said why. */
int cli_contract(struct cli *cli, const char *service, const FileSet **ret_set,
    const DescribeReply **ret_description);
