/* SPDX-License-Identifier: MIT */
#include "tests/bench/store/invented.h"

#include <stdio.h>

enum {
	LATE_PERMILLE = 10,
	ON_TIME_PERMILLE = 100,
	NEVER_ENDED_PERMILLE = 2,
	REFUSED_PERMILLE = 10,
	REGISTERED_PERMILLE = 3,
	WITHDRAWN_PERMILLE = 5,
};

static const char *const families[] = { "Nguyễn", "Trần", "Lê", "Phạm", "Huỳnh", "Thạch", "Sơn",
	"Kim", "Đặng", "Lâm", "Võ", "Trương", "Dương", "Lý", "Ngô", "Châu" };
static const char *const middles[] = { "Thị Bích", "Văn", "Hữu", "Mỹ", "Hoàng", "Thị Kim", "Minh",
	"Quốc", "Thanh", "Ngọc", "Thị Hồng", "Đức" };
static const char *const givens[] = { "Vinh", "Lan", "Hạnh", "Bình", "Nhung", "Châu", "Yến",
	"Phương Thảo", "Khôi", "Tuấn", "Dung", "Trang", "Hải", "Sang", "Đạt", "Ngân" };
static const char *const hamlets[] = { "Bình Du A", "Phước Hòa B", "An Trung", "Lê Minh Châu",
	"Nguyễn Công Minh", "Sáu Thử", "Chợ", "Vàm Hồ" };
static const char *const communes[] = { "Cù Lao Dung", "An Thạnh 1", "An Thạnh Tây",
	"An Thạnh Đông", "Đại Ân 1", "An Thạnh 2", "An Thạnh 3", "An Thạnh Nam", "An Thạnh" };
static const char *const fields[INVENTED_FIELDS] = { "Đất đai", "Hộ tịch", "Chứng thực",
	"Đăng ký kinh doanh", "Xây dựng", "Bảo trợ xã hội", "Người có công", "Giáo dục" };

#define PICK(list, random) (list)[(random) % (sizeof(list) / sizeof((list)[0]))]

/* splitmix64: numbers next to each other become numbers that have nothing to do with each other. */
static uint64_t mix(uint64_t number) {
	number += 0x9e3779b97f4a7c15u;
	number = (number ^ (number >> 30)) * 0xbf58476d1ce4e5b9u;
	number = (number ^ (number >> 27)) * 0x94d049bb133111ebu;
	return number ^ (number >> 31);
}

/* One after the other out of one source. */
static uint32_t draw(uint64_t *source, uint32_t below) {
	*source = mix(*source);
	return (uint32_t)(*source >> 32) % below;
}

static uint64_t stamp_at(struct day day, uint32_t seconds) {
	int year;
	int month;
	int day_of_month;

	day_split(day, &year, &month, &day_of_month);
	return (uint64_t)(year * 10000 + month * 100 + day_of_month) * 1000000u +
	       seconds / 3600 * 10000u + seconds / 60 % 60 * 100u + seconds % 60;
}

static struct day history_begin(void) {
	return day_of(2019, 12, 15);
}

static struct day history_end(void) {
	return day_of(2024, 12, 14);
}

void invented_quarter(struct day *ret_first, struct day *ret_last) {
	*ret_first = day_of(2024, 9, 15);
	*ret_last = history_end();
}

static struct day intake_of(uint64_t number, uint64_t history, uint64_t *source) {
	uint64_t days = (uint64_t)(history_end().number - history_begin().number) + 1;
	uint64_t a_quarter = history / INVENTED_QUARTERS ? history / INVENTED_QUARTERS : 1;
	uint64_t quarter = number / a_quarter;
	uint64_t first = quarter * days / INVENTED_QUARTERS;
	uint64_t stop = (quarter + 1) * days / INVENTED_QUARTERS;

	return day_plus(history_begin(), (int)(first + draw(source, (uint32_t)(stop - first))));
}

static void procedure_code(unsigned number, char *ret_code, size_t size) {
	snprintf(ret_code, size, "%u.%06u.000.00.00.H51", 1 + number % 2, 4000 + number * 37);
}

static void name_it(
    uint64_t number, struct day intake, uint64_t *source, struct invented *invented) {
	uint32_t unit = draw(source, INVENTED_UNITS);

	if (unit == 0)
		snprintf(invented->unit, sizeof(invented->unit), INVENTED_NODE);
	else
		snprintf(invented->unit, sizeof(invented->unit), INVENTED_NODE ".%u", 60 + unit);
	snprintf(invented->code, sizeof(invented->code), "%s-%06llu-%06llu", invented->unit,
	    (unsigned long long)(stamp_at(intake, 0) / 1000000 % 1000000),
	    (unsigned long long)(number % 1000000));
	procedure_code(
	    draw(source, INVENTED_PROCEDURES), invented->procedure, sizeof(invented->procedure));
	snprintf(invented->applicant, sizeof(invented->applicant),
	    "%s %s %s, ấp %s, xã %s, huyện Cù Lao Dung", PICK(families, draw(source, 997)),
	    PICK(middles, draw(source, 997)), PICK(givens, draw(source, 997)),
	    PICK(hamlets, draw(source, 997)), communes[unit]);
	invented->dossier.code = invented->code;
	invented->dossier.unit = invented->unit;
	invented->dossier.procedure = invented->procedure;
	invented->dossier.applicant = invented->applicant;
}

