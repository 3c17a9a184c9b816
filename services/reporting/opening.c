/* SPDX-License-Identifier: MIT */
#include "services/reporting/opening.h"

#include <stdlib.h>
#include <string.h>

#include "cchc/dossiers.pb-c.h"
#include "services/reporting/counts.h"

enum { PARTS_MAX = 32, MINUS_MAX = 20000 };

/* Figures made of other figures open as their parts, one after the other. */
struct parts {
	const struct figure *items[PARTS_MAX];
	size_t count;
};

static void add_parts(
    const struct catalogue *catalogue, const struct texts *ids, struct parts *parts);

static void add_part(
    const struct catalogue *catalogue, const struct figure *figure, struct parts *parts) {
	if (figure->of.count)
		add_parts(catalogue, &figure->of, parts);
	else if (figure->numerator.count)
		add_parts(catalogue, &figure->numerator, parts);
	else if (figure->measures.count && parts->count < PARTS_MAX)
		parts->items[parts->count++] = figure;
}

/* Ends: a figure's parts stand above it in the catalogue. */
static void add_parts(
    const struct catalogue *catalogue, const struct texts *ids, struct parts *parts) {
	for (unsigned i = 0; i < ids->count; i++)
		add_part(catalogue, catalogue_find(catalogue, ids->items[i]), parts);
}

static int open_page(struct service_call *call, const struct scope *scope,
    const struct figure *figure, ProtobufCBinaryData after, const OpenReply **ret_page) {
	Window window = scope->window;
	OpenRequest request = OPEN_REQUEST__INIT;
	const ProtobufCMessage *reply;
	int r;

	request.window = &window;
	request.table = figure->table;
	request.measures = figure->measures.items;
	request.n_measures = figure->measures.count;
	request.after = after;
	r = service_ask(call, figure->service, "Figures/Open", &request.base, &reply);
	if (r == 0)
		*ret_page = (const OpenReply *)reply;
	return r;
}

/* Codes of the records that a figure takes off. */
struct codes {
	const char **items;
	size_t count;
};

static int gather_codes(struct service_call *call, const struct scope *scope,
    const struct tree *tree, const struct figure *figure, struct codes *codes) {
	ProtobufCBinaryData after = { 0, NULL };

	do {
		const OpenReply *page;
		int r = open_page(call, scope, figure, after, &page);

		if (r)
			return r;
		for (size_t i = 0; i < page->n_records && codes->count < MINUS_MAX; i++)
			if (figure_takes(figure, tree, page->records[i]->unit, page->records[i]->category))
				codes->items[codes->count++] = page->records[i]->code;
		after = page->next;
	} while (after.len && codes->count < MINUS_MAX);
	return 0;
}

static bool has_code(const struct codes *codes, const char *code) {
	for (size_t i = 0; i < codes->count; i++)
		if (strcmp(codes->items[i], code) == 0)
			return true;
	return false;
}

static int gather_minus(struct service_call *call, const struct scope *scope,
    const struct catalogue *catalogue, const struct tree *tree, const struct figure *figure,
    struct codes *codes) {
	struct parts parts = { .count = 0 };
	int r = 0;

	if (!figure->minus.count)
		return 0;
	codes->items = arena_alloc(call->arena, MINUS_MAX * sizeof(*codes->items));
	if (!codes->items)
		return failed_here(-ENOMEM);
	add_parts(catalogue, &figure->minus, &parts);
	for (size_t i = 0; i < parts.count && r == 0; i++)
		r = gather_codes(call, scope, tree, parts.items[i], codes);
	return r;
}

static bool unit_is_there(const OpenFigureReply *result, const char *unit) {
	for (size_t i = 0; i < result->n_records; i++)
		if (strcmp(result->records[i]->unit, unit) == 0)
			return true;
	return false;
}

/* The place to go on from: which part, and where in it. */
static int set_next(
    struct arena *arena, size_t part, ProtobufCBinaryData next, OpenFigureReply *result) {
	uint8_t *bytes = arena_alloc(arena, next.len + 1);

	if (!bytes)
		return failed_here(-ENOMEM);
	bytes[0] = (uint8_t)part;
	if (next.len)
		memcpy(bytes + 1, next.data, next.len);
	result->next = (ProtobufCBinaryData) { next.len + 1, bytes };
	return 0;
}

