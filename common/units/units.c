/* SPDX-License-Identifier: MIT */
#include "common/units/units.h"

#include <string.h>

const struct register_type units_followed = {
	UNITS_REGISTER_COMMON,
};

bool unit_code_is_valid(const char *code) {
	size_t length = strlen(code);

	if (length == 0 || length > KEY_ORIGIN_SIZE || code[0] == '.' || code[length - 1] == '.')
		return false;
	for (const char *c = code; *c; c++)
		if (!((*c >= 'A' && *c <= 'Z') || (*c >= 'a' && *c <= 'z') || (*c >= '0' && *c <= '9') ||
		        *c == '.'))
			return false;
	return true;
}

bool unit_code_is_below(const char *code, const char *above) {
	size_t length = strlen(above);

	return strncmp(code, above, length) == 0 && (code[length] == '\0' || code[length] == '.');
}

void check_unit(struct check *check, const char *field, const char *code) {
	struct store_txn *txn = check->txn;

	if (!*code) {
		check_fault(check, FAULT__REASON__MISSING, field, "", NULL);
		return;
	}
	if (register_has(txn, &units_followed, code))
		return;
	if (register_is_empty(txn, &units_followed) && unit_code_is_valid(code) &&
	    unit_code_is_below(code, store_node(txn->store)))
		return;
	check_fault(check,
	    unit_code_is_valid(code) ? FAULT__REASON__UNKNOWN_UNIT : FAULT__REASON__MALFORMED, field,
	    code, NULL);
}
