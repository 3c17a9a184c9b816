/* SPDX-License-Identifier: MIT */
/* cchc node init: identity, configuration, empty folders. cchc node up: supervisor.h. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/file.h"
#include "common/base/text.h"
#include "common/units/units.h"
#include "services/cli/cli.h"
#include "services/cli/supervisor.h"

#define SHARED_FILE_MAX (16u << 20)

struct plan {
	const char *folder;
	const char *code;
	const char *name;
	const char *place;
	const char *listen;
	const char *parent;
	const char *parent_key_file;
	char parent_key[RPC_KEY_TEXT_SIZE];
};

static int read_plan(int argc, char **argv, struct plan *plan) {
	static const struct option options[] = {
		{ "code", required_argument, NULL, 'c' },
		{ "name", required_argument, NULL, 'n' },
		{ "place", required_argument, NULL, 'p' },
		{ "listen", required_argument, NULL, 'l' },
		{ "parent", required_argument, NULL, 'P' },
		{ "parent-key", required_argument, NULL, 'k' },
		{ NULL, 0, NULL, 0 },
	};
	int option;

	optind = 1;
	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (option) {
		case 'c': plan->code = optarg; break;
		case 'n': plan->name = optarg; break;
		case 'p': plan->place = optarg; break;
		case 'l': plan->listen = optarg; break;
		case 'P': plan->parent = optarg; break;
		case 'k': plan->parent_key_file = optarg; break;
		default: return EXIT_USAGE;
		}
	}
	if (optind + 1 != argc || !plan->code)
		return EXIT_USAGE;
	plan->folder = argv[optind];
	return EXIT_OK;
}

static bool is_endpoint(const char *text) {
	const char *colon = strrchr(text, ':');

	return strncmp(text, "tcp://", 6) == 0 && colon && colon > text + 6 && atoi(colon + 1) > 0 &&
	       atoi(colon + 1) < 65536 && strspn(colon + 1, "0123456789") == strlen(colon + 1);
}

/* Everything that can be wrong before anything is made. */
static int check_plan(struct cli *cli, struct plan *plan) {
	const char *existing = arena_format(&cli->arena, "%s/node.conf", plan->folder);

	if (!unit_code_is_valid(plan->code)) {
		cli_say(cli, "init.bad_code", "code", plan->code, NULL);
		return EXIT_USAGE;
	}
	if ((*plan->listen && !is_endpoint(plan->listen)) ||
	    (*plan->parent && !is_endpoint(plan->parent))) {
		cli_say(cli, "init.bad_endpoint", "endpoint",
		    *plan->listen && !is_endpoint(plan->listen) ? plan->listen : plan->parent, NULL);
		return EXIT_USAGE;
	}
	if ((*plan->parent != '\0') != (plan->parent_key_file != NULL)) {
		cli_say(cli, "init.parent_and_key", NULL);
		return EXIT_USAGE;
	}
	if (plan->parent_key_file && node_read_key(plan->parent_key_file, plan->parent_key) < 0) {
		cli_say(cli, "key.unreadable", "file", plan->parent_key_file, NULL);
		return EXIT_FAILED;
	}
	if (access(existing, F_OK) == 0) {
		cli_say(cli, "init.exists", "folder", plan->folder, NULL);
		return EXIT_CONFLICT;
	}
	return EXIT_OK;
}

static void add_setting(struct text *text, const struct plan *plan, const struct setting *setting) {
	const struct {
		const char *name;
		const char *value;
	} given[] = {
		{ "code", plan->code },
		{ "name", plan->name },
		{ "place", plan->place },
		{ "listen", plan->listen },
		{ "parent", plan->parent },
	};
	const char *value = NULL;

	for (size_t i = 0; i < LENGTH_OF(given); i++)
		if (strcmp(given[i].name, setting->name) == 0)
			value = given[i].value;
	text_format(text, "; %s\n", setting->meaning);
	if (value && *value)
		text_format(text, "%s = %s\n\n", setting->name, value);
	else
		text_format(text, ";%s = %s\n\n", setting->name, setting->initial);
}

