/* SPDX-License-Identifier: MIT */
/* Who contributed to a report, up to when, and who is missing. */
#pragma once

#include "services/reporting/counts.h"
#include "services/reporting/evaluate.h"

/* One row for each service and node that contributed, and one for each node that may exchange with
 * this one and sent no dossiers. Return: 0 or a negative errno. */
int coverage_fill(const struct counts *counts, const struct scope *scope, struct report *report);
