/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

#include "services/documents/documents.h"

enum { PATTERNS_MAX = 100 };

/* Letter case and Unicode form apart, the same text; on the heap. Null when it is no text. */
static char *fold(const char *text) {
	utf8proc_uint8_t *folded = NULL;

	if (utf8proc_map((const utf8proc_uint8_t *)text, 0, &folded,
	        UTF8PROC_NULLTERM | UTF8PROC_STABLE | UTF8PROC_COMPOSE | UTF8PROC_CASEFOLD) < 0)
		return NULL;
	return (char *)folded;
}

static void freep(char **text) {
	free(*text);
}

struct matching {
	const DocumentPattern *pattern;
	const char *words; /* folded */
	Document *found;   /* the earliest so far */
};

static int match(void *context, ProtobufCMessage *record, const char *origin) {
	struct matching *matching = context;
	const DocumentPattern *pattern = matching->pattern;
	Document *document = (Document *)record;
	AUTO(freep) char *subject = NULL;

	(void)origin;
	if (document->direction != DOCUMENT__DIRECTION__OUTGOING ||
	    strcmp(document->unit, pattern->unit) != 0 || document->issued_day < pattern->first_day ||
	    document->issued_day > pattern->last_day ||
	    (matching->found && matching->found->issued_day <= document->issued_day))
		return 0;
	subject = fold(document->subject);
	if (subject && strstr(subject, matching->words))
		matching->found = document;
	return 0;
}

static int find_one(
    struct service_call *call, const DocumentPattern *pattern, FoundDocument *result) {
	AUTO(freep) char *words = fold(pattern->subject);
	struct matching matching = { .pattern = pattern, .words = words };
	int r;

	if (!words)
		return failed_here(-ENOMEM);
	r = register_visit_field(
	    call->txn, &documents_register, pattern->type, call->arena, match, &matching);
	result->document = matching.found;
	return r < 0 ? failed_below(r) : 0;
}

static int find_documents(
    struct service_call *call, const ProtobufCMessage *request, ProtobufCMessage *reply) {
	const FindDocumentsRequest *asked = (const FindDocumentsRequest *)request;
	FindDocumentsReply *result = (FindDocumentsReply *)reply;
	int r = 0;

	if (asked->n_patterns > PATTERNS_MAX)
		return service_refuse(
		    call, RPC_INVALID_ARGUMENT, FAULT__REASON__TOO_LARGE, "patterns", "100");
	result->found = arena_alloc(call->arena, (asked->n_patterns + 1) * sizeof(FoundDocument *));
	if (!result->found)
		return failed_here(-ENOMEM);
	for (size_t i = 0; i < asked->n_patterns && r == 0; i++) {
		FoundDocument *found = arena_alloc(call->arena, sizeof(*found));

		if (!found)
			return failed_here(-ENOMEM);
		found_document__init(found);
		result->found[result->n_found++] = found;
		r = find_one(call, asked->patterns[i], found);
	}
	return r < 0 ? failed_below(r) : 0;
}

static const struct service_method methods[] = {
	{ "Documents/RecordDocuments", service_record, &documents_register },
	{ "Documents/RecordLegalDocuments", service_record, &legal_documents_register },
	{ "Documents/RecordNews", service_record, &news_register },
	{ "Documents/FindDocuments", find_documents, NULL },
};

const struct service_plan documents_plan = {
	.name = "documents",
	.interfaces = { "Documents", "Figures", "Replica" },
	.schema = &documents_schema,
	.methods = methods,
	.method_count = LENGTH_OF(methods),
};
