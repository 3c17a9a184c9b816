/* SPDX-License-Identifier: MIT */
/* Registers and measures of this service, in one place. */
#include <stdio.h>

#include "common/units/units.h"
#include "services/staffing/staffing.h"

enum { CELL_UNITS, CELL_REGULATED, CELL_SELF_ISSUED, CELL_ISO, CELL_AUTONOMY };

static const struct measure unit_measure_list[] = {
	{ "units", MEASURE_STOCK, CELL_UNITS, 0 },
	{ "regulated", MEASURE_STOCK, CELL_REGULATED, 0 },
	{ "self_issued", MEASURE_STOCK, CELL_SELF_ISSUED, 0 },
	{ "iso", MEASURE_STOCK, CELL_ISO, 0 },
	{ "autonomy", MEASURE_STOCK, CELL_AUTONOMY, 0 },
};

static const char *const unit_kinds[] = { "", "district_committee", "department", "public_service",
	"commune_committee", "association", NULL };

static const struct measure_table units_measures = {
	.name = "units",
	.number = 1,
	.measures = unit_measure_list,
	.count = LENGTH_OF(unit_measure_list),
	.categories = unit_kinds,
};

enum { CELL_ASSIGNED, CELL_ALLOTTED, CELL_PRESENT, CELL_UNITS_WITH_POSTS };

static const struct measure quota_measure_list[] = {
	{ "assigned", MEASURE_PLAN, CELL_ASSIGNED, 0 },
	{ "allotted", MEASURE_PLAN, CELL_ALLOTTED, 0 },
	{ "present", MEASURE_PLAN, CELL_PRESENT, 0 },
	{ "units_with_posts", MEASURE_PLAN, CELL_UNITS_WITH_POSTS, 0 },
};

static const struct measure_rule quota_rules[] = {
	{ "allotted <= assigned", MEASURE_NOT_NEGATIVE, { [CELL_ASSIGNED] = 1, [CELL_ALLOTTED] = -1 } },
	{ "units_with_posts <= allotted", MEASURE_NOT_NEGATIVE,
	    { [CELL_ALLOTTED] = 1, [CELL_UNITS_WITH_POSTS] = -1 } },
};

static const char *const quota_kinds[] = { "", "civil_servants", "public_employees", "associations",
	NULL };

static const struct measure_table quotas_measures = {
	.name = "quotas",
	.number = 2,
	.measures = quota_measure_list,
	.count = LENGTH_OF(quota_measure_list),
	.rules = quota_rules,
	.rule_count = LENGTH_OF(quota_rules),
	.categories = quota_kinds,
};

/* Plans of a year: what is planned and what was done by the last day. */
enum { CELL_PLANNED, CELL_DONE };

static const struct measure plan_measure_list[] = {
	{ "planned", MEASURE_PLAN, CELL_PLANNED, 0 },
	{ "done", MEASURE_PLAN, CELL_DONE, 0 },
};

static const struct measure_table downsizings_measures = {
	.name = "downsizings",
	.number = 3,
	.measures = plan_measure_list,
	.count = LENGTH_OF(plan_measure_list),
};

static const struct measure_table trainings_measures = {
	.name = "trainings",
	.number = 4,
	.measures = plan_measure_list,
	.count = LENGTH_OF(plan_measure_list),
};

static const struct measure_table rotations_measures = {
	.name = "rotations",
	.number = 5,
	.measures = plan_measure_list,
	.count = LENGTH_OF(plan_measure_list),
};

static const struct measure discipline_measure_list[] = {
	{ "disciplined", MEASURE_FLOW, 0, 0 },
};

static const struct measure_table disciplines_measures = {
	.name = "disciplines",
	.number = 6,
	.measures = discipline_measure_list,
	.count = LENGTH_OF(discipline_measure_list),
};

