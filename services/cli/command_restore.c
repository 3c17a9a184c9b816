/* SPDX-License-Identifier: MIT */
/*
 * cchc restore: the stores of a backup into a node that does not run, or a whole node into a new
 * folder.
 *
 * Everything is made beside what stands and takes its place in one step, when each store has been
 * replayed and verified. What stood there before is kept.
 */
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "common/base/file.h"
#include "services/cli/backup_manifest.h"
#include "services/cli/calls.h"
#include "services/cli/errand.h"
#include "services/cli/settings_pack.h"

enum { OPEN_FOLDERS = 16 };

static int remove_one(const char *path, const struct stat *status, int kind, struct FTW *place) {
	(void)status;
	(void)kind;
	(void)place;
	return remove(path);
}

/* What an earlier restore left that was broken off. */
static int remove_left(const char *folder) {
	if (access(folder, F_OK) < 0)
		return 0;
	return nftw(folder, remove_one, OPEN_FOLDERS, FTW_DEPTH | FTW_PHYS) == 0 ? 0
	                                                                         : failed_here(-errno);
}

/* The service makes its own store, since only it knows its registers. */
static int restore_service(
    struct cli *cli, const char *node_folder, const char *folder, const BackupPart *part) {
	const char *pack = arena_format(&cli->arena, "%s/%s", folder, part->file);

	if (pack && errand_run(cli, part->service, node_folder, "--restore", pack)) {
		cli_say(cli, "restore.service_done", "service", part->service, "events",
		    cli_number(cli, part->events), NULL);
		return EXIT_OK;
	}
	cli_say(cli, "restore.service_failed", "service", part->service, NULL);
	return EXIT_FAILED;
}

static bool is_service(const char *name) {
	for (size_t i = 0; i < CLI_SERVICES; i++)
		if (strcmp(cli_services[i], name) == 0)
			return true;
	return false;
}

/* All stores below data.restoring/ of the node. */
static int restore_stores(
    struct cli *cli, const char *node_folder, const char *folder, const BackupManifest *manifest) {
	const char *path = arena_format(&cli->arena, "%s/data.restoring", node_folder);
	int r = path ? remove_left(path) : failed_here(-ENOMEM);
	int status = EXIT_OK;

	if (r == 0)
		r = folder_make(path, 0700);
	if (r < 0) {
		cli_say(cli, "restore.failed", "folder", node_folder, "error", strerror(-r), NULL);
		return EXIT_FAILED;
	}
	for (size_t i = 0; i < manifest->n_parts && status == EXIT_OK; i++)
		if (is_service(manifest->parts[i]->service))
			status = restore_service(cli, node_folder, folder, manifest->parts[i]);
	return status;
}

/* The old stores keep their place until the new ones have it: at no moment there are none. */
static int exchange_data(struct cli *cli, const char *node_folder, const char **ret_before) {
	const char *data = arena_format(&cli->arena, "%s/data", node_folder);
	const char *fresh = arena_format(&cli->arena, "%s/data.restoring", node_folder);
	time_t now = time(NULL);
	struct tm moment;
	char stamp[32];
	const char *before;

	localtime_r(&now, &moment);
	strftime(stamp, sizeof(stamp), "%Y%m%d%H%M%S", &moment);
	before = arena_format(&cli->arena, "%s/data.before-%s", node_folder, stamp);
	if (!data || !fresh || !before)
		return failed_here(-ENOMEM);
	if (renameat2(AT_FDCWD, fresh, AT_FDCWD, data, RENAME_EXCHANGE) < 0)
		return failed_here(-errno);
	if (rename(fresh, before) < 0)
		return failed_here(-errno);
	*ret_before = before;
	return file_sync_folder(data);
}

static int refuse_running(struct cli *cli) {
	cli_say(cli, "restore.running", "folder", cli->node.folder, NULL);
	return EXIT_CONFLICT;
}

static int restore_here(struct cli *cli, const char *folder, const BackupManifest *manifest) {
	AUTO(file_descriptor_close) int lock = -1;
	const char *before = NULL;
	int status = cli_open_node(cli);
	int r;

	if (status)
		return status;
	if (strcmp(manifest->node, cli->node.settings.code) != 0) {
		cli_say(cli, "restore.other_node", "folder", folder, "node", manifest->node, "code",
		    cli->node.settings.code, NULL);
		return EXIT_CONFLICT;
	}
	if (cli_lock_node(cli, &lock) < 0)
		return refuse_running(cli);
	for (size_t i = 0; i < CLI_SERVICES; i++)
		if (cli_service_listens(cli, cli_services[i]))
			return refuse_running(cli);
	status = restore_stores(cli, cli->node.folder, folder, manifest);
	if (status)
		return status;
	r = exchange_data(cli, cli->node.folder, &before);
	if (r < 0) {
		cli_say(cli, "restore.failed", "folder", cli->node.folder, "error", strerror(-r), NULL);
		return EXIT_FAILED;
	}
	cli_say(cli, "restore.done", "folder", cli->node.folder, "before", before, NULL);
	if (*cli->node.settings.parent)
		cli_say(cli, "restore.ask_parent", NULL);
	return EXIT_OK;
}

static int restore_there(
    struct cli *cli, const char *folder, const BackupManifest *manifest, const char *wanted) {
	const char *making = arena_format(&cli->arena, "%s.restoring", wanted);
	const char *pack = arena_format(&cli->arena, "%s/" MANIFEST_SETTINGS_PACK, folder);
	const char *before;
	const char *parent;
	int status;
	int r;

	if (access(wanted, F_OK) == 0) {
		cli_say(cli, "restore.exists", "folder", wanted, NULL);
		return EXIT_CONFLICT;
	}
	r = making && pack ? remove_left(making) : failed_here(-ENOMEM);
	if (r == 0)
		r = settings_pack_read(pack, making);
	status = r < 0 ? EXIT_OK : restore_stores(cli, making, folder, manifest);
	if (status)
		return status;
	if (r == 0)
		r = exchange_data(cli, making, &before);
	if (r == 0)
		r = rmdir(before) < 0 || rename(making, wanted) < 0 ? failed_here(-errno)
		                                                    : file_sync_folder(wanted);
	if (r < 0) {
		cli_say(cli, "restore.failed", "folder", wanted, "error", strerror(-r), NULL);
		return EXIT_FAILED;
	}
	cli_say(cli, "restore.done_new", "folder", wanted, NULL);
	parent = arena_format(&cli->arena, "%s/parent.pub", wanted);
	if (parent && access(parent, F_OK) == 0)
		cli_say(cli, "restore.ask_parent", NULL);
	return EXIT_OK;
}

int command_restore(struct cli *cli, int argc, char **argv) {
	const BackupManifest *manifest;
	int status;

	if (argc != 2 && (argc != 3 || cli->folder))
		return cli_usage(cli, "restore", NULL);
	status = manifest_read(cli, argv[1], &manifest);
	if (status)
		return status;
	return argc == 2 ? restore_here(cli, argv[1], manifest)
	                 : restore_there(cli, argv[1], manifest, argv[2]);
}
