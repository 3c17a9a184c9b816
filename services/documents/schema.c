/* SPDX-License-Identifier: MIT */
/* Registers and measures of this service, in one place. */
#include "common/units/units.h"
#include "services/documents/documents.h"

enum { CELL_OUTGOING, CELL_ELECTRONIC, CELL_SIGNED, CELL_INCOMING };

static const struct measure document_measure_list[] = {
	{ "outgoing", MEASURE_FLOW, CELL_OUTGOING, 0 },
	{ "electronic", MEASURE_FLOW, CELL_ELECTRONIC, 0 },
	{ "signed", MEASURE_FLOW, CELL_SIGNED, 0 },
	{ "incoming", MEASURE_FLOW, CELL_INCOMING, 0 },
};

static const struct measure_rule document_rules[] = {
	{ "signed <= electronic", MEASURE_NOT_NEGATIVE, { [CELL_ELECTRONIC] = 1, [CELL_SIGNED] = -1 } },
	{ "electronic <= outgoing", MEASURE_NOT_NEGATIVE,
	    { [CELL_OUTGOING] = 1, [CELL_ELECTRONIC] = -1 } },
};

static const struct measure_table documents_measures = {
	.name = "documents",
	.number = 1,
	.measures = document_measure_list,
	.count = LENGTH_OF(document_measure_list),
	.rules = document_rules,
	.rule_count = LENGTH_OF(document_rules),
};

enum { CELL_ISSUED, CELL_REVIEWED };

static const struct measure legal_measure_list[] = {
	{ "issued", MEASURE_FLOW, CELL_ISSUED, 0 },
	{ "reviewed", MEASURE_FLOW, CELL_REVIEWED, 0 },
};

static const char *const validities[] = { "", "in_force", "expired", "suspended", "partly_expired",
	NULL };

static const struct measure_table legal_measures = {
	.name = "legal_documents",
	.number = 2,
	.measures = legal_measure_list,
	.count = LENGTH_OF(legal_measure_list),
	.categories = validities,
};

static const struct measure news_measure_list[] = {
	{ "published", MEASURE_FLOW, 0, 0 },
};

static const struct measure_table news_measures = {
	.name = "news",
	.number = 3,
	.measures = news_measure_list,
	.count = LENGTH_OF(news_measure_list),
};

static void document_measure(struct store_txn *txn, const ProtobufCMessage *record,
    const char *origin, struct contributions *contributions) {
	const Document *document = (const Document *)record;
	struct contribution item = {
		.day = day_of_decimal(document->issued_day),
		.cell = CELL_OUTGOING,
		.amount = 1,
		.unit = document->unit,
		.category = "",
	};

	(void)txn;
	(void)origin;
	if (day_is_none(item.day))
		return;
	if (document->direction == DOCUMENT__DIRECTION__INCOMING) {
		item.cell = CELL_INCOMING;
		contribute(contributions, item);
		return;
	}
	contribute(contributions, item);
	item.cell = CELL_ELECTRONIC;
	if (document->electronic)
		contribute(contributions, item);
	item.cell = CELL_SIGNED;
	if (document->digitally_signed)
		contribute(contributions, item);
}

static void document_check(struct check *check, const ProtobufCMessage *record) {
	const Document *document = (const Document *)record;

	check_text(check, "number", document->number, CHECK_CODE_MAX, CHECK_REQUIRED);
	check_text(check, "symbol", document->symbol, CHECK_NAME_MAX, CHECK_OPTIONAL);
	check_day(check, "issued_day", document->issued_day, CHECK_REQUIRED);
	check_text(check, "type", document->type, CHECK_CODE_MAX, CHECK_OPTIONAL);
	check_text(check, "subject", document->subject, CHECK_TEXT_MAX, CHECK_OPTIONAL);
	check_unit(check, "unit", document->unit);
	check_choice(
	    check, "direction", document->direction, &document__direction__descriptor, CHECK_REQUIRED);
	if (document->digitally_signed && !document->electronic)
		check_fault(check, FAULT__REASON__SIGNED_NOT_ELECTRONIC, "digitally_signed", "1", NULL);
}

