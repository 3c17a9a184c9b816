/* SPDX-License-Identifier: MIT */
/*
 * cchc node upgrade: bring the stores of a node that does not run to this program's format. `node
 * up` does it too; here it can be seen first, and done at a time of one's own.
 */
#include <string.h>
#include <unistd.h>

#include "common/base/file.h"
#include "services/cli/calls.h"

static int say_failed(struct cli *cli, const char *service, int r) {
	cli_say(cli, r == STORE_NEWER_FORMAT ? "upgrade.newer" : "upgrade.failed", "service", service,
	    "error", r < 0 ? strerror(-r) : "", NULL);
	return EXIT_FAILED;
}

/* One store. Return: EXIT_OK or the exit status; it has said why. */
static int upgrade(struct cli *cli, const char *service, bool dry_run) {
	AUTO(store_closep) struct store *store = NULL;
	AUTO(heap_freep) char *folder = NULL;
	struct store_summary summary;
	struct node_store parts;
	int r = node_store(&cli->node, service, &parts, &folder);

	if (r == 0)
		r = store_peek(folder, &summary);
	if (r == STORE_NOT_FOUND)
		return EXIT_OK;
	if (r == 0 && summary.format > STORE_FORMAT)
		r = STORE_NEWER_FORMAT;
	if (r)
		return say_failed(cli, service, r);
	cli_print(cli,
	    summary.format == STORE_FORMAT ? "upgrade.nothing"
	    : dry_run                      ? "upgrade.would"
	                                   : "upgrade.begins",
	    "service", service, "from", cli_number(cli, summary.format), "to",
	    cli_number(cli, STORE_FORMAT), "events", cli_number(cli, summary.events), NULL);
	if (dry_run || summary.format == STORE_FORMAT)
		return EXIT_OK;
	r = store_open(&parts.options, &store);
	return r ? say_failed(cli, service, r) : EXIT_OK;
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
