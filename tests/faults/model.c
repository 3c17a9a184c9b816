/* SPDX-License-Identifier: MIT */
#include "tests/faults/model.h"

#include <stdlib.h>
#include <string.h>

#include "common/store/event_log.h"
#include "common/store/figures.h"
#include "common/store/verify.h"
#include "tests/unit/store/desk.h"

enum fate { UNANSWERED, KEPT, REFUSED };

void model_init(struct model *model, uint64_t seed, uint32_t callers) {
	*model = (struct model) { .seed = seed, .callers = callers };
}

void model_deinit(struct model *model) {
	for (uint32_t i = 0; i < model->callers; i++)
		free(model->by_caller[i].fates);
}

static void make_room(struct model_caller *caller, uint32_t number) {
	uint32_t capacity = caller->capacity ? caller->capacity : 256;

	while (capacity <= number)
		capacity *= 2;
	if (capacity == caller->capacity)
		return;
	caller->fates = realloc(caller->fates, capacity);
	assert_non_null(caller->fates);
	memset(caller->fates + caller->capacity, UNANSWERED, capacity - caller->capacity);
	caller->capacity = capacity;
}

static enum fate fate_of(const struct model *model, uint32_t caller, uint32_t number) {
	const struct model_caller *its = &model->by_caller[caller];

	return number < its->capacity ? (enum fate)its->fates[number] : UNANSWERED;
}

void model_note(struct model *model, const struct model_answer *answer) {
	struct model_caller *caller = &model->by_caller[answer->caller];
	struct task task;
	enum fate fate = REFUSED;

	assert_in_range(answer->caller, 0, model->callers - 1);
	assert_int_equal(answer->number, caller->answered);
	task = load_task(model->seed, answer->caller, answer->number);
	make_room(caller, answer->number);
	if (answer->result < 0) {
		assert_true(model->disk_fails);
	} else if (task_has_effect(&task)) {
		assert_true(answer->result == TASK_DONE || answer->result == TASK_DONE_BEFORE);
		fate = KEPT;
	} else if (task.kind == TASK_RETRY) {
		bool kept = fate_of(model, task.caller, task.about) == KEPT;

		assert_true((answer->result == TASK_DONE_BEFORE && kept) ||
		            (answer->result == TASK_NEVER_DONE && !kept));
	} else {
		assert_int_equal(answer->result, TASK_REFUSED);
	}
	caller->fates[answer->number] = (uint8_t)fate;
	caller->answered++;
	if (fate == KEPT)
		caller->end = caller->answered;
}

uint32_t model_end(const struct model *model, uint32_t caller) {
	return model->by_caller[caller].end;
}

/* What was found in the log ------------------------------------------------------------------- */

/* By number. */
struct past {
	bool done;     /* the task is in the log */
	bool exists;   /* so is something about the dossier it would add */
	uint32_t last; /* and that was the last of it */
};

struct walk {
	const struct model *model;
	struct arena *arena;
	struct past *pasts[LOAD_CALLERS_MAX];
	uint32_t capacity; /* of each */
	uint64_t sequence;
	struct task_name open; /* a task whose second event must come next */
	bool is_open;
	struct model_found found;
};

static void apply_task(struct walk *walk, struct task_name name) {
	struct task task = load_task(walk->model->seed, name.caller, name.number);
	struct past *pasts = walk->pasts[name.caller];

	assert_true(task_has_effect(&task));
	/* A caller's tasks are done in its order. */
	assert_true(name.number >= walk->found.end[name.caller]);
	pasts[name.number].done = true;
	pasts[task.about].exists = true;
	pasts[task.about].last = name.number;
	walk->found.end[name.caller] = name.number + 1;
	walk->found.applied++;
}

static struct task_name task_of_event(const Event *event, struct arena *arena) {
	struct task_name name = { UINT32_MAX, UINT32_MAX };

