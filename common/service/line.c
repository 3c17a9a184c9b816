/* SPDX-License-Identifier: MIT */
/* Line: measures the way between two processes, in every shape a call can have. */
#include "cchc/node.pb-c.h"
#include "common/base/clock.h"
#include "common/base/message.h"
#include "common/service/service.h"

enum { CHUNK_MAX = 65536, SCRATCH_MAX = 4 << 20 };

int service_echo(
    struct service_call *call, const ProtobufCMessage *request, ProtobufCMessage *reply) {
	(void)call;
	((LineChunk *)reply)->body = ((const LineChunk *)request)->body;
	return 0;
}

int service_upload(
    struct service_call *call, const ProtobufCMessage *request, ProtobufCMessage *reply) {
	LineReceipt *receipt = (LineReceipt *)reply;
	AUTO(arena_deinit) struct arena scratch;
	uint64_t first_us = 0;
	ProtobufCMessage *chunk;
	int r;

	(void)request;
	arena_init(&scratch, SCRATCH_MAX);
	while ((r = rpc_call_receive(call->rpc, &scratch, &chunk)) == 0) {
		if (!first_us)
			first_us = clock_monotonic_us();
		receipt->chunks++;
		receipt->bytes += ((const LineChunk *)chunk)->body.len;
		receipt->duration_us = clock_monotonic_us() - first_us;
		arena_reset(&scratch);
	}
	return r == RPC_CALL_END ? 0 : r;
}

int service_download(
    struct service_call *call, const ProtobufCMessage *request, ProtobufCMessage *reply) {
	const LineOrder *order = (const LineOrder *)request;
	LineChunk chunk = LINE_CHUNK__INIT;
	int r = 0;

	(void)reply;
	if (order->chunk_bytes > CHUNK_MAX)
		return service_refuse(
		    call, RPC_INVALID_ARGUMENT, FAULT__REASON__OUT_OF_RANGE, "chunk_bytes", NULL);
	chunk.body.len = order->chunk_bytes;
	chunk.body.data = arena_alloc(call->arena, order->chunk_bytes + 1);
	if (!chunk.body.data)
		return failed_here(-ENOMEM);
	for (uint32_t i = 0; i < order->chunks && r == 0; i++)
		r = rpc_call_send(call->rpc, &chunk.base);
	return r;
}

int service_converse(
    struct service_call *call, const ProtobufCMessage *request, ProtobufCMessage *reply) {
	AUTO(arena_deinit) struct arena scratch;
	ProtobufCMessage *chunk;
	int r;

	(void)request;
	(void)reply;
	arena_init(&scratch, SCRATCH_MAX);
	while ((r = rpc_call_receive(call->rpc, &scratch, &chunk)) == 0) {
		r = rpc_call_send(call->rpc, chunk);
		if (r)
			break;
		arena_reset(&scratch);
	}
	return r == RPC_CALL_END ? 0 : r;
}
