/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "services/reporting/template_program.h"

static const char *const reasons[] = {
	[TEMPLATE_NO_REASON] = "lỗi không rõ",
	[TEMPLATE_NOT_TEXT] = "có byte không phải chữ (tệp phải lưu theo mã UTF-8)",
	[TEMPLATE_TAG_OPEN] = "thẻ {{ không có }} trên cùng dòng",
	[TEMPLATE_TAG_STRAY] = "có }} mà không có {{ trước đó",
	[TEMPLATE_TAG_MALFORMED] = "thẻ viết sai",
	[TEMPLATE_NAME_UNKNOWN] = "không có tên này",
	[TEMPLATE_FORMAT_UNKNOWN] = "không có định dạng này",
	[TEMPLATE_FORMAT_UNFIT] = "định dạng không dùng được cho giá trị này",
	[TEMPLATE_CONDITION_BAD] = "điều kiện viết sai",
	[TEMPLATE_COMPARISON_UNFIT] = "hai giá trị này không so sánh được với nhau",
	[TEMPLATE_BLOCK_OPEN] = "đoạn {{? hoặc {{# chưa đóng bằng {{/}}",
	[TEMPLATE_BLOCK_STRAY] = "{{/}} hoặc {{:}} không thuộc đoạn nào",
	[TEMPLATE_BLOCK_DEEP] = "các đoạn lồng nhau quá sâu",
	[TEMPLATE_DIRECTIVE] = "không có dòng lệnh @ này",
};

/* Letters to change, add or drop until one name is the other; at most `limit` is told exactly. */
static size_t distance(const char *one, const char *other, size_t limit) {
	size_t row[TEMPLATE_NAME_MAX];
	size_t length = strlen(other);

	if (length >= TEMPLATE_NAME_MAX)
		return limit;
	for (size_t i = 0; i <= length; i++)
		row[i] = i;
	for (size_t i = 0; one[i] != '\0'; i++) {
		size_t diagonal = row[0];

		row[0] = i + 1;
		for (size_t j = 0; j < length; j++) {
			size_t best = diagonal + (one[i] != other[j]);

			diagonal = row[j + 1];
			if (row[j] + 1 < best)
				best = row[j] + 1;
			if (diagonal + 1 < best)
				best = diagonal + 1;
			row[j + 1] = best;
		}
	}
	return row[length] < limit ? row[length] : limit;
}

void template_fault_name(struct template_fault *fault, const char *name, size_t length) {
	if (length >= TEMPLATE_NAME_MAX) {
		length = TEMPLATE_NAME_MAX - 1;
		while (length > 0 && ((unsigned char)name[length] & 0xc0) == 0x80)
			length--;
	}
	memcpy(fault->name, name, length);
	fault->name[length] = '\0';
}

static const char *known(const struct template_names *names, const char *list, size_t *index) {
	return names->known(names->context, list, (*index)++);
}

static void guess_in(struct template_fault *fault, const struct template_names *names,
    const char *list, size_t *closest) {
	size_t index = 0;

	for (const char *name = known(names, list, &index); name; name = known(names, list, &index)) {
		size_t far = distance(fault->name, name, *closest);

		if (far < *closest && strlen(name) < sizeof(fault->nearest)) {
			*closest = far;
			strcpy(fault->nearest, name);
		}
	}
}

void template_fault_guess(
    struct template_fault *fault, const struct template_names *names, const char *list) {
	size_t closest = strlen(fault->name) / 3 + 1;

	fault->nearest[0] = '\0';
	if (!names->known)
		return;
	if (list)
		guess_in(fault, names, list, &closest);
	guess_in(fault, names, NULL, &closest);
}

void template_fault_add(const struct template_fault *fault, struct text *out) {
	size_t reason = (size_t)fault->reason;

	if (reason >= LENGTH_OF(reasons))
		reason = TEMPLATE_NO_REASON;
	text_format(out, "dòng %u, cột %u: %s", fault->line, fault->column, reasons[reason]);
	if (fault->name[0] != '\0')
		text_format(out, ": \"%s\"", fault->name);
	if (fault->nearest[0] != '\0')
		text_format(out, " (có phải \"%s\"?)", fault->nearest);
}
