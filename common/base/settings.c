/* SPDX-License-Identifier: MIT */
#include "common/base/settings.h"

#include <ini.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/nearest.h"

struct reading {
	FILE *file;
	unsigned line; /* being read */
	const struct setting *settings;
	size_t count;
	char *target;
	int answer; /* the first that is not SETTINGS_OK; later lines are skipped */
	struct settings_fault fault;
};

static int assign(const struct setting *setting, char *target, const char *value) {
	if (setting->type == SETTING_TEXT) {
		char **text = (char **)(void *)(target + setting->offset);
		char *copy = strdup(value);

		if (!copy)
			return failed_here(-ENOMEM);
		free(*text);
		*text = copy;
	} else {
		char *end;
		unsigned long long number;

		errno = 0;
		number = strtoull(value, &end, 10);
		if (errno || end == value || *end || *value == '-')
			return SETTINGS_BAD_VALUE;
		*(uint64_t *)(void *)(target + setting->offset) = number;
	}
	return SETTINGS_OK;
}

static const char *nearest_setting(const struct reading *reading, const char *name) {
	struct nearest nearest = NEAREST(name);

	for (size_t i = 0; i < reading->count; i++)
		nearest_offer(&nearest, reading->settings[i].name);
	return nearest.name;
}

static void stop_at(struct reading *reading, int answer, const char *name) {
	reading->answer = answer;
	reading->fault.line = reading->line;
	snprintf(reading->fault.name, sizeof(reading->fault.name), "%s", name);
}

static int on_value(void *context, const char *section, const char *name, const char *value) {
	struct reading *reading = context;
	int answer = SETTINGS_UNKNOWN_NAME;

	(void)section;
	if (reading->answer)
		return 0;
	for (size_t i = 0; i < reading->count && answer == SETTINGS_UNKNOWN_NAME; i++)
		if (strcmp(reading->settings[i].name, name) == 0)
			answer = assign(&reading->settings[i], reading->target, value);
	if (answer)
		stop_at(reading, answer, name);
	if (answer == SETTINGS_UNKNOWN_NAME)
		reading->fault.nearest = nearest_setting(reading, name);
	return answer == SETTINGS_OK;
}

/* The library would take the rest of a line that is too long for another line. */
static char *read_line(char *line, int size, void *context) {
	struct reading *reading = context;

	reading->line++;
	if (!fgets(line, size, reading->file))
		return NULL;
	if (strlen(line) + 1 < (size_t)size || line[size - 2] == '\n')
		return line;
	if (!reading->answer)
		stop_at(reading, SETTINGS_MALFORMED, "");
	return NULL;
}

static void close_file(FILE **file) {
	if (*file)
		fclose(*file);
}

int settings_load(const struct setting *settings, size_t count, const char *path, void *target,
    struct settings_fault *ret_fault) {
	struct reading reading = { .settings = settings, .count = count, .target = target };
	AUTO(close_file) FILE *file = NULL;
	int line;

	for (size_t i = 0; i < count; i++) {
		int r = assign(&settings[i], target, settings[i].initial);

		if (r)
			return failed_here(r < 0 ? r : -EINVAL);
	}
	file = fopen(path, "re");
	if (!file)
		return failed_here(-errno);
	reading.file = file;
	line = ini_parse_stream(read_line, &reading, on_value, &reading);
	if (line < 0 || reading.answer < 0)
		return failed_here(-ENOMEM);
	if (ferror(file))
		return failed_here(-EIO);
	/* What the library itself refused is nobody's value: it may come before our first. */
	if (line > 0 && (!reading.answer || (unsigned)line < reading.fault.line)) {
		reading.answer = SETTINGS_MALFORMED;
		reading.fault = (struct settings_fault) { .line = (unsigned)line };
	}
	if (reading.answer)
		*ret_fault = reading.fault;
	return reading.answer;
}

void settings_free(const struct setting *settings, size_t count, void *target) {
	for (size_t i = 0; i < count; i++) {
		if (settings[i].type == SETTING_TEXT) {
			char **text = (char **)(void *)((char *)target + settings[i].offset);

			free(*text);
			*text = NULL;
		}
	}
}
