/* SPDX-License-Identifier: MIT */
#include "common/store/verify.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/base/message.h"
#include "common/store/verify_parts.h"

#define SCRATCH_CAP ((size_t)16 << 20)
#define TOLD_CAP    ((size_t)4 << 20)
#define NEWS_US     200000

bool verify_is_late(const struct verify *verify) {
	return clock_monotonic_us() >= verify->slice_end_us;
}

int verify_compare(const struct key *left, const struct key *right) {
	size_t size = left->size < right->size ? left->size : right->size;
	int order = memcmp(left->bytes, right->bytes, size);

	return order ? order : (left->size > right->size) - (left->size < right->size);
}

/* A copy that can be shown whatever was damaged. */
static char *copy_shown(struct arena *arena, const char *text) {
	size_t length = strlen(text);
	bool whole = message_is_text(text, length);
	char *copy = arena_copy_text(arena, text, length);

	for (size_t i = 0; copy && i < length; i++)
		if ((unsigned char)copy[i] < ' ' || (!whole && (copy[i] & 0x80)))
			copy[i] = '?';
	return copy;
}

void verify_find(struct verify *verify, VerifyFinding__Kind kind, const char *table,
    const char *place, const char *expected, const char *found) {
	VerifyFinding *finding;

	if (verify->result.findings++ >= VERIFY_FINDINGS_MAX)
		return;
	finding = arena_alloc(&verify->told, sizeof(*finding));
	if (!finding)
		return;
	verify_finding__init(finding);
	finding->kind = kind;
	finding->table = (char *)(uintptr_t)table;
	finding->place = copy_shown(&verify->told, place);
	finding->expected = copy_shown(&verify->told, expected);
	finding->found = copy_shown(&verify->told, found);
	if (finding->place && finding->expected && finding->found)
		verify->news.findings[verify->news.n_findings++] = finding;
}

static int begin_news(struct verify *verify) {
	arena_reset(&verify->told);
	verify_news__init(&verify->news);
	verify->news.findings =
	    arena_alloc(&verify->told, VERIFY_FINDINGS_MAX * sizeof(verify->news.findings[0]));
	return verify->news.findings ? 0 : failed_here(-ENOMEM);
}

/* How much there is to look at: it grows while the store does. */
static void measure_work(struct verify *verify) {
	struct store_txn *txn = &verify->now;
	uint64_t entries =
	    store_count(txn, TABLE_LOG) + store_count(txn, TABLE_STATE) + store_count(txn, TABLE_CELLS);

	verify->news.total = entries * verify->passes;
	if (verify->news.total < verify->news.done)
		verify->news.total = verify->news.done;
}

static int tell(struct verify *verify) {
	uint64_t done = verify->news.done;
	uint64_t now_us = clock_monotonic_us();
	int r;

	if (!verify->options->news || now_us - verify->told_us < NEWS_US)
		return 0;
	verify->told_us = now_us;
	measure_work(verify);
	r = verify->options->news(verify->options->context, &verify->news);
	if (r)
		return r == VERIFY_NOT_NOW ? 0 : r;
	r = begin_news(verify);
	verify->news.done = done;
	return r;
}

static int by_key(const void *left, const void *right) {
	return verify_compare(left, right);
}

/* Records that were looked at and changed since: each once, whatever happened to it. */
static int catch_up(struct verify *verify, struct store_txn *old) {
	size_t count;
	int r;

	verify->changed_count = 0;
	r = verify_logs_walk(verify);
	count = verify->changed_count;
	if (count)
		qsort(verify->changed, count, sizeof(verify->changed[0]), by_key);
	for (size_t i = 0; i < count && r == 0; i++) {
		const struct key *key = &verify->changed[i];

		if (i && verify_compare(key, &verify->changed[i - 1]) == 0)
			continue;
		if (verify->phase == VERIFY_COUNTERS || verify_compare(key, &verify->records_at) <= 0)
			r = verify_record_again(verify, old, key);
	}
	return r;
}

