/* SPDX-License-Identifier: MIT */
/* cchc call SERVICE/Method JSON|-|@FILE: any method of the contract, of any shape. */
#include <ctype.h>
#include <getopt.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/nearest.h"
#include "services/cli/definition.h"
#include "services/cli/dialogue.h"
#include "services/cli/reflection.h"

enum { KEY_SIZE = 16, KEY_DIGITS_SIZE = 2 * KEY_SIZE + 1 };

struct wish {
	bool list;
	const char *service;
	const char *key;
	uint32_t deadline_ms;
	const char *method;
	const char *argument; /* null: none */
};

/* One line on the method, one on its rules and meaning. */
static void print_method(const struct definition *definition) {
	AUTO(text_deinit) struct text line = TEXT_NULL;
	const FileSet *set = definition->set;
	const Method *method = definition->method;

	text_format(&line, "%s(", definition->name);
	definition_request(method, &line);
	text_add(&line, ") ");
	definition_reply(method, &line);
	text_add(&line, "\n    ");
	definition_option(set, method, OPTION_ACCESS, &line);
	text_add(&line, " · ");
	definition_option(set, method, OPTION_PERMISSION, &line);
	text_add(&line, " · ");
	definition_option(set, method, OPTION_DEADLINE, &line);
	text_add(&line, " ms · ");
	definition_comment(definition, &line);
	puts(text_get(&line));
}

struct listing {
	const DescribeReply *description; /* null: all methods, else those that are served */
	json_t *array;                    /* null: in words */
};

static bool is_served(const struct listing *listing, const char *method) {
	const DescribeReply *description = listing->description;

	for (size_t i = 0; description && i < description->n_methods; i++)
		if (strcmp(description->methods[i], method) == 0)
			return true;
	return !description;
}

static void list_one(void *context, const struct definition *definition) {
	struct listing *listing = context;

	if (definition->kind != DEFINITION_METHOD || !is_served(listing, definition->name))
		return;
	if (listing->array)
		json_array_append_new(listing->array, definition_json(definition));
	else
		print_method(definition);
}

static int list_methods(struct cli *cli, const char *service) {
	struct listing listing = { .array = cli->json ? json_array() : NULL };
	const FileSet *set;
	int status = cli_contract(cli, service, &set, &listing.description);

	if (status == EXIT_OK)
		definition_walk(set, list_one, &listing);
	if (status == EXIT_OK && listing.array)
		cli_print_json(listing.array);
	else
		json_decref(listing.array);
	return status;
}

/* The method of a name; when there is none, the nearest is said. */
static int find_method(
    struct cli *cli, const char *name, const struct contract_method **ret_method) {
	struct nearest nearest = NEAREST(name);

	*ret_method = contract_find(&office_contract, name);
	if (*ret_method)
		return EXIT_OK;
	for (size_t i = 0; i < office_contract.method_count; i++)
		nearest_offer(&nearest, office_contract.methods[i].name);
	cli_say(cli, nearest.name ? "call.unknown_method_nearest" : "call.unknown_method", "method",
	    name, "nearest", nearest.name ? nearest.name : "", NULL);
	return EXIT_NOT_FOUND;
}

/* "Dossiers/GetDossier" is served by "dossiers"; what several have needs --service. */
static int find_service(struct cli *cli, const struct wish *wish, const char **ret_service) {
	char *name = arena_copy_text(&cli->arena, wish->method, strcspn(wish->method, "/"));

	*ret_service = wish->service;
	if (wish->service)
		return cli_check_service(cli, wish->service);
	for (char *c = name; c && *c; c++)
		*c = (char)tolower((unsigned char)*c);
	for (size_t i = 0; name && i < CLI_SERVICES; i++)
		if (strcmp(cli_services[i], name) == 0)
			*ret_service = cli_services[i];
	if (*ret_service)
		return EXIT_OK;
	cli_say(cli, "call.which_service", "method", wish->method, NULL);
	return EXIT_USAGE;
}