static int write_below(const char *folder, const char *name, const char *bytes, mode_t mode) {
	AUTO(heap_freep) char *path = NULL;

	if (asprintf(&path, "%s/%s", folder, name) < 0) {
		path = NULL;
		return failed_here(-ENOMEM);
	}
	return file_write(path, bytes, strlen(bytes), mode);
}

static int write_settings(const struct plan *plan) {
	AUTO(text_deinit) struct text text = TEXT_NULL;

	for (size_t i = 0; i < node_setting_count; i++)
		add_setting(&text, plan, &node_setting_table[i]);
	return text_failed(&text) ? failed_here(-ENOMEM)
	                          : write_below(plan->folder, "node.conf", text_get(&text), 0644);
}

static int write_keys(const struct plan *plan) {
	char line[RPC_KEY_TEXT_SIZE + 1];
	struct rpc_identity identity;
	int r = rpc_identity_make(&identity);

	if (r == 0) {
		snprintf(line, sizeof(line), "%s\n", identity.secret_key);
		r = write_below(plan->folder, "node.key", line, 0600);
	}
	if (r == 0) {
		snprintf(line, sizeof(line), "%s\n", identity.public_key);
		r = write_below(plan->folder, "node.pub", line, 0644);
	}
	if (r == 0 && *plan->parent_key) {
		snprintf(line, sizeof(line), "%s\n", plan->parent_key);
		r = write_below(plan->folder, "parent.pub", line, 0644);
	}
	return r < 0 ? failed_below(r) : 0;
}

static int make_folders(struct cli *cli, const struct plan *plan) {
	static const char *const below[] = { "peers", "report", "data", "run" };
	int r = folder_make(plan->folder, 0755);

	for (size_t i = 0; i < LENGTH_OF(below) && r == 0; i++)
		r = folder_make(arena_format(&cli->arena, "%s/%s", plan->folder, below[i]), 0700);
	return r < 0 ? failed_below(r) : 0;
}

/* The office's own copies of outline and figures: from now on theirs to edit. */
static int copy_report_files(struct cli *cli, const struct plan *plan) {
	static const char *const names[] = { "report/outline.txt", "report/figures.yaml" };

	for (size_t i = 0; i < LENGTH_OF(names); i++) {
		AUTO(heap_freep) char *bytes = NULL;
		size_t size;
		int r = file_read(cli_share_path(cli, names[i]), SHARED_FILE_MAX, &bytes, &size);

		if (r == 0)
			r = file_write(
			    arena_format(&cli->arena, "%s/%s", plan->folder, names[i]), bytes, size, 0644);
		if (r < 0)
			return failed_below(r);
	}
	return 0;
}

int command_node_init(struct cli *cli, int argc, char **argv) {
	struct plan plan = { .name = "", .place = "", .listen = "", .parent = "" };
	int status = read_plan(argc, argv, &plan);
	int r;

	if (status)
		return cli_usage(cli, "node", "init");
	status = check_plan(cli, &plan);
	if (status)
		return status;
	r = make_folders(cli, &plan);
	if (r == 0)
		r = write_keys(&plan);
	if (r == 0)
		r = copy_report_files(cli, &plan);
	/* Last, since its presence says that there is a node. */
	if (r == 0)
		r = write_settings(&plan);
	if (r < 0) {
		cli_say(cli, "init.failed", "folder", plan.folder, "error", strerror(-r), NULL);
		return EXIT_FAILED;
	}
	cli_say(cli, "init.done", "folder", plan.folder, "code", plan.code, NULL);
	return EXIT_OK;
}

int command_node_up(struct cli *cli, int argc, char **argv) {
	int status;

	if (argc > 2)
		return cli_usage(cli, "node", "up");
	if (argc == 2)
		cli->folder = argv[1];
	status = cli_open_node(cli);
	return status ? status : supervise(cli);
}
