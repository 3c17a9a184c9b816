/* SPDX-License-Identifier: MIT */
#include "common/base/file.h"

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/harness/folder.h"

struct office {
	struct folder folder;
	char path[128]; /* of a file in it */
};

static int office_open(void **state) {
	static struct office office;

	office.folder = folder_new();
	snprintf(office.path, sizeof(office.path), "%s/file", office.folder.path);
	*state = &office;
	return 0;
}

static int office_close(void **state) {
	struct office *office = *state;

	folder_remove(&office->folder);
	return 0;
}

static void expect_content(struct office *office, const char *bytes, size_t size) {
	AUTO(heap_freep) char *found = NULL;
	size_t found_size;

	assert_int_equal(file_read(office->path, 1 << 20, &found, &found_size), 0);
	assert_int_equal(found_size, size);
	assert_memory_equal(found, bytes, size);
	assert_int_equal(found[size], '\0');
}

static int read_result(const char *path, size_t max) {
	AUTO(heap_freep) char *found = NULL;
	int r = file_read(path, max, &found, NULL);

	assert_int_equal(found != NULL, r == 0);
	return r;
}

static void what_was_written_is_read(void **state) {
	struct office *office = *state;
	char large[100000];

	memset(large, 'x', sizeof(large));
	assert_int_equal(file_write(office->path, "a\0b", 3, 0600), 0);
	expect_content(office, "a\0b", 3);
	assert_int_equal(file_write(office->path, large, sizeof(large), 0600), 0);
	expect_content(office, large, sizeof(large));
	assert_int_equal(file_write(office->path, "", 0, 0600), 0);
	expect_content(office, "", 0);
}

static void a_file_larger_than_the_limit_is_refused(void **state) {
	struct office *office = *state;

	assert_int_equal(file_write(office->path, "12345", 5, 0600), 0);
	assert_int_equal(read_result(office->path, 5), 0);
	assert_int_equal(read_result(office->path, 4), -EFBIG);
	assert_int_equal(read_result(office->path, 0), -EFBIG);
}

/* Files of the kernel claim to be empty; like a file that grows while it is read. */
static void a_file_with_more_than_it_said_does_not_overflow(void **state) {
	(void)state;
	assert_int_equal(read_result("/proc/self/status", 0), -EFBIG);
}

static void what_is_no_file_is_told(void **state) {
	struct office *office = *state;

	assert_int_equal(read_result(office->path, 10), -ENOENT);
	assert_int_equal(read_result(office->folder.path, 10), -EISDIR);
}

static unsigned files_in(const char *path) {
	DIR *folder = opendir(path);
	unsigned count = 0;

	assert_non_null(folder);
	while (readdir(folder))
		count++;
	closedir(folder);
	return count - 2;
}

static void a_replaced_file_is_another_file_and_nothing_is_left_over(void **state) {
	struct office *office = *state;
	struct stat before;
	struct stat after;

	assert_int_equal(file_write(office->path, "old", 3, 0600), 0);
	assert_int_equal(stat(office->path, &before), 0);
	assert_int_equal(file_write(office->path, "new", 3, 0600), 0);
	assert_int_equal(stat(office->path, &after), 0);
	assert_true(before.st_ino != after.st_ino);
	assert_int_equal(after.st_mode & 0777, 0600);
	assert_int_equal(files_in(office->folder.path), 1);
}

static void a_file_that_cannot_be_replaced_stays(void **state) {
	struct office *office = *state;
	char below[256];

	assert_int_equal(folder_make(office->path, 0700), 0);
	assert_true(file_write(office->path, "x", 1, 0600) < 0);
	assert_int_equal(files_in(office->folder.path), 1);
	snprintf(below, sizeof(below), "%s/none/file", office->path);
	assert_int_equal(file_write(below, "x", 1, 0600), -ENOENT);
}

static void a_folder_is_made_with_those_above_it(void **state) {
	struct office *office = *state;
	struct stat status;
	char path[256];

	snprintf(path, sizeof(path), "%s/a//b/c/", office->folder.path);
	assert_int_equal(folder_make(path, 0700), 0);
	assert_int_equal(folder_make(path, 0700), 0);
	assert_int_equal(stat(path, &status), 0);
	assert_true(S_ISDIR(status.st_mode));
	assert_int_equal(status.st_mode & 0777, 0700);
	assert_int_equal(folder_make("/", 0700), 0);
}

static void a_file_in_the_way_of_a_folder_is_told(void **state) {
	struct office *office = *state;
	char below[256];

	assert_int_equal(file_write(office->path, "x", 1, 0600), 0);
	snprintf(below, sizeof(below), "%s/below", office->path);
	assert_int_equal(folder_make(office->path, 0700), -ENOTDIR);
	assert_int_equal(folder_make(below, 0700), -ENOTDIR);
	assert_int_equal(folder_make("", 0700), -ENOENT);
}

#define OFFICE_TEST(claim) cmocka_unit_test_setup_teardown(claim, office_open, office_close)

int main(void) {
	const struct CMUnitTest tests[] = {
		OFFICE_TEST(what_was_written_is_read),
		OFFICE_TEST(a_file_larger_than_the_limit_is_refused),
		OFFICE_TEST(a_file_with_more_than_it_said_does_not_overflow),
		OFFICE_TEST(what_is_no_file_is_told),
		OFFICE_TEST(a_replaced_file_is_another_file_and_nothing_is_left_over),
		OFFICE_TEST(a_file_that_cannot_be_replaced_stays),
		OFFICE_TEST(a_folder_is_made_with_those_above_it),
		OFFICE_TEST(a_file_in_the_way_of_a_folder_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
