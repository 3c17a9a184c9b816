/* SPDX-License-Identifier: MIT */
/*
 * The states of a call, the same at both ends and for all four shapes. A method that streams no
 * requests says everything with its REQUEST; one that streams no replies, with its STATUS.
 */
#pragma once

#include "cchc/call.pb-c.h"
#include "proto/contract.h"

enum call_state {
	CALL_IDLE,        /* nothing was said */
	CALL_OPEN,        /* the caller goes on sending */
	CALL_HALF_CLOSED, /* the caller has said everything */
	CALL_ENDED,
	CALL_STATES
};

enum speaker { CALLER, CALLEE, SPEAKERS };

#define PROTOCOL_VIOLATION (-1)

/* What a part makes of a call. Return: the next state, or PROTOCOL_VIOLATION. */
int protocol_next(const struct contract_method *method, enum speaker speaker, enum call_state state,
    Header__Kind kind);
