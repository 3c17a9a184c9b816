/* SPDX-License-Identifier: MIT */
/* cchc calendar due DAY COUNT: the day that is so many working days later. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/calendar/working_days.h"
#include "services/cli/cli.h"

int command_calendar_due(struct cli *cli, int argc, char **argv) {
	struct working_days calendar = WORKING_DAYS_NULL;
	const char *path = cli_share_path(cli, "calendar/vietnam.csv");
	char text[DAY_TEXT_SIZE];
	struct day day;
	unsigned line = 0;
	char *end;
	unsigned long count;
	int r;

	if (argc != 3 || day_parse(argv[1], strlen(argv[1]), &day) != DAY_OK)
		return cli_usage(cli, "calendar", "due");
	count = strtoul(argv[2], &end, 10);
	if (*end || end == argv[2] || count > 10000)
		return cli_usage(cli, "calendar", "due");
	r = working_days_load(path, &calendar, &line);
	if (r) {
		snprintf(text, sizeof(text), "%u", line);
		cli_say(cli, "calendar.unreadable", "file", path, "line", text, NULL);
		return EXIT_FAILED;
	}
	r = working_days_add(&calendar, day, (unsigned)count, &day);
	working_days_deinit(&calendar);
	if (r == WORKING_DAYS_YEAR_UNKNOWN) {
		cli_say(cli, "calendar.year_unknown", "file", path, NULL);
		return EXIT_NOT_FOUND;
	}
	puts(cli->json ? day_format_iso(day, text) : day_format_local(day, text));
	return EXIT_OK;
}
