/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "common/base/file.h"
#include "common/base/log.h"
#include "common/units/units.h"
#include "services/reporting/evaluate.h"
#include "services/reporting/face.h"
#include "services/reporting/face_json.h"
#include "services/reporting/reporting.h"

#define OUTLINE_MAX (1u << 20)

/* The office's files, kept while they do not change. The worker's own. */
static struct {
	struct catalogue *catalogue;
	struct timespec changed;
} office;

struct targets {
	ListResolutionTargetsReply *reply;
	struct arena *arena;
	uint32_t day;
	size_t capacity;
};

/* Of one indicator and level the newest document up to the day holds. */
static int add_target(void *context, ProtobufCMessage *record, const char *origin) {
	struct targets *targets = context;
	ResolutionTarget *target = (ResolutionTarget *)record;
	ListResolutionTargetsReply *reply = targets->reply;

	(void)origin;
	if (target->document_day > targets->day)
		return 0;
	for (size_t i = 0; i < reply->n_targets; i++) {
		ResolutionTarget **held = &reply->targets[i];

		if (strcmp((*held)->indicator, target->indicator) != 0 ||
		    strcmp((*held)->level, target->level) != 0)
			continue;
		if (target->document_day > (*held)->document_day)
			*held = target;
		return 0;
	}
	if (reply->n_targets < targets->capacity)
		reply->targets[reply->n_targets++] = target;
	return 0;
}

static int list_targets(
    struct service_call *call, const ProtobufCMessage *request, ProtobufCMessage *reply) {
	struct targets targets = {
		.reply = (ListResolutionTargetsReply *)reply,
		.arena = call->arena,
		.day = ((const ListResolutionTargetsRequest *)request)->day,
		.capacity = register_count(call->txn, &resolution_targets_register),
	};
	int r;

	targets.reply->targets =
	    arena_alloc(call->arena, (targets.capacity + 1) * sizeof(ResolutionTarget *));
	if (!targets.reply->targets)
		return failed_here(-ENOMEM);
	r = register_visit(
	    call->txn, &resolution_targets_register, NULL, call->arena, add_target, &targets);
	return r < 0 ? failed_below(r) : 0;
}

struct unit_list {
	ListUnitsReply *reply;
	struct arena *arena;
	size_t capacity;
};

static int add_unit(void *context, ProtobufCMessage *record, const char *origin) {
	struct unit_list *list = context;
	Unit *unit = (Unit *)record;
	UnitEntry *entry = arena_alloc(list->arena, sizeof(*entry));

	(void)origin;
	if (!entry)
		return failed_here(-ENOMEM);
	unit_entry__init(entry);
	entry->code = unit->code;
	entry->name = unit->name;
	entry->parent = unit->parent;
	entry->kind = (uint32_t)unit->kind;
	if (list->reply->n_units < list->capacity)
		list->reply->units[list->reply->n_units++] = entry;
	return 0;
}

/* Keys are padded codes, so the visit's order is the codes' order. */
static int list_units(
    struct service_call *call, const ProtobufCMessage *request, ProtobufCMessage *reply) {
	struct unit_list list = {
		.reply = (ListUnitsReply *)reply,
		.arena = call->arena,
		.capacity = register_count(call->txn, &units_followed),
	};
	int r;

	(void)request;
	list.reply->units = arena_alloc(call->arena, (list.capacity + 1) * sizeof(UnitEntry *));
	if (!list.reply->units)
		return failed_here(-ENOMEM);
	r = register_visit(call->txn, &units_followed, NULL, call->arena, add_unit, &list);
	return r < 0 ? failed_below(r) : 0;
}

/* The catalogue as the office has it now. Return: 0, the status of a file with a mistake, or a
 * negative errno. */
static int office_catalogue(struct service_call *call, const struct catalogue **ret_catalogue) {
	AUTO(heap_freep) char *path = node_path(service_node(call->service), "report/figures.yaml");
	struct catalogue *fresh;
	char fault[CATALOGUE_FAULT_SIZE];
	struct stat status;
	int r;

	if (!path)
		return failed_here(-ENOMEM);
	if (stat(path, &status) < 0)
		return service_refuse(call, RPC_FAILED_PRECONDITION, FAULT__REASON__DATA_FILE,
		    "report/figures.yaml", strerror(errno));
	if (!office.catalogue || office.changed.tv_sec != status.st_mtim.tv_sec ||
	    office.changed.tv_nsec != status.st_mtim.tv_nsec) {
		r = catalogue_load(path, &fresh, fault);
		if (r == CATALOGUE_BAD)
			return service_refuse(call, RPC_FAILED_PRECONDITION, FAULT__REASON__DATA_FILE,
			    "report/figures.yaml", fault);
		if (r < 0)
			return failed_below(r);
		catalogue_freep(&office.catalogue);
		office.catalogue = fresh;
		office.changed = status.st_mtim;
	}
	*ret_catalogue = office.catalogue;
	return 0;
}

