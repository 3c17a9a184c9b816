/* SPDX-License-Identifier: MIT */
/*
 * Build step over the descriptor set of the contract: checks its rules, and prints the table, the
 * embedded set, or a list of what may never change.
 */
#pragma once

#include "proto/descriptor_set.h"

struct row {
	char name[128]; /* "Service/Method" */
	const File *file;
	const Method *method;
};

/* Whether a method may be made again after it failed for a while. */
bool set_is_repeatable(const Method *method);

/* Names every breach on stderr. Return: how many. */
unsigned set_check(const FileSet *set, const struct row *rows, size_t count);

/* contract.c on stdout. */
void set_print(const FileSet *set, const struct row *rows, size_t count, const char *object);

/* Every field, value and method with its number and type, one a line, on stdout. */
void set_list(const FileSet *set, const struct row *rows, size_t count);
