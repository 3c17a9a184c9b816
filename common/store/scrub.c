/* SPDX-License-Identifier: MIT */
#include "common/store/scrub.h"

#include "common/store/store_parts.h"

void scrub_put(struct store_txn *txn, uint64_t ended_ms, uint64_t findings) {
	struct key name = store_meta_key("scrubbed");
	struct key value = KEY_EMPTY;

	key_add_u64(&value, ended_ms);
	key_add_u64(&value, findings);
	store_put(txn, TABLE_META, &name, value.bytes, value.size);
}

int scrub_get(struct store *store, uint64_t *ret_ended_ms, uint64_t *ret_findings) {
	AUTO(store_abort) struct store_txn txn = STORE_TXN_NULL;
	struct key name = store_meta_key("scrubbed");
	struct store_value value = { .size = 0 };
	int r = store_begin(store, STORE_READ, &txn);

	if (r == 0)
		r = store_get(&txn, TABLE_META, &name, &value);
	*ret_ended_ms = r == STORE_OK && value.size == 16 ? key_u64_at(value.bytes, 0) : 0;
	*ret_findings = r == STORE_OK && value.size == 16 ? key_u64_at(value.bytes, 8) : 0;
	return r < 0 ? failed_below(r) : 0;
}
