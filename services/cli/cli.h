/* SPDX-License-Identifier: MIT */
/*
 * The command `cchc`
 *
 * Noun, verb; data on stdout, talk on stderr; --json everywhere. What a command says stands in the
 * word catalogues (share/words), never in the code.
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>

#include "common/base/text.h"
#include "common/rpc/client.h"
#include "common/service/node.h"

enum cli_exit {
	EXIT_OK = 0,
	EXIT_FAILED = 1,
	EXIT_USAGE = 2,
	EXIT_NOT_FOUND = 3,
	EXIT_CONFLICT = 4,
	EXIT_UNAVAILABLE = 5,
	EXIT_PARTIAL = 6,
	/* 130, 143: ended by Ctrl-C or SIGTERM, tidily (interrupt.h) */
};

struct cli {
	const char *language; /* "vi" or "en" */
	const char *folder;   /* --node; null when not given */
	bool json;
	char *share; /* data that comes with the program */
	struct words *words;
	struct node node;
	bool node_is_open;
	struct rpc_transport *transport;
	struct cli_client *clients;
	struct trace trace;        /* of the running command */
	const char *token_file;    /* --token; null when not given */
	struct token_bytes *token; /* of the person who acts; null until it is needed */
	struct arena arena;        /* of the running command */
};

/* One of the command's commands. */
struct command {
	const char *noun;
	const char *verb;                                   /* null: the noun is the whole command */
	int (*run)(struct cli *cli, int argc, char **argv); /* argv[0] is the command's last word */
};

extern const struct command cli_commands[];
extern const size_t cli_command_count;

int command_node_init(struct cli *cli, int argc, char **argv);
int command_node_up(struct cli *cli, int argc, char **argv);
int command_node_upgrade(struct cli *cli, int argc, char **argv);
int command_peer_add(struct cli *cli, int argc, char **argv);
int command_peer_list(struct cli *cli, int argc, char **argv);
int command_peer_remove(struct cli *cli, int argc, char **argv);
int command_import(struct cli *cli, int argc, char **argv);
int command_sync(struct cli *cli, int argc, char **argv);
int command_report_make(struct cli *cli, int argc, char **argv);
int command_report_open(struct cli *cli, int argc, char **argv);
int command_status(struct cli *cli, int argc, char **argv);
int command_verify(struct cli *cli, int argc, char **argv);
int command_backup(struct cli *cli, int argc, char **argv);
int command_restore(struct cli *cli, int argc, char **argv);
int command_erase(struct cli *cli, int argc, char **argv);
int command_token_make(struct cli *cli, int argc, char **argv);
int command_health(struct cli *cli, int argc, char **argv);
int command_trace(struct cli *cli, int argc, char **argv);
int command_metrics(struct cli *cli, int argc, char **argv);
int command_describe(struct cli *cli, int argc, char **argv);
int command_call(struct cli *cli, int argc, char **argv);
int command_calendar_due(struct cli *cli, int argc, char **argv);

/* Say the words of a key on stderr, with pairs of name and text filled in, a null at the end:
 *     cli_say(cli, "import.file_done", "file", name, "added", "12", NULL); */
void cli_say(const struct cli *cli, const char *key, ...) __attribute__((sentinel));

/* The same on stdout. */
void cli_print(const struct cli *cli, const char *key, ...) __attribute__((sentinel));

/* Add the same to a text. */
void cli_words(const struct cli *cli, struct text *out, const char *key, ...)
    __attribute__((sentinel));

/* Print JSON on stdout and let go of it. */
void cli_print_json(json_t *json);

/* Say how a command is used. Return: EXIT_USAGE. */
int cli_usage(const struct cli *cli, const char *noun, const char *verb);

/* Open the node given by --node (or CCHC_NODE). Return: 0 or the exit status; it has said why. */
int cli_open_node(struct cli *cli);

/* A path below share/, in the command's arena. */
const char *cli_share_path(struct cli *cli, const char *below);

/* A program beside our own, in the command's arena; null when there is no telling where. */
const char *cli_program_path(struct cli *cli, const char *name);

/* Number as text, thousands apart by dots, in the command's arena. */
const char *cli_number(struct cli *cli, uint64_t number);

/* Run a whole command line. Return: the exit status. */
int cli_main(int argc, char **argv);
