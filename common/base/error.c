/* SPDX-License-Identifier: MIT */
#include "common/base/error.h"

#include <stdio.h>
#include <string.h>

#define TRAIL_MAX 12 /* deeper places add nothing a reader needs */

struct trail {
	int code;
	unsigned count;
	struct {
		const char *file;
		const char *function;
		int line;
	} places[TRAIL_MAX];
};

static _Thread_local struct trail trail;

int error_trail_begin(int code, const char *file, int line, const char *function) {
	trail.code = code;
	trail.count = 0;
	return error_trail_extend(code, file, line, function);
}

int error_trail_extend(int code, const char *file, int line, const char *function) {
	if (trail.count < TRAIL_MAX) {
		trail.places[trail.count].file = file;
		trail.places[trail.count].function = function;
		trail.places[trail.count].line = line;
		trail.count++;
	}
	return code;
}

static const char *below_root(const char *file) {
	const char *services = strstr(file, "services/");
	const char *common = strstr(file, "common/");

	return services ? services : common ? common : file;
}

void error_trail_take(char *buffer, size_t size) {
	size_t used = 0;

	if (size == 0)
		return;
	buffer[0] = '\0';
	for (unsigned i = 0; i < trail.count && used < size; i++) {
		int wrote = snprintf(buffer + used, size - used, "%s%s %s:%d", i ? " < " : "",
		    trail.places[i].function, below_root(trail.places[i].file), trail.places[i].line);

		if (wrote < 0)
			break;
		used += (size_t)wrote;
	}
	trail.count = 0;
}