static void end_it(struct day intake, uint32_t days_given, uint64_t *source, Dossier *dossier) {
	uint32_t how = draw(source, 1000);
	uint32_t hour = 8 * 3600 + draw(source, 9 * 3600);
	uint32_t days = draw(source, days_given);
	struct day ended;

	if (how < LATE_PERMILLE)
		days = days_given + 1 + draw(source, 5);
	else if (how < LATE_PERMILLE + ON_TIME_PERMILLE)
		days = days_given;
	if (days == 0) /* the same day, but after the intake */
		hour = 17 * 3600 + draw(source, 3600);
	ended = day_plus(intake, (int)days);
	dossier->ended = stamp_at(ended, hour);
	if (draw(source, 1000) < WITHDRAWN_PERMILLE) {
		dossier->status = DOSSIER__STATUS__WITHDRAWN;
		return;
	}
	dossier->status = DOSSIER__STATUS__HANDED_OVER;
	dossier->handed_over = stamp_at(day_plus(ended, (int)draw(source, 2)), 18 * 3600 - 1);
	if (dossier->handed_over < dossier->ended)
		dossier->handed_over = dossier->ended;
	dossier->result_digitised = draw(source, 2) == 1;
	if (dossier->fee)
		dossier->payment =
		    draw(source, 10) < 6 ? DOSSIER__PAYMENT__NATIONAL_GATEWAY : DOSSIER__PAYMENT__OFFLINE;
}

/* Refused or only registered. Return: whether it is one of these. */
static int turn_away(struct day intake, uint64_t *source, Dossier *dossier) {
	uint32_t how = draw(source, 1000);

	if (how >= REFUSED_PERMILLE + REGISTERED_PERMILLE)
		return 0;
	dossier->accepted = 0;
	dossier->status = DOSSIER__STATUS__REGISTERED;
	if (how < REFUSED_PERMILLE) {
		dossier->status = DOSSIER__STATUS__REFUSED;
		dossier->refused = stamp_at(intake, 17 * 3600);
	}
	return 1;
}

void invent_dossier(uint64_t number, uint64_t history, struct invented *ret_invented) {
	static const uint64_t fees[] = { 20000, 50000, 150000 };
	Dossier *dossier = &ret_invented->dossier;
	uint64_t source = mix(number);
	struct day intake = intake_of(number, history, &source);
	uint32_t hour = 7 * 3600 + draw(&source, 9 * 3600);
	uint32_t days_given = 2 + draw(&source, 14);
	uint32_t channel = draw(&source, 100);

	dossier__init(dossier);
	name_it(number, intake, &source, ret_invented);
	dossier->channel = channel < 62   ? DOSSIER__CHANNEL__ONLINE
	                   : channel < 87 ? DOSSIER__CHANNEL__DIRECT
	                                  : DOSSIER__CHANNEL__POSTAL;
	dossier->submitted = stamp_at(intake, hour - draw(&source, 3600));
	dossier->accepted = stamp_at(intake, hour);
	dossier->due = stamp_at(day_plus(intake, (int)days_given), 17 * 3600);
	dossier->status = DOSSIER__STATUS__PROCESSING;
	if (draw(&source, 100) < 57)
		dossier->fee = PICK(fees, draw(&source, 997));
	if (draw(&source, 100) < 86)
		dossier->recorded_provincial = stamp_at(intake, hour + 900);
	if (turn_away(intake, &source, dossier) || draw(&source, 1000) < NEVER_ENDED_PERMILLE)
		return;
	if (number >= history || intake.number + (int32_t)days_given + 6 <= history_end().number)
		end_it(intake, days_given, &source, dossier);
}

void invent_procedure(unsigned number, struct invented_procedure *ret_invented) {
	Procedure *procedure = &ret_invented->procedure;

	procedure__init(procedure);
	procedure_code(number, ret_invented->code, sizeof(ret_invented->code));
	snprintf(ret_invented->name, sizeof(ret_invented->name), "Thủ tục số %u", number + 1);
	procedure->code = ret_invented->code;
	procedure->name = ret_invented->name;
	procedure->field = (char *)(uintptr_t)fields[number % INVENTED_FIELDS];
	procedure->level = number % 2 ? LEVEL__LEVEL_COMMUNE : LEVEL__LEVEL_DISTRICT;
	procedure->published_day = 20191201;
}
