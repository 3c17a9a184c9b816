/* SPDX-License-Identifier: MIT */
/* From the services' tables to figures and forms. */
#pragma once

#include "common/service/service.h"
#include "services/reporting/catalogue.h"
#include "services/reporting/report.h"
#include "services/reporting/tree.h"

enum { COUNTED_SERVICES = 4 };

/* What the services answered. */
struct counts {
	struct service_call *call;
	struct tree tree;
	const struct catalogue *catalogue;
	const char *services[COUNTED_SERVICES];
	const Evaluation *evaluations[COUNTED_SERVICES];
	const ListResolutionTargetsReply *targets;
};

/* Every figure of the catalogue, in its order. Return: 0, the status of a catalogue that names what
 * no service counts, or a negative errno. */
int counts_figures(const struct counts *counts, struct report *report);

/* Form II.06, one row for each administration and field. Return: 0 or a negative errno. */
int counts_form(const struct counts *counts, struct report *report);

/* Whether a row or record of this unit and category belongs to the figure. */
bool figure_takes(
    const struct figure *figure, const struct tree *tree, const char *unit, const char *category);

/* numerator/denominator in hundredths of a percent, rounded half up. */
int64_t share_of(int64_t numerator, int64_t denominator);
