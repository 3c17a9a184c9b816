/* SPDX-License-Identifier: MIT */
/*
 * Brings in dossiers as `cchc import` does: calls of 500 records, four in flight. Prints a line of
 * JSON once the last one was acknowledged.
 *
 *     store_import NODE COUNT HISTORY
 */
#include <stdio.h>
#include <stdlib.h>

#include "common/base/clock.h"
#include "tests/bench/store/must.h"
#include "tests/bench/store/office.h"

enum { BATCH_RECORDS = 500, IN_FLIGHT = 4, REPLY_MAX = 1 << 20, CALL_MS = 60000 };

struct batch {
	struct invented invented[BATCH_RECORDS];
	Dossier *records[BATCH_RECORDS];
	uint64_t ticket;
	size_t count;
};

static void send(struct rpc_client *client, struct batch *batch, uint64_t first, size_t count,
    uint64_t history) {
	RecordDossiersRequest request = RECORD_DOSSIERS_REQUEST__INIT;

	for (size_t i = 0; i < count; i++) {
		invent_dossier(first + i, history, &batch->invented[i]);
		batch->records[i] = &batch->invented[i].dossier;
	}
	batch->count = count;
	request.records = batch->records;
	request.n_records = count;
	must(rpc_client_begin(client,
	         &(struct rpc_request) {
	             .method = "Dossiers/RecordDossiers",
	             .message = &request.base,
	             .deadline_ms = CALL_MS,
	         },
	         &batch->ticket),
	    "begin");
}

static void finish(struct rpc_client *client, struct arena *arena, const struct batch *batch) {
	struct rpc_reply reply;

	arena_reset(arena);
	must(rpc_client_end(client, batch->ticket, arena, &reply), "end");
	must((int)reply.status, "RecordDossiers");
	must(((const RecordReply *)reply.message)->added != batch->count, "records");
}

static void import(
    struct rpc_client *client, struct arena *arena, uint64_t count, uint64_t history) {
	struct batch *batches = calloc(IN_FLIGHT, sizeof(*batches));
	size_t sent = 0;
	size_t finished = 0;

	must(!batches, "memory");
	for (uint64_t first = 0; first < count; first += BATCH_RECORDS) {
		uint64_t left = count - first;

		if (sent - finished == IN_FLIGHT)
			finish(client, arena, &batches[finished++ % IN_FLIGHT]);
		send(client, &batches[sent++ % IN_FLIGHT], first,
		    left < BATCH_RECORDS ? (size_t)left : BATCH_RECORDS, history);
	}
	while (finished < sent)
		finish(client, arena, &batches[finished++ % IN_FLIGHT]);
	free(batches);
}

int main(int argc, char **argv) {
	struct rpc_client *client;
	struct office office;
	struct arena arena;
	uint64_t begun_us;
	uint64_t count;
	double seconds;

	if (argc != 4)
		return 2;
	count = strtoull(argv[2], NULL, 10);
	arena_init(&arena, REPLY_MAX);
	office_open(&office, argv[1]);
	client = office_connect(&office);
	office_record_procedures(client, &arena);
	begun_us = clock_monotonic_us();
	import(client, &arena, count, strtoull(argv[3], NULL, 10));
	seconds = (double)(clock_monotonic_us() - begun_us) / 1e6;
	printf("{\"name\":\"cchc\",\"records\":%llu,\"seconds\":%.2f,\"per_s\":%.0f}\n",
	    (unsigned long long)count, seconds, (double)count / seconds);
	rpc_client_close(client);
	office_close(&office);
	arena_deinit(&arena);
	return EXIT_SUCCESS;
}
