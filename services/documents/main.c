/* SPDX-License-Identifier: MIT */
#include "services/documents/documents.h"

int main(int argc, char **argv) {
	return service_main(&documents_plan, argc, argv);
}
