/* SPDX-License-Identifier: MIT */
/*
 * Health, with gRPC's names (grpc.health.v1). Liveness: the loop turns, or there would be no
 * answer. Readiness: the service can do its work, which is more.
 */
#include <string.h>

#include "cchc/node.pb-c.h"
#include "common/service/service.h"

enum { LOOK_MS = 1000 };

typedef HealthCheckResponse__ServingStatus serving_status;

/* "" when it is ready, or what is in the way. */
static const char *obstacle(const struct service *service) {
	if (service_is_stopping(service))
		return "stopping";
	return service_plan_of(service)->schema ? store_lacks(service_store(service)) : "";
}

static bool has_interface(const struct service *service, const char *name) {
	size_t length = strlen(name);

	for (size_t i = 0; i < office_contract.method_count; i++) {
		const char *method = office_contract.methods[i].name;

		if (strncmp(method, name, length) == 0 && method[length] == '/' &&
		    service_serves(service, method))
			return true;
	}
	return false;
}

static serving_status look(
    const struct service *service, const char *asked, const char **ret_reason) {
	*ret_reason = "";
	if (strcmp(asked, "liveness") == 0)
		return HEALTH_CHECK_RESPONSE__SERVING_STATUS__SERVING;
	if (*asked && strcmp(asked, "readiness") != 0 && !has_interface(service, asked))
		return HEALTH_CHECK_RESPONSE__SERVING_STATUS__SERVICE_UNKNOWN;
	*ret_reason = obstacle(service);
	return **ret_reason ? HEALTH_CHECK_RESPONSE__SERVING_STATUS__NOT_SERVING
	                    : HEALTH_CHECK_RESPONSE__SERVING_STATUS__SERVING;
}

int service_check(
    struct service_call *call, const ProtobufCMessage *request, ProtobufCMessage *reply) {
	const char *asked = ((const HealthCheckRequest *)request)->service;
	HealthCheckResponse *response = (HealthCheckResponse *)reply;
	const char *reason;

	response->status = look(call->service, asked, &reason);
	response->reason = (char *)(uintptr_t)reason;
	if (response->status == HEALTH_CHECK_RESPONSE__SERVING_STATUS__SERVICE_UNKNOWN)
		return service_refuse(call, RPC_NOT_FOUND, FAULT__REASON__UNKNOWN_METHOD, "service", asked);
	return 0;
}

int service_watch(
    struct service_call *call, const ProtobufCMessage *request, ProtobufCMessage *reply) {
	const char *asked = ((const HealthCheckRequest *)request)->service;
	HealthCheckResponse last = HEALTH_CHECK_RESPONSE__INIT;
	int r = 0;

	(void)reply;
	/* UNKNOWN is never what is found, so that the first look is told. */
	while (r == 0 && !rpc_call_is_over(call->rpc)) {
		const char *reason;
		serving_status status = look(call->service, asked, &reason);

		if (status != last.status || strcmp(reason, last.reason) != 0) {
			last.status = status;
			last.reason = (char *)(uintptr_t)reason;
			r = rpc_call_send(call->rpc, &last.base);
		}
		if (service_is_stopping(call->service))
			return r;
		/* Room on a disk comes and goes without telling anybody. */
		if (r == 0)
			rpc_call_wait(call->rpc, LOOK_MS);
	}
	return r ? r : rpc_call_refuse_over(call->rpc);
}
