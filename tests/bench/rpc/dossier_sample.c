/* SPDX-License-Identifier: MIT */
#include "tests/bench/rpc/dossier_sample.h"

#include <stdint.h>

static char *text(const char *constant) {
	return (char *)(uintptr_t)constant;
}

void dossier_sample(Dossier *ret_dossier) {
	dossier__init(ret_dossier);
	ret_dossier->code = text("H51.15.61-240115-0042");
	ret_dossier->procedure = text("1.004194.000.00.00.H51");
	ret_dossier->unit = text("H51.15.61");
	ret_dossier->applicant = text("Nguyễn Thị Bích Ngọc Phương Thảo, ấp Bình Du A, xã An Thạnh");
	ret_dossier->channel = DOSSIER__CHANNEL__ONLINE;
	ret_dossier->submitted = 20240115081500;
	ret_dossier->accepted = 20240115090211;
	ret_dossier->due = 20240122170000;
	ret_dossier->ended = 20240119153045;
	ret_dossier->handed_over = 20240119160512;
	ret_dossier->status = DOSSIER__STATUS__HANDED_OVER;
	ret_dossier->recorded_provincial = 20240115090230;
	ret_dossier->result_digitised = 1;
	ret_dossier->fee = 20000;
	ret_dossier->payment = DOSSIER__PAYMENT__NATIONAL_GATEWAY;
}
