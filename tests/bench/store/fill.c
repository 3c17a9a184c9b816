/* SPDX-License-Identifier: MIT */
/*
 * Fills the store of a node that does not run, up to so many dossiers: by the same lines as the
 * service, but in process and with large commits, since what is measured comes later. With `rounds`
 * every tenth dossier has a supplement round.
 *
 *     store_fill FOLDER COUNT [rounds]
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "services/dossiers/dossiers.h"
#include "tests/bench/store/invented.h"
#include "tests/bench/store/must.h"

enum { A_COMMIT = 5000, MAP_MIB = 65536 };

static void write_record(
    struct store_txn *txn, const struct register_type *type, const ProtobufCMessage *record) {
	const char *owner;
	int r = register_write(txn, type, record, "bench", &owner);

	must(r < 0 ? r : r != REGISTER_ADDED, type->name);
}

static void write_round(struct store_txn *txn, const Dossier *dossier) {
	SupplementRound round = SUPPLEMENT_ROUND__INIT;

	round.dossier = dossier->code;
	round.requested = dossier->accepted;
	round.answered = dossier->accepted;
	round.due_before = dossier->due;
	round.due_after = dossier->due;
	write_record(txn, &supplement_rounds_register, &round.base);
}

static void write_procedures(struct store *store) {
	AUTO(store_abort) struct store_txn txn = STORE_TXN_NULL;

	must(store_begin(store, STORE_WRITE, &txn), "begin");
	for (unsigned i = 0; i < INVENTED_PROCEDURES; i++) {
		struct invented_procedure invented;

		invent_procedure(i, &invented);
		write_record(&txn, &procedures_register, &invented.procedure.base);
	}
	must(store_commit(&txn), "commit");
}

static void fill(struct store *store, uint64_t count, bool rounds) {
	for (uint64_t number = 0; number < count;) {
		AUTO(store_abort) struct store_txn txn = STORE_TXN_NULL;

		must(store_begin(store, STORE_WRITE, &txn), "begin");
		for (int i = 0; i < A_COMMIT && number < count; i++, number++) {
			struct invented invented;

			invent_dossier(number, count, &invented);
			write_record(&txn, &dossiers_register, &invented.dossier.base);
			if (rounds && number % 10 == 5 && invented.dossier.accepted)
				write_round(&txn, &invented.dossier);
		}
		must(store_commit(&txn), "commit");
	}
}

int main(int argc, char **argv) {
	struct store *store;

	if (argc < 3)
		return 2;
	must(store_open(
	         &(struct store_options) {
	             .folder = argv[1], .node = INVENTED_NODE, .map_mib = MAP_MIB },
	         &store),
	    argv[1]);
	write_procedures(store);
	fill(store, strtoull(argv[2], NULL, 10), argc > 3 && strcmp(argv[3], "rounds") == 0);
	store_close(store);
	return EXIT_SUCCESS;
}
