/* SPDX-License-Identifier: MIT */
/* cchc describe [NAME]: what the contract defines, from this program or from a service that runs.
 */
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "services/cli/definition.h"
#include "services/cli/reflection.h"

enum { NAME_WIDTH = 40 };

struct listing {
	const File *file; /* of the last line */
	json_t *array;    /* null: in words */
};

static json_t *entry(const struct definition *definition) {
	AUTO(text_deinit) struct text comment = TEXT_NULL;

	definition_comment(definition, &comment);
	return json_pack("{ss ss ss ss}", "kind", definition_kind_name(definition->kind), "name",
	    definition->name, "file", definition->file->name, "comment", text_get(&comment));
}

static void list_one(void *context, const struct definition *definition) {
	AUTO(text_deinit) struct text summary = TEXT_NULL;
	struct listing *listing = context;
	bool method = definition->kind == DEFINITION_METHOD;
	char name[DEFINITION_NAME_MAX + 16];

	if (listing->array) {
		json_array_append_new(listing->array, entry(definition));
		return;
	}
	if (listing->file != definition->file)
		printf("%s%s\n", listing->file ? "\n" : "", definition->file->name);
	listing->file = definition->file;
	definition_summary(definition, &summary);
	snprintf(name, sizeof(name), "%s%s %s", method ? "  " : "",
	    method ? "rpc" : definition_kind_name(definition->kind), definition->name);
	printf("  %-*s  %s\n", NAME_WIDTH, name, text_get(&summary));
}

static int list_all(struct cli *cli, const FileSet *set) {
	struct listing listing = { .array = cli->json ? json_array() : NULL };

	definition_walk(set, list_one, &listing);
	if (listing.array)
		cli_print_json(listing.array);
	return EXIT_OK;
}

static int describe_one(struct cli *cli, const FileSet *set, const char *name) {
	AUTO(text_deinit) struct text out = TEXT_NULL;
	char nearest[DEFINITION_NAME_MAX + 1];
	struct definition found;

	if (!definition_find(set, name, &found, nearest)) {
		cli_say(cli, *nearest ? "describe.unknown_nearest" : "describe.unknown", "name", name,
		    "nearest", nearest, NULL);
		return EXIT_NOT_FOUND;
	}
	if (cli->json) {
		cli_print_json(definition_json(&found));
		return EXIT_OK;
	}
	definition_print(&found, &out);
	fputs(text_get(&out), stdout);
	return EXIT_OK;
}

int command_describe(struct cli *cli, int argc, char **argv) {
	static const struct option options[] = {
		{ "service", required_argument, NULL, 's' },
		{ NULL, 0, NULL, 0 },
	};
	const DescribeReply *description;
	const char *service = NULL;
	const FileSet *set;
	int option;
	int status;

	optind = 1;
	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option != 's')
			return cli_usage(cli, "describe", NULL);
		service = optarg;
	}
	if (argc - optind > 1)
		return cli_usage(cli, "describe", NULL);
	status = cli_contract(cli, service, &set, &description);
	if (status)
		return status;
	return optind < argc ? describe_one(cli, set, argv[optind]) : list_all(cli, set);
}
