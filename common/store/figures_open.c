/* SPDX-License-Identifier: MIT */
/* Figures as records: those that contribute to the opened measures. */
#include "common/store/figures.h"

#include <string.h>

#include "common/store/day_index.h"
#include "common/store/names.h"
#include "common/store/record.h"

#define PAGE_RECORDS    500
#define PAGE_CANDIDATES 20000 /* index entries looked at for one page */
#define PAGE_BYTES      (256u << 10)

static bool is_opened(const struct figure_opening *opening, const struct measure *measure) {
	for (size_t i = 0; i < opening->measure_count; i++)
		if (strcmp(opening->measures[i], measure->name) == 0)
			return true;
	return false;
}

/* What a record adds to the opened measures: the cells' sums, made from the record itself. */
static int64_t value_in_record(
    const struct figure_opening *opening, const struct contributions *contributions) {
	int64_t value = 0;

	for (size_t i = 0; i < opening->table->count; i++) {
		const struct measure *measure = &opening->table->measures[i];

		for (size_t j = 0; is_opened(opening, measure) && j < contributions->count; j++) {
			const struct contribution *item = &contributions->items[j];
			int32_t day = item->day.number; /* DAY_NONE is before every day */
			bool before = day < opening->window.first.number;
			bool after = day > opening->window.last.number;

			if (item->cell != measure->cell || after)
				continue;
			if ((measure->nature == MEASURE_FLOW && before) ||
			    (measure->nature == MEASURE_OPENING && !before) ||
			    (measure->nature == MEASURE_PLAN && item->year != opening->window.year))
				continue;
			value += item->amount;
		}
	}
	return value;
}

/* Days of one group of the day index in which records of the opened measures stand. */
struct range {
	int32_t from;
	int32_t to; /* before `from`: the group has none of them */
};

/* What happened in the window stands on its days; what stood stands on a later day, or still. */
static struct range range_of(const struct figure_opening *opening, uint8_t group) {
	struct range range = { DAY_INDEX_STANDING, INT32_MIN };

	for (size_t i = 0; i < opening->table->count; i++) {
		const struct measure *measure = &opening->table->measures[i];
		bool at_end = measure->nature == MEASURE_STOCK || measure->nature == MEASURE_PLAN;
		int32_t from = at_end ? opening->window.last.number + 1 : opening->window.first.number;
		int32_t to =
		    measure->nature == MEASURE_FLOW ? opening->window.last.number : DAY_INDEX_STANDING;

		if (measure->group != group || !is_opened(opening, measure))
			continue;
		range.from = from < range.from ? from : range.from;
		range.to = to > range.to ? to : range.to;
	}
	return range;
}

struct opening_walk {
	struct store_txn *txn;
	const struct schema *schema;
	const struct figure_opening *opening;
	const struct register_type *type;
	struct arena *arena;
	OpenReply *reply;
	size_t bytes;
};

static OwnedRecord *pack_owned(
    struct arena *arena, const struct register_type *type, const ProtobufCMessage *record) {
	OwnedRecord *owned = arena_alloc(arena, sizeof(*owned));

	if (!owned)
		return NULL;
	owned_record__init(owned);
	owned->type = type->type;
	owned->record.len = protobuf_c_message_get_packed_size(record);
	owned->record.data = arena_alloc_raw(arena, owned->record.len + 1);
	if (!owned->record.data)
		return NULL;
	protobuf_c_message_pack(record, owned->record.data);
	return owned;
}

#define OWNED_MAX 64 /* records shown with the one they hang on */

struct owned_gathering {
	const struct register_type *type;
	struct arena *arena;
	OpenedRecord *opened;
};

static int on_owned(void *context, ProtobufCMessage *record, const char *origin) {
	struct owned_gathering *gathering = context;
	OpenedRecord *opened = gathering->opened;

	(void)origin;
	if (opened->n_owned == OWNED_MAX)
		return 1;
	opened->owned[opened->n_owned] = pack_owned(gathering->arena, gathering->type, record);
	return opened->owned[opened->n_owned++] ? 0 : failed_here(-ENOMEM);
}

