/* SPDX-License-Identifier: MIT */
#include "tests/unit/reporting/seed_report.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/error.h"

struct seed_figure {
	const char *id;
	enum figure_kind kind;
	int64_t numerator; /* of counts and targets: the value */
	int64_t denominator;
};

static const struct seed_figure seed_figures[] = {
	{ "units.departments", FIGURE_COUNT, 11, 0 },
	{ "units.public_service", FIGURE_COUNT, 31, 0 },
	{ "units.communes", FIGURE_COUNT, 8, 0 },
	{ "units.public_service.regulated", FIGURE_COUNT, 31, 0 },
	{ "units.public_service.self_issued", FIGURE_COUNT, 1, 0 },
	{ "units.public_service.regulated_rate", FIGURE_RATE, 31, 31 },
	{ "iso.departments", FIGURE_COUNT, 11, 0 },
	{ "iso.communes", FIGURE_COUNT, 8, 0 },
	{ "finance.autonomy.agencies", FIGURE_COUNT, 11, 0 },
	{ "finance.autonomy.communes", FIGURE_COUNT, 8, 0 },
	{ "finance.autonomy.public_service", FIGURE_COUNT, 31, 0 },
	{ "procedures.district", FIGURE_COUNT, 266, 0 },
	{ "procedures.commune", FIGURE_COUNT, 123, 0 },
	{ "procedures.total", FIGURE_COUNT, 389, 0 },
	{ "procedures.published_rate", FIGURE_RATE, 389, 389 },
	{ "documents.district.outgoing", FIGURE_COUNT, 2328, 0 },
	{ "documents.district.electronic", FIGURE_COUNT, 1801, 0 },
	{ "documents.district.signed", FIGURE_COUNT, 1635, 0 },
	{ "documents.district.electronic_rate", FIGURE_RATE, 1801, 2328 },
	{ "documents.district.signed_rate", FIGURE_RATE, 1635, 2328 },
	{ "documents.commune.outgoing", FIGURE_COUNT, 803, 0 },
	{ "documents.commune.electronic", FIGURE_COUNT, 517, 0 },
	{ "documents.commune.signed", FIGURE_COUNT, 407, 0 },
	{ "documents.commune.electronic_rate", FIGURE_RATE, 517, 803 },
	{ "documents.commune.signed_rate", FIGURE_RATE, 407, 803 },
	{ "legal.issued", FIGURE_COUNT, 0, 0 },
	{ "legal.reviewed.in_force", FIGURE_COUNT, 14, 0 },
	{ "legal.reviewed.expired", FIGURE_COUNT, 18, 0 },
	{ "legal.reviewed.partly_expired", FIGURE_COUNT, 3, 0 },
	{ "staffing.quota.civil_servants", FIGURE_COUNT, 82, 0 },
	{ "staffing.quota.departments", FIGURE_COUNT, 11, 0 },
	{ "staffing.quota.public_employees", FIGURE_COUNT, 856, 0 },
	{ "staffing.quota.associations", FIGURE_COUNT, 4, 0 },
	{ "staffing.downsizing.planned", FIGURE_COUNT, 9, 0 },
	{ "staffing.downsizing.done", FIGURE_COUNT, 1, 0 },
	{ "staffing.downsizing.rate", FIGURE_RATE, 1, 9 },
	{ "staffing.training.planned", FIGURE_COUNT, 38, 0 },
	{ "staffing.training.done", FIGURE_COUNT, 0, 0 },
	{ "staffing.rotation.planned", FIGURE_COUNT, 16, 0 },
	{ "staffing.rotation.done", FIGURE_COUNT, 0, 0 },
	{ "staffing.discipline", FIGURE_COUNT, 0, 0 },
	{ "plan.targets.total", FIGURE_COUNT, 19, 0 },
	{ "plan.targets.done", FIGURE_COUNT, 7, 0 },
	{ "plan.targets.rate", FIGURE_RATE, 7, 19 },
	{ "inspections.decentralisation.communes", FIGURE_COUNT, 4, 0 },
	{ "news.published", FIGURE_COUNT, 2, 0 },
	{ "feedback.procedures", FIGURE_COUNT, 0, 0 },
	{ "feedback.attitude", FIGURE_COUNT, 0, 0 },
	{ "targets.digitisation.district", FIGURE_TARGET, 8000, 0 },
	{ "targets.digitisation.commune", FIGURE_TARGET, 7500, 0 },
	{ "targets.online_payment", FIGURE_TARGET, 3000, 0 },
	{ "dossiers.district.received", FIGURE_COUNT, 1334, 0 },
	{ "dossiers.district.online", FIGURE_COUNT, 1334, 0 },
	{ "dossiers.district.direct", FIGURE_COUNT, 0, 0 },
	{ "dossiers.district.carried", FIGURE_COUNT, 0, 0 },
	{ "dossiers.district.solved", FIGURE_COUNT, 1125, 0 },
	{ "dossiers.district.early", FIGURE_COUNT, 771, 0 },
	{ "dossiers.district.on_time", FIGURE_COUNT, 353, 0 },
	{ "dossiers.district.late", FIGURE_COUNT, 1, 0 },
	{ "dossiers.district.open", FIGURE_COUNT, 209, 0 },
	{ "dossiers.district.open_in_time", FIGURE_COUNT, 209, 0 },
	{ "dossiers.district.open_late", FIGURE_COUNT, 0, 0 },
	{ "dossiers.district.on_time_rate", FIGURE_RATE, 1124, 1125 },
	{ "dossiers.district.online_rate", FIGURE_RATE, 1334, 1334 },
	{ "dossiers.district.recorded_provincial", FIGURE_COUNT, 1334, 0 },
	{ "dossiers.district.recorded_provincial_rate", FIGURE_RATE, 1334, 1334 },
	{ "dossiers.district.digitised_rate", FIGURE_RATE, 0, 1125 },
	{ "dossiers.commune.received", FIGURE_COUNT, 4398, 0 },
	{ "dossiers.commune.online", FIGURE_COUNT, 2241, 0 },
	{ "dossiers.commune.direct", FIGURE_COUNT, 2157, 0 },
	{ "dossiers.commune.carried", FIGURE_COUNT, 0, 0 },
	{ "dossiers.commune.solved", FIGURE_COUNT, 4398, 0 },
	{ "dossiers.commune.early", FIGURE_COUNT, 2594, 0 },
	{ "dossiers.commune.on_time", FIGURE_COUNT, 1804, 0 },
	{ "dossiers.commune.late", FIGURE_COUNT, 0, 0 },
	{ "dossiers.commune.open", FIGURE_COUNT, 0, 0 },
	{ "dossiers.commune.open_in_time", FIGURE_COUNT, 0, 0 },
	{ "dossiers.commune.open_late", FIGURE_COUNT, 0, 0 },
	{ "dossiers.commune.on_time_rate", FIGURE_RATE, 4398, 4398 },
	{ "dossiers.commune.online_rate", FIGURE_RATE, 2241, 4398 },
	{ "dossiers.commune.recorded_provincial", FIGURE_COUNT, 3708, 0 },
	{ "dossiers.commune.recorded_provincial_rate", FIGURE_RATE, 3708, 4398 },
	{ "dossiers.commune.digitised_rate", FIGURE_RATE, 0, 4398 },
	{ "dossiers.online_payment_rate", FIGURE_RATE, 0, 812 },
	{ "dossiers.refused", FIGURE_COUNT, 0, 0 },
};

