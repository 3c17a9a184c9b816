/* SPDX-License-Identifier: MIT */
/* Registers and measures of this service, in one place. */
#include <string.h>

#include "common/units/units.h"
#include "services/dossiers/dossiers.h"

/* Places in the day index: by intake, by end, what is open, and what few dossiers have. */
enum { BY_INTAKE, BY_END, BY_OPEN, BY_LATE, BY_OPEN_LATE, BY_REFUSAL };

static const struct measure dossier_measure_list[] = {
	{ "online", MEASURE_FLOW, CELL_ONLINE, BY_INTAKE },
	{ "direct", MEASURE_FLOW, CELL_DIRECT, BY_INTAKE },
	{ "carried", MEASURE_OPENING, CELL_OPEN, BY_OPEN },
	{ "early", MEASURE_FLOW, CELL_EARLY, BY_END },
	{ "on_time", MEASURE_FLOW, CELL_ON_TIME, BY_END },
	{ "late", MEASURE_FLOW, CELL_LATE, BY_LATE },
	{ "open", MEASURE_STOCK, CELL_OPEN, BY_OPEN },
	{ "open_late", MEASURE_STOCK, CELL_OPEN_LATE, BY_OPEN_LATE },
	{ "recorded_provincial", MEASURE_FLOW, CELL_RECORDED, BY_INTAKE },
	{ "with_result", MEASURE_FLOW, CELL_WITH_RESULT, BY_END },
	{ "digitised", MEASURE_FLOW, CELL_DIGITISED, BY_END },
	{ "fee_bearing", MEASURE_FLOW, CELL_FEE_BEARING, BY_END },
	{ "paid_online", MEASURE_FLOW, CELL_PAID_ONLINE, BY_END },
	{ "refused", MEASURE_FLOW, CELL_REFUSED, BY_REFUSAL },
};

static const struct measure_rule dossier_rules[] = {
	{ "online + direct = early + on_time + late + open", MEASURE_ZERO,
	    { [CELL_ONLINE] = 1,
	        [CELL_DIRECT] = 1,
	        [CELL_EARLY] = -1,
	        [CELL_ON_TIME] = -1,
	        [CELL_LATE] = -1,
	        [CELL_OPEN] = -1 } },
	{ "with_result <= early + on_time + late", MEASURE_NOT_NEGATIVE,
	    { [CELL_EARLY] = 1, [CELL_ON_TIME] = 1, [CELL_LATE] = 1, [CELL_WITH_RESULT] = -1 } },
	{ "digitised <= with_result", MEASURE_NOT_NEGATIVE,
	    { [CELL_WITH_RESULT] = 1, [CELL_DIGITISED] = -1 } },
	{ "paid_online <= fee_bearing", MEASURE_NOT_NEGATIVE,
	    { [CELL_FEE_BEARING] = 1, [CELL_PAID_ONLINE] = -1 } },
	{ "fee_bearing <= with_result", MEASURE_NOT_NEGATIVE,
	    { [CELL_WITH_RESULT] = 1, [CELL_FEE_BEARING] = -1 } },
};

/* Cells count by procedure; forms show the field, which is read from the catalogue of today. */
static const char *field_of_procedure(
    struct store_txn *txn, const char *procedure, struct arena *arena) {
	ProtobufCMessage *record;

	if (register_load(txn, &procedures_register, procedure, arena, &record, NULL) != STORE_OK)
		return "";
	return ((const Procedure *)record)->field;
}

const struct measure_table dossiers_measures = {
	.name = "dossiers",
	.number = 1,
	.measures = dossier_measure_list,
	.count = LENGTH_OF(dossier_measure_list),
	.rules = dossier_rules,
	.rule_count = LENGTH_OF(dossier_rules),
	.category = field_of_procedure,
};

enum { CELL_PROCEDURES, CELL_PUBLISHED };

static const struct measure procedure_measure_list[] = {
	{ "procedures", MEASURE_STOCK, CELL_PROCEDURES, 0 },
	{ "published", MEASURE_STOCK, CELL_PUBLISHED, 0 },
};

static const struct measure_rule procedure_rules[] = {
	{ "published <= procedures", MEASURE_NOT_NEGATIVE,
	    { [CELL_PROCEDURES] = 1, [CELL_PUBLISHED] = -1 } },
};

static const char *const levels[] = { "", "district", "commune", NULL };

const struct measure_table procedures_measures = {
	.name = "procedures",
	.number = 2,
	.measures = procedure_measure_list,
	.count = LENGTH_OF(procedure_measure_list),
	.rules = procedure_rules,
	.rule_count = LENGTH_OF(procedure_rules),
	.categories = levels,
};

static const struct measure feedback_measure_list[] = {
	{ "received", MEASURE_FLOW, 0, 0 },
};

static const char *const feedback_kinds[] = { "", "rules", "acts", "attitude", NULL };

const struct measure_table feedback_measures = {
	.name = "feedback",
	.number = 3,
	.measures = feedback_measure_list,
	.count = LENGTH_OF(feedback_measure_list),
	.categories = feedback_kinds,
};

