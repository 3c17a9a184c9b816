/* SPDX-License-Identifier: MIT */
#include "services/reporting/report.h"

#include <string.h>

const char *const form_column_names[FORM_COLUMNS] = {
	[FORM_RECEIVED] = "received",
	[FORM_ONLINE] = "online",
	[FORM_DIRECT] = "direct",
	[FORM_CARRIED] = "carried",
	[FORM_SOLVED] = "solved",
	[FORM_EARLY] = "early",
	[FORM_ON_TIME] = "on_time",
	[FORM_LATE] = "late",
	[FORM_OPEN] = "open",
	[FORM_OPEN_IN_TIME] = "open_in_time",
	[FORM_OPEN_LATE] = "open_late",
};

const struct report_figure *report_find(const struct report *report, const char *id) {
	for (size_t i = 0; i < report->figure_count; i++)
		if (strcmp(report->figures[i].id, id) == 0)
			return &report->figures[i];
	return NULL;
}