	if (event->type == RECORD_TYPE__RECORD_DOSSIER) {
		const Dossier *dossier =
		    dossier__unpack(&arena->allocator, event->body.len, event->body.data);

		assert_non_null(dossier);
		name = task_of_dossier(dossier);
	} else if (event->type == RECORD_TYPE__RECORD_SUPPLEMENT_ROUND) {
		const SupplementRound *round =
		    supplement_round__unpack(&arena->allocator, event->body.len, event->body.data);

		assert_non_null(round);
		name = task_of_round(round);
	}
	return name;
}

static void walk_event(struct walk *walk, const Event *event, uint32_t epoch) {
	struct task_name name;

	assert_string_equal(event->origin, LOAD_NODE);
	assert_int_equal(event->epoch, epoch);
	assert_int_equal(event->sequence, walk->sequence + 1);
	assert_true(event->clock > walk->found.clock);
	walk->sequence = event->sequence;
	walk->found.clock = event->clock;
	if (event->type == RECORD_TYPE__RECORD_CHECKPOINT)
		return;
	name = task_of_event(event, walk->arena);
	assert_in_range(name.caller, 0, walk->model->callers - 1);
	assert_in_range(name.number, 0, walk->capacity - 1);
	if (walk->is_open) {
		/* The other half of the task. */
		assert_int_equal(event->type, RECORD_TYPE__RECORD_SUPPLEMENT_ROUND);
		assert_int_equal(name.caller, walk->open.caller);
		assert_int_equal(name.number, walk->open.number);
		apply_task(walk, name);
	} else {
		assert_int_equal(event->type, RECORD_TYPE__RECORD_DOSSIER);
	}
	walk->open = name;
	walk->is_open = !walk->is_open;
}

static void walk_log(struct walk *walk, struct store_txn *txn) {
	ProtobufCBinaryData *events = NULL;
	size_t count = 0;
	bool more = false;

	assert_int_equal(event_log_read(txn, STREAM__STREAM_RECORDS, NULL, 0, SIZE_MAX, walk->arena,
	                     &events, &count, &more),
	    0);
	/* Every number of a caller that can be in the log is less than its tasks are many; what was
	 * refused has none there. */
	walk->capacity = (uint32_t)count * 4 + 1024;
	for (uint32_t i = 0; i < walk->model->callers; i++) {
		uint32_t answered = walk->model->by_caller[i].answered;

		if (walk->capacity < answered * 2 + 1024)
			walk->capacity = answered * 2 + 1024;
	}
	for (uint32_t i = 0; i < walk->model->callers; i++) {
		walk->pasts[i] = arena_alloc(walk->arena, walk->capacity * sizeof(*walk->pasts[i]));
		assert_non_null(walk->pasts[i]);
	}
	for (size_t i = 0; i < count; i++) {
		const Event *event = event__unpack(&walk->arena->allocator, events[i].len, events[i].data);

		assert_non_null(event);
		walk_event(walk, event, store_epoch(txn->store));
	}
	assert_false(walk->is_open);
}

/* Comparing ----------------------------------------------------------------------------------- */

struct totals {
	int64_t dossiers;
	int64_t online;
	int64_t open;
};

static void expect_record(struct store_txn *txn, const struct register_type *type,
    const ProtobufCMessage *wanted, struct arena *arena) {
	const char *owner;

	assert_int_equal(register_compare(txn, type, wanted, arena, &owner), REGISTER_UNCHANGED);
}

/* The dossier that a task added, as the last task about it left it. */
static void expect_dossier(
    struct walk *walk, struct store_txn *txn, const struct task *added, struct totals *totals) {
	const struct past *past = &walk->pasts[added->caller][added->number];
	struct task last = load_task(added->seed, added->caller, past->last);
	struct task_records records;

	last.about = added->number;
	task_records(&last, &records);
	expect_record(txn, &dossiers_register, &records.dossier.base, walk->arena);
	expect_record(txn, &supplement_rounds_register, &records.round.base, walk->arena);
	totals->dossiers++;
	totals->online += records.dossier.channel == DOSSIER__CHANNEL__ONLINE;
	totals->open += records.dossier.ended == 0;
}

