/* SPDX-License-Identifier: MIT */
/*
 * The power goes at any moment of a thousand commits. A writer's disk is recorded; then every image
 * of it that a cut could have left is made and opened as a store. What was acknowledged before the
 * cut must be there, and nothing by halves.
 *
 * An image is what was flushed and any choice of the writes since, some of them torn between
 * sectors. A store that says the same to the byte as one that was compared with the model before
 * needs no second comparison.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "tests/faults/faults.h"
#include "tests/faults/image.h"
#include "tests/faults/recording.h"
#include "tests/faults/writer.h"
#include "tests/unit/store/chance.h"
#include "tests/unit/store/desk.h"

enum { CALLERS = 3, STATES_MAX = 4096, CHOICES_ALL = 6, ARENA_MIB = 512 };

/* How much of what is possible is tried. */
struct effort {
	unsigned commits;
	unsigned every;   /* of so many flushes one is looked at from all sides */
	unsigned choices; /* of the writes, by chance, where there are too many to try all */
	unsigned tears;
};

static struct effort effort = { .commits = 250, .every = 8, .choices = 12, .tears = 4 };

struct digest {
	uint64_t low;
	uint64_t high;
};

/* A store's whole content that was compared with the model. */
struct state {
	struct digest digest;
	uint32_t end[LOAD_CALLERS_MAX];
};

struct replay {
	struct chance chance;
	struct folder folder;
	char path[128];
	char draft[144]; /* its name while the store is made */
	struct image image;
	struct model model;
	struct arena arena;
	struct state states[STATES_MAX];
	size_t state_count;
	unsigned commits;
	unsigned flushes;
	unsigned images;
	bool acknowledged; /* anything yet */
	bool has_name;     /* the file is no draft any more */
	bool is_named;     /* for good */
	char what[256];    /* the image at hand */
	bool is_over;
};

/* Comparing ----------------------------------------------------------------------------------- */

/* Far quicker than a hash that withstands an enemy. */
static void add_to_digest(struct digest *digest, const struct store_value *value) {
	const uint8_t *bytes = value->bytes;

	digest->low = (digest->low ^ value->size) * UINT64_C(0x9e3779b97f4a7c15);
	for (size_t i = 0; i < value->size; i += 8) {
		uint64_t word = 0;

		memcpy(&word, bytes + i, value->size - i < 8 ? value->size - i : 8);
		digest->low = (digest->low ^ word) * UINT64_C(0x9e3779b97f4a7c15);
		digest->low ^= digest->low >> 29;
		digest->high = (digest->high + word) * UINT64_C(0xbf58476d1ce4e5b9);
		digest->high ^= digest->high >> 32;
	}
}

static struct digest digest_of(struct store *store) {
	AUTO(store_abort) struct store_txn txn = STORE_TXN_NULL;
	struct digest digest = { 1, 2 };

	assert_int_equal(store_begin(store, STORE_READ, &txn), STORE_OK);
	for (int table = 0; table < TABLE_COUNT; table++) {
		AUTO(store_cursor_close) struct store_cursor cursor = STORE_CURSOR_NULL;
		struct key start = KEY_EMPTY;
		int r;

		key_add_u8(&start, 0);
		assert_int_equal(store_cursor_open(&txn, (enum store_table)table, &cursor), STORE_OK);
		for (r = store_cursor_seek(&cursor, &start); r == STORE_OK;
		     r = store_cursor_next(&cursor)) {
			add_to_digest(&digest, &cursor.key);
			add_to_digest(&digest, &cursor.value);
		}
		assert_int_equal(r, STORE_NOT_FOUND);
		digest.low += (uint64_t)table;
	}
	return digest;
}

static const struct state *find_state(const struct replay *replay, struct digest digest) {
	for (size_t i = replay->state_count; i > 0; i--)
		if (replay->states[i - 1].digest.low == digest.low &&
		    replay->states[i - 1].digest.high == digest.high)
			return &replay->states[i - 1];
	return NULL;
}

/* Nothing that was acknowledged is missing. */
static void expect_acknowledged(const struct replay *replay, const struct state *state) {
	for (uint32_t i = 0; i < replay->model.callers; i++)
		assert_true(state->end[i] >= model_end(&replay->model, i));
}

