/* SPDX-License-Identifier: MIT */
#include "services/cli/health.h"

#include <stdio.h>
#include <string.h>

#include "services/cli/words.h"

#define SERVING HEALTH_CHECK_RESPONSE__SERVING_STATUS__SERVING

bool health_note(struct health *health, const HealthCheckResponse *response) {
	struct health before = *health;

	health->alive = response != NULL;
	health->readiness =
	    response ? response->status : HEALTH_CHECK_RESPONSE__SERVING_STATUS__UNKNOWN;
	snprintf(health->reason, sizeof(health->reason), "%s", response ? response->reason : "");
	return health->alive != before.alive || health->readiness != before.readiness ||
	       strcmp(health->reason, before.reason) != 0;
}

bool health_is_ready(const struct health *health) {
	return health->alive && health->readiness == SERVING;
}

int health_status(const struct health healths[CLI_SERVICES]) {
	for (size_t i = 0; i < CLI_SERVICES; i++)
		if (healths[i].wanted && !health_is_ready(&healths[i]))
			return EXIT_UNAVAILABLE;
	return EXIT_OK;
}

/* A reason in words where there are some; a newer service may have others. */
static void add_reason(struct cli *cli, const char *reason, struct text *out) {
	const char *key = arena_format(&cli->arena, "health.reason.%s", reason);

	if (key && cli->words && words_has(cli->words, key))
		cli_words(cli, out, key, NULL);
	else
		text_add(out, reason);
}

void health_print(struct cli *cli, const char *when, const struct health *health) {
	AUTO(text_deinit) struct text reason = TEXT_NULL;
	const char *key = !health->alive            ? "health.silent"
	                  : health_is_ready(health) ? "health.ready"
	                                            : "health.not_ready";

	add_reason(cli, health->reason, &reason);
	fputs(when, stdout);
	cli_print(cli, key, "service", arena_format(&cli->arena, "%-9s", health->service), "reason",
	    text_get(&reason), NULL);
}

json_t *health_json(const struct health *health) {
	const ProtobufCEnumValue *status = protobuf_c_enum_descriptor_get_value(
	    &health_check_response__serving_status__descriptor, (int)health->readiness);

	return json_pack("{ss sb sb ss ss}", "service", health->service, "alive", health->alive,
	    "ready", health_is_ready(health), "status", status ? status->name : "UNKNOWN", "reason",
	    health->reason);
}