static void expect_task(
    struct walk *walk, struct store_txn *txn, const struct task *task, struct totals *totals) {
	enum fate fate = fate_of(walk->model, task->caller, task->number);
	const struct past *past = &walk->pasts[task->caller][task->number];
	struct task_records records;
	int answer;

	if (task->kind == TASK_RETRY)
		return;
	if (fate != UNANSWERED)
		assert_int_equal(past->done, fate == KEPT);
	else if (task_has_effect(task) && task->number < walk->found.end[task->caller])
		assert_true(past->done); /* what came after it is there */
	answer = task_find(task, txn);
	assert_int_equal(answer, past->done ? TASK_DONE_BEFORE : TASK_NEVER_DONE);
	if (past->exists) {
		expect_dossier(walk, txn, task, totals);
	} else if (task->kind != TASK_CHANGE) {
		task_records(task, &records);
		assert_false(register_has(txn, &dossiers_register, records.code));
	}
}

static int64_t total_of(const MeasureTable *table, const char *measure) {
	int64_t total = 0;

	for (size_t i = 0; i < table->n_measures; i++)
		for (size_t row = 0; row < table->n_rows; row++)
			if (strcmp(table->measures[i], measure) == 0)
				total += table->rows[row]->values[i];
	return total;
}

static void expect_figures(
    struct store_txn *txn, struct arena *arena, const struct totals *totals) {
	struct figure_window window = { day_of(2023, 1, 1), day_of(2025, 12, 31), 2024 };
	Evaluation evaluation = EVALUATION__INIT;
	const MeasureTable *table;

	assert_int_equal(
	    figures_evaluate(txn, &dossiers_schema, "dossiers", &window, arena, &evaluation), STORE_OK);
	table = evaluation.tables[0];
	assert_string_equal(table->name, "dossiers");
	assert_int_equal(total_of(table, "online"), totals->online);
	assert_int_equal(total_of(table, "direct"), totals->dossiers - totals->online);
	assert_int_equal(total_of(table, "open"), totals->open);
}

struct model_found model_expect(
    const struct model *model, struct store *store, struct arena *arena) {
	AUTO(store_abort) struct store_txn txn = STORE_TXN_NULL;
	struct walk walk = { .model = model, .arena = arena };
	struct totals totals = { 0 };

	arena_reset(arena);
	assert_int_equal(store_begin(store, STORE_READ, &txn), STORE_OK);
	txn.arena = arena;
	walk_log(&walk, &txn);
	for (uint32_t caller = 0; caller < model->callers; caller++) {
		uint32_t end = walk.found.end[caller];

		if (end < model->by_caller[caller].answered)
			end = model->by_caller[caller].answered;
		for (uint32_t number = 0; number < end; number++) {
			struct task task = load_task(model->seed, caller, number);

			expect_task(&walk, &txn, &task, &totals);
		}
	}
	assert_int_equal(register_count(&txn, &dossiers_register), totals.dossiers);
	assert_int_equal(register_count(&txn, &supplement_rounds_register), totals.dossiers);
	assert_int_equal(store_count(&txn, TABLE_IDEMPOTENCY), walk.found.applied);
	expect_figures(&txn, arena, &totals);
	assert_int_equal(txn.error, 0);
	return walk.found;
}

void model_expect_whole(struct store *store, struct arena *arena) {
	VerifyNews news;

	arena_reset(arena);
	assert_int_equal(
	    verify_store(
	        &(struct verify_options) { .store = store, .schema = &dossiers_schema, .service = "" },
	        arena, &news),
	    VERIFY_OK);
	for (size_t i = 0; i < news.n_findings; i++)
		print_message("%s %s: expected \"%s\", found \"%s\"\n", news.findings[i]->table,
		    news.findings[i]->place, news.findings[i]->expected, news.findings[i]->found);
	assert_int_equal(news.result->findings, 0);
}
