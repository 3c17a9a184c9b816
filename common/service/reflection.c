/* SPDX-License-Identifier: MIT */
/* Reflection: the contract this process was built with, for clients that were built without it. */
#include <string.h>

#include "cchc/node.pb-c.h"
#include "common/service/service.h"
#include "google/protobuf/descriptor.pb-c.h"

typedef Google__Protobuf__FileDescriptorSet FileSet;
typedef Google__Protobuf__FileDescriptorProto File;

/* "Dossiers/GetDossier" is declared where "Dossiers" is. */
static bool declares(const File *file, const char *symbol) {
	size_t length = strcspn(symbol, "/");

	for (size_t i = 0; i < file->n_message_type; i++)
		if (strcmp(file->message_type[i]->name, symbol) == 0)
			return true;
	for (size_t i = 0; i < file->n_enum_type; i++)
		if (strcmp(file->enum_type[i]->name, symbol) == 0)
			return true;
	for (size_t i = 0; i < file->n_service; i++)
		if (strncmp(file->service[i]->name, symbol, length) == 0 &&
		    file->service[i]->name[length] == '\0')
			return true;
	return false;
}

/* A set lists a file after what it imports, so one walk backwards finds all that is needed. */
static size_t mark_needed(const FileSet *set, const char *symbol, bool *needed) {
	size_t count = 0;

	for (size_t i = set->n_file; i-- > 0;) {
		const File *file = set->file[i];

		if (*symbol && !needed[i] && !declares(file, symbol))
			continue;
		needed[i] = true;
		count++;
		for (size_t j = 0; j < file->n_dependency; j++)
			for (size_t k = 0; k < i; k++)
				if (strcmp(set->file[k]->name, file->dependency[j]) == 0)
					needed[k] = true;
	}
	return count;
}

static int fill_files(
    struct arena *arena, const FileSet *set, const char *symbol, DescribeReply *reply) {
	bool *needed = arena_alloc(arena, set->n_file + 1);
	size_t count = needed ? mark_needed(set, symbol, needed) : 0;

	reply->files = arena_alloc(arena, (count + 1) * sizeof(reply->files[0]));
	if (!needed || !reply->files)
		return failed_here(-ENOMEM);
	for (size_t i = 0; i < set->n_file; i++) {
		ProtobufCBinaryData *packed = &reply->files[reply->n_files];

		if (!needed[i])
			continue;
		packed->len = protobuf_c_message_get_packed_size(&set->file[i]->base);
		packed->data = arena_alloc_raw(arena, packed->len + 1);
		if (!packed->data)
			return failed_here(-ENOMEM);
		protobuf_c_message_pack(&set->file[i]->base, packed->data);
		reply->n_files++;
	}
	return 0;
}

static int fill_methods(struct service_call *call, DescribeReply *reply) {
	const struct contract *contract = &office_contract;

	reply->methods = arena_alloc(call->arena, (contract->method_count + 1) * sizeof(char *));
	if (!reply->methods)
		return failed_here(-ENOMEM);
	for (size_t i = 0; i < contract->method_count; i++)
		if (service_serves(call->service, contract->methods[i].name))
			reply->methods[reply->n_methods++] = (char *)(uintptr_t)contract->methods[i].name;
	return 0;
}

int service_describe(
    struct service_call *call, const ProtobufCMessage *request, ProtobufCMessage *reply) {
	const char *symbol = ((const DescribeRequest *)request)->symbol;
	DescribeReply *description = (DescribeReply *)reply;
	const FileSet *set = google__protobuf__file_descriptor_set__unpack(&call->arena->allocator,
	    office_contract.descriptor_set_size, office_contract.descriptor_set);
	int r;

	if (!set)
		return failed_here(-ENOMEM);
	r = fill_files(call->arena, set, symbol, description);
	if (r == 0)
		r = fill_methods(call, description);
	if (r < 0)
		return failed_below(r);
	description->contract =
	    (ProtobufCBinaryData) { CONTRACT_HASH_SIZE, (uint8_t *)(uintptr_t)office_contract.hash };
	return description->n_files ? 0
	                            : service_refuse(call, RPC_NOT_FOUND, FAULT__REASON__UNKNOWN_METHOD,
	                                  "symbol", symbol);
}
