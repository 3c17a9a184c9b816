/* SPDX-License-Identifier: MIT */
/* Verifying what is said of the logs: where they end, and how far their nodes signed them. */
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "common/store/verify_parts.h"

static bool is_same_mark(const struct event_mark *left, const struct event_mark *right) {
	return left->epoch == right->epoch && left->sequence == right->sequence &&
	       left->clock == right->clock && memcmp(left->head, right->head, EVENT_HASH_SIZE) == 0;
}

static void mark_text(const struct event_mark *mark, char text[VERIFY_PLACE_SIZE]) {
	char head[2 * EVENT_HASH_SIZE + 1];

	sodium_bin2hex(head, sizeof(head), mark->head, EVENT_HASH_SIZE);
	snprintf(text, VERIFY_PLACE_SIZE, "%u/%" PRIu64 " %" PRIu64 " %s", mark->epoch, mark->sequence,
	    mark->clock, head);
}

static int check_mark(struct verify *verify, const struct verify_log *log) {
	const struct event_mark *reached = &log->reached;
	char expected[VERIFY_PLACE_SIZE];
	char found[VERIFY_PLACE_SIZE];
	char place[VERIFY_PLACE_SIZE];
	struct event_mark mark;
	int r = event_mark_load(&verify->now, reached->origin, reached->stream, &mark);

	if (r < 0)
		return failed_below(r);
	if (is_same_mark(reached, &mark) || (log->doubtful && mark.sequence))
		return 0;
	mark_text(reached, expected);
	mark_text(&mark, found);
	verify_find(verify, VERIFY_FINDING__KIND__MARK_DIFFERS, "marks",
	    verify_log_place(reached->origin, reached->stream, place), expected,
	    mark.sequence ? found : "");
	return 0;
}

static void checkpoint_text(const struct checkpoint *checkpoint, char text[VERIFY_PLACE_SIZE]) {
	char key[2 * SIGNER_PUBLIC_SIZE + 1];

	sodium_bin2hex(key, sizeof(key), checkpoint->key, SIGNER_PUBLIC_SIZE);
	snprintf(text, VERIFY_PLACE_SIZE, "%u/%" PRIu64 " %" PRIu64 " %s", checkpoint->epoch,
	    checkpoint->sequence, checkpoint->clock, key);
}

static bool is_same_checkpoint(const struct checkpoint *left, const struct checkpoint *right) {
	return left->epoch == right->epoch && left->sequence == right->sequence &&
	       left->clock == right->clock && memcmp(left->key, right->key, SIGNER_PUBLIC_SIZE) == 0;
}

/* The last checkpoint is the one that was walked over, and of this node's own logs by its key. */
static int check_checkpoint(struct verify *verify, const struct verify_log *log) {
	const struct event_mark *reached = &log->reached;
	const struct signer *signer = store_signer(verify->options->store);
	struct checkpoint kept = { .sequence = 0 };
	struct checkpoint own = log->last;
	char expected[VERIFY_PLACE_SIZE] = "";
	char found[VERIFY_PLACE_SIZE] = "";
	char place[VERIFY_PLACE_SIZE];
	int r = checkpoint_load(&verify->now, reached->origin, reached->stream, &kept);

	if (r < 0)
		return failed_below(r);
	if (signer && strcmp(reached->origin, store_node(verify->options->store)) == 0)
		memcpy(own.key, signer->public_key, SIGNER_PUBLIC_SIZE);
	if (log->is_signed ? r == STORE_OK && is_same_checkpoint(&kept, &own) : r == STORE_NOT_FOUND)
		return 0;
	if (log->is_signed)
		checkpoint_text(&own, expected);
	if (r == STORE_OK)
		checkpoint_text(&kept, found);
	verify_find(verify, VERIFY_FINDING__KIND__CHECKPOINT_INVALID, "checkpoints",
	    verify_log_place(reached->origin, reached->stream, place), expected, found);
	return 0;
}

/* Entries that are no marks, and marks of logs that are not there. */
static int find_extra_marks(struct verify *verify) {
	AUTO(store_cursor_close) struct store_cursor cursor = STORE_CURSOR_NULL;
	struct key start = KEY_EMPTY;
	int r = store_cursor_open(&verify->now, TABLE_MARKS, &cursor);

	if (r < 0)
		return failed_below(r);
	key_add_u8(&start, 0);
	for (r = store_cursor_seek(&cursor, &start); r == STORE_OK; r = store_cursor_next(&cursor)) {
		bool known = false;
		char place[VERIFY_PLACE_SIZE];
		char found[VERIFY_PLACE_SIZE];
		struct event_mark mark;

		if (event_mark_read(cursor.key, cursor.value, &mark) != STORE_OK) {
			struct key key = verify_key(cursor.key);
			char hex[2 * KEY_SIZE_MAX + 1];

			sodium_bin2hex(hex, sizeof(hex), key.bytes, key.size);
			snprintf(found, sizeof(found), "%zu", cursor.value.size);
			verify_find(verify, VERIFY_FINDING__KIND__MARK_DIFFERS, "marks", hex, "", found);
			continue;
		}
		for (size_t i = 0; i < verify->log_count && !known; i++)
			known = strcmp(verify->logs[i].reached.origin, mark.origin) == 0 &&
			        verify->logs[i].reached.stream == mark.stream;
		if (known)
			continue;
		mark_text(&mark, found);
		verify_find(verify, VERIFY_FINDING__KIND__MARK_DIFFERS, "marks",
		    verify_log_place(mark.origin, mark.stream, place), "", found);
	}
	return r < 0 ? failed_below(r) : 0;
}

int verify_logs_close(struct verify *verify) {
	int r = 0;

	if (verify->pass > 0)
		return 0;
	for (size_t i = 0; i < verify->log_count && r == 0; i++) {
		r = check_mark(verify, &verify->logs[i]);
		if (r == 0)
			r = check_checkpoint(verify, &verify->logs[i]);
	}
	if (r == 0)
		r = find_extra_marks(verify);
	if (r == 0)
		r = verify_held(verify);
	if (r == 0)
		r = verify_erased(verify);
	return r < 0 ? failed_below(r) : 0;
}
