/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "services/reporting/template_program.h"

#define LITERAL_MAX (INT64_MAX / 1000)

static const struct {
	const char *text;
	enum template_operator operator;
} operators[] = {
	/* Those that begin like another one come first. */
	{ "!=", OPERATOR_UNEQUAL },
	{ "<=", OPERATOR_LESS_EQUAL },
	{ ">=", OPERATOR_GREATER_EQUAL },
	{ "=", OPERATOR_EQUAL },
	{ "<", OPERATOR_LESS },
	{ ">", OPERATOR_GREATER },
};

static const char *const item_names[ITEM_NAMES] = { "item.number", "item.first", "item.last" };

/* One condition being read. */
struct reading {
	struct arena *arena;
	const struct template_names *names;
	const char *list;
	const char *at;
	struct template_fault *fault;
};

size_t template_name_length(const char *text) {
	size_t length = strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789_.");

	return text[0] >= 'a' && text[0] <= 'z' ? length : 0;
}

int template_resolve(const struct template_names *names, const char *list, const char *name,
    struct template_reference *ret_reference) {
	struct template_reference reference = { .name = name, .kind = TEMPLATE_COUNT };
	struct template_value value = { .none = true };
	size_t count;

	for (size_t i = 0; list && i < ITEM_NAMES; i++) {
		if (strcmp(name, item_names[i]) == 0) {
			reference.scope = SCOPE_ITEM;
			reference.item = (enum template_item_name)i;
			*ret_reference = reference;
			return TEMPLATE_OK;
		}
	}
	if (list && names->field(names->context, list, TEMPLATE_NO_ITEM, name, &value) == TEMPLATE_OK) {
		reference.scope = SCOPE_FIELD;
		reference.kind = value.kind;
	} else if (names->value(names->context, name, &value) == TEMPLATE_OK) {
		reference.scope = SCOPE_REPORT;
		reference.kind = value.kind;
	} else if (names->list(names->context, name, &count) == TEMPLATE_OK)
		reference.scope = SCOPE_LENGTH;
	else
		return TEMPLATE_UNKNOWN;
	*ret_reference = reference;
	return TEMPLATE_OK;
}

static void skip_blanks(struct reading *reading) {
	reading->at += strspn(reading->at, " \t");
}

static int fault(struct reading *reading, enum template_reason reason, const char *name) {
	reading->fault->reason = reason;
	template_fault_name(reading->fault, name, strlen(name));
	return TEMPLATE_FAULTY;
}

static int read_name(struct reading *reading, struct template_reference *ret_reference) {
	size_t length = template_name_length(reading->at);
	const char *name;

	if (length == 0 || length >= TEMPLATE_NAME_MAX)
		return fault(reading, TEMPLATE_CONDITION_BAD, reading->at);
	name = arena_copy_text(reading->arena, reading->at, length);
	if (!name)
		return failed_here(-ENOMEM);
	reading->at += length;
	if (template_resolve(reading->names, reading->list, name, ret_reference) != TEMPLATE_OK) {
		fault(reading, TEMPLATE_NAME_UNKNOWN, name);
		template_fault_guess(reading->fault, reading->names, reading->list);
		return TEMPLATE_FAULTY;
	}
	return TEMPLATE_OK;
}

/* Digits and at most two decimals, in hundredths. False: not a number. */
static bool read_literal(struct reading *reading, int64_t *ret_literal) {
	const char *c = reading->at;
	int64_t literal = 0;
	int decimals = -1;

	for (; (*c >= '0' && *c <= '9') || (*c == '.' && decimals < 0); c++) {
		if (*c == '.') {
			decimals = 0;
			continue;
		}
		if (literal > LITERAL_MAX || decimals == 2)
			return false;
		literal = literal * 10 + (*c - '0');
		decimals += decimals >= 0;
	}
	if (c == reading->at || decimals == 0)
		return false;
	for (int i = decimals < 0 ? 0 : decimals; i < 2; i++)
		literal *= 10;
	reading->at = c;
	*ret_literal = literal;
	return true;
}

static bool read_operator(struct reading *reading, enum template_operator *ret_operator) {
	for (size_t i = 0; i < LENGTH_OF(operators); i++) {
		size_t length = strlen(operators[i].text);

		if (strncmp(reading->at, operators[i].text, length) == 0) {
			reading->at += length;
			*ret_operator = operators[i].operator;
			return true;
		}
	}
	return false;
}

/* Kinds that compare have the same family; 0 compares with nothing. */
static int family(enum template_kind kind) {
	switch (kind) {
	case TEMPLATE_COUNT:
	case TEMPLATE_PLAIN: return 1;
	case TEMPLATE_RATE:
	case TEMPLATE_TARGET: return 2;
	default: return 0;
	}
}

static int read_right_side(struct reading *reading, struct template_term *term) {
	int answer;

	skip_blanks(reading);
	if (family(term->left.kind) == 0)
		return fault(reading, TEMPLATE_COMPARISON_UNFIT, term->left.name);
	if (*reading->at >= '0' && *reading->at <= '9') {
		term->with_literal = true;
		return read_literal(reading, &term->literal)
		           ? TEMPLATE_OK
		           : fault(reading, TEMPLATE_CONDITION_BAD, reading->at);
	}
	answer = read_name(reading, &term->right);
	if (answer == TEMPLATE_OK && family(term->left.kind) != family(term->right.kind))
		return fault(reading, TEMPLATE_COMPARISON_UNFIT, term->right.name);
	return answer;
}

static int read_term(struct reading *reading, struct template_term *term) {
	int answer;

	skip_blanks(reading);
	if (*reading->at == '!') {
		reading->at++;
		term->operator= OPERATOR_ABSENT;
		skip_blanks(reading);
	}
	answer = read_name(reading, &term->left);
	if (answer != TEMPLATE_OK)
		return answer;
	skip_blanks(reading);
	if (term->operator== OPERATOR_PRESENT && read_operator(reading, &term->operator)) {
		answer = read_right_side(reading, term);
		skip_blanks(reading);
	}
	return answer;
}

int template_read_condition(struct arena *arena, const char *text,
    const struct template_names *names, const char *list, struct template_term **ret_terms,
    struct template_fault *ret_fault) {
	struct reading reading = { arena, names, list, text, ret_fault };
	struct template_term *terms = NULL;
	struct template_term **end = &terms;

	for (;;) {
		int answer;

		*end = arena_alloc(arena, sizeof(**end));
		if (!*end)
			return failed_here(-ENOMEM);
		answer = read_term(&reading, *end);
		if (answer != TEMPLATE_OK)
			return answer;
		end = &(*end)->next;
		if (*reading.at == '\0')
			break;
		if (*reading.at != '&')
			return fault(&reading, TEMPLATE_CONDITION_BAD, reading.at);
		reading.at++;
	}
	*ret_terms = terms;
	return TEMPLATE_OK;
}
