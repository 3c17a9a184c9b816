/* SPDX-License-Identifier: MIT */
/*
 * The same writes into PostgreSQL: one prepared INSERT each, every one a transaction of its own.
 *
 *     postgres_load CONNECTION CLIENTS SECONDS FIRST HISTORY
 */
#include <libpq-fe.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/bench/store/crowd.h"
#include "tests/bench/store/invented.h"
#include "tests/bench/store/must.h"
#include "tests/bench/store/row.h"

static const char insert[] = "INSERT INTO dossiers VALUES "
                             "($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12,$13,$14,$15,$16)";

struct load {
	const char *where;
	uint64_t history;
};

struct session {
	PGconn *connection;
	uint64_t history;
};

static void expect(const struct session *session, PGresult *result) {
	if (PQresultStatus(result) != PGRES_COMMAND_OK) {
		fputs(PQerrorMessage(session->connection), stderr);
		exit(EXIT_FAILURE);
	}
	PQclear(result);
}

static void *begin(const void *context) {
	const struct load *load = context;
	struct session *session = calloc(1, sizeof(*session));

	must(!session, "memory");
	session->history = load->history;
	session->connection = PQconnectdb(load->where);
	must(PQstatus(session->connection) != CONNECTION_OK, load->where);
	expect(session, PQprepare(session->connection, "add", insert, ROW_COLUMNS, NULL));
	return session;
}

static void add(void *connection, uint64_t number) {
	struct session *session = connection;
	struct invented invented;
	struct row row;

	invent_dossier(number, session->history, &invented);
	row_of(&invented.dossier, &row);
	expect(session,
	    PQexecPrepared(session->connection, "add", ROW_COLUMNS, row.columns, NULL, NULL, 0));
}

static void end(void *connection) {
	struct session *session = connection;

	PQfinish(session->connection);
	free(session);
}

int main(int argc, char **argv) {
	struct load load;

	if (argc != 6)
		return 2;
	load.where = argv[1];
	load.history = strtoull(argv[5], NULL, 10);
	crowd_run(&(struct crowd_options) {
	    .name = "postgresql",
	    .clients = (unsigned)strtoul(argv[2], NULL, 10),
	    .seconds = strtod(argv[3], NULL),
	    .first = strtoull(argv[4], NULL, 10),
	    .context = &load,
	    .connect = begin,
	    .call = add,
	    .disconnect = end,
	});
	return EXIT_SUCCESS;
}
