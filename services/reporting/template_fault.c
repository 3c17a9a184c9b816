/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "common/base/nearest.h"
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

static void offer_names(
    struct nearest *nearest, const struct template_names *names, const char *list) {
	size_t index = 0;

	for (const char *name = known(names, list, &index); name; name = known(names, list, &index))
		if (strlen(name) < TEMPLATE_NAME_MAX)
			nearest_offer(nearest, name);
}

void template_fault_guess(
    struct template_fault *fault, const struct template_names *names, const char *list) {
	struct nearest nearest = NEAREST(fault->name);

	if (names->known && list)
		offer_names(&nearest, names, list);
	if (names->known)
		offer_names(&nearest, names, NULL);
	strcpy(fault->nearest, nearest.name ? nearest.name : "");
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