static int refuse_outline(struct service_call *call, const struct template_fault *fault) {
	const char *text = arena_format(call->arena, "%u:%u %s%s%s", fault->line, fault->column,
	    fault->name, *fault->nearest ? " ~ " : "", fault->nearest);

	return service_refuse(call, RPC_FAILED_PRECONDITION, FAULT__REASON__DATA_FILE,
	    "report/outline.txt", text ? text : "");
}

static int make_face(struct service_call *call, const struct report *report,
    MakeReportRequest__Format format, struct text *body) {
	AUTO(heap_freep) char *path = node_path(service_node(call->service), "report/outline.txt");
	AUTO(heap_freep) char *outline = NULL;
	struct template_fault fault;
	size_t size;
	int r;

	if (format != MAKE_REPORT_REQUEST__FORMAT__TEXT && format != MAKE_REPORT_REQUEST__FORMAT__HTML)
		return face_json(report, body);
	r = path ? file_read(path, OUTLINE_MAX, &outline, &size) : -ENOMEM;
	if (r < 0)
		return service_refuse(call, RPC_FAILED_PRECONDITION, FAULT__REASON__DATA_FILE,
		    "report/outline.txt", strerror(-r));
	r = format == MAKE_REPORT_REQUEST__FORMAT__TEXT
	        ? face_text(report, outline, size, body, &fault)
	        : face_html(report, outline, size, body, &fault);
	return r > 0 ? refuse_outline(call, &fault) : r;
}

static int make_report(
    struct service_call *call, const ProtobufCMessage *request, ProtobufCMessage *reply) {
	const MakeReportRequest *asked = (const MakeReportRequest *)request;
	MakeReportReply *result = (MakeReportReply *)reply;
	AUTO(text_deinit) struct text body = TEXT_NULL;
	const struct catalogue *catalogue;
	struct report report;
	struct scope scope;
	int r = scope_read(call, asked->scope, &scope);

	if (r == 0)
		r = office_catalogue(call, &catalogue);
	if (r == 0)
		r = report_evaluate(call, &scope, catalogue, &report);
	if (r == 0)
		r = make_face(call, &report, asked->format, &body);
	if (r)
		return r;
	result->body.len = body.length;
	result->body.data = arena_copy(call->arena, text_get(&body), body.length);
	return result->body.data ? 0 : failed_here(-ENOMEM);
}

static int open_figure(
    struct service_call *call, const ProtobufCMessage *request, ProtobufCMessage *reply) {
	const OpenFigureRequest *asked = (const OpenFigureRequest *)request;
	const struct catalogue *catalogue;
	const struct figure *figure;
	struct scope scope;
	int r = scope_read(call, asked->scope, &scope);

	if (r == 0)
		r = office_catalogue(call, &catalogue);
	if (r)
		return r;
	figure = catalogue_find(catalogue, asked->figure);
	if (!figure)
		return service_refuse(
		    call, RPC_NOT_FOUND, FAULT__REASON__UNKNOWN_FIGURE, "figure", asked->figure);
	return report_open(call, &scope, catalogue, figure, asked->after, (OpenFigureReply *)reply);
}

static void stop(struct service *service) {
	(void)service;
	catalogue_freep(&office.catalogue);
}

static const struct service_method methods[] = {
	{ "Reporting/RecordPlanTargets", service_record, &plan_targets_register },
	{ "Reporting/RecordResolutionTargets", service_record, &resolution_targets_register },
	{ "Reporting/RecordInspections", service_record, &inspections_register },
	{ "Reporting/ListResolutionTargets", list_targets, NULL },
	{ "Reporting/ListUnits", list_units, NULL },
	{ "Reporting/MakeReport", make_report, NULL },
	{ "Reporting/OpenFigure", open_figure, NULL },
};

const struct service_plan reporting_plan = {
	.name = "reporting",
	.interfaces = { "Reporting", "Figures", "Replica" },
	.schema = &reporting_schema,
	.methods = methods,
	.method_count = LENGTH_OF(methods),
	.stop = stop,
};
