/* SPDX-License-Identifier: MIT */
#include "services/reporting/evaluate.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/store/check.h"
#include "services/reporting/counts.h"
#include "services/reporting/coverage.h"
#include "services/reporting/opening.h"

int scope_read(struct service_call *call, const ReportScope *asked, struct scope *ret_scope) {
	struct scope scope;
	int year;

	if (!asked || period_parse(asked->period, asked->calendar ? PERIOD_CALENDAR : PERIOD_STATUTORY,
	                  &scope.period) != PERIOD_OK)
		return service_refuse(call, RPC_INVALID_ARGUMENT, FAULT__REASON__UNKNOWN_PERIOD, "period",
		    asked ? asked->period : "");
	scope.as_of = scope.period.last;
	if (asked->as_of_day) {
		struct day as_of = day_of_decimal(asked->as_of_day);

		if (day_is_none(as_of) || as_of.number < scope.period.first.number)
			return service_refuse(
			    call, RPC_INVALID_ARGUMENT, FAULT__REASON__OUT_OF_RANGE, "as_of_day", NULL);
		if (as_of.number < scope.as_of.number)
			scope.as_of = as_of;
	}
	year = scope.period.year;
	window__init(&scope.window);
	scope.window.first_day = day_to_decimal(scope.period.first);
	scope.window.last_day = day_to_decimal(scope.as_of);
	scope.window.year = (uint32_t)year;
	*ret_scope = scope;
	return 0;
}

enum {
	ASK_DOSSIERS,
	ASK_STAFFING,
	ASK_DOCUMENTS,
	ASK_REPORTING,
	ASK_UNITS,
	ASK_TARGETS,
	ASK_CITATIONS,
	ASK_REVIEW,
	ASK_COUNT,
};

static const char *const counted_services[] = { "dossiers", "staffing", "documents", "reporting" };

static int citation_patterns(struct service_call *call, const struct scope *scope,
    const struct catalogue *catalogue, FindDocumentsRequest *request) {
	struct day year_first;
	struct day year_last;

	statutory_year_window(scope->period.year, &year_first, &year_last);
	request->patterns =
	    arena_alloc(call->arena, (catalogue->citation_count + 1) * sizeof(DocumentPattern *));
	if (!request->patterns)
		return failed_here(-ENOMEM);
	for (unsigned i = 0; i < catalogue->citation_count; i++) {
		DocumentPattern *pattern = arena_alloc(call->arena, sizeof(*pattern));

		if (!pattern)
			return failed_here(-ENOMEM);
		document_pattern__init(pattern);
		pattern->unit = service_node(call->service)->settings.code;
		pattern->type = catalogue->citations[i].type;
		pattern->subject = catalogue->citations[i].subject;
		pattern->first_day = day_to_decimal(year_first);
		pattern->last_day = scope->window.last_day;
		request->patterns[request->n_patterns++] = pattern;
	}
	return 0;
}

static struct report_citation citation_of(
    struct service_call *call, const char *id, const Document *document) {
	struct report_citation citation = { .id = id, .day = DAY_NONE };

	if (!document)
		return citation;
	/* Nghị định 30/2020/NĐ-CP: numbers below 10 are written with a leading zero. */
	citation.number = arena_format(call->arena, "%s%s/%s", strlen(document->number) == 1 ? "0" : "",
	    document->number, document->symbol);
	citation.day = day_of_decimal(document->issued_day);
	citation.found = citation.number != NULL;
	return citation;
}

/* The decision that announced the legal review, from the first document it names. */
static struct report_citation review_citation(struct service_call *call, const OpenReply *opened) {
	struct report_citation citation = { .id = "decision.legal_review", .day = DAY_NONE };
	LegalDocument *document = NULL;

	if (opened->n_records)
		document = legal_document__unpack(&call->arena->allocator, opened->records[0]->record.len,
		    opened->records[0]->record.data);
	if (!document || !*document->announcing_decision)
		return citation;
	citation.number = document->announcing_decision;
	citation.day = day_of_decimal(document->announced_day);
	citation.found = true;
	return citation;
}

static int fill_citations(struct service_call *call, const struct catalogue *catalogue,
    const FindDocumentsReply *found, const OpenReply *review, struct report *report) {
	struct report_citation *citations =
	    arena_alloc(call->arena, (catalogue->citation_count + 1) * sizeof(*citations));

	if (!citations || found->n_found < catalogue->citation_count)
		return failed_here(citations ? -EBADMSG : -ENOMEM);
	for (unsigned i = 0; i < catalogue->citation_count; i++)
		citations[i] = citation_of(call, catalogue->citations[i].id, found->found[i]->document);
	citations[catalogue->citation_count] = review_citation(call, review);
	report->citations = citations;
	report->citation_count = catalogue->citation_count + 1;
	return 0;
}

/* "Ủy ban nhân dân huyện Cù Lao Dung" -> "Cù Lao Dung": what stands after the word for its kind. */
static const char *place_of(const char *name) {
	static const char *const kinds[] = { " thành phố ", " thị xã ", " thị trấn ", " huyện ",
		" quận ", " phường ", " đặc khu ", " xã ", " tỉnh " };

	for (size_t i = 0; i < LENGTH_OF(kinds); i++) {
		const char *found = strstr(name, kinds[i]);

		if (found)
			return found + strlen(kinds[i]);
	}
	return name;
}