static void expect_model(struct replay *replay) {
	AUTO(store_closep) struct store *store = NULL;
	const struct state *known;
	struct model_found found;
	struct state state;

	assert_int_equal(load_open_store(replay->folder.path, &store), STORE_OK);
	state.digest = digest_of(store);
	known = find_state(replay, state.digest);
	if (known) {
		expect_acknowledged(replay, known);
		return;
	}
	found = model_expect(&replay->model, store, &replay->arena);
	model_expect_whole(store, &replay->arena);
	memcpy(state.end, found.end, sizeof(state.end));
	assert_in_range(replay->state_count, 0, STATES_MAX - 1);
	replay->states[replay->state_count++] = state;
}

/* Images -------------------------------------------------------------------------------------- */

/* What is laid on the image now is what the cut left. */
static void cut_here(struct replay *replay) {
	replay->images++;
	expect_model(replay);
	if (!replay->has_name)
		unlink(replay->path);
	/* Where nothing was ever acknowledged, opening makes the store anew. */
	if (replay->acknowledged)
		image_lift(&replay->image);
	else
		image_renew(&replay->image);
}

static void describe(struct replay *replay, const char *how, uint64_t choice, size_t torn) {
	snprintf(replay->what, sizeof(replay->what),
	    "flush %u, commit %u, image %u: %zu writes unflushed, %s %#llx, torn %zu", replay->flushes,
	    replay->commits, replay->images, replay->image.count, how, (unsigned long long)choice,
	    torn);
}

static void cut_after(struct replay *replay, size_t writes) {
	describe(replay, "of which the first", writes, 0);
	for (size_t i = 0; i < writes; i++)
		image_lay(&replay->image, i, NULL, NULL);
	cut_here(replay);
}

static void cut_with_choice(struct replay *replay, uint64_t choice) {
	describe(replay, "choice", choice, 0);
	for (size_t i = 0; i < replay->image.count; i++)
		if (choice >> i % 64 & 1)
			image_lay(&replay->image, i, NULL, NULL);
	cut_here(replay);
}

static bool before(void *context, uint64_t sector) {
	return sector < *(const uint64_t *)context;
}

static bool by_chance(void *context, uint64_t sector) {
	(void)sector;
	return chance_of(context, 50);
}

/* The first `writes`, and the next one as far as a sector of it, or some of its sectors. */
static void cut_within(struct replay *replay, size_t writes) {
	const struct image_write *torn = &replay->image.writes[writes];
	uint64_t first = torn->offset / IMAGE_SECTOR;
	uint64_t last = (torn->offset + torn->size - 1) / IMAGE_SECTOR;
	uint64_t end;

	if (first == last)
		return;
	end = first + 1 + chance_below(&replay->chance, (uint32_t)(last - first));
	describe(replay, "of which the first", writes, (size_t)(end - first));
	for (size_t i = 0; i < writes; i++)
		image_lay(&replay->image, i, NULL, NULL);
	if (chance_of(&replay->chance, 50))
		image_lay(&replay->image, writes, before, &end);
	else
		image_lay(&replay->image, writes, by_chance, &replay->chance);
	cut_here(replay);
}

static uint64_t any_choice(struct chance *chance) {
	return (uint64_t)chance_below(chance, UINT32_MAX) << 32 | chance_below(chance, UINT32_MAX);
}

static void cut_from_all_sides(struct replay *replay) {
	size_t count = replay->image.count;

	for (size_t writes = 1; writes < count; writes++)
		cut_after(replay, writes);
	if (count <= CHOICES_ALL)
		for (uint64_t choice = 1; choice < (UINT64_C(1) << count) - 1; choice++)
			cut_with_choice(replay, choice);
	else
		for (unsigned i = 0; i < effort.choices; i++)
			cut_with_choice(replay, any_choice(&replay->chance));
	for (unsigned i = 0; i < effort.tears && count; i++)
		cut_within(replay, chance_below(&replay->chance, (uint32_t)count));
}

/* The disk is about to be told to flush; the power goes before, meanwhile or after. */
static void cut_around_flush(struct replay *replay) {
	replay->flushes++;
	cut_after(replay, 0);
	cut_after(replay, replay->image.count);
	if (!replay->acknowledged || chance_below(&replay->chance, effort.every) == 0)
		cut_from_all_sides(replay);
}

/* What gets its name is on the disk as a whole. */
static void give_name(struct replay *replay) {
	assert_false(replay->has_name);
	assert_int_equal(replay->image.count, 0);
	assert_return_code(rename(replay->draft, replay->path), 0);
	replay->image.path = replay->path;
	replay->has_name = true;
}