/* The given key, or a new one, which is known here so that it can be told when the call fails. */
static int make_key(struct cli *cli, const struct wish *wish, const struct contract_method *method,
    uint8_t key[KEY_SIZE], char digits[KEY_DIGITS_SIZE]) {
	size_t size = 0;

	if (wish->key && !method->keyed) {
		cli_say(cli, "call.no_key", "method", method->name, NULL);
		return EXIT_USAGE;
	}
	if (!wish->key)
		randombytes_buf(key, KEY_SIZE);
	else if (strlen(wish->key) != 2 * KEY_SIZE ||
	         sodium_hex2bin(key, KEY_SIZE, wish->key, 2 * KEY_SIZE, NULL, &size, NULL) != 0 ||
	         size != KEY_SIZE) {
		cli_say(cli, "call.bad_key", "key", wish->key, NULL);
		return EXIT_USAGE;
	}
	sodium_bin2hex(digits, KEY_DIGITS_SIZE, key, KEY_SIZE);
	return EXIT_OK;
}

/* Return: whether it is a number of milliseconds that the wire has room for. */
static bool read_deadline(const char *text, uint32_t *ret_deadline_ms) {
	char *end;
	unsigned long long number = strtoull(text, &end, 10);

	if (!isdigit((unsigned char)*text) || *end || number == 0 || number > UINT32_MAX)
		return false;
	*ret_deadline_ms = (uint32_t)number;
	return true;
}

static int read_wish(int argc, char **argv, struct wish *wish) {
	static const struct option options[] = {
		{ "list", no_argument, NULL, 'l' },
		{ "service", required_argument, NULL, 's' },
		{ "deadline-ms", required_argument, NULL, 'd' },
		{ "idempotency-key", required_argument, NULL, 'k' },
		{ NULL, 0, NULL, 0 },
	};
	int option;

	optind = 1;
	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (option) {
		case 'l': wish->list = true; break;
		case 's': wish->service = optarg; break;
		case 'k': wish->key = optarg; break;
		case 'd':
			if (!read_deadline(optarg, &wish->deadline_ms))
				return EXIT_USAGE;
			break;
		default: return EXIT_USAGE;
		}
	}
	if (wish->list)
		return optind == argc ? EXIT_OK : EXIT_USAGE;
	if (argc - optind < 1 || argc - optind > 2)
		return EXIT_USAGE;
	wish->method = argv[optind];
	wish->argument = argv[optind + 1];
	return EXIT_OK;
}

int command_call(struct cli *cli, int argc, char **argv) {
	AUTO(json_source_closep) struct json_source *source = NULL;
	const struct contract_method *method = NULL;
	struct dialogue_plan plan = { .service = NULL };
	char key_digits[KEY_DIGITS_SIZE];
	struct wish wish = { .list = false };
	uint8_t key[KEY_SIZE];
	int status = read_wish(argc, argv, &wish);
	int r;

	if (status)
		return cli_usage(cli, "call", NULL);
	if (wish.list)
		return list_methods(cli, wish.service);
	status = find_method(cli, wish.method, &method);
	if (status == EXIT_OK)
		status = find_service(cli, &wish, &plan.service);
	if (status == EXIT_OK)
		status = make_key(cli, &wish, method, key, key_digits);
	if (status)
		return status;
	if (!wish.argument)
		wish.argument = method->streams_requests ? "-" : "{}";
	r = json_source_open(wish.argument, &source);
	if (r < 0) {
		cli_say(cli, "call.unreadable", "file", wish.argument + 1, "error", strerror(-r), NULL);
		return r == -ENOENT ? EXIT_NOT_FOUND : EXIT_FAILED;
	}
	plan.method = method;
	plan.source = source;
	plan.deadline_ms = wish.deadline_ms;
	plan.key = method->keyed ? key : NULL;
	plan.key_digits = key_digits;
	return dialogue_hold(cli, &plan);
}
