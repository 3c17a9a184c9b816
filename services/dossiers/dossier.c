/* SPDX-License-Identifier: MIT */
/*
 * What a dossier counts.
 *
 * Form II.06 compares days, not minutes: a dossier is open from the day of its intake to the day
 * before its end; late when it ended after its due day. While a supplement round is open the clock
 * stands still. Each due date holds from when it was given: on a day in the past the dossier was
 * late only by the due date it had then.
 */
#include <stdio.h>
#include <string.h>

#include "common/units/units.h"
#include "services/dossiers/dossiers.h"

static bool counts(const Dossier *dossier) {
	return dossier->status != DOSSIER__STATUS__REGISTERED &&
	       dossier->status != DOSSIER__STATUS__REFUSED &&
	       !day_is_none(stamp_day(dossier->accepted));
}

struct rounds {
	SupplementRound *items[DOSSIER_ROUNDS_MAX]; /* by the moment they were asked for */
	size_t count;
};

static int add_round(void *context, ProtobufCMessage *record, const char *origin) {
	struct rounds *rounds = context;
	SupplementRound *round = (SupplementRound *)record;
	size_t place;

	(void)origin;
	if (rounds->count == DOSSIER_ROUNDS_MAX)
		return 1;
	for (place = rounds->count; place > 0; place--) {
		if (rounds->items[place - 1]->requested <= round->requested)
			break;
		rounds->items[place] = rounds->items[place - 1];
	}
	rounds->items[place] = round;
	rounds->count++;
	return 0;
}

static bool answered_by(const SupplementRound *round, struct day day) {
	return round->answered && stamp_day(round->answered).number <= day.number;
}

/* The due date as it was known on `day`; 0: none was promised. */
static uint64_t due_on(const Dossier *dossier, const struct rounds *rounds, struct day day) {
	for (size_t i = rounds->count; i > 0; i--)
		if (rounds->items[i - 1]->due_after && answered_by(rounds->items[i - 1], day))
			return rounds->items[i - 1]->due_after;
	for (size_t i = 0; i < rounds->count; i++)
		if (stamp_day(rounds->items[i]->requested).number > day.number)
			return rounds->items[i]->due_before;
	return dossier->due;
}

static bool waits_on(const struct rounds *rounds, struct day day) {
	for (size_t i = 0; i < rounds->count; i++)
		if (stamp_day(rounds->items[i]->requested).number <= day.number &&
		    !answered_by(rounds->items[i], day))
			return true;
	return false;
}

static uint64_t final_due(const Dossier *dossier, const struct rounds *rounds) {
	const SupplementRound *last = rounds->count ? rounds->items[rounds->count - 1] : NULL;

	return last && last->due_after ? last->due_after : dossier->due;
}

static enum dossier_cell how_it_ended(const Dossier *dossier, const struct rounds *rounds) {
	struct day ended = stamp_day(dossier->ended);
	struct day due = stamp_day(final_due(dossier, rounds));

	if (dossier->status == DOSSIER__STATUS__WITHDRAWN ||
	    dossier->status == DOSSIER__STATUS__STOPPED || day_is_none(due) ||
	    ended.number == due.number)
		return CELL_ON_TIME;
	return ended.number < due.number ? CELL_EARLY : CELL_LATE;
}

struct counting {
	struct contributions *contributions;
	const Dossier *dossier;
};

static void count(struct counting *counting, struct day day, enum dossier_cell cell, int amount) {
	contribute(counting->contributions, (struct contribution) {
	                                        .day = day,
	                                        .cell = cell,
	                                        .amount = amount,
	                                        .unit = counting->dossier->unit,
	                                        .category = counting->dossier->procedure,
	                                    });
}

/* Days on which something about lateness can change, ordered, from intake to end. */
struct turns {
	struct day days[2 * DOSSIER_ROUNDS_MAX + 2];
	size_t count;
};

