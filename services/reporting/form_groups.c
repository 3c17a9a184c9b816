/* SPDX-License-Identifier: MIT */
#include "services/reporting/form_groups.h"

#include <string.h>

const struct form_heading form_headings[FORM_COLUMNS] = {
	[FORM_RECEIVED] = { "Tổng", "số", "3" },
	[FORM_ONLINE] = { "Trực", "tuyến", "4" },
	[FORM_DIRECT] = { "Trực", "tiếp", "5" },
	[FORM_CARRIED] = { "Kỳ", "trước", "6" },
	[FORM_SOLVED] = { "Tổng", "số", "7" },
	[FORM_EARLY] = { "Trước", "hạn", "8" },
	[FORM_ON_TIME] = { "Đúng", "hạn", "9" },
	[FORM_LATE] = { "Quá", "hạn", "10" },
	[FORM_OPEN] = { "Tổng", "số", "11" },
	[FORM_OPEN_IN_TIME] = { "Trong", "hạn", "12" },
	[FORM_OPEN_LATE] = { "Quá", "hạn", "13" },
};

const char *const form_level_names[FORM_LEVELS] = { "Cộng cấp huyện", "Cộng cấp xã" };

static void add_columns(int64_t *sums, const int64_t *columns) {
	for (size_t i = 0; i < FORM_COLUMNS; i++)
		sums[i] += columns[i];
}

int form_groups_make(
    struct arena *arena, const struct report *report, struct form_groups *ret_groups) {
	struct form_groups groups = { .count = 0 };
	struct form_group *group = NULL;

	groups.groups = arena_alloc(arena, (report->form_count + 1) * sizeof(*groups.groups));
	if (!groups.groups)
		return failed_here(-ENOMEM);
	for (size_t i = 0; i < report->form_count; i++) {
		const struct form_row *row = &report->form[i];
		size_t level = row->commune ? FORM_LEVEL_COMMUNE : FORM_LEVEL_DISTRICT;

		if (!group || strcmp(group->rows->node, row->node) != 0) {
			group = &groups.groups[groups.count++];
			group->rows = row;
			groups.level_groups[level]++;
		}
		group->count++;
		add_columns(group->sums, row->columns);
		add_columns(groups.level_sums[level], row->columns);
		add_columns(groups.sums, row->columns);
	}
	*ret_groups = groups;
	return 0;
}

const char *form_field_words(const struct form_row *row) {
	return row->field[0] != '\0' ? row->field : "Thủ tục ngoài danh mục";
}
