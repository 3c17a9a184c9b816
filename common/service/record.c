/* SPDX-License-Identifier: MIT */
/*
 * Record… methods: good records become events, bad ones are named. Every such request has the shape
 * { bool dry_run = 1; repeated T records = 2; }, so one handler serves them all.
 */
#include "common/service/service.h"

#include "cchc/dossiers.pb-c.h"

#define RECORDS_MAX 1000 /* a request; as the contract says */

/* The common shape; every request message of a Record… method has these members in this order,
 * which the build of the contract's C code makes so. */
typedef RecordDossiersRequest RecordsRequest;

static void owner_fault(struct check *check, const struct register_type *type,
    const ProtobufCMessage *record, const char *owner, struct arena *arena) {
	const char *code = register_code(type, record, arena);

	check_fault(check, FAULT__REASON__OTHER_OWNER, type->code_fields[0], code ? code : "", owner);
}

int service_record(
    struct service_call *call, const ProtobufCMessage *request, ProtobufCMessage *reply) {
	const RecordsRequest *records = (const RecordsRequest *)request;
	const struct register_type *type = call->argument;
	struct fault_list faults = { .arena = call->arena };
	RecordReply *result = (RecordReply *)reply;

	if (records->n_records > RECORDS_MAX)
		return service_refuse(
		    call, RPC_INVALID_ARGUMENT, FAULT__REASON__TOO_LARGE, "records", "1000");
	for (size_t i = 0; i < records->n_records; i++) {
		const ProtobufCMessage *record = (const ProtobufCMessage *)records->records[i];
		struct check check = { .txn = call->txn, .faults = &faults, .record = (uint32_t)i };
		size_t before = faults.count;
		const char *owner = NULL;
		int r;

		if (type->check)
			type->check(&check, record);
		if (faults.count != before)
			continue;
		r = records->dry_run ? register_compare(call->txn, type, record, call->arena, &owner)
		                     : register_write(call->txn, type, record, call->rpc->actor, &owner);
		switch (r) {
		case REGISTER_ADDED: result->added++; break;
		case REGISTER_CHANGED: result->changed++; break;
		case REGISTER_UNCHANGED: result->unchanged++; break;
		case REGISTER_OTHER_OWNER: owner_fault(&check, type, record, owner, call->arena); break;
		default: return failed_below(r);
		}
	}
	result->faults = faults.items;
	result->n_faults = faults.count;
	return 0;
}
