/* SPDX-License-Identifier: MIT */
/*
 * A clock that is wrong: the writer runs in 1970, in 2099, an hour back, and then again as it is.
 * Whatever the clock said, the store opens, sequences are dense, event clocks only go forward and
 * show no time that no clock showed, and a retry of what was just answered gets its answer.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "common/base/clock.h"
#include "common/store/event_clock.h"
#include "common/store/event_log.h"
#include "common/store/figures.h"
#include "tests/faults/faults.h"
#include "tests/faults/writer.h"
#include "tests/unit/store/chance.h"
#include "tests/unit/store/desk.h"

enum { CALLERS = 2, TASKS_A_RUN = 40, EVENTS_MAX = 4096 };

#define SECOND_MS UINT64_C(1000)
#define HOUR_MS   (3600 * SECOND_MS)
#define DAY_MS    (24 * HOUR_MS)

/* A clock that starts at a moment, or one that is off by something. */
struct wrong_clock {
	const char *fake; /* libfaketime's words; null: the true clock */
	uint64_t starts_ms;
	int64_t off_ms;
};

static const struct wrong_clock true_clock = { NULL, 0, 0 };
static const struct wrong_clock in_1970 = { "@1970-01-02 00:00:00", DAY_MS, 0 };
static const struct wrong_clock in_2099 = { "@2099-01-01 00:00:00", UINT64_C(4070908800000), 0 };
static const struct wrong_clock in_2049 = { "@2049-01-01 00:00:00", UINT64_C(2493072000000), 0 };
static const struct wrong_clock an_hour_back = { "-3600s", 0, -(int64_t)HOUR_MS };

struct scene {
	struct folder folder;
	struct model model;
	struct arena arena;
	uint64_t clocks[EVENTS_MAX]; /* of the events so far */
	size_t count;
};

static int scene_setup(void **state) {
	struct scene *scene = calloc(1, sizeof(*scene));

	if (!scene)
		return -1;
	scene->folder = folder_new();
	arena_init(&scene->arena, (size_t)64 << 20);
	model_init(&scene->model, chance_new().seed, CALLERS);
	*state = scene;
	return 0;
}

static int scene_teardown(void **state) {
	struct scene *scene = *state;

	folder_remove(&scene->folder);
	arena_deinit(&scene->arena);
	model_deinit(&scene->model);
	free(scene);
	return 0;
}

/* What a clock shows between two moments of the true one. */
struct span {
	uint64_t first_ms;
	uint64_t last_ms;
};

static struct span shown_by(const struct wrong_clock *clock, uint64_t from_ms, uint64_t to_ms) {
	if (clock->starts_ms)
		return (struct span) { clock->starts_ms, clock->starts_ms + (to_ms - from_ms) + SECOND_MS };
	return (struct span) {
		(uint64_t)((int64_t)from_ms + clock->off_ms),
		(uint64_t)((int64_t)to_ms + clock->off_ms),
	};
}

/* The rule for the clock of one event, after the one before it: it shows what the writer's clock
 * showed, if that was a year to be believed and later; else it is the least that goes on. */
static void expect_clock(uint64_t clock, uint64_t before, const struct span *shown) {
	uint64_t ms = event_clock_ms(clock);
	bool believed = shown->first_ms >= EVENT_CLOCK_FIRST_MS && shown->last_ms < EVENT_CLOCK_LAST_MS;

	assert_true(clock > before);
	if (believed && ms >= shown->first_ms && ms <= shown->last_ms)
		return;
	assert_true(
	    clock == before + 1 || (!believed && clock == (uint64_t)EVENT_CLOCK_FIRST_MS << 16));
}

static void expect_new_clocks(
    struct scene *scene, struct store_txn *txn, const struct span *shown) {
	ProtobufCBinaryData *events = NULL;
	size_t count = 0;
	bool more;

	assert_int_equal(event_log_read(txn, STREAM__STREAM_RECORDS, NULL, 0, SIZE_MAX, &scene->arena,
	                     &events, &count, &more),
	    0);
	assert_in_range(count, scene->count + 1, EVENTS_MAX);
	for (size_t i = 0; i < count; i++) {
		Event *event = event__unpack(&scene->arena.allocator, events[i].len, events[i].data);

		assert_non_null(event);
		if (i < scene->count)
			assert_int_equal(event->clock, scene->clocks[i]);
		else
			expect_clock(event->clock, i ? scene->clocks[i - 1] : 0, shown);
		scene->clocks[i] = event->clock;
	}
	scene->count = count;
}

/* The figures say up to when they are, and never of a time to come. Return: that moment. */
static uint64_t expect_as_of(struct scene *scene, struct store_txn *txn) {
	struct figure_window window = { day_of(2024, 1, 1), day_of(2024, 12, 31), 2024 };
	uint64_t last_ms = event_clock_ms(scene->clocks[scene->count - 1]);
	Evaluation evaluation = EVALUATION__INIT;
	const Watermark *mark;

	assert_int_equal(
	    figures_evaluate(txn, &dossiers_schema, "dossiers", &window, &scene->arena, &evaluation),
	    STORE_OK);
	assert_int_equal(evaluation.n_watermarks, 1);
	mark = evaluation.watermarks[0];
	assert_true(mark->as_of_ms <= clock_wall_ms() + EVENT_CLOCK_AHEAD_MS);
	assert_int_equal(mark->clock_ahead, last_ms > clock_wall_ms() + EVENT_CLOCK_AHEAD_MS);
	if (!mark->clock_ahead)
		assert_int_equal(mark->as_of_ms, last_ms);
	return mark->as_of_ms;
}