int report_open(struct service_call *call, const struct scope *scope,
    const struct catalogue *catalogue, const struct figure *figure, ProtobufCBinaryData after,
    OpenFigureReply *result) {
	size_t part = after.len ? after.data[0] : 0;
	ProtobufCBinaryData inner = { after.len ? after.len - 1 : 0,
		after.len ? after.data + 1 : NULL };
	struct parts parts = { .count = 0 };
	struct codes minus = { .count = 0 };
	const OpenReply *page;
	struct tree tree;
	int r = tree_fetch(call, &tree);

	add_part(catalogue, figure, &parts);
	if (r == 0 && part >= parts.count)
		return service_refuse(
		    call, RPC_INVALID_ARGUMENT, FAULT__REASON__NO_FIGURE_RECORDS, "figure", figure->id);
	if (r == 0)
		r = gather_minus(call, scope, catalogue, &tree, figure, &minus);
	if (r == 0)
		r = open_page(call, scope, parts.items[part], inner, &page);
	if (r)
		return r;
	result->records = arena_alloc(call->arena, (page->n_records + 1) * sizeof(OpenedRecord *));
	if (!result->records)
		return failed_here(-ENOMEM);
	for (size_t i = 0; i < page->n_records; i++) {
		OpenedRecord *record = page->records[i];

		if (!figure_takes(parts.items[part], &tree, record->unit, record->category) ||
		    has_code(&minus, record->code) ||
		    (figure->distinct_units && unit_is_there(result, record->unit)))
			continue;
		result->records[result->n_records++] = record;
	}
	if (page->next.len)
		return set_next(call->arena, part, page->next, result);
	if (part + 1 < parts.count)
		return set_next(call->arena, part + 1, (ProtobufCBinaryData) { 0, NULL }, result);
	return 0;
}

/* What really happened, as the latest correction says. */
static const char *correction_of(struct service_call *call, const OpenedRecord *record) {
	const char *reason = "";

	for (size_t i = 0; i < record->n_owned; i++) {
		const OwnedRecord *owned = record->owned[i];
		Correction *correction;

		if (owned->type != RECORD_TYPE__RECORD_CORRECTION)
			continue;
		correction =
		    correction__unpack(&call->arena->allocator, owned->record.len, owned->record.data);
		if (correction)
			reason = correction->reason;
	}
	return reason;
}

static int add_dossier(struct service_call *call, const struct tree *tree,
    const OpenedRecord *record, struct report_dossier *items, size_t *count) {
	Dossier *dossier =
	    dossier__unpack(&call->arena->allocator, record->record.len, record->record.data);

	if (!dossier)
		return failed_here(-ENOMEM);
	items[(*count)++] = (struct report_dossier) {
		.code = record->code,
		.node = tree_administration(tree, record->unit),
		.due = stamp_day(dossier->due),
		.ended = stamp_day(dossier->ended),
		.correction = correction_of(call, record),
	};
	return 0;
}

int late_dossiers(struct service_call *call, const struct scope *scope, const struct tree *tree,
    const char *measure, struct report_dossiers ret_levels[2]) {
	char *measures[] = { (char *)(uintptr_t)measure };
	const struct figure figure = {
		.service = (char *)(uintptr_t) "dossiers",
		.table = (char *)(uintptr_t) "dossiers",
		.measures = { measures, 1 },
	};
	struct report_dossier *items[2];
	size_t counts[2] = { 0, 0 };
	ProtobufCBinaryData after = { 0, NULL };

	for (size_t i = 0; i < 2; i++) {
		items[i] = arena_alloc(call->arena, LATE_DOSSIERS_MAX * sizeof(struct report_dossier));
		if (!items[i])
			return failed_here(-ENOMEM);
	}
	do {
		const OpenReply *page;
		int r = open_page(call, scope, &figure, after, &page);

		for (size_t i = 0; r == 0 && i < page->n_records; i++) {
			size_t level = tree_level(tree, page->records[i]->unit) == LEVEL_OF_COMMUNE ? 1 : 0;

			if (counts[level] < LATE_DOSSIERS_MAX)
				r = add_dossier(call, tree, page->records[i], items[level], &counts[level]);
		}
		if (r)
			return r;
		after = page->next;
	} while (after.len && counts[0] + counts[1] < LATE_DOSSIERS_MAX);
	for (size_t i = 0; i < 2; i++)
		ret_levels[i] = (struct report_dossiers) { items[i], counts[i] };
	return 0;
}
