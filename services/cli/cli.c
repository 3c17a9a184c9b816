/* SPDX-License-Identifier: MIT */
#include "services/cli/cli.h"

#include <inttypes.h>
#include <libgen.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/file.h"
#include "common/base/log.h"
#include "services/cli/calls.h"
#include "services/cli/words.h"

#define COMMAND_MEMORY ((size_t)1 << 30)

const struct command cli_commands[] = {
	{ "node", "init", command_node_init },
	{ "node", "up", command_node_up },
	{ "node", "upgrade", command_node_upgrade },
	{ "peer", "add", command_peer_add },
	{ "peer", "list", command_peer_list },
	{ "peer", "remove", command_peer_remove },
	{ "import", NULL, command_import },
	{ "sync", NULL, command_sync },
	{ "report", "make", command_report_make },
	{ "report", "open", command_report_open },
	{ "status", NULL, command_status },
	{ "health", NULL, command_health },
	{ "trace", NULL, command_trace },
	{ "metrics", NULL, command_metrics },
	{ "verify", NULL, command_verify },
	{ "backup", NULL, command_backup },
	{ "restore", NULL, command_restore },
	{ "erase", NULL, command_erase },
	{ "call", NULL, command_call },
	{ "describe", NULL, command_describe },
	{ "token", "make", command_token_make },
	{ "calendar", "due", command_calendar_due },
};
const size_t cli_command_count = LENGTH_OF(cli_commands);

static void vprint(const struct cli *cli, FILE *stream, const char *key, va_list pairs) {
	AUTO(text_deinit) struct text text = TEXT_NULL;

	words_fill(cli->words, key, pairs, &text);
	fprintf(stream, "%s\n", text_get(&text));
	fflush(stream);
}

void cli_say(const struct cli *cli, const char *key, ...) {
	va_list pairs;

	va_start(pairs, key);
	vprint(cli, stderr, key, pairs);
	va_end(pairs);
}

void cli_print(const struct cli *cli, const char *key, ...) {
	va_list pairs;

	va_start(pairs, key);
	vprint(cli, stdout, key, pairs);
	va_end(pairs);
}

void cli_words(const struct cli *cli, struct text *out, const char *key, ...) {
	va_list pairs;

	va_start(pairs, key);
	words_fill(cli->words, key, pairs, out);
	va_end(pairs);
}

void cli_print_json(json_t *json) {
	json_dumpf(json, stdout, JSON_INDENT(1));
	putchar('\n');
	json_decref(json);
}

static const char *help_key(struct cli *cli, const struct command *command) {
	return command->verb ? arena_format(&cli->arena, "help.%s.%s", command->noun, command->verb)
	                     : arena_format(&cli->arena, "help.%s", command->noun);
}

int cli_usage(const struct cli *cli, const char *noun, const char *verb) {
	char key[64];

	snprintf(key, sizeof(key), verb ? "help.%s.%s" : "help.%s", noun, verb);
	cli_say(cli, key, NULL);
	return EXIT_USAGE;
}

const char *cli_share_path(struct cli *cli, const char *below) {
	return arena_format(&cli->arena, "%s/%s", cli->share, below);
}

const char *cli_number(struct cli *cli, uint64_t number) {
	char digits[24];
	char *text = arena_alloc(&cli->arena, 32);
	size_t length = (size_t)snprintf(digits, sizeof(digits), "%" PRIu64, number);
	size_t used = 0;

	for (size_t i = 0; text && i < length; i++) {
		if (i && (length - i) % 3 == 0)
			text[used++] = '.';
		text[used++] = digits[i];
	}
	return text ? text : "";
}

int cli_open_node(struct cli *cli) {
	const char *folder = cli->folder ? cli->folder : getenv("CCHC_NODE");
	struct settings_fault fault;
	char line[16];
	int r;

	if (cli->node_is_open)
		return EXIT_OK;
	if (!folder) {
		cli_say(cli, "node.not_given", NULL);
		return EXIT_USAGE;
	}
	r = node_open(folder, &cli->node, &fault);
	if (r == NODE_BAD_SETTINGS) {
		snprintf(line, sizeof(line), "%u", fault.line);
		cli_say(cli, fault.nearest ? "node.settings_bad_nearest" : "node.settings_bad", "folder",
		    folder, "line", line, "name", fault.name, "nearest", fault.nearest ? fault.nearest : "",
		    NULL);
		return EXIT_FAILED;
	}
	if (r < 0) {
		cli_say(cli, r == -ENOENT ? "node.not_there" : "node.unreadable", "folder", folder, "error",
		    strerror(-r), NULL);
		return r == -ENOENT ? EXIT_NOT_FOUND : EXIT_FAILED;
	}
	cli->node_is_open = true;
	return EXIT_OK;
}

/* The folder of our own program. Return: null when there is no telling where. */
static const char *own_folder(char program[PATH_MAX]) {
	ssize_t length = readlink("/proc/self/exe", program, PATH_MAX - 1);

	if (length < 0)
		return NULL;
	program[length] = '\0';
	return dirname(program);
}

