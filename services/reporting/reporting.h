/* SPDX-License-Identifier: MIT */
/*
 * Reporting: plan targets, resolution targets, inspections, and the report over all services.
 *
 * Read in this order: proto/cchc/reporting.proto, schema.c, report.h (what a report is),
 * catalogue.h (figures as data), evaluate.h (from services to a report), face.h (from a report to
 * paper), methods.c.
 */
#pragma once

#include "cchc/reporting.pb-c.h"
#include "common/service/service.h"

extern const struct service_plan reporting_plan;
extern const struct schema reporting_schema;

extern const struct register_type plan_targets_register;
extern const struct register_type resolution_targets_register;
extern const struct register_type inspections_register;
