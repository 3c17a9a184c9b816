/* SPDX-License-Identifier: MIT */
#include "common/base/log.h"

#include <jansson.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "common/base/error.h"

static struct {
	const char *service;
	const char *node;
} owner = { "cchc", "" };

static _Thread_local const char *current_trace;

void log_trace(const char *trace) {
	current_trace = trace;
}

void log_open(const char *service, const char *node) {
	owner.service = service;
	owner.node = node;
}

static void write_line(json_t *line) {
	char *text = json_dumps(line, JSON_COMPACT);
	char *whole = NULL;

	/* One write a line: several processes share this stderr. */
	if (text && asprintf(&whole, "%s\n", text) >= 0)
		(void)!write(STDERR_FILENO, whole, strlen(whole));
	free(whole);
	free(text);
	json_decref(line);
}

static json_t *start_line(const char *level, const char *event, const char *format, va_list list) {
	char text[1024];

	vsnprintf(text, sizeof(text), format, list);
	return json_pack("{sI ss ss* ss* ss* ss ss?}", "time_ms", (json_int_t)clock_wall_ms(), "level",
	    level, "service", owner.service, "node", owner.node, "trace", current_trace, "event", event,
	    "text", text);
}

void log_info(const char *event, const char *format, ...) {
	va_list list;

	va_start(list, format);
	write_line(start_line("info", event, format, list));
	va_end(list);
}

void log_warn(const char *event, const char *format, ...) {
	va_list list;

	va_start(list, format);
	write_line(start_line("warn", event, format, list));
	va_end(list);
}

void log_failure(const char *event, int code, const char *format, ...) {
	char trail[1024];
	va_list list;
	json_t *line;

	va_start(list, format);
	line = start_line("error", event, format, list);
	va_end(list);
	error_trail_take(trail, sizeof(trail));
	if (line) {
		json_object_set_new(line, "error", json_string(strerror(-code)));
		json_object_set_new(line, "trail", json_string(trail));
	}
	write_line(line);
}