static void unit_measure(struct store_txn *txn, const ProtobufCMessage *record, const char *origin,
    struct contributions *contributions) {
	const Unit *unit = (const Unit *)record;
	struct day decided = day_of_decimal(unit->functions_day);
	struct contribution item = {
		.day = DAY_NONE,
		.cell = CELL_UNITS,
		.amount = 1,
		.unit = unit->code,
		.category = measure_category(unit_kinds, unit->kind),
	};

	(void)txn;
	(void)origin;
	contribute(contributions, item);
	item.cell = CELL_ISO;
	if (unit->iso_9001)
		contribute(contributions, item);
	item.cell = CELL_AUTONOMY;
	if (*unit->autonomy_decree)
		contribute(contributions, item);
	/* Regulated from the day of the decision on: a report of an earlier quarter does not know it.
	 */
	if (!*unit->functions_decision || day_is_none(decided))
		return;
	item.day = decided;
	item.cell = CELL_REGULATED;
	contribute(contributions, item);
	item.cell = CELL_SELF_ISSUED;
	if (unit->self_issued)
		contribute(contributions, item);
}

static void unit_check(struct check *check, const ProtobufCMessage *record) {
	const Unit *unit = (const Unit *)record;

	check_text(check, "code", unit->code, CHECK_UNIT_MAX, CHECK_REQUIRED);
	if (*unit->code && !unit_code_is_valid(unit->code))
		check_fault(check, FAULT__REASON__MALFORMED, "code", unit->code, NULL);
	check_text(check, "name", unit->name, CHECK_NAME_MAX, CHECK_REQUIRED);
	check_choice(check, "kind", unit->kind, &unit__kind__descriptor, CHECK_REQUIRED);
	check_text(check, "gso_code", unit->gso_code, CHECK_CODE_MAX, CHECK_OPTIONAL);
	check_text(check, "autonomy_decree", unit->autonomy_decree, CHECK_NAME_MAX, CHECK_OPTIONAL);
	check_text(
	    check, "functions_decision", unit->functions_decision, CHECK_NAME_MAX, CHECK_OPTIONAL);
	check_day(check, "functions_day", unit->functions_day,
	    *unit->functions_decision ? CHECK_REQUIRED : CHECK_OPTIONAL);
	if (*unit->parent && !unit_code_is_valid(unit->parent))
		check_fault(check, FAULT__REASON__MALFORMED, "parent", unit->parent, NULL);
}

static void quota_measure(struct store_txn *txn, const ProtobufCMessage *record, const char *origin,
    struct contributions *contributions) {
	const Quota *quota = (const Quota *)record;
	struct contribution item = {
		.day = DAY_NONE,
		.unit = quota->unit,
		.category = measure_category(quota_kinds, quota->kind),
		.year = (uint16_t)quota->year,
	};
	const struct {
		unsigned cell;
		uint32_t posts;
	} counts[] = {
		{ CELL_ASSIGNED, quota->assigned },
		{ CELL_ALLOTTED, quota->allotted },
		{ CELL_PRESENT, quota->present },
		{ CELL_UNITS_WITH_POSTS, quota->allotted ? 1 : 0 },
	};

	(void)txn;
	(void)origin;
	for (size_t i = 0; i < LENGTH_OF(counts); i++) {
		item.cell = counts[i].cell;
		item.amount = (int32_t)counts[i].posts;
		contribute(contributions, item);
	}
}

#define POSTS_MAX 1000000 /* more than any unit has; keeps sums far from their limits */

static void check_posts(struct check *check, const char *field, uint32_t posts) {
	char text[24];

	if (posts <= POSTS_MAX)
		return;
	snprintf(text, sizeof(text), "%u", posts);
	check_fault(check, FAULT__REASON__OUT_OF_RANGE, field, text, NULL);
}

static void quota_check(struct check *check, const ProtobufCMessage *record) {
	const Quota *quota = (const Quota *)record;
	char allotted[24];
	char assigned[24];

	check_year(check, "year", quota->year);
	check_unit(check, "unit", quota->unit);
	check_choice(check, "kind", quota->kind, &quota__kind__descriptor, CHECK_REQUIRED);
	check_posts(check, "assigned", quota->assigned);
	check_posts(check, "allotted", quota->allotted);
	check_posts(check, "present", quota->present);
	check_text(check, "decision", quota->decision, CHECK_NAME_MAX, CHECK_OPTIONAL);
	snprintf(allotted, sizeof(allotted), "%u", quota->allotted);
	snprintf(assigned, sizeof(assigned), "%u", quota->assigned);
	if (quota->allotted > quota->assigned)
		check_fault(check, FAULT__REASON__MORE_THAN_ALLOTTED, "allotted", allotted, assigned);
}

