/* SPDX-License-Identifier: MIT */
#include "services/exchange/exchange.h"

int main(int argc, char **argv) {
	return service_main(&exchange_plan, argc, argv);
}
