/* SPDX-License-Identifier: MIT */
/*
 * Settings
 *
 * A program's settings are a table: name, type, default and what it means. The same table reads the
 * configuration file, checks it and prints the sample. Unit in the name of every duration and size.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "common/base/error.h"

enum setting_type {
	SETTING_TEXT,   /* char *, on the heap */
	SETTING_NUMBER, /* uint64_t */
};

struct setting {
	const char *name; /* as in the file: "disk-reserve-mib" */
	enum setting_type type;
	const char *initial; /* value when the file does not name it */
	const char *meaning; /* one line, for the sample file */
	size_t offset;       /* of the member in the caller's struct */
};

enum { SETTINGS_OK, SETTINGS_UNKNOWN_NAME, SETTINGS_BAD_VALUE, SETTINGS_MALFORMED };

struct settings_fault {
	unsigned line;       /* of the file */
	char name[64];       /* the setting, when known */
	const char *nearest; /* for SETTINGS_UNKNOWN_NAME: the setting it may have meant, or null */
};

/* Put defaults and then the file's values into `target`. Texts are the caller's to free with
 * settings_free. Sections of the file are ignored but allowed, for order.
 * Return: SETTINGS_OK, an answer above with *ret_fault set, or a negative errno. */
int settings_load(const struct setting *settings, size_t count, const char *path, void *target,
    struct settings_fault *ret_fault);
void settings_free(const struct setting *settings, size_t count, void *target);
