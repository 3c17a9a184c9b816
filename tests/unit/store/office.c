/* SPDX-License-Identifier: MIT */
#include "tests/unit/store/office.h"

void office_happen(struct office *office, int steps) {
	for (int done = 0; done < steps; done += OFFICE_STEPS_A_COMMIT) {
		AUTO(store_abort) struct store_txn txn = desk_write(&office->desk);

		for (int i = 0; i < OFFICE_STEPS_A_COMMIT; i++)
			lives_step(office->lives, &txn);
		desk_keep(&txn);
	}
}

void office_open(struct office *office, int steps) {
	desk_open(&office->desk, OFFICE_NODE);
	arena_init(&office->arena, (size_t)64 << 20);
	office->chance = chance_new();
	office->lives = lives_new(&office->chance, OFFICE_NODE "-240101");
	office_happen(office, steps);
}

void office_close(struct office *office) {
	lives_freep(&office->lives);
	arena_deinit(&office->arena);
	desk_close(&office->desk);
}

uint64_t office_entries(struct office *office, enum store_table table) {
	AUTO(store_abort) struct store_txn txn = desk_read(&office->desk);

	return store_count(&txn, table);
}
