/* SPDX-License-Identifier: MIT */
/* From the services' counts to a report. */
#pragma once

#include "cchc/documents.pb-c.h"
#include "cchc/reporting.pb-c.h"
#include "common/service/service.h"
#include "services/reporting/catalogue.h"
#include "services/reporting/report.h"
#include "services/reporting/tree.h"

struct scope {
	struct period period;
	struct day as_of; /* the last day that counts */
	Window window;    /* the same for the services */
};

/* Read what was asked. Return: 0 or the status of a period or day that is none. */
int scope_read(struct service_call *call, const ReportScope *asked, struct scope *ret_scope);

/* Ask all services and make the report, in the call's arena.
 * Return: 0, a positive status, or a negative errno. */
int report_evaluate(struct service_call *call, const struct scope *scope,
    const struct catalogue *catalogue, struct report *ret_report);

/* The unit tree of this node, in the call's arena. Return: as above. */
int tree_fetch(struct service_call *call, struct tree *ret_tree);

/* One page of the records behind a figure, in the call's arena: of a rate those of its numerator.
 * Return: as above. */
int report_open(struct service_call *call, const struct scope *scope,
    const struct catalogue *catalogue, const struct figure *figure, ProtobufCBinaryData after,
    OpenFigureReply *result);