static void add_turn(struct turns *turns, struct day day, struct day first, struct day stop) {
	size_t place = turns->count;

	if (day_is_none(day) || day.number < first.number || day.number >= stop.number)
		return;
	for (; place > 0 && turns->days[place - 1].number > day.number; place--)
		turns->days[place] = turns->days[place - 1];
	turns->days[place] = day;
	turns->count++;
}

/* Late and open, as +1 where a stretch of lateness begins and -1 where it stops. Between two turns
 * neither the due day nor the waiting changes. */
static void count_open_late(
    struct counting *counting, const struct rounds *rounds, struct day first, struct day stop) {
	struct turns turns = { .count = 0 };

	add_turn(&turns, first, first, stop);
	for (size_t i = 0; i < rounds->count; i++) {
		add_turn(&turns, stamp_day(rounds->items[i]->requested), first, stop);
		add_turn(&turns, stamp_day(rounds->items[i]->answered), first, stop);
	}
	for (size_t i = 0; i < turns.count; i++) {
		struct day from = turns.days[i];
		struct day to = i + 1 < turns.count ? turns.days[i + 1] : stop;
		struct day due = stamp_day(due_on(counting->dossier, rounds, from));

		if (day_is_none(due) || waits_on(rounds, from))
			continue;
		if (from.number <= due.number)
			from = day_plus(due, 1);
		if (from.number >= to.number)
			continue;
		count(counting, from, CELL_OPEN_LATE, 1);
		if (to.number != INT32_MAX)
			count(counting, to, CELL_OPEN_LATE, -1);
	}
}

static void count_end(struct counting *counting, const struct rounds *rounds, struct day ended) {
	const Dossier *dossier = counting->dossier;

	count(counting, ended, how_it_ended(dossier, rounds), 1);
	if (dossier->status != DOSSIER__STATUS__PROCESSED &&
	    dossier->status != DOSSIER__STATUS__HANDED_OVER)
		return;
	count(counting, ended, CELL_WITH_RESULT, 1);
	if (dossier->result_digitised)
		count(counting, ended, CELL_DIGITISED, 1);
	if (dossier->fee == 0)
		return;
	count(counting, ended, CELL_FEE_BEARING, 1);
	if (dossier->payment == DOSSIER__PAYMENT__NATIONAL_GATEWAY ||
	    dossier->payment == DOSSIER__PAYMENT__LOCAL_GATEWAY)
		count(counting, ended, CELL_PAID_ONLINE, 1);
}

void dossier_measure(struct store_txn *txn, const ProtobufCMessage *record, const char *origin,
    struct contributions *contributions) {
	const Dossier *dossier = (const Dossier *)record;
	struct counting counting = { contributions, dossier };
	struct day intake = stamp_day(dossier->accepted);
	struct day ended = stamp_day(dossier->ended);
	struct rounds rounds = { .count = 0 };
	struct day stop = { INT32_MAX };

	(void)origin;
	if (dossier->status == DOSSIER__STATUS__REFUSED && !day_is_none(stamp_day(dossier->refused)))
		count(&counting, stamp_day(dossier->refused), CELL_REFUSED, 1);
	if (!counts(dossier))
		return;
	register_visit(txn, &supplement_rounds_register, dossier->code, txn->arena, add_round, &rounds);
	count(&counting, intake,
	    dossier->channel == DOSSIER__CHANNEL__ONLINE ? CELL_ONLINE : CELL_DIRECT, 1);
	if (dossier->recorded_provincial)
		count(&counting, intake, CELL_RECORDED, 1);
	count(&counting, intake, CELL_OPEN, 1);
	if (!day_is_none(ended)) {
		stop = ended;
		count(&counting, ended, CELL_OPEN, -1);
		count_end(&counting, &rounds, ended);
	}
	count_open_late(&counting, &rounds, intake, stop);
}

static bool must_have_intake(Dossier__Status status) {
	return status != DOSSIER__STATUS__REGISTERED && status != DOSSIER__STATUS__REFUSED &&
	       status != DOSSIER__STATUS__WITHDRAWN;
}

