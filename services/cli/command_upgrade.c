/* SPDX-License-Identifier: MIT */
/*
 * cchc node upgrade: bring the stores of a node that does not run to this program's format. `node
 * up` does it too; here it can be seen first, and done at a time of one's own.
 */
#include <string.h>
#include <unistd.h>

#include "common/base/file.h"
#include "services/cli/calls.h"
#include "services/cli/errand.h"

static int say_failed(struct cli *cli, const char *service, const char *key) {
	cli_say(cli, key, "service", service, NULL);
	return EXIT_FAILED;
}

/* One store. Return: EXIT_OK or the exit status; it has said why. */
static int upgrade(struct cli *cli, const char *service, bool dry_run) {
	const char *folder = arena_format(&cli->arena, "%s/data/%s", cli->node.folder, service);
	struct store_summary summary;
	bool done;
	int r = folder ? store_peek(folder, &summary) : -ENOMEM;

	if (r == STORE_NOT_FOUND)
		return EXIT_OK;
	if (r < 0)
		return say_failed(cli, service, "upgrade.failed");
	if (summary.format > STORE_FORMAT)
		return say_failed(cli, service, "upgrade.newer");
	done = summary.format == STORE_FORMAT && !summary.is_migrating;
	cli_print(cli,
	    done      ? "upgrade.nothing"
	    : dry_run ? "upgrade.would"
	              : "upgrade.begins",
	    "service", service, "from", cli_number(cli, summary.format), "to",
	    cli_number(cli, STORE_FORMAT), "events", cli_number(cli, summary.events), NULL);
	if (dry_run || done)
		return EXIT_OK;
	return errand_run(cli, service, cli->node.folder, "--upgrade", NULL)
	           ? EXIT_OK
	           : say_failed(cli, service, "upgrade.failed");
}

int command_node_upgrade(struct cli *cli, int argc, char **argv) {
	AUTO(file_descriptor_close) int lock = -1;
	bool dry_run = argc > 1 && strcmp(argv[argc - 1], "--dry-run") == 0;
	int status;

	argc -= dry_run;
	if (argc > 2)
		return cli_usage(cli, "node", "upgrade");
	if (argc == 2)
		cli->folder = argv[1];
	status = cli_open_node(cli);
	if (status)
		return status;
	if (cli_lock_node(cli, &lock) < 0) {
		cli_say(cli, "upgrade.running", "folder", cli->node.folder, NULL);
		return EXIT_CONFLICT;
	}
	for (size_t i = 0; i < CLI_SERVICES && status == EXIT_OK; i++)
		status = upgrade(cli, cli_services[i], dry_run);
	return status;
}
