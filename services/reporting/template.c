/* SPDX-License-Identifier: MIT */
#include "services/reporting/template.h"

#include "services/reporting/template_program.h"

#define PROGRAM_MAX (64u << 20) /* bytes of the tree of a template */

#define HUNDREDTHS 100
#define ALL        (100 * HUNDREDTHS)

/* One filling. The item is that of the one list that can be open. */
struct run {
	const struct template_names *names;
	struct text *out;
	struct text printed; /* of the value at hand */
	size_t start;        /* of what this run added */
	size_t steps;
	const char *list;
	size_t item;
	size_t item_count;
};

static void run_deinit(struct run *run) {
	text_deinit(&run->printed);
}

static int64_t item_number(const struct run *run, enum template_item_name name) {
	switch (name) {
	case ITEM_FIRST: return run->item == 0;
	case ITEM_LAST: return run->item + 1 == run->item_count;
	default: return (int64_t)run->item + 1;
	}
}

static struct template_value value_of(
    const struct run *run, const struct template_reference *reference) {
	struct template_value value = { .kind = reference->kind, .none = true, .day = DAY_NONE };
	struct template_value count = { .kind = TEMPLATE_COUNT };
	size_t length = 0;
	int answer = TEMPLATE_OK;

	switch (reference->scope) {
	case SCOPE_FIELD:
		answer =
		    run->names->field(run->names->context, run->list, run->item, reference->name, &value);
		break;
	case SCOPE_REPORT:
		answer = run->names->value(run->names->context, reference->name, &value);
		break;
	case SCOPE_ITEM: count.number = item_number(run, reference->item); return count;
	case SCOPE_LENGTH:
		if (run->names->list(run->names->context, reference->name, &length) != TEMPLATE_OK)
			length = 0;
		count.number = (int64_t)length;
		return count;
	}
	if (answer != TEMPLATE_OK || value.kind != reference->kind)
		value = (struct template_value) { .kind = reference->kind, .none = true, .day = DAY_NONE };
	if (value.kind == TEMPLATE_TEXT && !value.text)
		value.text = "";
	return value;
}

static bool is_present(const struct template_value *value) {
	if (value->none)
		return false;
	switch (value->kind) {
	case TEMPLATE_TEXT: return value->text[0] != '\0';
	case TEMPLATE_DAY: return !day_is_none(value->day);
	default: return value->number != 0 || value->rounded;
	}
}

/* Counts in hundredths, so that they compare with literals as shares do. What is nearly all is not
 * all and what is nearly nothing is something, whatever rounding prints. */
static int64_t hundredths_of(const struct template_value *value) {
	int64_t scaled;

	if (value->rounded && value->number == ALL)
		return ALL - 1;
	if (value->rounded && value->number == 0)
		return 1;
	if (value->kind == TEMPLATE_RATE || value->kind == TEMPLATE_TARGET)
		return value->number;
	if (__builtin_mul_overflow(value->number, HUNDREDTHS, &scaled))
		return value->number < 0 ? INT64_MIN : INT64_MAX;
	return scaled;
}

static bool compares(enum template_operator operator, int64_t left, int64_t right) {
	switch (operator) {
	case OPERATOR_EQUAL: return left == right;
	case OPERATOR_UNEQUAL: return left != right;
	case OPERATOR_LESS: return left < right;
	case OPERATOR_LESS_EQUAL: return left <= right;
	case OPERATOR_GREATER: return left > right;
	case OPERATOR_GREATER_EQUAL: return left >= right;
	default: return false;
	}
}

static bool term_holds(const struct run *run, const struct template_term *term) {
	struct template_value left = value_of(run, &term->left);
	struct template_value right;

	if (term->operator== OPERATOR_PRESENT)
		return is_present(&left);
	if (term->operator== OPERATOR_ABSENT)
		return !is_present(&left);
	if (left.none)
		return false;
	if (term->with_literal)
		return compares(term->operator, hundredths_of(&left), term->literal);
	right = value_of(run, &term->right);
	return !right.none && compares(term->operator, hundredths_of(&left), hundredths_of(&right));
}

