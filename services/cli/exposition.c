/* SPDX-License-Identifier: MIT */
#include "services/cli/exposition.h"

#include <inttypes.h>
#include <stdarg.h>

static void add_escaped(struct text *out, const char *text, const char *with_backslash) {
	for (; *text; text++) {
		if (*text == '\n') {
			text_add(out, "\\n");
			continue;
		}
		for (const char *c = with_backslash; *c; c++)
			if (*text == *c)
				text_add_char(out, '\\');
		text_add_char(out, *text);
	}
}

void exposition_family(struct text *out, const char *name, const char *type, const char *help) {
	text_format(out, "# HELP %s ", name);
	add_escaped(out, help, "\\");
	text_format(out, "\n# TYPE %s %s\n", name, type);
}

void exposition_sample(struct text *out, const char *name, ...) {
	const char *separator = "{";
	const char *label;
	va_list labels;

	text_add(out, name);
	va_start(labels, name);
	while ((label = va_arg(labels, const char *)) != NULL) {
		text_format(out, "%s%s=\"", separator, label);
		add_escaped(out, va_arg(labels, const char *), "\\\"");
		text_add_char(out, '"');
		separator = ",";
	}
	va_end(labels);
	text_add(out, *separator == ',' ? "} " : " ");
}

void exposition_value(struct text *out, uint64_t value) {
	text_format(out, "%" PRIu64 "\n", value);
}

void exposition_signed(struct text *out, int64_t value) {
	text_format(out, "%" PRId64 "\n", value);
}

void exposition_seconds(struct text *out, uint64_t microseconds) {
	text_format(out, "%" PRIu64 ".%06" PRIu64 "\n", microseconds / 1000000, microseconds % 1000000);
}
