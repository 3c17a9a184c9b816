/* SPDX-License-Identifier: MIT */
/*
 * cchc backup: every store of a running node and what else it is, in one folder.
 *
 * All is written beside the folder that is asked for; that one appears, whole, when each pack has
 * been walked on the disk and the manifest stands.
 */
#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "common/base/file.h"
#include "services/cli/backup_manifest.h"
#include "services/cli/calls.h"
#include "services/cli/settings_pack.h"

struct making {
	struct cli *cli;
	char folder[PATH_MAX]; /* from the root */
	BackupManifest manifest;
	BackupPart *parts[CLI_SERVICES + 1];
};

static void closedirp(DIR **folder) {
	if (*folder)
		closedir(*folder);
}

/* An empty folder; what an earlier backup left that was broken off goes. */
static int begin_folder(struct making *making, const char *wanted) {
	const char *path = arena_format(&making->cli->arena, "%s.making", wanted);
	AUTO(closedirp) DIR *folder = NULL;
	const struct dirent *file;

	if (!path)
		return failed_here(-ENOMEM);
	if (mkdir(path, 0700) < 0 && errno != EEXIST)
		return failed_here(-errno);
	if (!realpath(path, making->folder) || !(folder = opendir(path)))
		return failed_here(-errno);
	while ((file = readdir(folder)) != NULL)
		if (file->d_name[0] != '.' && unlinkat(dirfd(folder), file->d_name, 0) < 0)
			return failed_here(-errno);
	return 0;
}

static int add_settings(struct making *making) {
	struct cli *cli = making->cli;
	const char *path = arena_format(&cli->arena, "%s/" MANIFEST_SETTINGS_PACK, making->folder);
	BackupPart *part = arena_alloc(&cli->arena, sizeof(*part));
	int r = path && part ? settings_pack_write(cli->node.folder, path) : failed_here(-ENOMEM);

	if (r < 0)
		return failed_below(r);
	backup_part__init(part);
	part->file = (char *)(uintptr_t)MANIFEST_SETTINGS_PACK;
	part->node = cli->node.settings.code;
	making->parts[making->manifest.n_parts++] = part;
	return manifest_measure(cli, making->folder, part);
}

static int add_service(struct making *making, const char *service) {
	BackupRequest request = BACKUP_REQUEST__INIT;
	struct cli *cli = making->cli;
	const ProtobufCMessage *reply;
	BackupPart *part;
	int status;

	request.folder = making->folder;
	status = cli_call(cli, service,
	    &(struct rpc_request) { .method = "Node/Backup", .message = &request.base }, &reply);
	if (status)
		return status;
	part = (BackupPart *)(uintptr_t)reply;
	if (!*part->file)
		return EXIT_OK;
	making->parts[making->manifest.n_parts++] = part;
	cli_say(cli, "backup.service_done", "service", service, "events", cli_number(cli, part->events),
	    "kib", cli_number(cli, part->bytes >> 10), NULL);
	return EXIT_OK;
}

static int finish(struct making *making, const char *wanted) {
	BackupManifest *manifest = &making->manifest;
	int r;

	manifest->format = MANIFEST_FORMAT;
	manifest->node = making->cli->node.settings.code;
	manifest->program = (char *)(uintptr_t) "cchc " CCHC_VERSION;
	manifest->made_ms = clock_wall_ms();
	manifest->parts = making->parts;
	r = manifest_write(making->cli, making->folder, manifest);
	if (r == 0 && rename(making->folder, wanted) < 0)
		r = failed_here(-errno);
	if (r == 0)
		r = file_sync_folder(wanted);
	return r < 0 ? failed_below(r) : 0;
}

int command_backup(struct cli *cli, int argc, char **argv) {
	struct making making = { .cli = cli, .manifest = BACKUP_MANIFEST__INIT };
	const char *wanted;
	int status;
	int r;

	if (argc != 2)
		return cli_usage(cli, "backup", NULL);
	wanted = argv[1];
	status = cli_open_node(cli);
	if (status)
		return status;
	if (access(wanted, F_OK) == 0) {
		cli_say(cli, "backup.exists", "folder", wanted, NULL);
		return EXIT_CONFLICT;
	}
	r = begin_folder(&making, wanted);
	for (size_t i = 0; i < CLI_SERVICES && r == 0 && status == EXIT_OK; i++)
		status = add_service(&making, cli_services[i]);
	if (r == 0 && status == EXIT_OK)
		r = add_settings(&making);
	if (r == 0 && status == EXIT_OK)
		r = finish(&making, wanted);
	if (r < 0) {
		cli_say(cli, "backup.failed", "folder", wanted, "error", strerror(-r), NULL);
		return EXIT_FAILED;
	}
	if (status == EXIT_OK)
		cli_say(cli, "backup.done", "folder", wanted, NULL);
	return status;
}
