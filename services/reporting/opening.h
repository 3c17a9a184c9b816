/* SPDX-License-Identifier: MIT */
/* The records behind figures. */
#pragma once

#include "services/reporting/evaluate.h"

/* All dossiers that one measure counts, by level (0 district, 1 commune), at most
 * LATE_DOSSIERS_MAX. Return: 0, a positive status, or a negative errno. */
#define LATE_DOSSIERS_MAX 2000
int late_dossiers(struct service_call *call, const struct scope *scope, const struct tree *tree,
    const char *measure, struct report_dossiers ret_levels[2]);
