/* SPDX-License-Identifier: MIT */
#include "tests/unit/store/lives.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/calendar/period.h"
#include "tests/unit/store/desk.h"

const char *const lives_units[LIVES_UNITS] = { "H51.15.61", "H51.15.62", "H51.15.63" };

static const char *const codes[LIVES_PROCEDURES] = { "1.000001", "1.000002", "1.000003", "1.000004",
	"2.000005", "2.000006", "2.000007", "9.999999" };
static const char *const fields[] = { "Đất đai", "Hộ tịch", "Chứng thực", "Xây dựng" };

static int32_t first_day(void) {
	return day_of(2023, 6, 1).number;
}

static int32_t last_day(void) {
	return day_of(2025, 6, 30).number;
}

struct lives *lives_new(struct chance *chance, const char *prefix) {
	struct lives *lives = calloc(1, sizeof(*lives));

	assert_non_null(lives);
	lives->chance = chance;
	lives->prefix = prefix;
	for (size_t i = 0; i < LIVES_PROCEDURES; i++) {
		procedure__init(&lives->procedures[i]);
		lives->procedures[i].code = text_of(codes[i]);
		lives->procedures[i].name = text_of("Thủ tục");
		lives->procedures[i].field = text_of(fields[i % LENGTH_OF(fields)]);
	}
	return lives;
}

void lives_freep(struct lives **lives) {
	free(*lives);
	*lives = NULL;
}

struct figure_window lives_window(struct chance *chance) {
	struct day day = { chance_between(chance, first_day() - 60, last_day() + 60) };
	struct figure_window window = { .first = day, .last = day, .year = 2024 };

	switch (chance_below(chance, 6)) {
	case 0: statutory_month_window(statutory_month_of(day), &window.first, &window.last); break;
	case 1: statutory_year_window(statutory_year_of(day), &window.first, &window.last); break;
	case 2: window.last = day_plus(day, chance_between(chance, 0, 6)); break;
	case 3: window.last = day_plus(day, chance_between(chance, 300, 800)); break;
	default: window.last = day_plus(day, chance_between(chance, 0, 150)); break;
	}
	/* Beside the borders of months and years. */
	if (chance_of(chance, 30) && window.last.number - window.first.number > 2) {
		window.first = day_plus(window.first, chance_between(chance, -1, 1));
		window.last = day_plus(window.last, chance_between(chance, -1, 1));
	}
	return window;
}

/* A moment after `stamp`, within so many days. */
static uint64_t later(struct lives *lives, uint64_t stamp, int32_t days) {
	int32_t day = stamp_day(stamp).number + chance_between(lives->chance, 0, days);
	uint64_t moment = chance_stamp(lives->chance, day);

	return moment > stamp ? moment : chance_stamp(lives->chance, day + 1);
}

static uint64_t last_moment(const struct life *life) {
	uint64_t last = life->record.accepted;

	for (size_t i = 0; i < life->round_count; i++) {
		last = life->rounds[i].requested > last ? life->rounds[i].requested : last;
		last = life->rounds[i].answered > last ? life->rounds[i].answered : last;
	}
	return last;
}

static SupplementRound *open_round(struct life *life) {
	for (size_t i = 0; i < life->round_count; i++)
		if (!life->rounds[i].answered)
			return &life->rounds[i];
	return NULL;
}

static void ask(struct lives *lives, struct life *life) {
	SupplementRound *round = &life->rounds[life->round_count];

	if (life->round_count == LIVES_ROUNDS_MAX || life->record.ended || !life->record.accepted)
		return;
	if (open_round(life)) {
		if (!chance_of(lives->chance, 25))
			return;
		life->overlaps = true;
	}
	supplement_round__init(round);
	round->dossier = life->code;
	round->requested = later(lives, last_moment(life), 12);
	round->due_before = life->record.due;
	life->round_count++;
}

static void answer(struct lives *lives, struct life *life) {
	SupplementRound *round = open_round(life);

	if (!round)
		return;
	round->answered = later(lives, last_moment(life), 20);
	/* When rounds overlap, the rules do not say whose new due date holds. */
	if (life->record.ended || life->overlaps || chance_of(lives->chance, 20))
		return;
	round->due_after = chance_stamp(
	    lives->chance, stamp_day(round->answered).number + chance_between(lives->chance, -3, 30));
	life->record.due = round->due_after;
}

static void take_back_answer(struct life *life) {
	SupplementRound *round;

	if (life->round_count == 0 || life->overlaps || life->record.ended)
		return;
	round = &life->rounds[life->round_count - 1];
	if (round->due_after)
		life->record.due = round->due_before;
	round->answered = 0;
	round->due_after = 0;
}

static void end(struct lives *lives, struct life *life) {
	if (!life->record.accepted || life->record.status == DOSSIER__STATUS__REFUSED)
		return;
	life->record.ended = later(lives, last_moment(life), 25);
	life->record.status = (Dossier__Status)chance_between(
	    lives->chance, DOSSIER__STATUS__WITHDRAWN, DOSSIER__STATUS__HANDED_OVER);
}

static void go_on(struct life *life) {
	if (!life->record.accepted)
		return;
	life->record.ended = 0;
	life->record.status = DOSSIER__STATUS__PROCESSING;
}

static void take_in(struct lives *lives, struct life *life) {
	int32_t day = chance_between(lives->chance, first_day(), last_day());

	life->record.accepted = chance_stamp(lives->chance, day);
	life->record.submitted = life->record.accepted;
	life->record.due = 0;
	if (chance_of(lives->chance, 92))
		life->record.due = chance_stamp(lives->chance, day + chance_between(lives->chance, -2, 40));
	go_on(life);
}

