/* SPDX-License-Identifier: MIT */
#include "services/reporting/reporting.h"

int main(int argc, char **argv) {
	return service_main(&reporting_plan, argc, argv);
}