/* Of the tasks with an effect from this one of each caller on, how many answers are remembered. */
static unsigned answers_left(
    const struct scene *scene, struct store_txn *txn, uint32_t from, unsigned *ret_all) {
	unsigned left = 0;

	*ret_all = 0;
	for (uint32_t caller = 0; caller < CALLERS; caller++)
		for (uint32_t i = from; i < scene->model.by_caller[caller].answered; i++) {
			struct task task = load_task(scene->model.seed, caller, i);

			if (!task_has_effect(&task))
				continue;
			(*ret_all)++;
			left += task_find(&task, txn) == TASK_DONE_BEFORE;
		}
	return left;
}

static void expect_store(struct scene *scene, const struct wrong_clock *clock, uint32_t before,
    const struct span *shown) {
	AUTO(store_closep) struct store *store = NULL;
	unsigned all;
	unsigned left;

	assert_int_equal(load_open_store(scene->folder.path, &store), STORE_OK);
	model_expect(&scene->model, store, &scene->arena);
	model_expect_whole(store, &scene->arena);
	{
		AUTO(store_abort) struct store_txn txn = STORE_TXN_NULL;

		assert_int_equal(store_begin(store, STORE_READ, &txn), STORE_OK);
		txn.arena = &scene->arena;
		arena_reset(&scene->arena);
		expect_new_clocks(scene, &txn, shown);
		/* What was answered last is remembered, whatever became of older answers. */
		left = answers_left(scene, &txn, before, &all);
		assert_int_equal(left, all);
		left = answers_left(scene, &txn, 0, &all);
		print_message("clock %s: as of %llu s, %u of %u answers remembered\n",
		    clock->fake ? clock->fake : "as it is",
		    (unsigned long long)expect_as_of(scene, &txn) / 1000, left, all);
	}
}

/* A writer with this clock and so many tasks of each caller; `fake` lasts as long as it. */
static struct writer_options writer_at(const struct scene *scene, const struct wrong_clock *clock,
    uint32_t count, char fake[static 64]) {
	struct writer_options options = {
		.folder = scene->folder.path,
		.model = &scene->model,
		.count = count,
	};

	snprintf(fake, 64, "FAKETIME=%s", clock->fake ? clock->fake : "");
	if (clock->fake) {
		const char *environment[] = { "LD_PRELOAD=" FAULT_CLOCK, fake, "TZ=UTC",
			"FAKETIME_DONT_FAKE_MONOTONIC=1" };

		memcpy(options.environment, environment, sizeof(environment));
	}
	return options;
}

static void run_at(struct scene *scene, const struct wrong_clock *clock) {
	char fake[64];
	uint32_t before = scene->model.by_caller[0].answered;
	uint64_t from_ms = clock_wall_ms();
	struct writer_options options = writer_at(scene, clock, before + TASKS_A_RUN, fake);
	struct span shown;

	writer_run(&options, &scene->model);
	shown = shown_by(clock, from_ms, clock_wall_ms());
	expect_store(scene, clock, before, &shown);
}

/* Its life would come before those that others know of this node, and they would not follow it. */
static void expect_no_store(struct scene *scene, const struct wrong_clock *clock) {
	char fake[64];
	struct writer_options options = writer_at(scene, clock, 1, fake);
	struct writer writer = writer_start(&options);
	int status = writer_follow(&writer, &scene->model, WRITER_TO_THE_END);

	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), WRITER_NOT_OPENED);
}

static void an_hour_back_changes_nothing_but_the_time_shown(void **state) {
	struct scene *scene = *state;

	/* Not even old answers are forgotten. */
	run_at(scene, &true_clock);
	run_at(scene, &an_hour_back);
	run_at(scene, &true_clock);
}

static void a_store_of_today_goes_on_in_1970(void **state) {
	struct scene *scene = *state;

	run_at(scene, &true_clock);
	run_at(scene, &in_1970);
	run_at(scene, &true_clock);
}

static void a_store_that_was_in_2099_goes_on_today(void **state) {
	struct scene *scene = *state;

	run_at(scene, &true_clock);
	run_at(scene, &in_2099);
	run_at(scene, &true_clock);
	run_at(scene, &true_clock);
}

/* A year that is believed, and wrong: events stay there, and are shown as of now with a flag. */
static void a_store_that_was_in_2049_goes_on_today(void **state) {
	struct scene *scene = *state;

	run_at(scene, &true_clock);
	run_at(scene, &in_2049);
	run_at(scene, &true_clock);
}

static void a_store_is_not_made_in_1970(void **state) {
	struct scene *scene = *state;

	expect_no_store(scene, &in_1970);
	expect_no_store(scene, &in_2099);
	run_at(scene, &true_clock);
}

int main(int argc, char **argv) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
		    an_hour_back_changes_nothing_but_the_time_shown, scene_setup, scene_teardown),
		cmocka_unit_test_setup_teardown(
		    a_store_of_today_goes_on_in_1970, scene_setup, scene_teardown),
		cmocka_unit_test_setup_teardown(
		    a_store_that_was_in_2099_goes_on_today, scene_setup, scene_teardown),
		cmocka_unit_test_setup_teardown(
		    a_store_that_was_in_2049_goes_on_today, scene_setup, scene_teardown),
		cmocka_unit_test_setup_teardown(a_store_is_not_made_in_1970, scene_setup, scene_teardown),
	};

	if (argc > 1 && strcmp(argv[1], "write") == 0)
		return writer_main(argc, argv);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