/* Planned once, done on its day; amounts differ by register. */
static void count_plan(struct contributions *contributions, struct contribution item,
    uint32_t planned, uint32_t done, uint32_t done_day) {
	struct day day = day_of_decimal(done_day);

	item.day = DAY_NONE;
	item.cell = CELL_PLANNED;
	item.amount = (int32_t)planned;
	contribute(contributions, item);
	if (day_is_none(day))
		return;
	item.day = day;
	item.cell = CELL_DONE;
	item.amount = (int32_t)done;
	contribute(contributions, item);
}

static void downsizing_measure(struct store_txn *txn, const ProtobufCMessage *record,
    const char *origin, struct contributions *contributions) {
	const Downsizing *downsizing = (const Downsizing *)record;
	struct contribution item = {
		.unit = downsizing->unit,
		.category = downsizing->category,
		.year = (uint16_t)downsizing->year,
	};

	(void)txn;
	(void)origin;
	count_plan(contributions, item, 1, 1, downsizing->done_day);
}

static void downsizing_check(struct check *check, const ProtobufCMessage *record) {
	const Downsizing *downsizing = (const Downsizing *)record;

	check_year(check, "year", downsizing->year);
	check_text(check, "person", downsizing->person, CHECK_CODE_MAX, CHECK_REQUIRED);
	check_text(check, "name", downsizing->name, CHECK_NAME_MAX, CHECK_OPTIONAL);
	check_unit(check, "unit", downsizing->unit);
	check_text(check, "category", downsizing->category, CHECK_NAME_MAX / 2, CHECK_OPTIONAL);
	check_text(check, "reason", downsizing->reason, CHECK_TEXT_MAX, CHECK_OPTIONAL);
	check_text(check, "decision", downsizing->decision, CHECK_NAME_MAX, CHECK_OPTIONAL);
	check_day(check, "done_day", downsizing->done_day, CHECK_OPTIONAL);
}

static void training_measure(struct store_txn *txn, const ProtobufCMessage *record,
    const char *origin, struct contributions *contributions) {
	const Training *training = (const Training *)record;
	struct contribution item = {
		.unit = origin,
		.category = training->level,
		.year = (uint16_t)training->year,
	};

	(void)txn;
	count_plan(contributions, item, training->planned, training->done, training->done_day);
}

static void training_check(struct check *check, const ProtobufCMessage *record) {
	const Training *training = (const Training *)record;

	check_year(check, "year", training->year);
	check_text(check, "code", training->code, CHECK_CODE_MAX, CHECK_REQUIRED);
	check_text(check, "name", training->name, CHECK_TEXT_MAX, CHECK_OPTIONAL);
	check_text(check, "level", training->level, CHECK_CODE_MAX, CHECK_OPTIONAL);
	check_posts(check, "planned", training->planned);
	check_posts(check, "done", training->done);
	check_day(check, "done_day", training->done_day, CHECK_OPTIONAL);
}

static void rotation_measure(struct store_txn *txn, const ProtobufCMessage *record,
    const char *origin, struct contributions *contributions) {
	const Rotation *rotation = (const Rotation *)record;
	struct contribution item = {
		.unit = rotation->from_unit,
		.category = "",
		.year = (uint16_t)rotation->year,
	};

	(void)txn;
	(void)origin;
	count_plan(contributions, item, 1, 1, rotation->done_day);
}

static void rotation_check(struct check *check, const ProtobufCMessage *record) {
	const Rotation *rotation = (const Rotation *)record;

	check_year(check, "year", rotation->year);
	check_text(check, "person", rotation->person, CHECK_CODE_MAX, CHECK_REQUIRED);
	check_text(check, "name", rotation->name, CHECK_NAME_MAX, CHECK_OPTIONAL);
	check_unit(check, "from_unit", rotation->from_unit);
	check_unit(check, "to_unit", rotation->to_unit);
	check_day(check, "planned_day", rotation->planned_day, CHECK_OPTIONAL);
	check_day(check, "done_day", rotation->done_day, CHECK_OPTIONAL);
}

static void discipline_measure(struct store_txn *txn, const ProtobufCMessage *record,
    const char *origin, struct contributions *contributions) {
	const Discipline *discipline = (const Discipline *)record;
	struct day day = day_of_decimal(discipline->decided_day);

	(void)txn;
	(void)origin;
	if (day_is_none(day))
		return;
	contribute(contributions, (struct contribution) {
	                              .day = day,
	                              .amount = 1,
	                              .unit = discipline->unit,
	                              .category = discipline->form,
	                          });
}

