/* SPDX-License-Identifier: MIT */
/* JSON objects one after another, out of an argument, a file or a pipe. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/base/file.h"
#include "services/cli/json_source.h"
#include "tests/harness/folder.h"

static struct json_source *open_source(const char *argument) {
	struct json_source *source = NULL;

	assert_return_code(json_source_open(argument, &source), 0);
	return source;
}

/* The next answer, reading as often as it takes. */
static enum json_source_answer next(
    struct json_source *source, json_t **ret_json, struct json_fault *ret_fault) {
	enum json_source_answer answer;

	while ((answer = json_source_next(source, ret_json, ret_fault)) == JSON_SOURCE_WAIT) {
		assert_true(json_source_descriptor(source) >= 0);
		assert_return_code(json_source_read(source), 0);
	}
	return answer;
}

static void expect_number(struct json_source *source, json_int_t number) {
	AUTO(json_decrefp) json_t *json = NULL;
	struct json_fault fault;

	assert_int_equal(next(source, &json, &fault), JSON_SOURCE_VALUE);
	assert_int_equal(json_integer_value(json_object_get(json, "n")), number);
}

static void expect_end(struct json_source *source) {
	json_t *json = NULL;
	struct json_fault fault;

	assert_int_equal(next(source, &json, &fault), JSON_SOURCE_END);
	assert_int_equal(json_source_descriptor(source), -1);
}

static void expect_bad(const char *text, unsigned line, unsigned column) {
	AUTO(json_source_closep) struct json_source *source = open_source(text);
	struct json_fault fault;
	enum json_source_answer answer;
	json_t *json = NULL;

	while ((answer = next(source, &json, &fault)) == JSON_SOURCE_VALUE)
		json_decref(json);
	assert_int_equal(answer, JSON_SOURCE_BAD);
	if (fault.line != line || fault.column != column)
		fail_msg("%s: %u:%u %s", text, fault.line, fault.column, fault.text);
	assert_true(strlen(fault.text) > 0);
}

static void objects_follow_each_other_with_or_without_lines(void **state) {
	AUTO(json_source_closep)
	struct json_source *source =
	    open_source(" {\"n\":1}{\"n\":2}\n\n{\"s\":\"}\\\\\\\"{\",\t\"n\":\n3,\"l\":[{}]}\r\n");

	(void)state;
	expect_number(source, 1);
	expect_number(source, 2);
	expect_number(source, 3);
	expect_end(source);
	expect_end(source);
}

static void nothing_is_the_end(void **state) {
	AUTO(json_source_closep) struct json_source *source = open_source("");
	AUTO(json_source_closep) struct json_source *blank = open_source(" \n\t");

	(void)state;
	expect_end(source);
	expect_end(blank);
}

static void a_mistake_is_told_with_its_place(void **state) {
	(void)state;
	expect_bad("{\"n\":}", 1, 6);
	expect_bad("{\"n\":1}\n {\"n\":1,}", 2, 9);
	expect_bad("{\"n\":1}\n{\n\"n\":x}", 3, 5);
	expect_bad("{\"n\":1} 7", 1, 9);
	expect_bad("[{}]", 1, 1);
	expect_bad("{\"n\":1} {\"n\":1", 1, 14);
	expect_bad("{\"n\":1,\"n\":2}", 1, 10);
	expect_bad("{\"n\":]}", 1, 6);
	expect_bad("{\"a\xff\":1}", 1, 3);
}

static void a_pipe_is_taken_as_it_comes(void **state) {
	AUTO(json_source_closep) struct json_source *source = NULL;
	int kept = dup(STDIN_FILENO);
	struct json_fault fault;
	json_t *json = NULL;
	int ends[2];

	(void)state;
	assert_return_code(pipe(ends), 0);
	assert_return_code(dup2(ends[0], STDIN_FILENO), 0);
	close(ends[0]);
	source = open_source("-");
	assert_int_equal(json_source_next(source, &json, &fault), JSON_SOURCE_WAIT);
	assert_int_equal(write(ends[1], "{\"n\":1}{\"n\"", 11), 11);
	assert_return_code(json_source_read(source), 0);
	expect_number(source, 1);
	assert_int_equal(json_source_next(source, &json, &fault), JSON_SOURCE_WAIT);
	assert_int_equal(write(ends[1], ":2}\n", 4), 4);
	expect_number(source, 2);
	close(ends[1]);
	expect_end(source);
	assert_return_code(dup2(kept, STDIN_FILENO), 0);
	close(kept);
}

static void a_file_of_many_objects_is_read_in_pieces(void **state) {
	enum { OBJECTS = 20000 };
	AUTO(folder_remove) struct folder folder = folder_new();
	AUTO(json_source_closep) struct json_source *source = NULL;
	char path[256];
	FILE *file;

	(void)state;
	snprintf(path, sizeof(path), "@%s/objects", folder.path);
	file = fopen(path + 1, "we");
	for (int i = 0; i < OBJECTS; i++)
		fprintf(file, "{\"n\":%d}\n", i);
	fclose(file);
	source = open_source(path);
	for (int i = 0; i < OBJECTS; i++)
		expect_number(source, i);
	expect_end(source);
}

static void a_file_that_is_not_there_is_told(void **state) {
	struct json_source *source = NULL;

	(void)state;
	assert_int_equal(json_source_open("@/no/such/file", &source), -ENOENT);
	assert_null(source);
}

static void an_object_has_a_limit(void **state) {
	AUTO(folder_remove) struct folder folder = folder_new();
	AUTO(json_source_closep) struct json_source *source = NULL;
	struct json_fault fault;
	json_t *json = NULL;
	char path[256];
	FILE *file;

	(void)state;
	snprintf(path, sizeof(path), "@%s/large", folder.path);
	file = fopen(path + 1, "we");
	fputs("{\"s\":\"", file);
	for (size_t i = 0; i < JSON_SOURCE_VALUE_MAX; i++)
		putc('x', file);
	fclose(file);
	source = open_source(path);
	assert_int_equal(next(source, &json, &fault), JSON_SOURCE_BAD);
	assert_non_null(strstr(fault.text, "8 MiB"));
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(objects_follow_each_other_with_or_without_lines),
		cmocka_unit_test(nothing_is_the_end),
		cmocka_unit_test(a_mistake_is_told_with_its_place),
		cmocka_unit_test(a_pipe_is_taken_as_it_comes),
		cmocka_unit_test(a_file_of_many_objects_is_read_in_pieces),
		cmocka_unit_test(a_file_that_is_not_there_is_told),
		cmocka_unit_test(an_object_has_a_limit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
