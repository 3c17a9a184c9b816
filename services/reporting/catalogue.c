/* SPDX-License-Identifier: MIT */
#include "services/reporting/catalogue.h"

#include <cyaml/cyaml.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/base/error.h"
#include "common/base/file.h"

#define CATALOGUE_MAX (1u << 20)

#define OPTIONAL (CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL)

static const cyaml_schema_value_t text_value = {
	CYAML_VALUE_STRING(CYAML_FLAG_POINTER, char *, 1, 200),
};

static const cyaml_schema_field_t figure_fields[] = {
	CYAML_FIELD_STRING_PTR("id", CYAML_FLAG_POINTER, struct figure, id, 1, 100),
	CYAML_FIELD_STRING_PTR("name", CYAML_FLAG_POINTER, struct figure, name, 1, 500),
	CYAML_FIELD_STRING_PTR("service", OPTIONAL, struct figure, service, 1, 50),
	CYAML_FIELD_STRING_PTR("table", OPTIONAL, struct figure, table, 1, 50),
	CYAML_FIELD_SEQUENCE_COUNT(
	    "measures", OPTIONAL, struct figure, measures.items, measures.count, &text_value, 1, 16),
	CYAML_FIELD_SEQUENCE_COUNT("categories", OPTIONAL, struct figure, categories.items,
	    categories.count, &text_value, 1, 64),
	CYAML_FIELD_STRING_PTR("level", OPTIONAL, struct figure, level, 1, 20),
	CYAML_FIELD_BOOL("distinct_units", CYAML_FLAG_OPTIONAL, struct figure, distinct_units),
	CYAML_FIELD_SEQUENCE_COUNT(
	    "of", OPTIONAL, struct figure, of.items, of.count, &text_value, 1, 32),
	CYAML_FIELD_SEQUENCE_COUNT(
	    "minus", OPTIONAL, struct figure, minus.items, minus.count, &text_value, 1, 32),
	CYAML_FIELD_SEQUENCE_COUNT(
	    "numerator", OPTIONAL, struct figure, numerator.items, numerator.count, &text_value, 1, 32),
	CYAML_FIELD_SEQUENCE_COUNT("denominator", OPTIONAL, struct figure, denominator.items,
	    denominator.count, &text_value, 1, 32),
	CYAML_FIELD_STRING_PTR("indicator", OPTIONAL, struct figure, indicator, 1, 100),
	CYAML_FIELD_STRING_PTR("target_level", OPTIONAL, struct figure, target_level, 1, 20),
	CYAML_FIELD_END,
};

static const cyaml_schema_value_t figure_value = {
	CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct figure, figure_fields),
};

static const cyaml_schema_field_t citation_fields[] = {
	CYAML_FIELD_STRING_PTR("id", CYAML_FLAG_POINTER, struct citation, id, 1, 100),
	CYAML_FIELD_STRING_PTR("type", CYAML_FLAG_POINTER, struct citation, type, 1, 32),
	CYAML_FIELD_STRING_PTR("subject", CYAML_FLAG_POINTER, struct citation, subject, 1, 500),
	CYAML_FIELD_END,
};

static const cyaml_schema_value_t citation_value = {
	CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct citation, citation_fields),
};

static const cyaml_schema_field_t catalogue_fields[] = {
	CYAML_FIELD_SEQUENCE_COUNT("figures", CYAML_FLAG_POINTER, struct catalogue, figures,
	    figure_count, &figure_value, 1, 2000),
	CYAML_FIELD_SEQUENCE_COUNT("citations", OPTIONAL, struct catalogue, citations, citation_count,
	    &citation_value, 0, 100),
	CYAML_FIELD_END,
};

static const cyaml_schema_value_t catalogue_value = {
	CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, struct catalogue, catalogue_fields),
};

/* libcyaml tells what is wrong through its log: first the mistake, then where it stands, from the
 * inside out. The mistake and the innermost line are what a person needs, on one line. */
static void keep_message(cyaml_log_t level, void *context, const char *format, va_list arguments) {
	char *fault = context;
	char message[CATALOGUE_FAULT_SIZE];
	const char *where;

	(void)level;
	vsnprintf(message, sizeof(message), format, arguments);
	message[strcspn(message, "\n")] = '\0';
	where = strstr(message, "(line: ");
	if (!*fault)
		snprintf(fault, CATALOGUE_FAULT_SIZE, "%s", message);
	else if (where && !strstr(fault, "(line: "))
		snprintf(fault + strlen(fault), CATALOGUE_FAULT_SIZE - strlen(fault), " %s", where);
}

static const cyaml_config_t *config_with(char *fault, cyaml_config_t *config) {
	*config = (cyaml_config_t) {
		.log_fn = keep_message,
		.log_ctx = fault,
		.log_level = CYAML_LOG_ERROR,
		.mem_fn = cyaml_mem,
	};
	return config;
}