static bool must_have_end(Dossier__Status status) {
	return status == DOSSIER__STATUS__PROCESSED || status == DOSSIER__STATUS__HANDED_OVER;
}

static void check_order(struct check *check, const Dossier *dossier) {
	char ended[24];

	snprintf(ended, sizeof(ended), "%llu", (unsigned long long)dossier->ended);
	if (must_have_intake(dossier->status) && !dossier->accepted)
		check_fault(check, FAULT__REASON__MISSING_INTAKE, "accepted", "", NULL);
	else if (dossier->ended && !dossier->accepted && dossier->status != DOSSIER__STATUS__WITHDRAWN)
		check_fault(check, FAULT__REASON__END_WITHOUT_INTAKE, "ended", ended, NULL);
	if (must_have_end(dossier->status) && !dossier->ended)
		check_fault(check, FAULT__REASON__MISSING_END, "ended", "", NULL);
	if (dossier->status == DOSSIER__STATUS__REFUSED && !dossier->refused)
		check_fault(check, FAULT__REASON__MISSING_REFUSAL, "refused", "", NULL);
	if (dossier->ended && dossier->accepted && dossier->ended < dossier->accepted)
		check_fault(check, FAULT__REASON__END_BEFORE_INTAKE, "ended", ended, NULL);
}

/* While this node has no catalogue yet, a code of the national form d.dddddd is taken on trust. */
static bool looks_like_procedure(const char *code) {
	const char *dot = strchr(code, '.');

	return dot && dot != code && strspn(code, "0123456789") == (size_t)(dot - code) &&
	       strspn(dot + 1, "0123456789") >= 6;
}

static void check_procedure(struct check *check, const char *code) {
	struct store_txn *txn = check->txn;

	check_text(check, "procedure", code, CHECK_CODE_MAX, CHECK_REQUIRED);
	if (*code && !register_has(txn, &procedures_register, code) &&
	    !(register_is_empty(txn, &procedures_register) && looks_like_procedure(code)))
		check_fault(check, FAULT__REASON__UNKNOWN_PROCEDURE, "procedure", code, NULL);
}

void dossier_check(struct check *check, const ProtobufCMessage *record) {
	const Dossier *dossier = (const Dossier *)record;

	check_text(check, "code", dossier->code, CHECK_CODE_MAX, CHECK_REQUIRED);
	check_procedure(check, dossier->procedure);
	check_unit(check, "unit", dossier->unit);
	check_text(check, "applicant", dossier->applicant, CHECK_NAME_MAX, CHECK_OPTIONAL);
	check_choice(check, "channel", dossier->channel, &dossier__channel__descriptor, CHECK_OPTIONAL);
	check_choice(check, "status", dossier->status, &dossier__status__descriptor, CHECK_REQUIRED);
	check_choice(check, "payment", dossier->payment, &dossier__payment__descriptor, CHECK_OPTIONAL);
	check_stamp(check, "submitted", dossier->submitted, CHECK_OPTIONAL);
	check_stamp(check, "accepted", dossier->accepted, CHECK_OPTIONAL);
	check_stamp(check, "due", dossier->due, CHECK_OPTIONAL);
	check_stamp(check, "ended", dossier->ended, CHECK_OPTIONAL);
	check_stamp(check, "handed_over", dossier->handed_over, CHECK_OPTIONAL);
	check_stamp(check, "refused", dossier->refused, CHECK_OPTIONAL);
	check_stamp(check, "recorded_provincial", dossier->recorded_provincial, CHECK_OPTIONAL);
	check_order(check, dossier);
}

static void check_dossier(struct check *check, const char *code) {
	if (!*code)
		check_fault(check, FAULT__REASON__MISSING, "dossier", "", NULL);
	else if (!register_has(check->txn, &dossiers_register, code))
		check_fault(check, FAULT__REASON__UNKNOWN_DOSSIER, "dossier", code, NULL);
}

