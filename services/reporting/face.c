/* SPDX-License-Identifier: MIT */
#include "services/reporting/face.h"

#include "services/reporting/report_names.h"

int face_check(const struct report *report, const char *outline, size_t size,
    struct template_fault *ret_fault) {
	AUTO(arena_deinit) struct arena arena;
	struct template_names names;
	int answer;

	arena_init(&arena, FACE_ARENA_MAX);
	answer = report_names_init(&arena, report, &names);
	if (answer < 0)
		return failed_below(answer);
	answer = template_check(outline, size, &names, ret_fault);
	return answer == TEMPLATE_OK ? outline_check(outline, size, ret_fault) : answer;
}

int face_read(struct arena *arena, const struct report *report, const char *outline, size_t size,
    struct outline_block **ret_blocks, struct template_fault *ret_fault) {
	AUTO(text_deinit) struct text filled = TEXT_NULL;
	struct template_names names;
	int answer = report_names_init(arena, report, &names);

	if (answer < 0)
		return failed_below(answer);
	answer = template_expand(outline, size, &names, &filled, ret_fault);
	if (answer == TEMPLATE_OK)
		answer = outline_check(outline, size, ret_fault);
	if (answer != TEMPLATE_OK)
		return answer;
	return outline_read(arena, text_get(&filled), filled.length, ret_blocks);
}