_Static_assert(LENGTH_OF(seed_figures) == SEED_FIGURES, "one for each row");

static const struct {
	const char *code;
	const char *name;
} seed_nodes[SEED_NODES] = {
	{ "H51.15", "Ủy ban nhân dân huyện Cù Lao Dung" },
	{ "H51.15.61", "Ủy ban nhân dân thị trấn Cù Lao Dung" },
	{ "H51.15.62", "Ủy ban nhân dân xã An Thạnh 1" },
	{ "H51.15.63", "Ủy ban nhân dân xã An Thạnh Tây" },
	{ "H51.15.64", "Ủy ban nhân dân xã An Thạnh Đông" },
	{ "H51.15.65", "Ủy ban nhân dân xã Đại Ân 1" },
	{ "H51.15.66", "Ủy ban nhân dân xã An Thạnh 2" },
	{ "H51.15.67", "Ủy ban nhân dân xã An Thạnh 3" },
	{ "H51.15.68", "Ủy ban nhân dân xã An Thạnh Nam" },
};

static const char *const seed_fields[SEED_FIELDS] = {
	"Bảo trợ xã hội",
	"Chứng thực",
	"Giáo dục đào tạo thuộc hệ thống giáo dục quốc dân và các cơ sở giáo dục khác",
	"Hộ tịch",
	"Môi trường",
	"Thủy sản",
	"Y tế",
	"Đăng ký kinh doanh",
	"Đất đai",
	"",
};

