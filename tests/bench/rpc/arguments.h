/* SPDX-License-Identifier: MIT */
/* A command line: the word for what to do, then options by a table. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/* One option; it fills whichever of the three is not null. */
struct argument {
	const char *name; /* with its two dashes */
	const char **text;
	size_t *number;
	bool *flag;
	const char *help;
};

/* Fill what `arguments` name from the words after argv[1]. An unknown or unfinished option prints
 * the table and ends the program. The texts are borrowed from argv. */
void arguments_parse(const struct argument *arguments, size_t count, int argc, char **argv);
