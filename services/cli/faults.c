/* SPDX-License-Identifier: MIT */
#include "services/cli/faults.h"

#include <ctype.h>
#include <stdio.h>

void reason_words(struct cli *cli, Fault__Reason reason, const char *field, const char *value,
    const char *detail, struct text *out) {
	const ProtobufCEnumValue *name =
	    protobuf_c_enum_descriptor_get_value(&fault__reason__descriptor, (int)reason);
	char key[96];

	snprintf(key, sizeof(key), "fault.%s", name ? name->name : "UNSPECIFIED");
	for (char *c = key; *c; c++)
		*c = (char)tolower((unsigned char)*c);
	cli_words(cli, out, key, "field", field ? field : "", "value", value ? value : "", "detail",
	    detail ? detail : "", NULL);
}

void fault_words(struct cli *cli, const Fault *fault, struct text *out) {
	reason_words(cli, fault->reason, fault->field, fault->value,
	    fault->n_details ? fault->details[0] : "", out);
}
