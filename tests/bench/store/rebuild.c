/* SPDX-License-Identifier: MIT */
/*
 * How fast a log becomes a store again: by following it event for event, each one checked against
 * the chain, as a node's parent does; and by restoring a backup, which verifies what it made.
 * Prints a line of JSON for each.
 *
 *     store_rebuild STORE NEW_FOLDER
 */
#include <stdio.h>
#include <stdlib.h>

#include "common/base/clock.h"
#include "common/store/backup.h"
#include "common/store/event_log.h"
#include "services/dossiers/dossiers.h"
#include "tests/bench/store/invented.h"
#include "tests/bench/store/must.h"

enum { MAP_MIB = 65536, EVENTS_BYTES = 1 << 20, MEMORY_CAP = 64 << 20 };

static struct store_options options_of(const char *folder) {
	return (struct store_options) { .folder = folder, .node = INVENTED_NODE, .map_mib = MAP_MIB };
}

static void print(const char *name, uint64_t events, uint64_t begun_us) {
	double seconds = (double)(clock_monotonic_us() - begun_us) / 1e6;

	printf("{\"name\":\"%s\",\"events\":%llu,\"seconds\":%.2f,\"per_s\":%.0f}\n", name,
	    (unsigned long long)events, seconds, (double)events / seconds);
}

/* What follows the copy's marks, in one commit. Return: how many events. */
static size_t follow_some(struct store *copy, struct store *origin, Stream stream) {
	AUTO(arena_deinit) struct arena arena;
	AUTO(store_abort) struct store_txn from = STORE_TXN_NULL;
	AUTO(store_abort) struct store_txn to = STORE_TXN_NULL;
	ProtobufCBinaryData *events = NULL;
	struct event_mark *marks;
	size_t mark_count;
	size_t count = 0;
	bool more;

	arena_init(&arena, MEMORY_CAP);
	must(store_begin(origin, STORE_READ, &from), "read");
	must(store_begin(copy, STORE_WRITE, &to), "write");
	from.arena = &arena;
	must(event_marks_load(&to, stream, &arena, &marks, &mark_count), "marks");
	must(event_log_read(
	         &from, stream, marks, mark_count, EVENTS_BYTES, &arena, &events, &count, &more),
	    "events");
	for (size_t i = 0; i < count; i++) {
		Event *event;

		must(event_log_keep(&to, stream, events[i].data, events[i].len, &event), "keep");
		must(register_apply(&to, &dossiers_schema, event), "apply");
	}
	must(store_commit(&to), "commit");
	return count;
}

static uint64_t follow(struct store *origin, const char *folder) {
	static const Stream streams[] = { STREAM__STREAM_PROCEDURES, STREAM__STREAM_RECORDS };
	AUTO(store_closep) struct store *copy = NULL;
	struct store_options options = options_of(folder);
	uint64_t begun_us = clock_monotonic_us();
	uint64_t events = 0;
	size_t count;

	must(store_open(&options, &copy), folder);
	for (size_t i = 0; i < LENGTH_OF(streams); i++)
		while ((count = follow_some(copy, origin, streams[i])) > 0)
			events += count;
	print("follow", events, begun_us);
	return events;
}

static void restore(struct store *origin, const char *folder, uint64_t events) {
	AUTO(arena_deinit) struct arena arena;
	struct store_options options = options_of(folder);
	char pack[600];
	BackupPart part;
	uint64_t begun_us = clock_monotonic_us();

	arena_init(&arena, MEMORY_CAP);
	snprintf(pack, sizeof(pack), "%s.pack", folder);
	must(backup_write(origin, pack, 0, &arena, &part), pack);
	print("backup", events, begun_us);
	begun_us = clock_monotonic_us();
	must(backup_restore(pack, &options, &dossiers_schema), folder);
	print("restore", events, begun_us);
}

int main(int argc, char **argv) {
	AUTO(store_closep) struct store *origin = NULL;
	struct store_options options;
	char folder[512];
	uint64_t events;

	if (argc != 3)
		return 2;
	options = options_of(argv[1]);
	must(store_open(&options, &origin), argv[1]);
	snprintf(folder, sizeof(folder), "%s/copy", argv[2]);
	events = follow(origin, folder);
	snprintf(folder, sizeof(folder), "%s/restored", argv[2]);
	restore(origin, folder, events);
	return EXIT_SUCCESS;
}
