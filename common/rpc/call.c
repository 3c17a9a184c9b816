/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/base/message.h"
#include "common/rpc/call_internal.h"

enum { VALUE_MAX = 200 }; /* bytes of a wrong value that are told */

size_t text_cut(const char *text, size_t max) {
	size_t length = strnlen(text, max + 1);

	if (length <= max)
		return length;
	for (length = max; length > 0 && ((unsigned char)text[length] & 0xc0) == 0x80;)
		length--;
	return length;
}

int rpc_call_refuse(struct rpc_call *call, enum rpc_status status, Fault__Reason reason,
    const char *field, const char *value) {
	Fault *fault = arena_alloc(&call->arena, sizeof(*fault));

	call->status = status;
	if (!fault)
		return (int)status;
	fault__init(fault);
	fault->reason = reason;
	if (field)
		fault->field = arena_copy_text(&call->arena, field, strlen(field));
	if (value)
		fault->value = arena_copy_text(&call->arena, value, text_cut(value, VALUE_MAX));
	if (!fault->field)
		fault->field = (char *)(uintptr_t)protobuf_c_empty_string;
	if (!fault->value)
		fault->value = (char *)(uintptr_t)protobuf_c_empty_string;
	call->fault = fault;
	return (int)status;
}

int rpc_call_pack(struct rpc_call *call) {
	uint8_t *bytes;
	int r = message_pack(call->reply, &call->arena, &bytes, &call->packed_size);

	if (r < 0 || call->packed_size > RPC_PAYLOAD_MAX) {
		call->packed_size = 0;
		return rpc_call_refuse(
		    call, RPC_RESOURCE_EXHAUSTED, FAULT__REASON__TOO_LARGE, call->method->name, NULL);
	}
	call->packed = bytes;
	return RPC_OK;
}

int rpc_call_prepare(
    struct rpc_call *call, const CallHeader *header, const uint8_t *bytes, size_t size) {
	const struct contract_method *method = contract_find(header->method);
	uint32_t deadline_ms = header->deadline_ms;

	if (!method)
		return rpc_call_refuse(
		    call, RPC_UNIMPLEMENTED, FAULT__REASON__UNKNOWN_METHOD, "method", header->method);
	call->method = method;
	if (call->peer && method->permission != PERMISSION__PEER) {
		log_warn("call-refused", "%s may not call %s", call->peer, method->name);
		return rpc_call_refuse(
		    call, RPC_PERMISSION_DENIED, FAULT__REASON__NOT_ALLOWED, "method", method->name);
	}
	if (method->keyed && header->idempotency_key.len != sizeof(call->own->key))
		return rpc_call_refuse(
		    call, RPC_INVALID_ARGUMENT, FAULT__REASON__KEY_NEEDED, "idempotency_key", NULL);
	if (method->keyed) {
		memcpy(call->own->key, header->idempotency_key.data, sizeof(call->own->key));
		call->key = call->own->key;
	}
	/* A peer may have less patience than the method, not more: it would hold a worker with it. */
	if (deadline_ms == 0 || (call->peer && deadline_ms > method->deadline_ms))
		deadline_ms = method->deadline_ms;
	call->deadline_ms = clock_monotonic_ms() + deadline_ms;
	call->actor = header->actor;
	/* An honest request needs a few times its bytes; a hostile one gets no more than that. */
	call->arena.cap = size * 32 + 65536 < RPC_MEMORY_MAX ? size * 32 + 65536 : RPC_MEMORY_MAX;
	switch (message_unpack(method->request, bytes, size, &call->arena, &call->request)) {
	case MESSAGE_OK: break;
	case MESSAGE_TOO_LARGE:
		return rpc_call_refuse(
		    call, RPC_RESOURCE_EXHAUSTED, FAULT__REASON__TOO_LARGE, method->name, NULL);
	default:
		return rpc_call_refuse(
		    call, RPC_INVALID_ARGUMENT, FAULT__REASON__MALFORMED, method->request->name, NULL);
	}
	call->arena.cap = RPC_MEMORY_MAX;
	call->reply = message_new(method->reply, &call->arena);
	return call->reply ? RPC_OK : RPC_RESOURCE_EXHAUSTED;
}
