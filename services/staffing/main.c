/* SPDX-License-Identifier: MIT */
#include "services/staffing/staffing.h"

int main(int argc, char **argv) {
	return service_main(&staffing_plan, argc, argv);
}
