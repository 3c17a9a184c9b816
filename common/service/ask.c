/* SPDX-License-Identifier: MIT */
/* Asking other services of the node in the midst of a call. */
#include "common/base/clock.h"
#include "common/service/service.h"
#include "common/service/workers.h"

enum { QUESTIONS_MAX = 16, MARGIN_MS = 50 }; /* left of the deadline, to say what failed */

static int pass_on(struct service_call *call, const char *service, const struct rpc_reply *reply) {
	call->rpc->status = reply->status;
	call->rpc->fault = reply->fault;
	call->rpc->retry_after_ms = reply->header ? reply->header->retry_after_ms : 0;
	if (reply->fault && reply->fault->reason == FAULT__REASON__SERVICE_DOWN)
		return service_refuse(call, reply->status, FAULT__REASON__SERVICE_DOWN, "service", service);
	return (int)reply->status;
}

int service_ask_all(struct service_call *call, struct service_question *questions, size_t count) {
	uint64_t tickets[QUESTIONS_MAX];
	struct rpc_client *clients[QUESTIONS_MAX];
	uint64_t now = clock_monotonic_ms();
	uint32_t left = call->rpc->deadline_ms > now ? (uint32_t)(call->rpc->deadline_ms - now) : 1;
	size_t begun = 0;
	int answer = 0;

	if (count > LENGTH_OF(tickets))
		return failed_here(-EINVAL);
	for (; begun < count && answer == 0; begun++) {
		struct rpc_request request = {
			.method = questions[begun].method,
			.message = questions[begun].request,
			.deadline_ms = left > MARGIN_MS ? left - MARGIN_MS : left,
			.token = &call->rpc->token,
			.trace = &call->rpc->trace,
			.cause = call->rpc,
		};

		answer = worker_client(call->worker, questions[begun].service, &clients[begun]);
		if (answer == 0)
			answer = rpc_client_begin(clients[begun], &request, &tickets[begun]);
		if (answer < 0)
			break;
	}
	for (size_t i = 0; i < begun; i++) {
		struct rpc_reply reply;
		int r = rpc_client_end(clients[i], tickets[i], call->arena, &reply);

		if (answer)
			continue;
		if (r < 0)
			answer = failed_below(r);
		else if (reply.status != RPC_OK)
			answer = pass_on(call, questions[i].service, &reply);
		else
			questions[i].reply = reply.message;
	}
	return answer;
}

int service_ask(struct service_call *call, const char *service, const char *method,
    const ProtobufCMessage *request, const ProtobufCMessage **ret_reply) {
	struct service_question question = { service, method, request, NULL };
	int r = service_ask_all(call, &question, 1);

	if (r == 0)
		*ret_reply = question.reply;
	return r;
}