static bool condition_holds(const struct run *run, const struct template_term *terms) {
	for (const struct template_term *term = terms; term; term = term->next) {
		if (!term_holds(run, term))
			return false;
	}
	return true;
}

static void run_value(struct run *run, const struct template_node *node) {
	struct template_value value = value_of(run, &node->value);

	if (!run->names->print) {
		template_format_add(node->format, &value, run->out);
		return;
	}
	text_clear(&run->printed);
	template_format_add(node->format, &value, &run->printed);
	if (text_failed(&run->printed))
		run->out->failed = true;
	run->names->print(node->value.name, text_get(&run->printed), run->out);
}

static int run_nodes(struct run *run, const struct template_node *nodes);

static int run_list(struct run *run, const struct template_node *node) {
	size_t count = 0;
	int answer = TEMPLATE_OK;

	if (run->names->list(run->names->context, node->value.name, &count) != TEMPLATE_OK)
		count = 0;
	run->list = node->value.name;
	run->item_count = count;
	for (run->item = 0; run->item < count && answer == TEMPLATE_OK; run->item++) {
		if (++run->steps > TEMPLATE_STEPS_MAX)
			answer = TEMPLATE_TOO_LARGE;
		else
			answer = run_nodes(run, node->body);
	}
	run->list = NULL;
	return answer;
}

static bool is_blank(char c) {
	return c == ' ' || c == '\t' || c == '\r';
}

/* End the line, or take it back when its tags left nothing on it. */
static void run_break(struct run *run) {
	struct text *out = run->out;
	size_t start = out->length;

	while (start > run->start && is_blank(out->bytes[start - 1]))
		start--;
	if (start > run->start && out->bytes[start - 1] != '\n')
		text_add_char(out, '\n');
	else if (start < out->length) {
		out->length = start;
		out->bytes[start] = '\0';
	}
}

static int run_node(struct run *run, const struct template_node *node) {
	switch (node->kind) {
	case NODE_TEXT: text_add_bytes(run->out, node->text, node->length); return TEMPLATE_OK;
	case NODE_VALUE: run_value(run, node); return TEMPLATE_OK;
	case NODE_BREAK: run_break(run); return TEMPLATE_OK;
	case NODE_CONDITION:
		return run_nodes(run, condition_holds(run, node->terms) ? node->body : node->otherwise);
	default: return run_list(run, node);
	}
}

static int run_nodes(struct run *run, const struct template_node *nodes) {
	for (const struct template_node *node = nodes; node; node = node->next) {
		int answer;

		if (++run->steps > TEMPLATE_STEPS_MAX)
			return TEMPLATE_TOO_LARGE;
		answer = run_node(run, node);
		if (answer != TEMPLATE_OK)
			return answer;
		if (text_failed(run->out))
			return failed_here(-ENOMEM);
		if (run->out->length - run->start > TEMPLATE_OUTPUT_MAX)
			return TEMPLATE_TOO_LARGE;
	}
	return TEMPLATE_OK;
}

int template_check(const char *source, size_t size, const struct template_names *names,
    struct template_fault *ret_fault) {
	AUTO(arena_deinit) struct arena arena;
	struct template_node *nodes;

	arena_init(&arena, PROGRAM_MAX);
	return template_read(&arena, source, size, names, &nodes, ret_fault);
}

int template_expand(const char *source, size_t size, const struct template_names *names,
    struct text *out, struct template_fault *ret_fault) {
	AUTO(arena_deinit) struct arena arena;
	AUTO(run_deinit) struct run run = { .names = names, .out = out, .start = out->length };
	struct template_node *nodes;
	int answer;

	arena_init(&arena, PROGRAM_MAX);
	answer = template_read(&arena, source, size, names, &nodes, ret_fault);
	return answer == TEMPLATE_OK ? run_nodes(&run, nodes) : answer;
}
