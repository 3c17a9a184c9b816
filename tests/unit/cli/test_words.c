/* SPDX-License-Identifier: MIT */
/* The word catalogues: the same keys in both languages, and all that the command says. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <ctype.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cchc/node.pb-c.h"
#include "common/base/file.h"
#include "services/cli/cli.h"
#include "services/cli/words.h"

enum { KEY_MAX = 96 };

struct shelf {
	json_t *vi;
	json_t *en;
	struct text code; /* all sources of the command */
};

static json_t *load(const char *language) {
	char path[512];
	json_error_t error;
	json_t *catalogue;

	snprintf(path, sizeof(path), CCHC_SHARE_FOLDER "/words/%s.json", language);
	catalogue = json_load_file(path, JSON_REJECT_DUPLICATES, &error);
	if (!catalogue)
		fail_msg("%s:%d: %s", path, error.line, error.text);
	return catalogue;
}

static void add_sources(struct text *code, const char *pattern) {
	glob_t found;

	assert_int_equal(glob(pattern, 0, NULL, &found), 0);
	for (size_t i = 0; i < found.gl_pathc; i++) {
		AUTO(heap_freep) char *bytes = NULL;

		assert_return_code(file_read(found.gl_pathv[i], 1 << 20, &bytes, NULL), 0);
		text_add(code, bytes);
	}
	globfree(&found);
}

static int open_shelf(void **state) {
	struct shelf *shelf = calloc(1, sizeof(*shelf));

	shelf->vi = load("vi");
	shelf->en = load("en");
	add_sources(&shelf->code, CCHC_SOURCE_FOLDER "/services/cli/*.c");
	add_sources(&shelf->code, CCHC_SOURCE_FOLDER "/services/cli/import/*.c");
	*state = shelf;
	return 0;
}

static int close_shelf(void **state) {
	struct shelf *shelf = *state;

	json_decref(shelf->vi);
	json_decref(shelf->en);
	text_deinit(&shelf->code);
	free(shelf);
	return 0;
}

static void expect_key(const struct shelf *shelf, const char *key) {
	if (!json_object_get(shelf->vi, key))
		fail_msg("vi.json has no words for %s", key);
	if (!json_object_get(shelf->en, key))
		fail_msg("en.json has no words for %s", key);
}

/* Every {name} of one text stands in the other. */
static void expect_names(const char *key, const char *text, const char *other) {
	for (const char *at = strchr(text, '{'); at; at = strchr(at + 1, '{')) {
		char name[KEY_MAX];
		size_t length = strspn(at + 1, "abcdefghijklmnopqrstuvwxyz_");

		if (length == 0 || at[length + 1] != '}')
			continue;
		snprintf(name, sizeof(name), "%.*s", (int)length + 2, at);
		if (!strstr(other, name))
			fail_msg("%s: %s stands in one language only", key, name);
	}
}

static void both_languages_say_the_same_things(void **state) {
	const struct shelf *shelf = *state;
	const char *key;
	json_t *words;

	assert_int_equal(json_object_size(shelf->vi), json_object_size(shelf->en));
	json_object_foreach(shelf->vi, key, words) {
		const char *text = json_string_value(words);
		const char *other = json_string_value(json_object_get(shelf->en, key));

		expect_key(shelf, key);
		assert_true(text && *text && other && *other);
		expect_names(key, text, other);
		expect_names(key, other, text);
	}
}

static bool is_section(const struct shelf *shelf, const char *name, size_t length) {
	const char *key;
	json_t *words;

	json_object_foreach(shelf->vi, key,
	    words) if (strncmp(key, name, length) == 0 && key[length] == '.') return true;
	return false;
}

/* "section.word", which is not the name of a file in a node's folder. */
static bool looks_like_a_key(const struct shelf *shelf, const char *literal) {
	static const char *const file_ends[] = { ".conf", ".key", ".pub", ".csv", ".json", ".yaml" };
	size_t section = strspn(literal, "abcdefghijklmnopqrstuvwxyz_");

	for (size_t i = 0; i < LENGTH_OF(file_ends); i++)
		if (strlen(literal) > strlen(file_ends[i]) &&
		    strcmp(literal + strlen(literal) - strlen(file_ends[i]), file_ends[i]) == 0)
			return false;
	return section && literal[section] == '.' && literal[section + 1] &&
	       literal[strspn(literal, "abcdefghijklmnopqrstuvwxyz_.")] == '\0' &&
	       is_section(shelf, literal, section);
}

