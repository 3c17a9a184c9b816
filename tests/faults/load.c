/* SPDX-License-Identifier: MIT */
#include "tests/faults/load.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "common/store/checkpoint.h"
#include "common/store/idempotency.h"
#include "tests/unit/store/chance.h"
#include "tests/unit/store/desk.h"
#include "tests/unit/store/lives.h"

enum { DAYS = 300, SECONDS_A_DAY = 86400, REPLY_SIZE = 6000, MAP_MIB = 64, CHECKPOINT_EVENTS = 20 };

#define LATER UINT64_C(20250110120000) /* than any stamp of a number */

int load_open_store(const char *folder, struct store **ret_store) {
	static const uint8_t seed[32] = { 7 };
	struct signer signer;
	struct store_options options = {
		.folder = folder,
		.node = LOAD_NODE,
		.map_mib = MAP_MIB,
		.signer = &signer,
		.checkpoint_events = CHECKPOINT_EVENTS,
	};

	signer_of_seed(seed, &signer);
	return store_open(&options, ret_store);
}

/* Random numbers of one task. */
static struct chance chance_of_task(uint64_t seed, uint32_t caller, uint32_t number) {
	return (struct chance) { seed, seed * 1000003 + ((uint64_t)caller << 56) + number };
}

static enum task_kind kind_of(uint64_t seed, uint32_t caller, uint32_t number) {
	struct chance chance = chance_of_task(seed, caller, number);
	uint32_t percent = chance_below(&chance, 100);

	if (number == 0 || percent < 45)
		return TASK_ADD;
	return percent < 75 ? TASK_CHANGE : percent < 90 ? TASK_RETRY : TASK_FAIL;
}

/* An earlier task of the caller that added something, or, for a retry, changed something. */
static uint32_t earlier(uint64_t seed, uint32_t caller, uint32_t number, enum task_kind last) {
	struct chance chance = chance_of_task(seed, caller, number);
	uint32_t back;

	(void)chance_below(&chance, 2);
	back = chance_below(&chance, chance_of(&chance, 80) ? 8 : 64);
	number = number > back ? number - back - 1 : 0;
	while (kind_of(seed, caller, number) > last)
		number--;
	return number;
}

struct task load_task(uint64_t seed, uint32_t caller, uint32_t number) {
	struct task task = { seed, caller, number, kind_of(seed, caller, number), number };

	if (task.kind == TASK_CHANGE)
		task.about = earlier(seed, caller, number, TASK_ADD);
	if (task.kind == TASK_RETRY)
		task.about = earlier(seed, caller, number, TASK_CHANGE);
	return task;
}

bool task_has_effect(const struct task *task) {
	return task->kind == TASK_ADD || task->kind == TASK_CHANGE;
}

/* A stamp for every number, and the number back. */
static uint64_t stamp_of(uint32_t number) {
	uint32_t second = number / DAYS % SECONDS_A_DAY;
	struct day day = day_plus(day_of(2024, 1, 1), (int)(number % DAYS));

	return (uint64_t)day_to_decimal(day) * 1000000 + second / 3600 * 10000 +
	       second / 60 % 60 * 100 + second % 60;
}

static uint32_t number_of(uint64_t stamp) {
	uint32_t time = (uint32_t)(stamp % 1000000);
	uint32_t second = time / 10000 * 3600 + time / 100 % 100 * 60 + time % 100;

	return second * DAYS + (uint32_t)(stamp_day(stamp).number - day_of(2024, 1, 1).number);
}

void task_records(const struct task *task, struct task_records *records) {
	struct chance first = chance_of_task(task->seed, task->caller, task->about);
	struct chance now = chance_of_task(task->seed, task->caller, task->number);
	Dossier *dossier = &records->dossier;
	SupplementRound *round = &records->round;
	bool ended = chance_of(&now, 40);

	dossier__init(dossier);
	supplement_round__init(round);
	snprintf(records->code, sizeof(records->code), LOAD_NODE "-%u-%07u", task->caller, task->about);
	dossier->code = records->code;
	dossier->applicant = text_of("Thạch Mỹ Vinh");
	dossier->unit = text_of(lives_units[chance_below(&first, LIVES_UNITS)]);
	dossier->procedure = text_of(chance_of(&first, 50) ? "1.000001" : "2.000005");
	dossier->channel = (Dossier__Channel)chance_between(&first, 1, 2);
	dossier->submitted = stamp_of(task->about);
	dossier->accepted = dossier->submitted;
	dossier->due = stamp_of(task->about % 200 + chance_below(&now, 60));
	dossier->recorded_provincial = stamp_of(task->number);
	dossier->status = ended ? DOSSIER__STATUS__HANDED_OVER : DOSSIER__STATUS__PROCESSING;
	dossier->ended = ended ? LATER : 0;
	round->dossier = records->code;
	round->requested = dossier->accepted;
	round->answered = LATER;
	round->due_after = stamp_of(task->number);
}

static struct task_name name_of(const char *code, uint64_t stamp) {
	struct task_name name = { UINT32_MAX, number_of(stamp) };

	(void)sscanf(code, LOAD_NODE "-%u-", &name.caller);
	return name;
}

struct task_name task_of_dossier(const Dossier *dossier) {
	return name_of(dossier->code, dossier->recorded_provincial);
}

struct task_name task_of_round(const SupplementRound *round) {
	return name_of(round->dossier, round->due_after);
}

/* What the service would keep of the call. */
struct call {
	uint8_t key[IDEMPOTENCY_KEY_SIZE];
	uint8_t asked[IDEMPOTENCY_ASKED_SIZE];
	char reply[REPLY_SIZE];
};

static struct call call_of(const struct task *task) {
	uint32_t number = task->kind == TASK_RETRY ? task->about : task->number;
	struct call call;

	/* Some do not fit a page. */
	snprintf(call.reply, sizeof(call.reply), "%u %u is done%*s", task->caller, number,
	    number % 25 == 7 ? REPLY_SIZE - 64 : 0, "");
	crypto_generichash(
	    call.key, sizeof(call.key), (const uint8_t *)call.reply, strlen(call.reply), NULL, 0);
	crypto_generichash(call.asked, sizeof(call.asked), call.key, sizeof(call.key), NULL, 0);
	return call;
}

int task_find(const struct task *task, struct store_txn *txn) {
	struct call call = call_of(task);
	struct store_value kept;
	int r = idempotency_find(txn, call.key, call.asked, &kept);

	if (r < 0)
		return failed_below(r);
	if (r == IDEMPOTENCY_NEW)
		return TASK_NEVER_DONE;
	if (r == IDEMPOTENCY_DONE && kept.size == strlen(call.reply) &&
	    memcmp(kept.bytes, call.reply, kept.size) == 0)
		return TASK_DONE_BEFORE;
	return TASK_OTHER_REPLY;
}

int task_run(const struct task *task, struct store_txn *txn) {
	struct task_records records;
	struct call call;
	const char *owner;
	int r = task_find(task, txn);

	if (r != TASK_NEVER_DONE || task->kind == TASK_RETRY)
		return r;
	task_records(task, &records);
	r = register_write(txn, &dossiers_register, &records.dossier.base, "tester", &owner);
	if (r < 0)
		return failed_below(r);
	if (task->kind == TASK_FAIL)
		return TASK_REFUSED;
	r = register_write(txn, &supplement_rounds_register, &records.round.base, "tester", &owner);
	if (r < 0)
		return failed_below(r);
	call = call_of(task);
	idempotency_keep(txn, call.key, call.asked, (const uint8_t *)call.reply, strlen(call.reply));
	return TASK_DONE;
}
