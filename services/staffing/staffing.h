/* SPDX-License-Identifier: MIT */
/*
 * Staffing: the unit tree, posts, downsizing, training, rotation, discipline.
 *
 * Read in this order: proto/cchc/units.proto, proto/cchc/staffing.proto, schema.c, methods.c.
 */
#pragma once

#include "cchc/staffing.pb-c.h"
#include "common/service/service.h"

extern const struct service_plan staffing_plan;
extern const struct schema staffing_schema;

extern const struct register_type units_register;
extern const struct register_type quotas_register;
extern const struct register_type downsizings_register;
extern const struct register_type trainings_register;
extern const struct register_type rotations_register;
extern const struct register_type disciplines_register;