static void replay_entry(
    struct replay *replay, const struct recording_entry *entry, const uint8_t *bytes) {
	struct image *image = &replay->image;

	switch (entry->kind) {
	case RECORDING_WRITE: image_write(image, entry->offset, bytes, entry->size); break;
	case RECORDING_FLUSH:
		cut_around_flush(replay);
		image_flush(image);
		break;
	case RECORDING_FLUSH_RANGE:
		cut_around_flush(replay);
		image_flush_range(image, entry->offset, entry->size);
		replay->commits++;
		break;
	case RECORDING_NAME: give_name(replay); break;
	case RECORDING_FLUSH_NAME: replay->is_named = replay->has_name; break;
	case RECORDING_MARK:
		assert_true(replay->is_named);
		if (!replay->acknowledged && image->count == 0)
			image_renew(image);
		replay->acknowledged = true;
		model_note(&replay->model, (const struct model_answer *)(const void *)bytes);
		/* Whoever acknowledges what is not flushed is found here. */
		if (image->count)
			cut_after(replay, 0);
		break;
	default: fail_msg("no replay of such an entry: %u", entry->kind);
	}
}

static void record(const char *path, const struct model *asked, unsigned tasks) {
	struct folder folder = folder_new();
	char recording[160];
	struct model model;

	model_init(&model, asked->seed, asked->callers);
	snprintf(recording, sizeof(recording), "CCHC_RECORDING=%s", path);
	writer_run(
	    &(struct writer_options) {
	        .folder = folder.path,
	        .model = &model,
	        .count = tasks,
	        .environment = { "LD_PRELOAD=" FAULT_RECORDER, recording },
	    },
	    &model);
	model_deinit(&model);
	folder_remove(&folder);
}

static void a_power_cut_takes_nothing_that_was_acknowledged(void **state) {
	struct replay *replay = *state;
	struct recording recording;
	struct recording_entry entry;
	const uint8_t *bytes;
	char path[128];
	uint64_t started_us;

	replay->chance = chance_new();
	replay->folder = folder_new();
	arena_init(&replay->arena, (size_t)ARENA_MIB << 20);
	model_init(&replay->model, replay->chance.seed, CALLERS);
	snprintf(path, sizeof(path), "%s/recording", replay->folder.path);
	snprintf(replay->path, sizeof(replay->path), "%s/store.mdb", replay->folder.path);
	record(path, &replay->model, 2 * effort.commits);
	started_us = clock_monotonic_us();
	snprintf(replay->draft, sizeof(replay->draft), "%s.new", replay->path);
	assert_return_code(image_open(&replay->image, replay->draft), 0);
	assert_return_code(recording_open(path, &recording), 0);
	while (replay->commits < effort.commits && recording_next(&recording, &entry, &bytes))
		replay_entry(replay, &entry, bytes);
	assert_int_equal(replay->commits, effort.commits);
	print_message(
	    "%u commits, %u flushes, %u images of %zu states, the last of %zu KiB, in %.1f s\n",
	    replay->commits, replay->flushes, replay->images, replay->state_count,
	    replay->image.size >> 10, (double)(clock_monotonic_us() - started_us) / 1e6);
	replay->is_over = true;
}

/* LMDB aborts on a page that is not what it must be. */
static struct replay *at_hand;

static void tell(int signal) {
	(void)signal;
	if (write(STDERR_FILENO, at_hand->what, strlen(at_hand->what)) > 0)
		(void)!write(STDERR_FILENO, "\n", 1);
}

static int replay_setup(void **state) {
	at_hand = calloc(1, sizeof(*at_hand));
	*state = at_hand;
	signal(SIGABRT, tell);
	return at_hand ? 0 : -1;
}

static int replay_teardown(void **state) {
	struct replay *replay = *state;

	if (!replay->is_over) {
		print_message("%s\nits image: %s\n", replay->what, replay->folder.path);
		return 0;
	}
	image_close(&replay->image);
	model_deinit(&replay->model);
	arena_deinit(&replay->arena);
	folder_remove(&replay->folder);
	free(replay);
	return 0;
}

int main(int argc, char **argv) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
		    a_power_cut_takes_nothing_that_was_acknowledged, replay_setup, replay_teardown),
	};

	if (argc > 1 && strcmp(argv[1], "write") == 0)
		return writer_main(argc, argv);
	if (faults_in_full(argc, argv))
		effort = (struct effort) { .commits = 1000, .every = 1, .choices = 24, .tears = 6 };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
