/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

#include "common/base/message.h"
#include "services/documents/documents.h"

#define DOCUMENT_CAP ((size_t)1 << 20)

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

/* All patterns over the documents of one type, so that each document is looked at once. */
struct search {
	const FindDocumentsRequest *asked;
	FindDocumentsReply *reply;
	char *words[PATTERNS_MAX]; /* of each pattern, folded */
	struct arena *arena;       /* of the reply */
	struct arena document;     /* of the one that is looked at */
};

static void search_deinit(struct search *search) {
	for (size_t i = 0; i < PATTERNS_MAX; i++)
		free(search->words[i]);
	arena_deinit(&search->document);
}

/* Whether the document fits but for its words, and is earlier than what was found. */
static bool is_candidate(
    const Document *document, const DocumentPattern *pattern, const FoundDocument *found) {
	return strcmp(document->type, pattern->type) == 0 &&
	       document->direction == DOCUMENT__DIRECTION__OUTGOING &&
	       strcmp(document->unit, pattern->unit) == 0 &&
	       document->issued_day >= pattern->first_day &&
	       document->issued_day <= pattern->last_day &&
	       (!found->document || document->issued_day < found->document->issued_day);
}

static int keep(struct search *search, const Document *document, FoundDocument *found) {
	uint8_t *bytes;
	size_t size;
	int r = message_pack(&document->base, search->arena, &bytes, &size);

	if (r < 0)
		return failed_below(r);
	found->document = document__unpack(&search->arena->allocator, size, bytes);
	return found->document ? 0 : failed_here(-ENOMEM);
}

static int match(void *context, ProtobufCMessage *record, const char *origin) {
	struct search *search = context;
	const Document *document = (const Document *)record;
	AUTO(freep) char *subject = NULL;
	int r = 0;

	(void)origin;
	for (size_t i = 0; r == 0 && i < search->asked->n_patterns; i++) {
		FoundDocument *found = search->reply->found[i];

		if (!is_candidate(document, search->asked->patterns[i], found))
			continue;
		if (!subject)
			subject = fold(document->subject);
		if (subject && strstr(subject, search->words[i]))
			r = keep(search, document, found);
	}
	arena_reset(&search->document);
	return r;
}

/* Whether an earlier pattern had documents of this type looked at. */
static bool is_searched(const FindDocumentsRequest *asked, size_t pattern) {
	for (size_t i = 0; i < pattern; i++)
		if (strcmp(asked->patterns[i]->type, asked->patterns[pattern]->type) == 0)
			return true;
	return false;
}

static int search_all(struct service_call *call, struct search *search) {
	const FindDocumentsRequest *asked = search->asked;
	int r = 0;

	for (size_t i = 0; i < asked->n_patterns; i++) {
		FoundDocument *found = arena_alloc(call->arena, sizeof(*found));

		search->words[i] = fold(asked->patterns[i]->subject);
		if (!found || !search->words[i])
			return failed_here(-ENOMEM);
		found_document__init(found);
		search->reply->found[search->reply->n_found++] = found;
	}
	for (size_t i = 0; i < asked->n_patterns && r == 0; i++)
		if (!is_searched(asked, i))
			r = register_visit_field(call->txn, &documents_register, asked->patterns[i]->type,
			    &search->document, match, search);
	return r < 0 ? failed_below(r) : 0;
}

static int find_documents(
    struct service_call *call, const ProtobufCMessage *request, ProtobufCMessage *reply) {
	AUTO(search_deinit)
	struct search search = {
		.asked = (const FindDocumentsRequest *)request,
		.reply = (FindDocumentsReply *)reply,
		.arena = call->arena,
	};

	arena_init(&search.document, DOCUMENT_CAP);
	if (search.asked->n_patterns > PATTERNS_MAX)
		return service_refuse(
		    call, RPC_INVALID_ARGUMENT, FAULT__REASON__TOO_LARGE, "patterns", "100");
	search.reply->found =
	    arena_alloc(call->arena, (search.asked->n_patterns + 1) * sizeof(FoundDocument *));
	if (!search.reply->found)
		return failed_here(-ENOMEM);
	return search_all(call, &search);
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