static void fill_head(struct service_call *call, const struct scope *scope, const struct tree *tree,
    struct report *report) {
	const struct node_settings *settings = &service_node(call->service)->settings;

	report->period = scope->period;
	report->as_of = scope->as_of;
	report->node = settings->code;
	report->node_name = *settings->name ? settings->name : tree_name(tree, settings->code);
	report->place = *settings->place ? settings->place : place_of(report->node_name);
}

static int64_t figure_value(const struct report *report, const char *id) {
	const struct report_figure *figure = report_find(report, id);

	return figure ? figure->value : 0;
}

static int fill_late(struct service_call *call, const struct scope *scope, const struct tree *tree,
    struct report *report) {
	static const char *const levels[] = { "district", "commune" };
	int64_t late = 0;
	int64_t open_late = 0;
	int r = 0;

	for (size_t i = 0; i < LENGTH_OF(levels); i++) {
		late += figure_value(report, i ? "dossiers.commune.late" : "dossiers.district.late");
		open_late +=
		    figure_value(report, i ? "dossiers.commune.open_late" : "dossiers.district.open_late");
	}
	if (late)
		r = late_dossiers(call, scope, tree, "late", report->late);
	if (r == 0 && open_late)
		r = late_dossiers(call, scope, tree, "open_late", report->open_late);
	return r;
}

static int make(struct service_call *call, const struct scope *scope,
    const struct catalogue *catalogue, const struct service_question *answers,
    struct report *report) {
	const ListUnitsReply *units = (const ListUnitsReply *)answers[ASK_UNITS].reply;
	struct counts counts = {
		.call = call,
		.tree = { units->units, units->n_units },
		.catalogue = catalogue,
		.targets = (const ListResolutionTargetsReply *)answers[ASK_TARGETS].reply,
	};
	int r;

	for (size_t i = 0; i < COUNTED_SERVICES; i++) {
		counts.services[i] = counted_services[i];
		counts.evaluations[i] = (const Evaluation *)answers[i].reply;
	}
	fill_head(call, scope, &counts.tree, report);
	r = counts_figures(&counts, report);
	if (r == 0)
		r = counts_form(&counts, report);
	if (r == 0)
		r = fill_citations(call, catalogue,
		    (const FindDocumentsReply *)answers[ASK_CITATIONS].reply,
		    (const OpenReply *)answers[ASK_REVIEW].reply, report);
	if (r == 0)
		r = coverage_fill(&counts, scope, report);
	return r == 0 ? fill_late(call, scope, &counts.tree, report) : r;
}

int report_evaluate(struct service_call *call, const struct scope *scope,
    const struct catalogue *catalogue, struct report *ret_report) {
	Window window = scope->window;
	EvaluateRequest evaluate = EVALUATE_REQUEST__INIT;
	ListUnitsRequest units = LIST_UNITS_REQUEST__INIT;
	ListResolutionTargetsRequest targets = LIST_RESOLUTION_TARGETS_REQUEST__INIT;
	FindDocumentsRequest citations = FIND_DOCUMENTS_REQUEST__INIT;
	OpenRequest review = OPEN_REQUEST__INIT;
	char *reviewed[] = { (char *)(uintptr_t) "reviewed" };
	struct service_question questions[ASK_COUNT];
	struct report report = { .figures = NULL };
	int r = citation_patterns(call, scope, catalogue, &citations);

	evaluate.window = &window;
	targets.day = window.last_day;
	review.window = &window;
	review.table = (char *)(uintptr_t) "legal_documents";
	review.measures = reviewed;
	review.n_measures = 1;
	review.limit = 1;
	for (size_t i = 0; i < COUNTED_SERVICES; i++)
		questions[i] = (struct service_question) { counted_services[i], "Figures/Evaluate",
			&evaluate.base, NULL };
	questions[ASK_UNITS] =
	    (struct service_question) { "reporting", "Reporting/ListUnits", &units.base, NULL };
	questions[ASK_TARGETS] = (struct service_question) { "reporting",
		"Reporting/ListResolutionTargets", &targets.base, NULL };
	questions[ASK_CITATIONS] =
	    (struct service_question) { "documents", "Documents/FindDocuments", &citations.base, NULL };
	questions[ASK_REVIEW] =
	    (struct service_question) { "documents", "Figures/Open", &review.base, NULL };
	if (r == 0)
		r = service_ask_all(call, questions, ASK_COUNT);
	if (r == 0)
		r = make(call, scope, catalogue, questions, &report);
	if (r)
		return r < 0 ? failed_below(r) : r;
	*ret_report = report;
	return 0;
}

int tree_fetch(struct service_call *call, struct tree *ret_tree) {
	ListUnitsRequest request = LIST_UNITS_REQUEST__INIT;
	const ProtobufCMessage *reply;
	int r = service_ask(call, "reporting", "Reporting/ListUnits", &request.base, &reply);

	if (r)
		return r;
	ret_tree->units = ((const ListUnitsReply *)reply)->units;
	ret_tree->count = ((const ListUnitsReply *)reply)->n_units;
	return 0;
}
