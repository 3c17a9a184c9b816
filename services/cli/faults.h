/* SPDX-License-Identifier: MIT */
/* Faults in words: the reason's name gives the key "fault.<name>" of the word catalogue. */
#pragma once

#include "common/base/text.h"
#include "services/cli/cli.h"

/* Add what a reason means, with value and detail filled in. */
void reason_words(struct cli *cli, Fault__Reason reason, const char *field, const char *value,
    const char *detail, struct text *out);

/* The same for a whole fault. */
void fault_words(struct cli *cli, const Fault *fault, struct text *out);
