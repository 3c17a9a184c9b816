/* SPDX-License-Identifier: MIT */
#include "common/rpc/audit.h"

#include "common/base/clock.h"

bool audit_may_write(struct audit *audit, unsigned *ret_silent) {
	uint64_t second = clock_monotonic_ms() / 1000;

	if (second != audit->second) {
		audit->second = second;
		audit->lines = 0;
	}
	if (audit->lines == AUDIT_LINES_PER_S) {
		audit->silent++;
		return false;
	}
	audit->lines++;
	*ret_silent = audit->silent;
	audit->silent = 0;
	return true;
}