static int add_owned(struct opening_walk *walk, const char *code, OpenedRecord *opened) {
	opened->owned = arena_alloc(walk->arena, OWNED_MAX * sizeof(OwnedRecord *));
	if (!opened->owned)
		return failed_here(-ENOMEM);
	for (size_t i = 0; i < walk->schema->register_count; i++) {
		struct owned_gathering gathering = { walk->schema->registers[i], walk->arena, opened };
		int r = 0;

		if (gathering.type->owner == walk->type)
			r = register_visit(walk->txn, gathering.type, code, walk->arena, on_owned, &gathering);
		if (r < 0)
			return failed_below(r);
	}
	for (size_t i = 0; i < opened->n_owned; i++)
		walk->bytes += opened->owned[i]->record.len + 16;
	return 0;
}

static int emit(struct opening_walk *walk, ProtobufCMessage *record,
    const struct contributions *contributions, int64_t value) {
	const struct contribution *first = &contributions->items[0];
	OpenedRecord *opened = arena_alloc(walk->arena, sizeof(*opened));
	const char *code = register_code(walk->type, record, walk->arena);

	if (!opened || !code)
		return failed_here(-ENOMEM);
	opened_record__init(opened);
	opened->code = (char *)(uintptr_t)code;
	opened->type = walk->type->type;
	opened->value = value;
	opened->unit = arena_copy_text(walk->arena, first->unit, strlen(first->unit));
	opened->category = (char *)(uintptr_t)(walk->opening->table->category
	                                           ? walk->opening->table->category(
	                                                 walk->txn, first->category, walk->arena)
	                                           : arena_copy_text(walk->arena, first->category,
	                                                 strlen(first->category)));
	if (!opened->unit || !opened->category)
		return failed_here(-ENOMEM);
	if (walk->type->show)
		walk->type->show(walk->txn, record, walk->opening->window.last);
	opened->record.len = protobuf_c_message_get_packed_size(record);
	opened->record.data = arena_alloc_raw(walk->arena, opened->record.len + 1);
	if (!opened->record.data)
		return failed_here(-ENOMEM);
	protobuf_c_message_pack(record, opened->record.data);
	walk->bytes += opened->record.len + 64;
	walk->reply->records[walk->reply->n_records++] = opened;
	return add_owned(walk, code, opened);
}

/* Whether the record stands at an earlier place that the opening looks at too. */
static bool was_earlier(const struct opening_walk *walk, const struct contributions *contributions,
    struct day_place place) {
	struct day_places places;

	day_index_places(walk->type->table, contributions, &places);
	for (size_t i = 0; i < places.count; i++) {
		struct day_place other = places.items[i];
		struct range range = range_of(walk->opening, other.group);

		if (other.group > place.group || (other.group == place.group && other.day >= place.day))
			return false;
		if (other.day >= range.from && other.day <= range.to)
			return true;
	}
	return false;
}

/* One entry of the index. A record with several of them is taken at its first. */
static int look_at(struct opening_walk *walk, struct store_value entry) {
	struct contributions contributions = { .count = 0 };
	struct key key = KEY_EMPTY;
	struct store_value value;
	ProtobufCMessage *record;
	const char *origin;
	int64_t counted;
	int r;

	r = day_index_record(entry, &key);
	if (r == STORE_OK)
		r = store_get(walk->txn, TABLE_STATE, &key, &value);
	if (r)
		return failed_here(r < 0 ? r : -EBADMSG);
	record = record_unpack(walk->txn, walk->type, value, walk->arena);
	if (!record)
		return failed_here(walk->arena->refused ? -ENOMEM : -EBADMSG);
	origin = record_origin(walk->txn, value, walk->arena);
	walk->type->measure(walk->txn, record, origin, &contributions);
	if (was_earlier(walk, &contributions, day_index_place(entry.bytes)))
		return 0;
	counted = value_in_record(walk->opening, &contributions);
	return counted ? emit(walk, record, &contributions, counted) : 0;
}