int verify_turn(struct verify *verify) {
	const struct verify_options *options = verify->options;
	uint64_t slice_us = options->slice_us ? options->slice_us : VERIFY_SLICE_US;
	AUTO(store_abort) struct store_txn old = STORE_TXN_NULL;
	int r = options->rest && verify->now.handle ? options->rest(options->context) : 0;

	if (r)
		return r;
	old = verify->now;
	verify->now = STORE_TXN_NULL;
	r = store_begin(options->store, STORE_READ, &verify->now);
	if (r < 0)
		return failed_below(r);
	store_read_as(&verify->now, "verify", STORE_SLICES);
	verify->now.arena = &verify->scratch;
	arena_reset(&verify->scratch);
	/* Whoever walks goes on for a slice in any case: the walk ends, however fast others write. */
	verify->slice_end_us = UINT64_MAX;
	r = verify_names_read(verify);
	if (r == 0 && verify->phase != VERIFY_LOGS)
		r = catch_up(verify, &old);
	verify->slice_end_us = clock_monotonic_us() + slice_us;
	if (r == 0)
		r = tell(verify);
	return r < 0 ? failed_below(r) : r;
}

/* Visit what follows `after` until the slice is over. Return: STORE_OK when more follows,
 * STORE_NOT_FOUND at the end, or a negative errno. */
static int walk_slice(
    struct verify *verify, enum store_table table, struct key *after, verify_visit *visit) {
	AUTO(store_cursor_close) struct store_cursor cursor = STORE_CURSOR_NULL;
	struct key start = *after;
	int r = store_cursor_open(&verify->now, table, &cursor);

	if (r < 0)
		return failed_below(r);
	if (!start.size)
		key_add_u8(&start, 0);
	r = store_cursor_seek(&cursor, &start);
	if (r == STORE_OK && after->size) {
		struct key found = verify_key(cursor.key);

		if (verify_compare(&found, after) == 0)
			r = store_cursor_next(&cursor);
	}
	while (r == STORE_OK) {
		arena_reset(&verify->scratch);
		r = visit(verify, cursor.key, cursor.value);
		if (r)
			return r < 0 ? failed_below(r) : r;
		*after = verify_key(cursor.key);
		verify->news.done++;
		if (verify_is_late(verify))
			return STORE_OK;
		r = store_cursor_next(&cursor);
	}
	return r < 0 ? failed_below(r) : r;
}

int verify_walk(
    struct verify *verify, enum store_table table, struct key *after, verify_visit *visit) {
	int r;

	while ((r = walk_slice(verify, table, after, visit)) == STORE_OK) {
		r = verify_turn(verify);
		if (r)
			return r < 0 ? failed_below(r) : r;
	}
	return r == STORE_NOT_FOUND ? 0 : r;
}

static int walk_logs(struct verify *verify) {
	int r = verify_turn(verify);

	while (r == 0 && (r = verify_logs_walk(verify)) == VERIFY_NOT_NOW)
		r = verify_turn(verify);
	return r ? r : verify_logs_close(verify);
}

static int run_pass(struct verify *verify) {
	int r;

	verify->phase = VERIFY_LOGS;
	verify->log_count = verify->life_count = 0;
	verify->records_at = verify->cells_at = KEY_EMPTY;
	verify->by_day = verify->by_field = 0;
	memset(verify->sizes, 0, verify->schema->register_count * sizeof(verify->sizes[0]));
	tally_clear(&verify->latest);
	tally_clear(&verify->counters);
	r = walk_logs(verify);
	if (r)
		return r;
	verify->phase = VERIFY_RECORDS;
	r = verify_walk(verify, TABLE_STATE, &verify->records_at, verify_record);
	verify->phase = VERIFY_COUNTERS;
	if (r == 0)
		r = verify_records_close(verify);
	if (r == 0)
		r = verify_walk(verify, TABLE_CELLS, &verify->cells_at, verify_cell);
	return r ? r : verify_cells_close(verify);
}

static unsigned count_passes(struct verify *verify) {
	size_t at_once = verify->options->at_once ? verify->options->at_once : VERIFY_AT_ONCE;
	uint64_t events = store_count(&verify->now, TABLE_LOG);
	uint64_t cells = store_count(&verify->now, TABLE_CELLS);

	return 1 + (unsigned)((events > cells ? events : cells) / at_once);
}