static void turn_away(struct lives *lives, struct life *life) {
	uint64_t from = life->record.accepted ? life->record.accepted : life->record.submitted;

	life->record.status = DOSSIER__STATUS__REFUSED;
	life->record.refused = later(lives, from, 5);
	if (chance_of(lives->chance, 50))
		life->record.accepted = life->record.ended = 0;
	if (chance_of(lives->chance, 20)) {
		life->record.status = DOSSIER__STATUS__WITHDRAWN;
		life->record.refused = 0;
	}
}

static void change_details(struct lives *lives, struct life *life) {
	struct chance *chance = lives->chance;

	life->record.unit = text_of(lives_units[chance_below(chance, LIVES_UNITS)]);
	life->record.procedure = text_of(codes[chance_below(chance, LIVES_PROCEDURES)]);
	life->record.channel = (Dossier__Channel)chance_below(chance, 4);
	life->record.payment = (Dossier__Payment)chance_below(chance, 4);
	life->record.fee = chance_of(chance, 50) ? 50000 : 0;
	life->record.result_digitised = chance_of(chance, 50);
	life->record.recorded_provincial =
	    chance_of(chance, 70) ? later(lives, life->record.submitted, 3) : 0;
}

static struct life *begin(struct lives *lives) {
	struct life *life = &lives->items[lives->count];

	dossier__init(&life->record);
	snprintf(life->code, sizeof(life->code), "%s-%04zu", lives->prefix, lives->count);
	life->record.code = life->code;
	if (!lives->nameless)
		life->record.applicant = text_of("Thạch Mỹ Vinh");
	take_in(lives, life);
	change_details(lives, life);
	lives->count++;
	return life;
}

static void live(struct lives *lives, struct life *life) {
	switch (chance_below(lives->chance, 16)) {
	case 0:
	case 1:
	case 2: ask(lives, life); break;
	case 3:
	case 4:
	case 5: answer(lives, life); break;
	case 6:
	case 7:
	case 8: end(lives, life); break;
	case 9: go_on(life); break;
	case 10: take_back_answer(life); break;
	case 11: change_details(lives, life); break;
	case 12: turn_away(lives, life); break;
	case 13:
		if (life->round_count == 0)
			take_in(lives, life);
		break;
	case 14: life->record.status = DOSSIER__STATUS__REGISTERED; break;
	default:
		if (!life->record.ended && life->record.accepted)
			life->record.status = DOSSIER__STATUS__STOPPED; /* a pause */
		break;
	}
}

static void put(
    struct store_txn *txn, const struct register_type *type, const ProtobufCMessage *record) {
	const char *owner = NULL;
	int r = register_write(txn, type, record, "tester", &owner);

	assert_true(r == REGISTER_ADDED || r == REGISTER_CHANGED || r == REGISTER_UNCHANGED);
}

static void write_life(struct lives *lives, struct life *life, struct store_txn *txn) {
	bool rounds_first = life->written && chance_of(lives->chance, 50);

	if (!rounds_first)
		put(txn, &dossiers_register, &life->record.base);
	for (size_t i = 0; i < life->round_count; i++)
		put(txn, &supplement_rounds_register, &life->rounds[i].base);
	if (rounds_first)
		put(txn, &dossiers_register, &life->record.base);
	life->written = true;
}

static void publish_one(struct lives *lives, struct store_txn *txn) {
	size_t i = chance_below(lives->chance, LIVES_PROCEDURES - 1);
	Procedure *procedure = &lives->procedures[i];

	procedure->field = text_of(fields[chance_below(lives->chance, LENGTH_OF(fields))]);
	procedure->level = (Level)chance_between(lives->chance, 1, 2);
	procedure->published_day = chance_of(lives->chance, 60) ? 20240102 : 0;
	lives->published[i] = true;
	put(txn, &procedures_register, &procedure->base);
}

static void hear(struct lives *lives, struct store_txn *txn) {
	size_t i = chance_below(lives->chance, LIVES_FEEDBACK_MAX);
	Feedback *feedback = &lives->feedback[i];

	feedback__init(feedback);
	feedback->code = lives->feedback_codes[i];
	snprintf(feedback->code, sizeof(lives->feedback_codes[i]), "%s-F%zu", lives->prefix, i);
	feedback->kind = (Feedback__Kind)chance_between(lives->chance, 1, 3);
	feedback->received =
	    chance_stamp(lives->chance, chance_between(lives->chance, first_day(), last_day()));
	lives->heard[i] = true;
	put(txn, &feedback_register, &feedback->base);
}

void lives_step(struct lives *lives, struct store_txn *txn) {
	struct life *life;

	if (chance_of(lives->chance, 8)) {
		publish_one(lives, txn);
		return;
	}
	if (chance_of(lives->chance, 8)) {
		hear(lives, txn);
		return;
	}
	if (lives->count == 0 || (lives->count < LIVES_MAX && chance_of(lives->chance, 45))) {
		life = begin(lives);
		for (uint32_t i = chance_below(lives->chance, 5); i > 0; i--)
			live(lives, life);
	} else {
		life = &lives->items[chance_below(lives->chance, (uint32_t)lives->count)];
		live(lives, life);
	}
	write_life(lives, life, txn);
}

const char *lives_field(const struct lives *lives, const struct life *life) {
	for (size_t i = 0; i < LIVES_PROCEDURES; i++)
		if (lives->published[i] && strcmp(lives->procedures[i].code, life->record.procedure) == 0)
			return lives->procedures[i].field;
	return "";
}
