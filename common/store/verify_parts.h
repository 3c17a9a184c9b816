/* SPDX-License-Identifier: MIT */
/* What the parts of a verification share; nobody else includes this. */
#pragma once

#include "common/store/checkpoint.h"
#include "common/store/day_index.h"
#include "common/store/event_log.h"
#include "common/store/log_entry.h"
#include "common/store/record.h"
#include "common/store/tally.h"
#include "common/store/verify.h"

enum verify_phase {
	VERIFY_LOGS,     /* chains are walked; no record was looked at yet */
	VERIFY_RECORDS,  /* records up to `records_at` are counted */
	VERIFY_COUNTERS, /* all records are counted, and cells up to `cells_at` compared */
};

/* One log and how far it was walked. */
struct verify_log {
	struct event_mark reached; /* the last event that was walked */
	int64_t life;              /* number of the one it stands in; 0: none yet */
	bool doubtful;             /* `reached.head` need not be what the next event names */
	bool is_signed;
	struct checkpoint last; /* that stood, when it is signed */
};

/* One life of one log: where an event's place, a number, leads. */
struct verify_life {
	char origin[KEY_ORIGIN_SIZE + 1];
	Stream stream;
	uint32_t epoch;
};

struct verify {
	const struct verify_options *options;
	const struct schema *schema;
	struct store_txn now; /* the snapshot at hand; its arena is `scratch` */
	uint64_t slice_end_us;
	enum verify_phase phase;

	/* A store with more than is held at once is walked several times, each for its share. */
	unsigned pass;
	unsigned passes;

	struct verify_log *logs; /* ordered by origin and stream */
	size_t log_count;
	size_t log_capacity;
	struct verify_life *lives;
	size_t life_count;
	size_t life_capacity;
	struct tally latest; /* by state key: the place of the last event that has effect */

	struct key records_at; /* empty: none */
	struct key *changed;   /* state keys of events since the last snapshot */
	size_t changed_count;
	size_t changed_capacity;
	uint64_t *sizes; /* records of each register of the schema */
	uint64_t by_day; /* entries that have their record */
	uint64_t by_field;

	/* What the records add up to: by cell key, all counters of it at once, each times its secret
	 * weight. Only when a cell is found to differ the walk is made again, exactly: by cell key and
	 * counter. */
	struct tally counters;
	uint64_t weights[MEASURE_CELLS_MAX];
	bool is_exact;
	bool cells_differ;
	struct key cells_at; /* empty: none */

	struct tally name_numbers; /* by text */
	char **names;              /* by number - 1 */
	size_t name_count;
	size_t name_capacity;

	struct arena scratch; /* of one entry */
	struct arena kept;    /* what the result points to */
	struct arena told;    /* findings and news until they are told */
	VerifyNews news;
	VerifyResult result;
	uint64_t begun_us;
	uint64_t told_us;
};

/* Something is wrong. Texts are copied. */
void verify_find(struct verify *verify, VerifyFinding__Kind kind, const char *table,
    const char *place, const char *expected, const char *found);

/* Whether the snapshot at hand is old enough to be left. */
bool verify_is_late(const struct verify *verify);

/* Go on to a new snapshot, and bring all that was gathered up to it. Cursors must be closed.
 * Return: 0, what `news` returned, or a negative errno. */
int verify_turn(struct verify *verify);

/* Walk a table from its begin, in slices; `visit` is called with every entry and returns 0 or a
 * negative errno. `after` is empty, and then stands on the entry that was visited last.
 * Return: as verify_turn. */
typedef int verify_visit(struct verify *verify, struct store_value key, struct store_value value);
int verify_walk(
    struct verify *verify, enum store_table table, struct key *after, verify_visit *visit);

/* Logs (verify_log.c). Walk on to the ends of all logs.
 * Return: 0, VERIFY_NOT_NOW when the slice was over before, or a negative errno. */
int verify_logs_walk(struct verify *verify);

/* What is said of the logs, now that they were walked (verify_marks.c): marks and checkpoints lead
 * to their ends, held events and erasures are in them. Return: 0 or a negative errno. */
int verify_logs_close(struct verify *verify);

/* Held events and erased records (verify_held.c). Return: 0 or a negative errno. */
int verify_held(struct verify *verify);
int verify_erased(struct verify *verify);

/* The event of a place. Return: STORE_OK, STORE_NOT_FOUND or a negative errno. */
int verify_event(struct verify *verify, int64_t place, Event **ret_event);

/* Something about one event or one log; only the first pass tells, for the others see the same. */
void verify_find_once(struct verify *verify, VerifyFinding__Kind kind, const char *table,
    const char *place, const char *expected, const char *found);

#define VERIFY_PLACE_SIZE 160
#define VERIFY_VISITED    ((int64_t)1 << 62) /* in a value of `latest`: its record was looked at */

char *verify_event_place(const struct verify *verify, int64_t place, char text[VERIFY_PLACE_SIZE]);
char *verify_log_place(const char *origin, Stream stream, char text[VERIFY_PLACE_SIZE]);
char *verify_key_place(struct store_value log_key, char text[VERIFY_PLACE_SIZE]);

/* Records (verify_records.c). Compare one record with its last event and count it. */
verify_visit verify_record;

/* Take back what a record that changed was counted for in `old`, and count it as it is now. */
int verify_record_again(struct verify *verify, struct store_txn *old, const struct key *key);

/* What has an event and no record, and sizes and indexes as a whole. */
int verify_records_close(struct verify *verify);

char *verify_record_place(
    const struct verify *verify, struct store_value key, char text[VERIFY_PLACE_SIZE]);

/* The register that a key of the state table belongs to; null when it is no such key. */
const struct register_type *verify_type(const struct verify *verify, const struct key *key);

/* What a record is counted for, as `txn` shows what hangs on it. */
struct verify_counting {
	const struct register_type *type;
	struct contributions contributions;
	struct day_places places;
};
int verify_measure(struct verify *verify, struct store_txn *txn, const struct register_type *type,
    const ProtobufCMessage *record, const char *origin, struct verify_counting *ret_counting);

/* Look at each entry of an index, to name those without a record (verify_index.c). */
int verify_name_extra(struct verify *verify, enum store_table table);

/* Counters (verify_cells.c). Weights for the walk that begins. */
void verify_cells_begin(struct verify *verify);

/* Add a record's contributions, times `sign`. */
int verify_count(struct verify *verify, const struct measure_table *table,
    const struct contributions *contributions, int sign);
verify_visit verify_cell;
int verify_cells_close(struct verify *verify);

/* Names (verify_names.c): those that were given since the last call.
 * Return: 0 or a negative errno. */
int verify_names_read(struct verify *verify);

/* Null, or false, for one that was never given. */
const char *verify_name(const struct verify *verify, uint32_t number);
bool verify_number(const struct verify *verify, const char *text, uint32_t *ret_number);

/* The node that wrote the record of a value; "" when nobody can have. */
static inline const char *verify_origin(const struct verify *verify, struct store_value value) {
	struct record_place place;
	const char *name =
	    record_place_read(value, &place) == STORE_OK ? verify_name(verify, place.origin) : NULL;

	return name ? name : "";
}

static inline struct key verify_key(struct store_value bytes) {
	struct key key = KEY_EMPTY;

	key_add_bytes(&key, bytes.bytes, bytes.size < KEY_SIZE_MAX ? bytes.size : KEY_SIZE_MAX);
	return key;
}

int verify_compare(const struct key *left, const struct key *right);