static const struct report_citation seed_citations[SEED_CITATIONS] = {
	{ "plan.reform", true, "04/KH-UBND", { 19734 } },
	{ "plan.inspection", true, "31/KH-UBND", { 19779 } },
	{ "plan.procedures", true, "6/KH-UBND", { 19739 } },
	{ "plan.procedure_review", true, "08/KH-UBND", { 19739 } },
	{ "plan.downsizing", true, "12/KH-UBND", { 19744 } },
	{ "plan.training", true, "35/KH-UBND", { 19782 } },
	{ "plan.rotation", true, "37/KH-UBND", { 19787 } },
	{ "plan.communication", true, "32/KH-UBND", { 19779 } },
	{ "decision.legal_review", true, "423/QĐ-UBND", { 19781 } },
};

struct report_figure *seed_find(struct seed *seed, const char *id) {
	for (size_t i = 0; i < seed->report.figure_count; i++) {
		if (strcmp(seed->figures[i].id, id) == 0)
			return &seed->figures[i];
	}
	fprintf(stderr, "no figure %s\n", id);
	abort();
}

void seed_set_count(struct seed *seed, const char *id, int64_t value) {
	struct report_figure *figure = seed_find(seed, id);

	figure->value = figure->numerator = value;
}

void seed_set_rate(struct seed *seed, const char *id, int64_t numerator, int64_t denominator) {
	struct report_figure *figure = seed_find(seed, id);

	figure->numerator = numerator;
	figure->denominator = denominator;
	figure->none = denominator == 0;
	figure->value = denominator == 0 ? 0 : (numerator * 20000 + denominator) / (2 * denominator);
}

void seed_set_target(struct seed *seed, const char *id, int64_t hundredths) {
	struct report_figure *figure = seed_find(seed, id);

	figure->value = hundredths;
	figure->none = hundredths < 0;
}

static void seed_set(struct seed *seed, const struct seed_figure *row) {
	if (row->kind == FIGURE_COUNT)
		seed_set_count(seed, row->id, row->numerator);
	else if (row->kind == FIGURE_RATE)
		seed_set_rate(seed, row->id, row->numerator, row->denominator);
	else
		seed_set_target(seed, row->id, row->numerator);
}

