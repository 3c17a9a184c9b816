/* SPDX-License-Identifier: MIT */
/* Node/Erase: personal data that the law wants gone. */
#include "common/store/erasure.h"

#include <string.h>

#include "common/service/service.h"

#define SLICE_US   300000
#define REASON_MAX 500

static const struct register_type *find_register(const struct schema *schema, const char *name) {
	for (size_t i = 0; schema && i < schema->register_count; i++)
		if (strcmp(schema->registers[i]->name, name) == 0)
			return schema->registers[i];
	return NULL;
}

/* What an erasure answered, as a status. */
static int answer(struct service_call *call, int r, const EraseRequest *asked) {
	switch (r) {
	case ERASURE_UNKNOWN:
		return service_refuse(
		    call, RPC_NOT_FOUND, FAULT__REASON__UNKNOWN_RECORD, "code", asked->code);
	case ERASURE_NOTHING:
		return service_refuse(
		    call, RPC_INVALID_ARGUMENT, FAULT__REASON__NOT_PERSONAL, "register", asked->register_);
	case ERASURE_OTHER_OWNER:
		return service_refuse(
		    call, RPC_FAILED_PRECONDITION, FAULT__REASON__OTHER_OWNER, "code", asked->code);
	default: return r < 0 ? failed_below(r) : 0;
	}
}

static int begin(struct service_call *call, const struct register_type *type,
    const EraseRequest *asked, struct erasure *erasure) {
	AUTO(store_abort) struct store_txn txn = STORE_TXN_NULL;
	int r = store_begin(service_store(call->service), STORE_READ, &txn);

	if (r < 0)
		return failed_below(r);
	store_read_as(&txn, "Node/Erase", STORE_ENDS);
	txn.arena = call->arena;
	return answer(call, erasure_begin(&txn, type, asked->code, erasure), asked);
}

/* Return: as erasure_search. */
static int search_slice(struct service_call *call, struct erasure *erasure) {
	AUTO(store_abort) struct store_txn txn = STORE_TXN_NULL;
	int r = store_begin(service_store(call->service), STORE_READ, &txn);

	if (r < 0)
		return failed_below(r);
	store_read_as(&txn, "Node/Erase", STORE_SLICES);
	return erasure_search(&txn, erasure, SLICE_US);
}

struct writing {
	struct erased erased;
	struct erasure *erasure;
	const char *reason;
	const char *actor;
};

static int write_erasure(void *context, struct store_txn *txn) {
	struct writing *writing = context;

	return erasure_write(txn, writing->erasure, writing->reason, writing->actor, &writing->erased);
}

int service_erase(
    struct service_call *call, const ProtobufCMessage *request, ProtobufCMessage *reply) {
	const EraseRequest *asked = (const EraseRequest *)request;
	const struct register_type *type =
	    find_register(service_plan_of(call->service)->schema, asked->register_);
	AUTO(erasure_end) struct erasure erasure = ERASURE_NULL;
	struct writing writing = {
		.erasure = &erasure,
		.reason = asked->reason,
		.actor = call->rpc->actor,
	};
	EraseReply *erased = (EraseReply *)reply;
	int r;

	if (!type)
		return service_refuse(
		    call, RPC_NOT_FOUND, FAULT__REASON__MALFORMED, "register", asked->register_);
	if (!*asked->reason)
		return service_refuse(call, RPC_INVALID_ARGUMENT, FAULT__REASON__MISSING, "reason", NULL);
	if (strlen(asked->reason) > REASON_MAX)
		return service_refuse(call, RPC_INVALID_ARGUMENT, FAULT__REASON__TOO_LONG, "reason", NULL);
	r = begin(call, type, asked, &erasure);
	if (r)
		return r < 0 ? failed_below(r) : r;
	while ((r = search_slice(call, &erasure)) == ERASURE_LATER)
		if (rpc_call_is_over(call->rpc) || service_is_stopping(call->service))
			return rpc_call_refuse_over(call->rpc);
	if (r == 0)
		r = service_write(call->service, write_erasure, &writing);
	if (r == -EAGAIN)
		return rpc_call_refuse_busy(call->rpc);
	erased->events = writing.erased.events;
	erased->chained = writing.erased.chained;
	return answer(call, r, asked);
}
