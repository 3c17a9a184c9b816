/* SPDX-License-Identifier: MIT */
#include "tests/bench/rpc/arguments.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void help(const struct argument *arguments, size_t count, const char *word) {
	fprintf(stderr, "not understood: %s\n", word);
	for (size_t i = 0; i < count; i++)
		fprintf(stderr, "  %-18s %s\n", arguments[i].name, arguments[i].help);
	exit(EXIT_FAILURE);
}

static const struct argument *find(
    const struct argument *arguments, size_t count, const char *name) {
	for (size_t i = 0; i < count; i++) {
		if (strcmp(arguments[i].name, name) == 0)
			return &arguments[i];
	}
	return NULL;
}

static bool fill(const struct argument *argument, const char *value) {
	char *end = NULL;

	if (!value)
		return false;
	if (argument->text) {
		*argument->text = value;
		return true;
	}
	*argument->number = strtoul(value, &end, 10);
	return end != value && *end == '\0';
}

void arguments_parse(const struct argument *arguments, size_t count, int argc, char **argv) {
	for (int i = 2; i < argc; i++) {
		const struct argument *argument = find(arguments, count, argv[i]);

		if (argument && argument->flag)
			*argument->flag = true;
		else if (!argument || !fill(argument, argv[++i])) /* argv ends in a null */
			help(arguments, count, argv[i < argc ? i : argc - 1]);
	}
}
