/* SPDX-License-Identifier: MIT */
/*
 * Backups of one store
 *
 * A pack of the logs and of what does not follow from them: which events are held, results of
 * calls, the store's own marks of life. Records, indexes and counters are not in it: restoring
 * replays the logs, and the new store must then verify.
 *
 * Logs only grow, so they are copied in slices while writing goes on; all else is copied in the
 * snapshot in which the last of the logs was reached. The pack therefore is the store as that one
 * snapshot shows it, and no snapshot lived longer than a slice. When personal data is erased
 * meanwhile the copying begins again, or the pack would still have it.
 */
#pragma once

#include "cchc/node.pb-c.h"
#include "common/store/register.h"

#define BACKUP_SLICE_US 300000

enum {
	BACKUP_OK,
	BACKUP_DAMAGED,      /* the pack is cut or not what was written */
	BACKUP_NEWER_FORMAT, /* of a store of a newer version */
	BACKUP_OTHER_NODE,   /* of a node of another code */
};

/* Write the store to a new file, and walk what is on the disk then. A slice is `slice_us` long, 0:
 * BACKUP_SLICE_US. The part's texts are in `arena`; its service is the caller's to set.
 * Return: BACKUP_OK, BACKUP_DAMAGED when the disk does not give back what was written, or a
 * negative errno (-EEXIST: there is a file). */
int backup_write(struct store *store, const char *path, uint64_t slice_us, struct arena *arena,
    BackupPart *ret_part);

/* Walk a pack: every chain from its first event to the end that the pack tells.
 * Return: BACKUP_OK with what it tells of itself, BACKUP_DAMAGED or a negative errno. */
int backup_walk(const char *path, struct arena *arena, BackupPart *ret_part);

/* Fill a new store, which must be empty, and close it; open it again to use it. `options` are those
 * of store_open. Return: an answer above or a negative errno. */
int backup_restore(
    const char *path, const struct store_options *options, const struct schema *schema);