struct round_counting {
	const SupplementRound *round;
	size_t others;
};

static int count_other_rounds(void *context, ProtobufCMessage *record, const char *origin) {
	struct round_counting *counting = context;

	(void)origin;
	if (((const SupplementRound *)record)->requested != counting->round->requested)
		counting->others++;
	return 0;
}

static void check_round_count(struct check *check, const SupplementRound *round) {
	struct round_counting counting = { round, 0 };
	char most[24];

	register_visit(check->txn, &supplement_rounds_register, round->dossier, check->faults->arena,
	    count_other_rounds, &counting);
	snprintf(most, sizeof(most), "%d", DOSSIER_ROUNDS_MAX);
	if (counting.others >= DOSSIER_ROUNDS_MAX)
		check_fault(check, FAULT__REASON__OUT_OF_RANGE, "dossier", round->dossier, most);
}

void supplement_round_check(struct check *check, const ProtobufCMessage *record) {
	const SupplementRound *round = (const SupplementRound *)record;

	check_dossier(check, round->dossier);
	check_stamp(check, "requested", round->requested, CHECK_REQUIRED);
	check_stamp(check, "answered", round->answered, CHECK_OPTIONAL);
	check_stamp(check, "due_before", round->due_before, CHECK_OPTIONAL);
	check_stamp(check, "due_after", round->due_after, CHECK_OPTIONAL);
	check_round_count(check, round);
	if (round->answered && round->answered < round->requested) {
		char answered[24];

		snprintf(answered, sizeof(answered), "%llu", (unsigned long long)round->answered);
		check_fault(check, FAULT__REASON__ANSWERED_BEFORE_ASKED, "answered", answered, NULL);
	}
}

void correction_check(struct check *check, const ProtobufCMessage *record) {
	const Correction *correction = (const Correction *)record;

	check_dossier(check, correction->dossier);
	check_stamp(check, "handed_over", correction->handed_over, CHECK_REQUIRED);
	check_text(check, "reason", correction->reason, CHECK_TEXT_MAX, CHECK_REQUIRED);
	check_text(check, "approver", correction->approver, CHECK_NAME_MAX, CHECK_REQUIRED);
}

/* "Thạch Mỹ Vinh" -> "T. M. V." */
static void hide_applicant(Dossier *dossier, struct arena *arena) {
	const char *name = dossier->applicant;
	char *masked = arena_alloc(arena, 2 * strlen(name) + 4);
	size_t length = 0;

	if (!masked) {
		dossier->applicant = (char *)(uintptr_t)protobuf_c_empty_string;
		return;
	}
	while (*name) {
		size_t word = strcspn(name, " ");
		size_t letter = word ? 1 : 0;

		while (letter && letter < word && ((unsigned char)name[letter] & 0xc0) == 0x80)
			letter++;
		if (letter) {
			if (length)
				masked[length++] = ' ';
			memcpy(masked + length, name, letter);
			length += letter;
			masked[length++] = '.';
		}
		name += word;
		name += strspn(name, " ");
	}
	dossier->applicant = masked;
}

/* A due date that was given later is not what made the dossier late on that day. */
static uint64_t due_shown(const Dossier *dossier, const struct rounds *rounds, struct day last) {
	struct day ended = stamp_day(dossier->ended);

	return !day_is_none(ended) && ended.number <= last.number ? final_due(dossier, rounds)
	                                                          : due_on(dossier, rounds, last);
}

void dossier_show(struct store_txn *txn, ProtobufCMessage *record, struct day last) {
	Dossier *dossier = (Dossier *)record;
	struct rounds rounds = { .count = 0 };

	register_visit(txn, &supplement_rounds_register, dossier->code, txn->arena, add_round, &rounds);
	dossier->due = due_shown(dossier, &rounds, last);
	hide_applicant(dossier, txn->arena);
}