static int ways_of_making(const struct figure *figure) {
	return (figure->measures.count && figure->service && figure->table) + (figure->of.count > 0) +
	       (figure->numerator.count && figure->denominator.count) + (figure->indicator != NULL);
}

/* What a figure is made of must stand above it, so that one pass computes all. */
static const char *missing_part(const struct catalogue *catalogue, unsigned place) {
	const struct figure *figure = &catalogue->figures[place];
	const struct texts *parts[] = { &figure->of, &figure->minus, &figure->numerator,
		&figure->denominator };

	for (size_t i = 0; i < LENGTH_OF(parts); i++) {
		for (unsigned j = 0; j < parts[i]->count; j++) {
			unsigned k = 0;

			while (k < place && strcmp(catalogue->figures[k].id, parts[i]->items[j]) != 0)
				k++;
			if (k == place)
				return parts[i]->items[j];
		}
	}
	return NULL;
}

/* libcyaml forgets lines once it has loaded; people mend by line. */
static int find_lines(const char *path, struct catalogue *catalogue) {
	AUTO(heap_freep) char *text = NULL;
	int r = file_read(path, CATALOGUE_MAX, &text, NULL);

	if (r < 0)
		return failed_below(r);
	for (unsigned i = 0; i < catalogue->figure_count; i++) {
		struct figure *figure = &catalogue->figures[i];
		const char *found;
		char wanted[120];

		snprintf(wanted, sizeof(wanted), "id: %s,", figure->id);
		found = strstr(text, wanted);
		figure->line = found ? 1 : 0;
		for (const char *c = text; found && c < found; c++)
			figure->line += *c == '\n';
	}
	return 0;
}

static int check_figure(const struct catalogue *catalogue, unsigned place, char *fault) {
	const struct figure *figure = &catalogue->figures[place];
	const char *missing = missing_part(catalogue, place);

	if (ways_of_making(figure) != 1)
		snprintf(fault, CATALOGUE_FAULT_SIZE,
		    "%s: cần đúng một cách tính (measures, of, numerator/denominator hoặc indicator)",
		    figure->id);
	else if (missing)
		snprintf(fault, CATALOGUE_FAULT_SIZE, "%s: số liệu %s chưa được khai báo phía trên",
		    figure->id, missing);
	else if (figure->level && strcmp(figure->level, "district") != 0 &&
	         strcmp(figure->level, "commune") != 0)
		snprintf(
		    fault, CATALOGUE_FAULT_SIZE, "%s: level phải là district hoặc commune", figure->id);
	else if (catalogue_find(catalogue, figure->id) != figure)
		snprintf(fault, CATALOGUE_FAULT_SIZE, "%s: khai báo hai lần", figure->id);
	else
		return CATALOGUE_OK;
	return CATALOGUE_BAD;
}

int catalogue_load(
    const char *path, struct catalogue **ret_catalogue, char fault[CATALOGUE_FAULT_SIZE]) {
	AUTO(catalogue_freep) struct catalogue *catalogue = NULL;
	cyaml_config_t config;
	int r;

	if (access(path, R_OK) < 0)
		return failed_here(-errno);
	fault[0] = '\0';
	if (cyaml_load_file(path, config_with(fault, &config), &catalogue_value,
	        (cyaml_data_t **)&catalogue, NULL) != CYAML_OK)
		return CATALOGUE_BAD;
	r = find_lines(path, catalogue);
	if (r < 0)
		return failed_below(r);
	for (unsigned i = 0; i < catalogue->figure_count; i++)
		if (check_figure(catalogue, i, fault) != CATALOGUE_OK) {
			snprintf(fault + strlen(fault), CATALOGUE_FAULT_SIZE - strlen(fault), " (line: %u)",
			    catalogue->figures[i].line);
			return CATALOGUE_BAD;
		}
	*ret_catalogue = catalogue;
	catalogue = NULL;
	return CATALOGUE_OK;
}

void catalogue_free(struct catalogue *catalogue) {
	char ignored[CATALOGUE_FAULT_SIZE] = "";
	cyaml_config_t config;

	cyaml_free(config_with(ignored, &config), &catalogue_value, catalogue, 0);
}

void catalogue_freep(struct catalogue **catalogue) {
	if (*catalogue)
		catalogue_free(*catalogue);
	*catalogue = NULL;
}

const struct figure *catalogue_find(const struct catalogue *catalogue, const char *id) {
	for (unsigned i = 0; i < catalogue->figure_count; i++)
		if (strcmp(catalogue->figures[i].id, id) == 0)
			return &catalogue->figures[i];
	return NULL;
}

enum figure_kind figure_kind_of(const struct figure *figure) {
	return figure->indicator ? FIGURE_TARGET : figure->numerator.count ? FIGURE_RATE : FIGURE_COUNT;
}

enum figure_level figure_level_of(const struct figure *figure) {
	if (!figure->level)
		return LEVEL_ANY;
	return strcmp(figure->level, "commune") == 0 ? LEVEL_OF_COMMUNE : LEVEL_OF_DISTRICT;
}
