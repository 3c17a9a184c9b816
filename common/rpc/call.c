/* SPDX-License-Identifier: MIT */
#include "common/rpc/call.h"

#include <stdio.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/base/message.h"
#include "common/rpc/call_internal.h"
#include "common/rpc/permission.h"

enum { DETAILS_COUNT_MAX = 16 };

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
		fault->value = arena_copy_text(&call->arena, value, text_cut(value, RPC_VALUE_MAX));
	if (!fault->field)
		fault->field = (char *)(uintptr_t)protobuf_c_empty_string;
	if (!fault->value)
		fault->value = (char *)(uintptr_t)protobuf_c_empty_string;
	call->fault = fault;
	return (int)status;
}

void rpc_call_add_detail(struct rpc_call *call, const ProtobufCMessage *message) {
	struct rpc_call_private *own = call->own;
	size_t size = protobuf_c_message_get_packed_size(message);
	Detail *detail = NULL;

	if (!own->details)
		own->details = arena_alloc(&call->arena, DETAILS_COUNT_MAX * sizeof(Detail *));
	if (own->details && own->detail_count < DETAILS_COUNT_MAX &&
	    own->details_size + size <= RPC_DETAILS_MAX)
		detail = (Detail *)message_new(&detail__descriptor, &call->arena);
	if (!detail ||
	    message_pack(message, &call->arena, &detail->value.data, &detail->value.len) < 0) {
		own->details_cut++;
		return;
	}
	detail->type = (char *)(uintptr_t)message->descriptor->short_name;
	own->details[own->detail_count++] = detail;
	own->details_size += size;
}

int rpc_call_pack(struct rpc_call *call) {
	uint8_t *bytes;
	int r = message_pack(call->reply, &call->arena, &bytes, &call->packed_size);

	if (r < 0 || call->packed_size > call->own->message_max) {
		call->packed_size = 0;
		return rpc_call_refuse(
		    call, RPC_RESOURCE_EXHAUSTED, FAULT__REASON__TOO_LARGE, call->method->name, NULL);
	}
	call->packed = bytes;
	return RPC_OK;
}

bool rpc_call_is_over(const struct rpc_call *call) {
	return (call->own && atomic_load(&call->own->cancelled)) ||
	       clock_monotonic_ms() > call->deadline_ms;
}

int rpc_call_refuse_over(struct rpc_call *call, Fault__Reason late) {
	if (atomic_load(&call->own->cancelled))
		return rpc_call_refuse(call, RPC_CANCELLED, FAULT__REASON__CANCELLED, NULL, NULL);
	return rpc_call_refuse(call, RPC_DEADLINE_EXCEEDED, late, call->method->name, NULL);
}

/* A peer speaks for itself; whom it serves is not ours to judge. */
static int find_actor(
    struct rpc_call *call, struct token_checker *tokens, const ProtobufCBinaryData *token) {
	const char *person;

	if (token->len == 0)
		return RPC_OK;
	switch (call->peer || !tokens ? TOKEN_INVALID
	                              : rpc_token_check(tokens, token->data, token->len,
	                                    clock_wall_ms(), &person, &call->role)) {
	case TOKEN_OK: break;
	case TOKEN_EXPIRED:
		return rpc_call_refuse(
		    call, RPC_UNAUTHENTICATED, FAULT__REASON__TOKEN_EXPIRED, "token", NULL);
	default:
		return rpc_call_refuse(
		    call, RPC_UNAUTHENTICATED, FAULT__REASON__TOKEN_INVALID, "token", NULL);
	}
	snprintf(call->own->person, sizeof(call->own->person), "%s", person);
	call->actor = call->own->person;
	memcpy(call->token.bytes, token->data, token->len);
	call->token.size = token->len;
	return RPC_OK;
}

static int unpack_request(struct rpc_call *call, const uint8_t *bytes, size_t size) {
	const struct contract_method *method = call->method;
	size_t cap = size * RPC_MEMORY_FACTOR + 65536;
	int r;

	call->arena.cap = cap < RPC_MEMORY_MAX ? cap : RPC_MEMORY_MAX;
	r = message_unpack(method->request, bytes, size, &call->arena, &call->request);
	call->arena.cap = RPC_MEMORY_MAX;
	switch (r) {
	case MESSAGE_OK: return RPC_OK;
	case MESSAGE_TOO_LARGE:
		return rpc_call_refuse(
		    call, RPC_RESOURCE_EXHAUSTED, FAULT__REASON__TOO_LARGE, method->name, NULL);
	default:
		return rpc_call_refuse(call, RPC_INVALID_ARGUMENT, FAULT__REASON__MALFORMED,
		    method->request->short_name, NULL);
	}
}

int rpc_call_prepare(struct rpc_call *call, const struct contract *contract,
    struct token_checker *tokens, const Header *header, const uint8_t *bytes, size_t size) {
	const struct contract_method *method = contract_find(contract, header->method);
	uint32_t deadline_ms = header->deadline_ms;
	int r;

	if (!method)
		return rpc_call_refuse(
		    call, RPC_UNIMPLEMENTED, FAULT__REASON__UNKNOWN_METHOD, "method", header->method);
	call->method = method;
	r = find_actor(call, tokens, &header->token);
	if (r)
		return r;
	if (!permission_allows(method->permission, call->role))
		return rpc_call_refuse(
		    call, RPC_PERMISSION_DENIED, FAULT__REASON__NOT_ALLOWED, "method", method->name);
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
	call->deadline_ms = call->own->arrived_us / 1000 + deadline_ms;
	if (!method->streams_requests) {
		r = unpack_request(call, bytes, size);
		if (r)
			return r;
	}
	call->reply = message_new(method->reply, &call->arena);
	return call->reply ? RPC_OK : RPC_RESOURCE_EXHAUSTED;
}
