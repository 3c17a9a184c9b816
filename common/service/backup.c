/* SPDX-License-Identifier: MIT */
/* Node/Backup, and its way back: the store of a service that does not run, made of a backup. */
#include "common/store/backup.h"

#include <stdio.h>
#include <sys/stat.h>

#include "common/base/file.h"
#include "common/base/log.h"
#include "common/service/service.h"

int service_backup(
    struct service_call *call, const ProtobufCMessage *request, ProtobufCMessage *reply) {
	const struct service_plan *plan = service_plan_of(call->service);
	const char *folder = ((const BackupRequest *)request)->folder;
	BackupPart *part = (BackupPart *)reply;
	struct stat status;
	const char *file;
	const char *path;
	int r;

	if (folder[0] != '/' || stat(folder, &status) < 0 || !S_ISDIR(status.st_mode))
		return service_refuse(
		    call, RPC_INVALID_ARGUMENT, FAULT__REASON__MALFORMED, "folder", folder);
	part->service = (char *)(uintptr_t)plan->name;
	if (!plan->schema)
		return 0;
	file = arena_format(call->arena, "%s.pack", plan->name);
	path = arena_format(call->arena, "%s/%s.pack", folder, plan->name);
	if (!file || !path)
		return failed_here(-ENOMEM);
	r = backup_write(service_store(call->service), path, 0, call->arena, part);
	if (r == -EEXIST)
		return service_refuse(call, RPC_ALREADY_EXISTS, FAULT__REASON__DUPLICATE, "folder", path);
	if (r == BACKUP_DAMAGED)
		return service_refuse(call, RPC_DATA_LOSS, FAULT__REASON__BROKEN_CHAIN, "folder", path);
	part->service = (char *)(uintptr_t)plan->name;
	part->file = (char *)(uintptr_t)file;
	return r < 0 ? failed_below(r) : r;
}

int service_restore(const struct service_plan *plan, const struct node *node, const char *pack) {
	AUTO(heap_freep) char *below = NULL;
	AUTO(heap_freep) char *folder = NULL;
	struct node_store parts;
	int r;

	if (!plan->schema)
		return 0;
	if (asprintf(&below, "data.restoring/%s", plan->name) < 0) {
		below = NULL;
		return failed_here(-ENOMEM);
	}
	r = node_store_below(node, below, &parts, &folder);
	parts.options.service = plan->name;
	if (r == 0)
		r = backup_restore(pack, &parts.options, plan->schema);
	switch (r) {
	case BACKUP_OK: return 0;
	case BACKUP_DAMAGED: log_warn("backup-damaged", "%s", pack); return failed_here(-EBADMSG);
	case BACKUP_NEWER_FORMAT: log_warn("backup-newer", "%s", pack); return failed_here(-ENOTSUP);
	case BACKUP_OTHER_NODE: log_warn("backup-other-node", "%s", pack); return failed_here(-EINVAL);
	default: return failed_below(r);
	}
}