static void discipline_check(struct check *check, const ProtobufCMessage *record) {
	const Discipline *discipline = (const Discipline *)record;

	check_text(check, "person", discipline->person, CHECK_CODE_MAX, CHECK_REQUIRED);
	check_text(check, "name", discipline->name, CHECK_NAME_MAX, CHECK_OPTIONAL);
	check_unit(check, "unit", discipline->unit);
	check_text(check, "form", discipline->form, CHECK_NAME_MAX / 2, CHECK_REQUIRED);
	check_text(check, "decision", discipline->decision, CHECK_NAME_MAX, CHECK_OPTIONAL);
	check_day(check, "decided_day", discipline->decided_day, CHECK_REQUIRED);
}

/* Lists of staff show the code and no name. */
static void hide(char **name) {
	*name = (char *)(uintptr_t)protobuf_c_empty_string;
}

static void downsizing_show(struct store_txn *txn, ProtobufCMessage *record, struct day last) {
	(void)txn;
	(void)last;
	hide(&((Downsizing *)record)->name);
}

static void rotation_show(struct store_txn *txn, ProtobufCMessage *record, struct day last) {
	(void)txn;
	(void)last;
	hide(&((Rotation *)record)->name);
}

static void discipline_show(struct store_txn *txn, ProtobufCMessage *record, struct day last) {
	(void)txn;
	(void)last;
	hide(&((Discipline *)record)->name);
}

const struct register_type units_register = {
	UNITS_REGISTER_COMMON,
	.check = unit_check,
	.measure = unit_measure,
	.table = &units_measures,
};

const struct register_type quotas_register = {
	.name = "quotas",
	.type = RECORD_TYPE__RECORD_QUOTA,
	.stream = STREAM__STREAM_RECORDS,
	.record = &quota__descriptor,
	.code_fields = { "year", "unit", "kind" },
	.check = quota_check,
	.measure = quota_measure,
	.table = &quotas_measures,
};

const struct register_type downsizings_register = {
	.name = "downsizings",
	.type = RECORD_TYPE__RECORD_DOWNSIZING,
	.stream = STREAM__STREAM_RECORDS,
	.record = &downsizing__descriptor,
	.code_fields = { "year", "unit", "person" },
	.check = downsizing_check,
	.measure = downsizing_measure,
	.table = &downsizings_measures,
	.show = downsizing_show,
	.personal_fields = { "name" },
};

const struct register_type trainings_register = {
	.name = "trainings",
	.type = RECORD_TYPE__RECORD_TRAINING,
	.stream = STREAM__STREAM_RECORDS,
	.record = &training__descriptor,
	.code_fields = { "year", "code" },
	.check = training_check,
	.measure = training_measure,
	.table = &trainings_measures,
};

const struct register_type rotations_register = {
	.name = "rotations",
	.type = RECORD_TYPE__RECORD_ROTATION,
	.stream = STREAM__STREAM_RECORDS,
	.record = &rotation__descriptor,
	.code_fields = { "year", "from_unit", "person" },
	.check = rotation_check,
	.measure = rotation_measure,
	.table = &rotations_measures,
	.show = rotation_show,
	.personal_fields = { "name" },
};

const struct register_type disciplines_register = {
	.name = "disciplines",
	.type = RECORD_TYPE__RECORD_DISCIPLINE,
	.stream = STREAM__STREAM_RECORDS,
	.record = &discipline__descriptor,
	.code_fields = { "person", "decision", "decided_day" },
	.check = discipline_check,
	.measure = discipline_measure,
	.table = &disciplines_measures,
	.show = discipline_show,
	.personal_fields = { "name" },
};

static const struct register_type *const registers[] = {
	&units_register,
	&quotas_register,
	&downsizings_register,
	&trainings_register,
	&rotations_register,
	&disciplines_register,
};

static const struct measure_table *const tables[] = {
	&units_measures,
	&quotas_measures,
	&downsizings_measures,
	&trainings_measures,
	&rotations_measures,
	&disciplines_measures,
};

const struct schema staffing_schema = {
	.registers = registers,
	.register_count = LENGTH_OF(registers),
	.tables = tables,
	.table_count = LENGTH_OF(tables),
};
