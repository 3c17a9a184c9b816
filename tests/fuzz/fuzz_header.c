/* SPDX-License-Identifier: MIT */
/*
 * Fuzz target of the envelope of a call
 *
 * The bytes are read as the server reads a header, and what was accepted is answered as the server
 * answers: the answer fits into a header and the caller can read it.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/message.h"
#include "common/rpc/server.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void promise(int kept) {
	if (!kept)
		abort();
}

static void check_text(const char *text) {
	promise(message_is_text(text, strlen(text)));
}

static void check_answer(struct rpc_call *call, const CallHeader *header) {
	AUTO(arena_deinit) struct arena arena;
	CallHeader answer = CALL_HEADER__INIT;
	ProtobufCMessage *read = NULL;
	uint8_t *bytes = NULL;
	size_t size = 0;

	arena_init(&arena, 1u << 20);
	rpc_call_refuse(
	    call, RPC_UNIMPLEMENTED, FAULT__REASON__UNKNOWN_METHOD, "method", header->method);
	answer.kind = CALL_HEADER__KIND__STATUS;
	answer.call = header->call;
	answer.status = call->status;
	answer.fault = call->fault;
	promise(call->fault && strlen(call->fault->value) <= 200);
	promise(message_pack(&answer.base, &arena, &bytes, &size) == 0);
	promise(size <= RPC_HEADER_MAX);
	promise(message_unpack(&call_header__descriptor, bytes, size, &arena, &read) == MESSAGE_OK);
	promise(((const CallHeader *)read)->call == header->call);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
	struct rpc_call call = { .actor = "" };
	ProtobufCMessage *unpacked = NULL;

	if (size > RPC_HEADER_MAX)
		return 0;
	arena_init(&call.arena, RPC_MEMORY_MAX);
	if (message_unpack(&call_header__descriptor, data, size, &call.arena, &unpacked) ==
	    MESSAGE_OK) {
		const CallHeader *header = (const CallHeader *)unpacked;

		check_text(header->method);
		check_text(header->actor);
		check_text(header->trace);
		promise(header->idempotency_key.len <= size);
		promise(call.arena.used <= size * 128 + 4096);
		(void)contract_find(header->method);
		check_answer(&call, header);
	}
	arena_deinit(&call.arena);
	return 0;
}
