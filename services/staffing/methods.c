/* SPDX-License-Identifier: MIT */
#include "services/staffing/staffing.h"

static const struct service_method methods[] = {
	{ "Staffing/RecordUnits", service_record, &units_register },
	{ "Staffing/RecordQuotas", service_record, &quotas_register },
	{ "Staffing/RecordDownsizings", service_record, &downsizings_register },
	{ "Staffing/RecordTrainings", service_record, &trainings_register },
	{ "Staffing/RecordRotations", service_record, &rotations_register },
	{ "Staffing/RecordDisciplines", service_record, &disciplines_register },
};

const struct service_plan staffing_plan = {
	.name = "staffing",
	.interfaces = { "Staffing", "Figures", "Replica" },
	.schema = &staffing_schema,
	.methods = methods,
	.method_count = LENGTH_OF(methods),
};