static int copy_logs(struct verify *verify, struct arena *arena, VerifyResult *result) {
	result->logs = arena_alloc(arena, (verify->log_count + 1) * sizeof(result->logs[0]));
	if (!result->logs)
		return failed_here(-ENOMEM);
	for (size_t i = 0; i < verify->log_count; i++) {
		VerifiedLog *log = event_mark_log(&verify->logs[i].reached, arena);

		if (!log)
			return failed_here(-ENOMEM);
		if (verify->logs[i].is_signed &&
		    verify->logs[i].last.epoch == verify->logs[i].reached.epoch)
			log->signed_sequence = verify->logs[i].last.sequence - 1;
		result->logs[result->n_logs++] = log;
	}
	return 0;
}

/* By packing: whatever the parts are, they come along. */
static int copy_news(struct verify *verify, struct arena *arena, VerifyNews *ret_news) {
	size_t size = verify_news__get_packed_size(&verify->news);
	uint8_t *bytes = arena_alloc_raw(arena, size + 1);
	VerifyNews *copy;

	if (!bytes)
		return failed_here(-ENOMEM);
	verify_news__pack(&verify->news, bytes);
	copy = verify_news__unpack(&arena->allocator, size, bytes);
	if (!copy)
		return failed_here(-ENOMEM);
	*ret_news = *copy;
	return 0;
}

static int finish(struct verify *verify, struct arena *arena, VerifyNews *ret_news) {
	VerifyResult *result = arena_alloc(arena, sizeof(*result));
	int r;

	if (!result)
		return failed_here(-ENOMEM);
	*result = verify->result;
	result->service = (char *)(uintptr_t)verify->options->service;
	result->node = (char *)(uintptr_t)store_node(verify->options->store);
	result->duration_us = clock_monotonic_us() - verify->begun_us;
	r = copy_logs(verify, arena, result);
	verify->news.total = verify->news.done;
	verify->news.result = result;
	return r < 0 ? r : copy_news(verify, arena, ret_news);
}

static void deinit(struct verify *verify) {
	store_abort(&verify->now);
	tally_deinit(&verify->latest);
	tally_deinit(&verify->counters);
	tally_deinit(&verify->name_numbers);
	for (size_t i = 0; i < verify->name_count; i++)
		free(verify->names[i]);
	free(verify->names);
	free(verify->sizes);
	free(verify->changed);
	free(verify->lives);
	free(verify->logs);
	arena_deinit(&verify->told);
	arena_deinit(&verify->kept);
	arena_deinit(&verify->scratch);
}

static void init(struct verify *verify, const struct verify_options *options) {
	*verify = (struct verify) {
		.options = options,
		.schema = options->schema,
		.now = STORE_TXN_NULL,
		.passes = 1,
		.begun_us = clock_monotonic_us(),
	};
	verify_result__init(&verify->result);
	arena_init(&verify->scratch, SCRATCH_CAP);
	arena_init(&verify->told, TOLD_CAP);
	arena_init(&verify->kept, TOLD_CAP);
	tally_init(&verify->latest);
	tally_init(&verify->counters);
	tally_init(&verify->name_numbers);
}

int verify_store(
    const struct verify_options *options, struct arena *arena, VerifyNews *ret_last_news) {
	AUTO(deinit) struct verify verify;
	int r;

	init(&verify, options);
	verify.sizes = calloc(options->schema->register_count + 1, sizeof(verify.sizes[0]));
	if (!verify.sizes)
		return failed_here(-ENOMEM);
	r = begin_news(&verify);
	if (r == 0)
		r = verify_turn(&verify);
	if (r == 0)
		verify.passes = count_passes(&verify);
	for (; r == 0 && verify.pass < verify.passes; verify.pass++)
		r = run_pass(&verify);
	if (r == 0)
		r = finish(&verify, arena, ret_last_news);
	return r < 0 ? failed_below(r) : r;
}
