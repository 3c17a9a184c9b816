/* SPDX-License-Identifier: MIT */
/* What writing and restoring a backup share; nobody else includes this. */
#pragma once

#include "common/store/event_log.h"
#include "common/store/pack.h"

enum {
	BACKUP_PART = 0x80, /* the kind of the entry with the packed BackupPart; others are tables */
	BACKUP_LATER = 100,
	BACKUP_AGAIN,
};

/* One log and how far it was copied or walked. */
struct backup_log {
	uint8_t prefix[EVENT_LOG_PREFIX_SIZE]; /* of its keys: origin and stream */
	uint32_t epoch;
	uint64_t sequence;
	uint8_t head[EVENT_HASH_SIZE];
};

/* The log with this prefix, begun now when it is new; the last one asked for is found first. Null
 * when memory is out. */
struct backup_log *backup_log_of(struct backup_log **logs, size_t *count, const void *prefix);
