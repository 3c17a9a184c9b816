/* SPDX-License-Identifier: MIT */
/*
 * Durable writes of one dossier each, through the whole path of a call.
 *
 *     store_load NODE CLIENTS SECONDS FIRST HISTORY
 */
#include <stdlib.h>

#include "tests/bench/store/crowd.h"
#include "tests/bench/store/must.h"
#include "tests/bench/store/office.h"

enum { REPLY_MAX = 1 << 20 };

struct load {
	struct office office;
	uint64_t history;
};

struct desk {
	struct rpc_client *client;
	struct arena arena;
	uint64_t history;
};

static void *sit_down(const void *context) {
	const struct load *load = context;
	struct desk *desk = calloc(1, sizeof(*desk));

	must(!desk, "memory");
	desk->client = office_connect(&load->office);
	desk->history = load->history;
	arena_init(&desk->arena, REPLY_MAX);
	/* A first call, so that the connection is there. */
	office_record_procedures(desk->client, &desk->arena);
	return desk;
}

static void record(void *connection, uint64_t number) {
	struct desk *desk = connection;
	struct invented invented;
	Dossier *records[1] = { &invented.dossier };
	RecordDossiersRequest request = RECORD_DOSSIERS_REQUEST__INIT;
	const RecordReply *reply;

	invent_dossier(number, desk->history, &invented);
	request.records = records;
	request.n_records = 1;
	arena_reset(&desk->arena);
	reply = (const RecordReply *)office_call(
	    desk->client, &desk->arena, "Dossiers/RecordDossiers", &request.base);
	must(reply->added != 1, invented.code);
}

static void stand_up(void *connection) {
	struct desk *desk = connection;

	rpc_client_close(desk->client);
	arena_deinit(&desk->arena);
	free(desk);
}

int main(int argc, char **argv) {
	struct load load;

	if (argc != 6)
		return 2;
	office_open(&load.office, argv[1]);
	load.history = strtoull(argv[5], NULL, 10);
	crowd_run(&(struct crowd_options) {
	    .name = "cchc",
	    .clients = (unsigned)strtoul(argv[2], NULL, 10),
	    .seconds = strtod(argv[3], NULL),
	    .first = strtoull(argv[4], NULL, 10),
	    .context = &load,
	    .connect = sit_down,
	    .call = record,
	    .disconnect = stand_up,
	});
	office_close(&load.office);
	return EXIT_SUCCESS;
}
