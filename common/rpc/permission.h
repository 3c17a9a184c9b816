/* SPDX-License-Identifier: MIT */
/* Which role may call what: the meaning of Permission in proto/cchc/options.proto. */
#pragma once

#include <stdbool.h>

#include "cchc/options.pb-c.h"

/* Whether somebody of this role may call a method of this permission. */
bool permission_allows(Permission permission, Role role);
