/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "services/dossiers/dossiers.h"

enum { FILE_PARTS_MAX = 1000 };

struct gathering {
	struct arena *arena;
	void **items;
	size_t count;
};

static int gather(void *context, ProtobufCMessage *record, const char *origin) {
	struct gathering *gathering = context;

	(void)origin;
	if (gathering->count == FILE_PARTS_MAX)
		return 1;
	gathering->items[gathering->count++] = record;
	return 0;
}

static int gather_owned(struct service_call *call, const struct register_type *type,
    const char *code, struct gathering *ret_gathering) {
	struct gathering gathering = {
		.arena = call->arena,
		.items = arena_alloc(call->arena, FILE_PARTS_MAX * sizeof(void *)),
	};
	int r;

	if (!gathering.items)
		return failed_here(-ENOMEM);
	r = register_visit(call->txn, type, code, call->arena, gather, &gathering);
	*ret_gathering = gathering;
	return r < 0 ? failed_below(r) : 0;
}

static int get_dossier(
    struct service_call *call, const ProtobufCMessage *request, ProtobufCMessage *reply) {
	const char *code = ((const GetDossierRequest *)request)->code;
	DossierFile *file = (DossierFile *)reply;
	struct gathering corrections;
	struct gathering rounds;
	ProtobufCMessage *record;
	const char *origin;
	int r = register_load(call->txn, &dossiers_register, code, call->arena, &record, &origin);

	if (r == STORE_NOT_FOUND)
		return service_refuse(call, RPC_NOT_FOUND, FAULT__REASON__UNKNOWN_DOSSIER, "code", code);
	if (r == STORE_OK)
		r = gather_owned(call, &supplement_rounds_register, code, &rounds);
	if (r == 0)
		r = gather_owned(call, &corrections_register, code, &corrections);
	if (r < 0)
		return failed_below(r);
	file->dossier = (Dossier *)record;
	file->origin = (char *)(uintptr_t)origin;
	file->rounds = (SupplementRound **)rounds.items;
	file->n_rounds = rounds.count;
	file->corrections = (Correction **)corrections.items;
	file->n_corrections = corrections.count;
	return 0;
}

static const struct service_method methods[] = {
	{ "Dossiers/RecordProcedures", service_record, &procedures_register },
	{ "Dossiers/RecordDossiers", service_record, &dossiers_register },
	{ "Dossiers/RecordSupplementRounds", service_record, &supplement_rounds_register },
	{ "Dossiers/RecordCorrections", service_record, &corrections_register },
	{ "Dossiers/RecordFeedback", service_record, &feedback_register },
	{ "Dossiers/GetDossier", get_dossier, NULL },
};

const struct service_plan dossiers_plan = {
	.name = "dossiers",
	.interfaces = { "Dossiers", "Figures", "Replica" },
	.schema = &dossiers_schema,
	.methods = methods,
	.method_count = LENGTH_OF(methods),
};