const char *cli_program_path(struct cli *cli, const char *name) {
	char program[PATH_MAX];
	const char *folder = own_folder(program);

	return folder ? arena_format(&cli->arena, "%s/%s", folder, name) : NULL;
}

/* Beside the program: bin/cchc -> share/cchc; or where CCHC_SHARE says. */
static char *find_share(void) {
	const char *given = getenv("CCHC_SHARE");
	char program[PATH_MAX];
	const char *folder = own_folder(program);
	char *share = NULL;

	if (given)
		return strdup(given);
	if (!folder || asprintf(&share, "%s/../share/cchc", folder) < 0)
		return NULL;
	return share;
}

/* Take the options that every command knows out of the line, wherever they stand before "--". */
static int take_common_options(struct cli *cli, int *argc, char **argv, bool *ret_help) {
	int kept = 1;

	for (int i = 1; i < *argc; i++) {
		const char *word = argv[i];
		const char **value = strcmp(word, "--node") == 0    ? &cli->folder
		                     : strcmp(word, "--lang") == 0  ? &cli->language
		                     : strcmp(word, "--token") == 0 ? &cli->token_file
		                                                    : NULL;

		if (strcmp(word, "--") == 0) {
			while (i < *argc)
				argv[kept++] = argv[i++];
			break;
		}
		if (value) {
			if (++i == *argc)
				return EXIT_USAGE;
			*value = argv[i];
		} else if (strncmp(word, "--node=", 7) == 0) {
			cli->folder = word + 7;
		} else if (strncmp(word, "--lang=", 7) == 0) {
			cli->language = word + 7;
		} else if (strncmp(word, "--token=", 8) == 0) {
			cli->token_file = word + 8;
		} else if (strcmp(word, "--json") == 0) {
			cli->json = true;
		} else if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0) {
			*ret_help = true;
		} else {
			argv[kept++] = argv[i];
		}
	}
	argv[kept] = NULL;
	*argc = kept;
	return EXIT_OK;
}

static const struct command *find_command(int argc, char **argv, int *ret_words) {
	for (size_t i = 0; i < cli_command_count; i++) {
		const struct command *command = &cli_commands[i];

		if (argc < 2 || strcmp(argv[1], command->noun) != 0)
			continue;
		if (!command->verb || (argc > 2 && strcmp(argv[2], command->verb) == 0)) {
			*ret_words = command->verb ? 2 : 1;
			return command;
		}
	}
	return NULL;
}

/* All commands, or those of one noun. */
static void print_help(struct cli *cli, const char *noun) {
	bool any = false;

	for (size_t i = 0; i < cli_command_count; i++)
		any = any || (noun && strcmp(cli_commands[i].noun, noun) == 0);
	if (!any)
		cli_print(cli, "help", NULL);
	for (size_t i = 0; i < cli_command_count; i++)
		if (!any || strcmp(cli_commands[i].noun, noun) == 0)
			cli_print(cli, help_key(cli, &cli_commands[i]), NULL);
}

static int run(struct cli *cli, int argc, char **argv) {
	const struct command *command;
	bool help = false;
	int words = 0;
	int status = take_common_options(cli, &argc, argv, &help);

	if (strcmp(cli->language, "vi") != 0 && strcmp(cli->language, "en") != 0)
		cli->language = "vi";
	{
		const char *below = arena_format(&cli->arena, "words/%s.json", cli->language);

		if (words_open(cli_share_path(cli, below), &cli->words) < 0)
			fprintf(stderr, "cchc: %s/%s\n", cli->share, below);
	}
	command = find_command(argc, argv, &words);
	if (help && command) {
		cli_print(cli, help_key(cli, command), NULL);
		return EXIT_OK;
	}
	if (help || argc < 2) {
		print_help(cli, argc > 1 ? argv[1] : NULL);
		return help ? EXIT_OK : EXIT_USAGE;
	}
	if (strcmp(argv[1], "--version") == 0) {
		puts("cchc " CCHC_VERSION);
		return EXIT_OK;
	}
	if (status || !command) {
		cli_say(cli, "unknown_command", "command", argv[1], NULL);
		return EXIT_USAGE;
	}
	return command->run(cli, argc - words, argv + words);
}

int cli_main(int argc, char **argv) {
	const char *language = getenv("CCHC_LANG");
	const char *parent = getenv("TRACEPARENT");
	struct cli cli = {
		.language = language ? language : "vi",
		.node = NODE_NULL,
		.share = find_share(),
		.token_file = getenv("CCHC_TOKEN"),
	};
	int status;

	if (!cli.share)
		return EXIT_FAILED;
	arena_init(&cli.arena, COMMAND_MEMORY);
	/* As OpenTelemetry hands a trace on to a program. */
	trace_begin(&cli.trace, parent ? parent : "");
	log_open("cchc", "");
	status = run(&cli, argc, argv);
	cli_calls_close(&cli);
	if (cli.node_is_open)
		node_close(&cli.node);
	if (cli.words)
		words_close(cli.words);
	arena_deinit(&cli.arena);
	free(cli.share);
	return status;
}