static void legal_measure(struct store_txn *txn, const ProtobufCMessage *record, const char *origin,
    struct contributions *contributions) {
	const LegalDocument *document = (const LegalDocument *)record;
	struct contribution item = {
		.day = day_of_decimal(document->issued_day),
		.cell = CELL_ISSUED,
		.amount = 1,
		.unit = origin,
		.category = (size_t)document->validity < LENGTH_OF(validities)
		                ? validities[document->validity]
		                : "",
	};

	(void)txn;
	if (!day_is_none(item.day))
		contribute(contributions, item);
	item.day = day_of_decimal(document->announced_day);
	item.cell = CELL_REVIEWED;
	if (!day_is_none(item.day))
		contribute(contributions, item);
}

static void legal_check(struct check *check, const ProtobufCMessage *record) {
	const LegalDocument *document = (const LegalDocument *)record;

	check_text(check, "code", document->code, CHECK_NAME_MAX, CHECK_REQUIRED);
	check_day(check, "issued_day", document->issued_day, CHECK_REQUIRED);
	check_text(check, "issuer", document->issuer, CHECK_NAME_MAX, CHECK_OPTIONAL);
	check_text(check, "subject", document->subject, CHECK_TEXT_MAX, CHECK_OPTIONAL);
	check_day(check, "effective_day", document->effective_day, CHECK_OPTIONAL);
	check_choice(check, "validity", document->validity, &legal_document__validity__descriptor,
	    CHECK_OPTIONAL);
	check_text(check, "review_period", document->review_period, CHECK_NAME_MAX, CHECK_OPTIONAL);
	check_text(check, "announcing_decision", document->announcing_decision, CHECK_NAME_MAX,
	    CHECK_OPTIONAL);
	check_day(check, "announced_day", document->announced_day, CHECK_OPTIONAL);
}

static void news_measure(struct store_txn *txn, const ProtobufCMessage *record, const char *origin,
    struct contributions *contributions) {
	const NewsItem *item = (const NewsItem *)record;
	struct day day = day_of_decimal(item->published_day);

	(void)txn;
	if (day_is_none(day))
		return;
	contribute(contributions, (struct contribution) {
	                              .day = day,
	                              .amount = 1,
	                              .unit = origin,
	                              .category = item->category,
	                          });
}

static void news_check(struct check *check, const ProtobufCMessage *record) {
	const NewsItem *item = (const NewsItem *)record;

	check_day(check, "published_day", item->published_day, CHECK_REQUIRED);
	check_text(check, "title", item->title, CHECK_TEXT_MAX, CHECK_REQUIRED);
	check_text(check, "category", item->category, CHECK_NAME_MAX / 2, CHECK_OPTIONAL);
	check_text(check, "link", item->link, CHECK_TEXT_MAX, CHECK_OPTIONAL);
}

const struct register_type documents_register = {
	.name = "documents",
	.type = RECORD_TYPE__RECORD_DOCUMENT,
	.stream = STREAM__STREAM_RECORDS,
	.record = &document__descriptor,
	/* Numbers begin anew each year in each register; the day keeps the years apart. */
	.code_fields = { "unit", "direction", "number", "symbol", "issued_day" },
	.index_field = "type",
	.check = document_check,
	.measure = document_measure,
	.table = &documents_measures,
};

const struct register_type legal_documents_register = {
	.name = "legal_documents",
	.type = RECORD_TYPE__RECORD_LEGAL_DOCUMENT,
	.stream = STREAM__STREAM_RECORDS,
	.record = &legal_document__descriptor,
	.code_fields = { "code", "issuer" },
	.check = legal_check,
	.measure = legal_measure,
	.table = &legal_measures,
};

const struct register_type news_register = {
	.name = "news",
	.type = RECORD_TYPE__RECORD_NEWS,
	.stream = STREAM__STREAM_RECORDS,
	.record = &news_item__descriptor,
	.code_fields = { "published_day", "title", "link" },
	.check = news_check,
	.measure = news_measure,
	.table = &news_measures,
};

static const struct register_type *const registers[] = {
	&units_followed,
	&documents_register,
	&legal_documents_register,
	&news_register,
};

static const struct measure_table *const tables[] = {
	&documents_measures,
	&legal_measures,
	&news_measures,
};

const struct schema documents_schema = {
	.registers = registers,
	.register_count = LENGTH_OF(registers),
	.tables = tables,
	.table_count = LENGTH_OF(tables),
};
