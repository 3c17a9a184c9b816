/* SPDX-License-Identifier: MIT */
/* Who acts: the person at this command, or the one whose token was given. */
#pragma once

#include "services/cli/cli.h"

/* The token to call with: of --token (or CCHC_TOKEN), or else one that this command signs for the
 * user of the machine, as an administrator: who can read the node's secret key is one.
 * Null when there is neither; services then see a process of the office. */
const struct token_bytes *cli_token(struct cli *cli);