static void seed_fill_form(struct seed *seed) {
	size_t count = 0;

	for (size_t node = 0; node < SEED_NODES; node++) {
		for (size_t field = 0; field < SEED_FIELDS; field++) {
			struct form_row *row = &seed->form[count++];
			int64_t online = (int64_t)(node * 7 + field * 13 + 20);

			*row = (struct form_row) {
				.node = seed_nodes[node].code,
				.node_name = seed_nodes[node].name,
				.commune = node > 0,
				.field = seed_fields[field],
			};
			row->columns[FORM_ONLINE] = online;
			row->columns[FORM_DIRECT] = node > 0 ? 31 : 0;
			row->columns[FORM_CARRIED] = (int64_t)field % 3;
			row->columns[FORM_RECEIVED] =
			    online + row->columns[FORM_DIRECT] + row->columns[FORM_CARRIED];
			row->columns[FORM_LATE] = node == 0 && field == 6;
			row->columns[FORM_OPEN] = row->columns[FORM_OPEN_IN_TIME] = (int64_t)field;
			row->columns[FORM_SOLVED] = row->columns[FORM_RECEIVED] - row->columns[FORM_OPEN];
			row->columns[FORM_ON_TIME] = row->columns[FORM_SOLVED] / 3;
			row->columns[FORM_EARLY] =
			    row->columns[FORM_SOLVED] - row->columns[FORM_ON_TIME] - row->columns[FORM_LATE];
		}
	}
	seed->report.form = seed->form;
	seed->report.form_count = count;
}

static void seed_fill_coverage(struct seed *seed) {
	static const char *const services[] = { "dossiers", "staffing", "documents", "reporting" };
	size_t count = 0;

	for (size_t i = 0; i < SEED_NODES + LENGTH_OF(services) - 1; i++) {
		size_t node = i < LENGTH_OF(services) ? 0 : i - LENGTH_OF(services) + 1;

		seed->coverage[count++] = (struct report_coverage) {
			.service = services[i < LENGTH_OF(services) ? i : 0],
			.origin = seed_nodes[node].code,
			.origin_name = seed_nodes[node].name,
			.as_of_ms = UINT64_C(1710407100000), /* 14/03/2024 16:05 in Vietnam */
			.sequence = 1000 + i,
		};
	}
	seed->report.coverage = seed->coverage;
	seed->report.coverage_count = count;
}

void seed_init(struct seed *seed) {
	*seed = (struct seed) { .report = { .figure_count = LENGTH_OF(seed_figures) } };
	period_parse("2024-Q1", PERIOD_STATUTORY, &seed->report.period);
	seed->report.as_of = seed->report.period.last;
	seed->report.node = seed_nodes[0].code;
	seed->report.node_name = seed_nodes[0].name;
	seed->report.place = "Cù Lao Dung";
	seed->report.figures = seed->figures;
	for (size_t i = 0; i < LENGTH_OF(seed_figures); i++) {
		seed->figures[i] = (struct report_figure) {
			.id = seed_figures[i].id,
			.name = "Số liệu <thử>",
			.kind = seed_figures[i].kind,
		};
	}
	for (size_t i = 0; i < LENGTH_OF(seed_figures); i++)
		seed_set(seed, &seed_figures[i]);
	seed->late[0] = (struct report_dossier) {
		.code = "H51.15-231227-0001",
		.node = seed_nodes[0].code,
		.due = day_of(2024, 1, 11),
		.ended = day_of(2024, 1, 12),
		.correction = "đã trả kết quả đúng hẹn; công chức một cửa kết thúc trễ trên phần mềm",
	};
	seed->report.late[0] = (struct report_dossiers) { seed->late, 1 };
	memcpy(seed->citations, seed_citations, sizeof(seed_citations));
	seed->report.citations = seed->citations;
	seed->report.citation_count = SEED_CITATIONS;
	seed_fill_form(seed);
	seed_fill_coverage(seed);
}

void seed_empty(struct seed *seed) {
	for (size_t i = 0; i < LENGTH_OF(seed_figures); i++) {
		struct seed_figure row = seed_figures[i];

		row.numerator = row.kind == FIGURE_TARGET ? -1 : 0;
		row.denominator = 0;
		seed_set(seed, &row);
	}
	seed->report.late[0].count = 0;
	seed->report.form_count = 0;
	seed->report.coverage_count = 0;
	seed->report.citation_count = 0;
}
