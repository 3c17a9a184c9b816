/* SPDX-License-Identifier: MIT */
/* Node/Verify: the proof that the store of this service is whole, told while it is made. */
#include "common/store/verify.h"
#include "common/service/service.h"

static int tell(void *context, const VerifyNews *news) {
	struct service_call *call = context;

	if (rpc_call_is_over(call->rpc) || service_is_stopping(call->service))
		return rpc_call_refuse_over(call->rpc);
	if (!rpc_call_has_room(call->rpc))
		return VERIFY_NOT_NOW;
	return rpc_call_send(call->rpc, &news->base);
}

int service_verify(
    struct service_call *call, const ProtobufCMessage *request, ProtobufCMessage *reply) {
	const struct service_plan *plan = service_plan_of(call->service);
	VerifyResult nothing = VERIFY_RESULT__INIT;
	VerifyNews last = VERIFY_NEWS__INIT;
	int r = 0;

	(void)request;
	(void)reply;
	nothing.service = (char *)(uintptr_t)plan->name;
	nothing.node = service_node(call->service)->settings.code;
	last.result = &nothing;
	if (plan->schema)
		r = verify_store(
		    &(struct verify_options) {
		        .store = service_store(call->service),
		        .schema = plan->schema,
		        .service = plan->name,
		        .news = tell,
		        .context = call,
		    },
		    call->arena, &last);
	return r ? r : rpc_call_send(call->rpc, &last.base);
}
