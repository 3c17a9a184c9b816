/* SPDX-License-Identifier: MIT */
#include "common/base/settings.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/base/file.h"
#include "tests/harness/folder.h"

struct target {
	char *name;
	char *place;
	uint64_t map_mib;
	uint64_t queue_max;
};

static const struct setting table[] = {
	{ "name", SETTING_TEXT, "", "name", offsetof(struct target, name) },
	{ "place", SETTING_TEXT, "Cù Lao Dung", "place", offsetof(struct target, place) },
	{ "map-mib", SETTING_NUMBER, "65536", "map", offsetof(struct target, map_mib) },
	{ "queue-max", SETTING_NUMBER, "512", "queue", offsetof(struct target, queue_max) },
};

struct office {
	struct folder folder;
	char path[128];
	struct target target;
	struct settings_fault fault;
};

static int office_open(void **state) {
	static struct office office;

	memset(&office, 0, sizeof(office));
	office.folder = folder_new();
	snprintf(office.path, sizeof(office.path), "%s/node.conf", office.folder.path);
	*state = &office;
	return 0;
}

static int office_close(void **state) {
	struct office *office = *state;

	settings_free(table, LENGTH_OF(table), &office->target);
	assert_null(office->target.name);
	folder_remove(&office->folder);
	return 0;
}

static int load(struct office *office) {
	return settings_load(table, LENGTH_OF(table), office->path, &office->target, &office->fault);
}

static int load_text(struct office *office, const char *text) {
	assert_int_equal(file_write(office->path, text, strlen(text), 0600), 0);
	return load(office);
}

static void expect_fault(
    struct office *office, const char *text, int answer, unsigned line, const char *name) {
	memset(&office->fault, 0, sizeof(office->fault));
	assert_int_equal(load_text(office, text), answer);
	assert_int_equal(office->fault.line, line);
	assert_string_equal(office->fault.name, name);
}

static void what_the_file_does_not_name_has_its_default(void **state) {
	struct office *office = *state;

	assert_int_equal(load_text(office, ""), SETTINGS_OK);
	assert_string_equal(office->target.name, "");
	assert_string_equal(office->target.place, "Cù Lao Dung");
	assert_int_equal(office->target.map_mib, 65536);
}

static void values_are_read_with_comments_sections_and_spaces(void **state) {
	struct office *office = *state;

	assert_int_equal(load_text(office, "# sample\n[node]\n  name = UBND huyện  \n\n"
	                                   "[limits]\nmap-mib=18446744073709551615 ; all of it\n"
	                                   "place =\n"),
	    SETTINGS_OK);
	assert_string_equal(office->target.name, "UBND huyện");
	assert_string_equal(office->target.place, "");
	assert_int_equal(office->target.map_mib, UINT64_MAX);
}

static void a_value_told_twice_is_the_last(void **state) {
	struct office *office = *state;

	assert_int_equal(load_text(office, "name = a\nname = b\n"), SETTINGS_OK);
	assert_string_equal(office->target.name, "b");
}

static void a_mistyped_name_is_told_with_its_nearest(void **state) {
	struct office *office = *state;

	expect_fault(office, "name = a\nmap-mb = 5\n", SETTINGS_UNKNOWN_NAME, 2, "map-mb");
	assert_string_equal(office->fault.nearest, "map-mib");
	expect_fault(office, "colour = red\n", SETTINGS_UNKNOWN_NAME, 1, "colour");
	assert_null(office->fault.nearest);
}

static void a_number_is_a_whole_number_in_range(void **state) {
	struct office *office = *state;

	expect_fault(office, "map-mib = many\n", SETTINGS_BAD_VALUE, 1, "map-mib");
	expect_fault(office, "map-mib = 5x\n", SETTINGS_BAD_VALUE, 1, "map-mib");
	expect_fault(office, "map-mib = -1\n", SETTINGS_BAD_VALUE, 1, "map-mib");
	expect_fault(office, "map-mib = 1.5\n", SETTINGS_BAD_VALUE, 1, "map-mib");
	expect_fault(office, "map-mib =\n", SETTINGS_BAD_VALUE, 1, "map-mib");
	expect_fault(office, "map-mib = 18446744073709551616\n", SETTINGS_BAD_VALUE, 1, "map-mib");
}

static void the_first_fault_is_told_whatever_follows(void **state) {
	struct office *office = *state;

	expect_fault(office, "colour = red\nname = a\n", SETTINGS_UNKNOWN_NAME, 1, "colour");
	expect_fault(office, "name = a\nmap-mib = x\ncolour = red\n", SETTINGS_BAD_VALUE, 2, "map-mib");
	expect_fault(office, "no value here\ncolour = red\n", SETTINGS_MALFORMED, 1, "");
	expect_fault(
	    office, "name = a\ncolour = red\nno value here\n", SETTINGS_UNKNOWN_NAME, 2, "colour");
}

static void a_line_without_a_value_is_malformed(void **state) {
	struct office *office = *state;

	expect_fault(office, "name = a\n\njust words\n", SETTINGS_MALFORMED, 3, "");
	expect_fault(office, "[node\nname = a\n", SETTINGS_MALFORMED, 1, "");
}

static void a_line_that_is_too_long_is_refused_not_cut(void **state) {
	struct office *office = *state;
	char text[600] = "name = a\nplace = ";
	size_t length = strlen(text);

	memset(text + length, 'x', 400);
	strcpy(text + length + 400, "\nqueue-max = 7\n");
	expect_fault(office, text, SETTINGS_MALFORMED, 2, "");
	/* Not even when the rest would be a setting. */
	memcpy(text + length + 300, "\tqueue-max = 9 ", 15);
	expect_fault(office, text, SETTINGS_MALFORMED, 2, "");
}

static void a_last_line_needs_no_end(void **state) {
	struct office *office = *state;

	assert_int_equal(load_text(office, "name = a\nqueue-max = 7"), SETTINGS_OK);
	assert_int_equal(office->target.queue_max, 7);
}

static void a_file_that_cannot_be_read_is_told(void **state) {
	struct office *office = *state;

	assert_int_equal(load(office), -ENOENT);
	assert_int_equal(folder_make(office->path, 0700), 0);
	assert_true(load(office) < 0);
}

#define OFFICE_TEST(claim) cmocka_unit_test_setup_teardown(claim, office_open, office_close)

int main(void) {
	const struct CMUnitTest tests[] = {
		OFFICE_TEST(what_the_file_does_not_name_has_its_default),
		OFFICE_TEST(values_are_read_with_comments_sections_and_spaces),
		OFFICE_TEST(a_value_told_twice_is_the_last),
		OFFICE_TEST(a_mistyped_name_is_told_with_its_nearest),
		OFFICE_TEST(a_number_is_a_whole_number_in_range),
		OFFICE_TEST(the_first_fault_is_told_whatever_follows),
		OFFICE_TEST(a_line_without_a_value_is_malformed),
		OFFICE_TEST(a_line_that_is_too_long_is_refused_not_cut),
		OFFICE_TEST(a_last_line_needs_no_end),
		OFFICE_TEST(a_file_that_cannot_be_read_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
