/* SPDX-License-Identifier: MIT */
#include "services/dossiers/dossiers.h"

int main(int argc, char **argv) {
	return service_main(&dossiers_plan, argc, argv);
}
