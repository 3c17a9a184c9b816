/* SPDX-License-Identifier: MIT */
/*
 * Dossiers: procedures, dossiers, supplement rounds, corrections and feedback.
 *
 * Read in this order: proto/cchc/dossiers.proto, schema.c (registers and measures), dossier.c (what
 * a dossier counts), methods.c (the table).
 */
#pragma once

#include "cchc/dossiers.pb-c.h"
#include "common/service/service.h"

#define DOSSIER_ROUNDS_MAX                                                                         \
	12 /* more supplement rounds than any law allows; the rest is not counted */

extern const struct service_plan dossiers_plan;
extern const struct schema dossiers_schema;

extern const struct register_type procedures_register;
extern const struct register_type dossiers_register;
extern const struct register_type supplement_rounds_register;
extern const struct register_type corrections_register;
extern const struct register_type feedback_register;

extern const struct measure_table dossiers_measures;
extern const struct measure_table procedures_measures;
extern const struct measure_table feedback_measures;

/* Counters of dossiers_measures. */
enum dossier_cell {
	CELL_ONLINE,
	CELL_DIRECT,
	CELL_EARLY,
	CELL_ON_TIME,
	CELL_LATE,
	CELL_OPEN,
	CELL_OPEN_LATE,
	CELL_RECORDED,
	CELL_WITH_RESULT,
	CELL_DIGITISED,
	CELL_FEE_BEARING,
	CELL_PAID_ONLINE,
	CELL_REFUSED,
};

/* What one dossier adds: form II.06 by Thông tư 01/2020/TT-VPCP, compared by day (dossier.c). */
void dossier_measure(struct store_txn *txn, const ProtobufCMessage *record, const char *origin,
    struct contributions *contributions);

/* What is demanded of a dossier, a round, a correction. */
void dossier_check(struct check *check, const ProtobufCMessage *record);
void supplement_round_check(struct check *check, const ProtobufCMessage *record);
void correction_check(struct check *check, const ProtobufCMessage *record);

/* For lists: the applicant's name as initials, and the due date that held on the last day. */
void dossier_show(struct store_txn *txn, ProtobufCMessage *record, struct day last);
