/* SPDX-License-Identifier: MIT */
/* Registers and measures of this service, in one place. */
#include <stdio.h>

#include "common/units/units.h"
#include "services/reporting/reporting.h"

enum { CELL_TOTAL, CELL_DONE };

static const struct measure plan_measure_list[] = {
	{ "total", MEASURE_PLAN, CELL_TOTAL, 0 },
	{ "done", MEASURE_PLAN, CELL_DONE, 0 },
};

static const struct measure_table plan_measures = {
	.name = "plan_targets",
	.number = 1,
	.measures = plan_measure_list,
	.count = LENGTH_OF(plan_measure_list),
};

enum { CELL_INSPECTIONS, CELL_DECENTRALISATION };

static const struct measure inspection_measure_list[] = {
	{ "planned", MEASURE_PLAN, CELL_INSPECTIONS, 0 },
	{ "decentralisation", MEASURE_PLAN, CELL_DECENTRALISATION, 0 },
};

static const struct measure_table inspection_measures = {
	.name = "inspections",
	.number = 2,
	.measures = inspection_measure_list,
	.count = LENGTH_OF(inspection_measure_list),
};

static void plan_measure(struct store_txn *txn, const ProtobufCMessage *record, const char *origin,
    struct contributions *contributions) {
	const PlanTarget *target = (const PlanTarget *)record;
	struct day done = day_of_decimal(target->done_day);
	struct contribution item = {
		.day = DAY_NONE,
		.cell = CELL_TOTAL,
		.amount = 1,
		.unit = target->lead_unit,
		.category = target->group,
		.year = (uint16_t)target->year,
	};

	(void)txn;
	(void)origin;
	contribute(contributions, item);
	if (day_is_none(done))
		return;
	item.day = done;
	item.cell = CELL_DONE;
	contribute(contributions, item);
}

static void plan_check(struct check *check, const ProtobufCMessage *record) {
	const PlanTarget *target = (const PlanTarget *)record;

	check_year(check, "year", target->year);
	check_text(check, "code", target->code, CHECK_CODE_MAX, CHECK_REQUIRED);
	check_text(check, "name", target->name, CHECK_TEXT_MAX, CHECK_OPTIONAL);
	check_text(check, "group", target->group, CHECK_NAME_MAX / 2, CHECK_OPTIONAL);
	if (*target->lead_unit)
		check_unit(check, "lead_unit", target->lead_unit);
	check_day(check, "due_day", target->due_day, CHECK_OPTIONAL);
	check_day(check, "done_day", target->done_day, CHECK_OPTIONAL);
	check_text(check, "evidence", target->evidence, CHECK_TEXT_MAX, CHECK_OPTIONAL);
}

static void resolution_check(struct check *check, const ProtobufCMessage *record) {
	const ResolutionTarget *target = (const ResolutionTarget *)record;
	char percent[24];

	snprintf(percent, sizeof(percent), "%u", target->percent_hundredths);
	check_text(check, "code", target->code, CHECK_CODE_MAX, CHECK_REQUIRED);
	check_text(check, "indicator", target->indicator, CHECK_NAME_MAX, CHECK_REQUIRED);
	check_text(check, "level", target->level, CHECK_CODE_MAX, CHECK_OPTIONAL);
	if (target->percent_hundredths > 10000)
		check_fault(check, FAULT__REASON__OUT_OF_RANGE, "percent_hundredths", percent, NULL);
	check_text(check, "document", target->document, CHECK_NAME_MAX, CHECK_OPTIONAL);
	check_day(check, "document_day", target->document_day, CHECK_REQUIRED);
}

static void inspection_measure(struct store_txn *txn, const ProtobufCMessage *record,
    const char *origin, struct contributions *contributions) {
	const Inspection *inspection = (const Inspection *)record;
	struct contribution item = {
		.day = DAY_NONE,
		.cell = CELL_INSPECTIONS,
		.amount = 1,
		.unit = inspection->unit,
		.category = "",
		.year = (uint16_t)inspection->year,
	};

	(void)txn;
	(void)origin;
	contribute(contributions, item);
	item.cell = CELL_DECENTRALISATION;
	if (inspection->decentralisation)
		contribute(contributions, item);
}

static void inspection_check(struct check *check, const ProtobufCMessage *record) {
	const Inspection *inspection = (const Inspection *)record;

	check_year(check, "year", inspection->year);
	check_text(check, "plan", inspection->plan, CHECK_NAME_MAX, CHECK_OPTIONAL);
	check_unit(check, "unit", inspection->unit);
	check_text(check, "content", inspection->content, CHECK_TEXT_MAX, CHECK_OPTIONAL);
	check_day(check, "inspected_day", inspection->inspected_day, CHECK_OPTIONAL);
}

const struct register_type plan_targets_register = {
	.name = "plan_targets",
	.type = RECORD_TYPE__RECORD_PLAN_TARGET,
	.stream = STREAM__STREAM_RECORDS,
	.record = &plan_target__descriptor,
	.code_fields = { "year", "code" },
	.check = plan_check,
	.measure = plan_measure,
	.table = &plan_measures,
};

const struct register_type resolution_targets_register = {
	.name = "resolution_targets",
	.type = RECORD_TYPE__RECORD_RESOLUTION_TARGET,
	.stream = STREAM__STREAM_RECORDS,
	.record = &resolution_target__descriptor,
	.code_fields = { "code", "document_day" },
	.check = resolution_check,
};

const struct register_type inspections_register = {
	.name = "inspections",
	.type = RECORD_TYPE__RECORD_INSPECTION,
	.stream = STREAM__STREAM_RECORDS,
	.record = &inspection__descriptor,
	.code_fields = { "year", "plan", "unit", "content", "inspected_day" },
	.check = inspection_check,
	.measure = inspection_measure,
	.table = &inspection_measures,
};

static const struct register_type *const registers[] = {
	&units_followed,
	&plan_targets_register,
	&resolution_targets_register,
	&inspections_register,
};

static const struct measure_table *const tables[] = {
	&plan_measures,
	&inspection_measures,
};

const struct schema reporting_schema = {
	.registers = registers,
	.register_count = LENGTH_OF(registers),
	.tables = tables,
	.table_count = LENGTH_OF(tables),
};
