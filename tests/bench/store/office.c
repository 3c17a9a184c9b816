/* SPDX-License-Identifier: MIT */
#include "tests/bench/store/office.h"

#include "tests/bench/store/must.h"

void office_open(struct office *office, const char *folder) {
	struct settings_fault fault;

	office->node = NODE_NULL;
	must(node_open(folder, &office->node, &fault), folder);
	must(rpc_transport_open(&office_contract, &office->transport), "transport");
}

void office_close(struct office *office) {
	rpc_transport_close(office->transport);
	node_close(&office->node);
}

struct rpc_client *office_connect(const struct office *office) {
	char endpoint[NODE_ENDPOINT_SIZE];
	struct rpc_client *client;

	must(rpc_client_open(
	         &(struct rpc_client_options) {
	             .transport = office->transport,
	             .endpoint = node_endpoint(&office->node, "dossiers", endpoint),
	         },
	         &client),
	    "connection");
	return client;
}

const ProtobufCMessage *office_call(struct rpc_client *client, struct arena *arena,
    const char *method, const ProtobufCMessage *request) {
	struct rpc_reply reply;

	must(rpc_client_call(
	         client, &(struct rpc_request) { .method = method, .message = request }, arena, &reply),
	    method);
	must((int)reply.status, method);
	return reply.message;
}

void office_record_procedures(struct rpc_client *client, struct arena *arena) {
	struct invented_procedure invented[INVENTED_PROCEDURES];
	Procedure *procedures[INVENTED_PROCEDURES];
	RecordProceduresRequest request = RECORD_PROCEDURES_REQUEST__INIT;
	const RecordReply *reply;

	for (unsigned i = 0; i < INVENTED_PROCEDURES; i++) {
		invent_procedure(i, &invented[i]);
		procedures[i] = &invented[i].procedure;
	}
	request.records = procedures;
	request.n_records = INVENTED_PROCEDURES;
	reply =
	    (const RecordReply *)office_call(client, arena, "Dossiers/RecordProcedures", &request.base);
	must(reply->n_faults != 0, "procedures");
}