static void what_the_code_says_has_words(void **state) {
	const struct shelf *shelf = *state;
	size_t found = 0;

	for (const char *at = strchr(text_get(&shelf->code), '"'); at; at = strchr(at, '"')) {
		char literal[KEY_MAX];
		size_t length = strcspn(at + 1, "\"\\\n");

		snprintf(literal, sizeof(literal), "%.*s", (int)length, at + 1);
		if (at[length + 1] == '"' && length < KEY_MAX && looks_like_a_key(shelf, literal)) {
			expect_key(shelf, literal);
			found++;
		}
		at += length + 2;
	}
	assert_true(found > 100);
}

static void words_are_said_somewhere(void **state) {
	static const char *const made[] = { "help.", "fault.", "health.reason.", "verify.found." };
	const struct shelf *shelf = *state;
	const char *key;
	json_t *words;

	json_object_foreach(shelf->vi, key, words) {
		char literal[KEY_MAX];
		bool is_made = false;

		for (size_t i = 0; i < LENGTH_OF(made); i++)
			is_made = is_made || strncmp(key, made[i], strlen(made[i])) == 0;
		snprintf(literal, sizeof(literal), "\"%s\"", key);
		if (!is_made && !strstr(text_get(&shelf->code), literal))
			fail_msg("nobody says %s", key);
	}
}

static void every_command_has_its_help(void **state) {
	const struct shelf *shelf = *state;

	for (size_t i = 0; i < cli_command_count; i++) {
		const struct command *command = &cli_commands[i];
		char key[KEY_MAX];

		snprintf(key, sizeof(key), "help.%s%s%s", command->noun, command->verb ? "." : "",
		    command->verb ? command->verb : "");
		expect_key(shelf, key);
	}
}

static void expect_values(
    const struct shelf *shelf, const char *section, const ProtobufCEnumDescriptor *type) {
	for (unsigned i = 0; i < type->n_values; i++) {
		char key[KEY_MAX];

		snprintf(key, sizeof(key), "%s.%s", section, type->values[i].name);
		for (char *c = key; *c; c++)
			*c = (char)tolower((unsigned char)*c);
		expect_key(shelf, key);
	}
}

static void every_fault_of_the_contract_has_words(void **state) {
	expect_values(*state, "fault", &fault__reason__descriptor);
}

static void everything_that_can_be_wrong_in_a_store_has_words(void **state) {
	expect_values(*state, "verify.found", &verify_finding__kind__descriptor);
}

static void expect_filled(struct words *words, const char *wanted, const char *key, ...) {
	AUTO(text_deinit) struct text out = TEXT_NULL;
	va_list pairs;

	va_start(pairs, key);
	words_fill(words, key, pairs, &out);
	va_end(pairs);
	assert_string_equal(text_get(&out), wanted);
}

static void names_are_filled_in(void **state) {
	struct words *words;

	(void)state;
	assert_return_code(words_open(CCHC_SHARE_FOLDER "/words/en.json", &words), 0);
	expect_filled(words, "Wrote a.html.", "report.written", "file", "a.html", NULL);
	expect_filled(words, "Wrote {file}.", "report.written", NULL);
	expect_filled(words, "longer than 9 bytes", "fault.too_long", "detail", "9", NULL);
	/* An empty text takes the blank before it along. */
	expect_filled(words, "not of the right form", "fault.malformed", "detail", "", NULL);
	/* Nothing is ever silent. */
	expect_filled(words, "no.such a=1", "no.such", "a", "1", NULL);
	words_close(words);
}

#define CLAIM(name) cmocka_unit_test_setup_teardown(name, open_shelf, close_shelf)

int main(void) {
	const struct CMUnitTest tests[] = {
		CLAIM(both_languages_say_the_same_things),
		CLAIM(what_the_code_says_has_words),
		CLAIM(words_are_said_somewhere),
		CLAIM(every_command_has_its_help),
		CLAIM(every_fault_of_the_contract_has_words),
		CLAIM(everything_that_can_be_wrong_in_a_store_has_words),
		cmocka_unit_test(names_are_filled_in),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
