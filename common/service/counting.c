/* SPDX-License-Identifier: MIT */
/* Figures/Evaluate and Figures/Open, the same in every service. */
#include "common/service/service.h"
#include "common/store/figures.h"

/* Return: 0 or the status of a window that is none. */
static int read_window(
    struct service_call *call, const Window *asked, struct figure_window *ret_window) {
	struct figure_window window = { .year = 0 };

	if (!asked)
		return service_refuse(call, RPC_INVALID_ARGUMENT, FAULT__REASON__MISSING, "window", NULL);
	window.first = day_of_decimal(asked->first_day);
	window.last = day_of_decimal(asked->last_day);
	window.year = (uint16_t)asked->year;
	if (day_is_none(window.first) || day_is_none(window.last) ||
	    window.first.number > window.last.number)
		return service_refuse(call, RPC_INVALID_ARGUMENT, FAULT__REASON__MALFORMED, "window", NULL);
	*ret_window = window;
	return 0;
}

int service_evaluate(
    struct service_call *call, const ProtobufCMessage *request, ProtobufCMessage *reply) {
	const struct service_plan *plan = service_plan_of(call->service);
	struct figure_window window;
	int r = read_window(call, ((const EvaluateRequest *)request)->window, &window);

	if (r == 0)
		r = figures_evaluate(
		    call->txn, plan->schema, plan->name, &window, call->arena, (Evaluation *)reply);
	return r < 0 ? failed_below(r) : r;
}

int service_open_figure(
    struct service_call *call, const ProtobufCMessage *request, ProtobufCMessage *reply) {
	const struct schema *schema = service_plan_of(call->service)->schema;
	const OpenRequest *asked = (const OpenRequest *)request;
	struct figure_opening opening = {
		.table = schema_table(schema, asked->table),
		.measures = (const char *const *)asked->measures,
		.measure_count = asked->n_measures,
		.after = asked->after,
		.limit = asked->limit,
	};
	int r = read_window(call, asked->window, &opening.window);

	if (r == 0 && !opening.table)
		r = service_refuse(
		    call, RPC_INVALID_ARGUMENT, FAULT__REASON__UNKNOWN_FIGURE, "table", asked->table);
	if (r)
		return r;
	r = figures_open(call->txn, schema, &opening, call->arena, (OpenReply *)reply);
	if (r == FIGURES_UNKNOWN_MEASURE)
		return service_refuse(
		    call, RPC_INVALID_ARGUMENT, FAULT__REASON__UNKNOWN_FIGURE, "measures", NULL);
	return r < 0 ? failed_below(r) : 0;
}
