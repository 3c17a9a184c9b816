/* SPDX-License-Identifier: MIT */
#include "common/rpc/permission.h"

#define OF(role) (1u << (role))

static const unsigned table[] = {
	[PERMISSION__PERMISSION_UNSPECIFIED] = 0,
	[PERMISSION__SERVICES] = OF(ROLE__ROLE_SERVICE) | OF(ROLE__ROLE_ADMINISTRATOR),
	[PERMISSION__READERS] = OF(ROLE__ROLE_SERVICE) | OF(ROLE__ROLE_ADMINISTRATOR) |
	                        OF(ROLE__ROLE_CLERK) | OF(ROLE__ROLE_LEADER),
	[PERMISSION__CLERKS] =
	    OF(ROLE__ROLE_SERVICE) | OF(ROLE__ROLE_ADMINISTRATOR) | OF(ROLE__ROLE_CLERK),
	[PERMISSION__PEERS] =
	    OF(ROLE__ROLE_SERVICE) | OF(ROLE__ROLE_ADMINISTRATOR) | OF(ROLE__ROLE_PEER),
	[PERMISSION__EVERYONE] = OF(ROLE__ROLE_SERVICE) | OF(ROLE__ROLE_ADMINISTRATOR) |
	                         OF(ROLE__ROLE_CLERK) | OF(ROLE__ROLE_LEADER) | OF(ROLE__ROLE_PEER),
};

bool permission_allows(Permission permission, Role role) {
	return (unsigned)permission < sizeof(table) / sizeof(table[0]) &&
	       (table[permission] & OF(role));
}