static void procedure_measure(struct store_txn *txn, const ProtobufCMessage *record,
    const char *origin, struct contributions *contributions) {
	const Procedure *procedure = (const Procedure *)record;
	struct contribution item = {
		.day = DAY_NONE,
		.cell = CELL_PROCEDURES,
		.amount = 1,
		.unit = "",
		.category = measure_category(levels, procedure->level),
	};

	(void)txn;
	(void)origin;
	contribute(contributions, item);
	if (procedure->published_day) {
		item.cell = CELL_PUBLISHED;
		contribute(contributions, item);
	}
}

static void procedure_check(struct check *check, const ProtobufCMessage *record) {
	const Procedure *procedure = (const Procedure *)record;

	check_text(check, "code", procedure->code, CHECK_CODE_MAX, CHECK_REQUIRED);
	check_text(check, "name", procedure->name, CHECK_TEXT_MAX, CHECK_REQUIRED);
	check_text(check, "field", procedure->field, CHECK_NAME_MAX / 2, CHECK_REQUIRED);
	check_choice(check, "level", procedure->level, &level__descriptor, CHECK_REQUIRED);
	check_choice(check, "online_service", procedure->online_service,
	    &procedure__online_service__descriptor, CHECK_OPTIONAL);
	check_choice(check, "duration_unit", procedure->duration_unit,
	    &procedure__duration_unit__descriptor, CHECK_OPTIONAL);
	check_day(check, "published_day", procedure->published_day, CHECK_OPTIONAL);
}

static void feedback_measure(struct store_txn *txn, const ProtobufCMessage *record,
    const char *origin, struct contributions *contributions) {
	const Feedback *feedback = (const Feedback *)record;
	struct day day = stamp_day(feedback->received);

	(void)txn;
	if (day_is_none(day))
		return;
	contribute(contributions, (struct contribution) {
	                              .day = day,
	                              .amount = 1,
	                              .unit = origin,
	                              .category = measure_category(feedback_kinds, feedback->kind),
	                          });
}

static void feedback_check(struct check *check, const ProtobufCMessage *record) {
	const Feedback *feedback = (const Feedback *)record;

	check_text(check, "code", feedback->code, CHECK_CODE_MAX, CHECK_REQUIRED);
	check_stamp(check, "received", feedback->received, CHECK_REQUIRED);
	check_stamp(check, "handled", feedback->handled, CHECK_OPTIONAL);
	check_choice(check, "kind", feedback->kind, &feedback__kind__descriptor, CHECK_REQUIRED);
	check_text(check, "source", feedback->source, CHECK_TEXT_MAX, CHECK_OPTIONAL);
	check_text(check, "content", feedback->content, CHECK_TEXT_MAX, CHECK_OPTIONAL);
	check_text(check, "outcome", feedback->outcome, CHECK_TEXT_MAX, CHECK_OPTIONAL);
}

const struct register_type procedures_register = {
	.name = "procedures",
	.type = RECORD_TYPE__RECORD_PROCEDURE,
	.stream = STREAM__STREAM_PROCEDURES,
	.record = &procedure__descriptor,
	.code_fields = { "code" },
	.check = procedure_check,
	.measure = procedure_measure,
	.table = &procedures_measures,
};

const struct register_type dossiers_register = {
	.name = "dossiers",
	.type = RECORD_TYPE__RECORD_DOSSIER,
	.stream = STREAM__STREAM_RECORDS,
	.record = &dossier__descriptor,
	.code_fields = { "code" },
	.check = dossier_check,
	.measure = dossier_measure,
	.table = &dossiers_measures,
	.show = dossier_show,
	.personal_fields = { "applicant" },
};

const struct register_type supplement_rounds_register = {
	.name = "supplement_rounds",
	.type = RECORD_TYPE__RECORD_SUPPLEMENT_ROUND,
	.stream = STREAM__STREAM_RECORDS,
	.record = &supplement_round__descriptor,
	.code_fields = { "dossier", "requested" },
	.owner = &dossiers_register,
	.check = supplement_round_check,
};

const struct register_type corrections_register = {
	.name = "corrections",
	.type = RECORD_TYPE__RECORD_CORRECTION,
	.stream = STREAM__STREAM_RECORDS,
	.record = &correction__descriptor,
	.code_fields = { "dossier", "handed_over" },
	.owner = &dossiers_register,
	.check = correction_check,
};

/* Who gave it and what they wrote may name anybody. */
const struct register_type feedback_register = {
	.name = "feedback",
	.type = RECORD_TYPE__RECORD_FEEDBACK,
	.stream = STREAM__STREAM_RECORDS,
	.record = &feedback__descriptor,
	.code_fields = { "code" },
	.check = feedback_check,
	.measure = feedback_measure,
	.table = &feedback_measures,
	.personal_fields = { "source", "content", "outcome" },
};

static const struct register_type *const registers[] = {
	&units_followed,
	&procedures_register,
	&dossiers_register,
	&supplement_rounds_register,
	&corrections_register,
	&feedback_register,
};

static const struct measure_table *const tables[] = {
	&dossiers_measures,
	&procedures_measures,
	&feedback_measures,
};

const struct schema dossiers_schema = {
	.registers = registers,
	.register_count = LENGTH_OF(registers),
	.tables = tables,
	.table_count = LENGTH_OF(tables),
};
