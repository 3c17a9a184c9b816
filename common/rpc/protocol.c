/* SPDX-License-Identifier: MIT */
#include "common/rpc/protocol.h"

#include <stdint.h>

enum { KINDS = HEADER__KIND__GOAWAY + 1 };

/* A next state plus one, so that what is not said here is a violation. The page for strangers
 * (proto/README.md) shows this table. */
#define TO(state) ((state) + 1)

static const uint8_t table[SPEAKERS][CALL_STATES][KINDS] = {
	[CALLER] = {
	    [CALL_IDLE] = { [HEADER__KIND__REQUEST] = TO(CALL_OPEN) },
	    [CALL_OPEN] = { [HEADER__KIND__DATA] = TO(CALL_OPEN),
	        [HEADER__KIND__HALF_CLOSE] = TO(CALL_HALF_CLOSED),
	        [HEADER__KIND__CREDIT] = TO(CALL_OPEN),
	        [HEADER__KIND__CANCEL] = TO(CALL_ENDED) },
	    [CALL_HALF_CLOSED] = { [HEADER__KIND__CREDIT] = TO(CALL_HALF_CLOSED),
	        [HEADER__KIND__CANCEL] = TO(CALL_ENDED) },
	},
	[CALLEE] = {
	    [CALL_OPEN] = { [HEADER__KIND__DATA] = TO(CALL_OPEN),
	        [HEADER__KIND__CREDIT] = TO(CALL_OPEN),
	        [HEADER__KIND__STATUS] = TO(CALL_ENDED) },
	    [CALL_HALF_CLOSED] = { [HEADER__KIND__DATA] = TO(CALL_HALF_CLOSED),
	        /* It crossed our HALF_CLOSE. */
	        [HEADER__KIND__CREDIT] = TO(CALL_HALF_CLOSED),
	        [HEADER__KIND__STATUS] = TO(CALL_ENDED) },
	},
};

int protocol_next(const struct contract_method *method, enum speaker speaker, enum call_state state,
    Header__Kind kind) {
	int next = (unsigned)kind < KINDS ? table[speaker][state][kind] - 1 : PROTOCOL_VIOLATION;

	if (kind == HEADER__KIND__REQUEST && next == CALL_OPEN && !method->streams_requests)
		return CALL_HALF_CLOSED;
	if (kind == HEADER__KIND__DATA && speaker == CALLEE && !method->streams_replies)
		return PROTOCOL_VIOLATION;
	/* Credit is for what the other side streams. */
	if (kind == HEADER__KIND__CREDIT &&
	    !(speaker == CALLER ? method->streams_replies : method->streams_requests))
		return PROTOCOL_VIOLATION;
	return next;
}
