/* SPDX-License-Identifier: MIT */
/* cchc import FOLDER|FILE…: sheets into the node. */
#include <dirent.h>
#include <getopt.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "services/cli/import/importer.h"

enum { FILES_MAX = 1000 };

struct run {
	struct cli *cli;
	const struct sheet_catalogue *catalogue;
	struct import_file files[FILES_MAX];
	size_t count;
	size_t done;
	json_t *complaints; /* with --json */
};

static int add_file(struct run *run, const char *path, bool from_folder) {
	const struct sheet *sheet = sheet_catalogue_find(run->catalogue, path);

	if (!sheet) {
		cli_say(
		    run->cli, from_folder ? "import.skipped" : "import.unknown_sheet", "file", path, NULL);
		return from_folder ? EXIT_OK : EXIT_USAGE;
	}
	if (run->count == FILES_MAX) {
		cli_say(run->cli, "import.too_many_files", NULL);
		return EXIT_USAGE;
	}
	run->files[run->count++] = (struct import_file) { path, sheet };
	return EXIT_OK;
}

static bool is_sheet_name(const char *name) {
	const char *dot = strrchr(name, '.');

	return dot && (strcasecmp(dot, ".csv") == 0 || strcasecmp(dot, ".txt") == 0 ||
	                  strcasecmp(dot, ".xlsx") == 0 || strcasecmp(dot, ".xls") == 0);
}

static int add_folder(struct run *run, const char *path) {
	struct dirent **names;
	int count = scandir(path, &names, NULL, alphasort);
	int status = EXIT_OK;

	if (count < 0) {
		cli_say(run->cli, "import.unreadable", "file", path, "error", strerror(errno), NULL);
		return EXIT_FAILED;
	}
	for (int i = 0; i < count; i++) {
		if (status == EXIT_OK && is_sheet_name(names[i]->d_name))
			status = add_file(
			    run, arena_format(&run->cli->arena, "%s/%s", path, names[i]->d_name), true);
		free(names[i]);
	}
	free(names);
	return status;
}

static int add_path(struct run *run, const char *path) {
	struct stat status;

	if (stat(path, &status) < 0) {
		cli_say(run->cli, "import.unreadable", "file", path, "error", strerror(errno), NULL);
		return EXIT_FAILED;
	}
	return S_ISDIR(status.st_mode) ? add_folder(run, path) : add_file(run, path, false);
}

static void clear_progress(void) {
	if (isatty(STDERR_FILENO))
		fputs("\r\033[K", stderr);
}

static void on_complaint(void *context, const struct import_complaint *complaint) {
	struct run *run = context;
	char line[16];

	if (run->complaints) {
		json_array_append_new(run->complaints,
		    json_pack("{ss si ss ss ss}", "file", complaint->file, "row", (int)complaint->line,
		        "column", complaint->column, "value", complaint->value, "reason", complaint->why));
	}
	clear_progress();
	snprintf(line, sizeof(line), "%u", complaint->line);
	cli_say(run->cli, "import.bad_row", "file", complaint->file, "row", line, "column",
	    complaint->column, "value", complaint->value, "why", complaint->why, NULL);
}

static const char *title_of(const struct run *run, const struct import_file *file) {
	return strcmp(run->cli->language, "en") == 0 ? file->sheet->title.en : file->sheet->title.vi;
}

/* One line that is written over; only where a person watches. */
static void on_progress(
    void *context, const struct import_file *file, const struct import_sums *sums) {
	const struct run *run = context;

	fprintf(stderr, "\r[%zu/%zu] %s: %s\033[K", run->done + 1, run->count, title_of(run, file),
	    cli_number(run->cli, sums->added + sums->changed + sums->unchanged + sums->refused));
}

static void on_file(void *context, const struct import_file *file, const struct import_sums *sums) {
	struct run *run = context;
	char done[16];
	char count[16];

	clear_progress();
	snprintf(done, sizeof(done), "%zu", ++run->done);
	snprintf(count, sizeof(count), "%zu", run->count);
	cli_say(run->cli, "import.file_done", "done", done, "count", count, "title",
	    title_of(run, file), "added", cli_number(run->cli, sums->added), "changed",
	    cli_number(run->cli, sums->changed), "unchanged", cli_number(run->cli, sums->unchanged),
	    "refused", cli_number(run->cli, sums->refused), NULL);
}

static void print_json(const struct run *run, const struct import_sums *sums) {
	json_t *root = json_pack("{sI sI sI sI sO}", "added", (json_int_t)sums->added, "changed",
	    (json_int_t)sums->changed, "unchanged", (json_int_t)sums->unchanged, "refused",
	    (json_int_t)sums->refused, "faults", run->complaints);

	json_dumpf(root, stdout, JSON_INDENT(1));
	putchar('\n');
	json_decref(root);
}

static int run_import(struct run *run, int count, char **paths, bool dry_run) {
	const struct import_options options = {
		.dry_run = dry_run,
		.context = run,
		.complain = on_complaint,
		.progress = isatty(STDERR_FILENO) ? on_progress : NULL,
		.file_done = on_file,
	};
	struct import_sums sums;
	int status = EXIT_OK;

	for (int i = 0; i < count && status == EXIT_OK; i++)
		status = add_path(run, paths[i]);
	if (status)
		return status;
	if (run->count == 0) {
		cli_say(run->cli, "import.nothing", NULL);
		return EXIT_NOT_FOUND;
	}
	status = import_files(run->cli, run->files, run->count, &options, &sums);
	if (run->complaints)
		print_json(run, &sums);
	if (status == EXIT_OK || status == EXIT_PARTIAL)
		cli_say(run->cli, dry_run ? "import.done_dry" : "import.done", "added",
		    cli_number(run->cli, sums.added), "changed", cli_number(run->cli, sums.changed),
		    "unchanged", cli_number(run->cli, sums.unchanged), "refused",
		    cli_number(run->cli, sums.refused), NULL);
	return status;
}

int command_import(struct cli *cli, int argc, char **argv) {
	static const struct option options[] = {
		{ "dry-run", no_argument, NULL, 'd' },
		{ NULL, 0, NULL, 0 },
	};
	AUTO(sheet_catalogue_freep) struct sheet_catalogue *catalogue = NULL;
	struct sheet_catalogue_fault fault;
	struct run *run;
	char line[16];
	bool dry_run = false;
	int option;
	int status;
	int r;

	optind = 1;
	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option != 'd')
			return cli_usage(cli, "import", NULL);
		dry_run = true;
	}
	if (optind == argc)
		return cli_usage(cli, "import", NULL);
	status = cli_open_node(cli);
	if (status)
		return status;
	r = sheet_catalogue_load(cli_share_path(cli, "import/sheets.yaml"), &catalogue, &fault);
	if (r) {
		snprintf(line, sizeof(line), "%u", r > 0 ? fault.line : 0);
		cli_say(cli, "import.catalogue_bad", "line", line, "error",
		    r > 0 ? fault.text : strerror(-r), NULL);
		return EXIT_FAILED;
	}
	run = calloc(1, sizeof(*run));
	if (!run)
		return EXIT_FAILED;
	run->cli = cli;
	run->catalogue = catalogue;
	run->complaints = cli->json ? json_array() : NULL;
	status = run_import(run, argc - optind, argv + optind, dry_run);
	json_decref(run->complaints);
	free(run);
	return status;
}