/* Where a page ends, the next one goes on just after its last entry. */
struct page {
	size_t limit;
	size_t seen;
	bool full;
};

static bool page_is_full(struct opening_walk *walk, struct page *page) {
	return walk->reply->n_records == page->limit || ++page->seen == PAGE_CANDIDATES ||
	       walk->bytes > PAGE_BYTES || walk->arena->used > walk->arena->cap / 2;
}

/* Return: whether the page before ended inside this group or after it. */
static bool continue_after(const struct opening_walk *walk, uint8_t group, struct key *start) {
	ProtobufCBinaryData after = walk->opening->after;
	struct key last = KEY_EMPTY;

	if (after.len <= DAY_INDEX_PREFIX_SIZE || after.len > DAY_INDEX_PREFIX_SIZE + KEY_CODE_SIZE)
		return true;
	key_add_bytes(&last, after.data, after.len);
	key_add_u8(&last, 0); /* just after that entry */
	/* Never back: it comes from outside. */
	if (memcmp(last.bytes, start->bytes, 2) == 0 && last.bytes[2] == group &&
	    memcmp(last.bytes, start->bytes, start->size) >= 0)
		*start = last;
	return memcmp(last.bytes, start->bytes, 3) <= 0;
}

static int walk_group(struct opening_walk *walk, uint8_t group, struct page *page) {
	AUTO(store_cursor_close) struct store_cursor cursor = STORE_CURSOR_NULL;
	struct range range = range_of(walk->opening, group);
	struct key start = day_index_key(walk->type, (struct day_place) { group, range.from }, NULL);
	struct key end = day_index_key(walk->type, (struct day_place) { group, range.to }, NULL);
	int r;

	if (range.from > range.to || !continue_after(walk, group, &start))
		return 0;
	r = store_cursor_open(walk->txn, TABLE_BY_DAY, &cursor);
	if (r < 0)
		return failed_below(r);
	for (r = store_cursor_seek(&cursor, &start); r == STORE_OK && cursor.key.size > end.size &&
	                                             memcmp(cursor.key.bytes, end.bytes, end.size) <= 0;
	     r = store_cursor_next(&cursor)) {
		int failed = look_at(walk, cursor.key);

		if (failed < 0)
			return failed_below(failed);
		if (page_is_full(walk, page)) {
			walk->reply->next.len = cursor.key.size;
			walk->reply->next.data = arena_copy(walk->arena, cursor.key.bytes, cursor.key.size);
			page->full = true;
			return walk->reply->next.data ? 0 : failed_here(-ENOMEM);
		}
	}
	return r < 0 ? failed_below(r) : 0;
}

int figures_open(struct store_txn *txn, const struct schema *schema,
    const struct figure_opening *opening, struct arena *arena, OpenReply *ret_reply) {
	struct opening_walk walk = {
		.txn = txn,
		.schema = schema,
		.opening = opening,
		.arena = arena,
		.reply = ret_reply,
	};
	size_t limit = opening->limit && opening->limit < PAGE_RECORDS ? opening->limit : PAGE_RECORDS;
	struct page page = { .limit = limit };

	for (size_t i = 0; i < opening->measure_count; i++) {
		size_t found = 0;

		while (found < opening->table->count &&
		       strcmp(opening->table->measures[found].name, opening->measures[i]) != 0)
			found++;
		if (found == opening->table->count)
			return FIGURES_UNKNOWN_MEASURE;
	}
	ret_reply->records = arena_alloc(arena, limit * sizeof(OpenedRecord *));
	if (!ret_reply->records)
		return failed_here(-ENOMEM);
	for (size_t i = 0; i < schema->register_count && !page.full; i++) {
		walk.type = schema->registers[i];
		if (!walk.type->measure || walk.type->table != opening->table)
			continue;
		for (unsigned group = 0; group < MEASURE_CELLS_MAX && !page.full; group++) {
			int r = walk_group(&walk, (uint8_t)group, &page);

			if (r < 0)
				return failed_below(r);
		}
	}
	return FIGURES_OK;
}
