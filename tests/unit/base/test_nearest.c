/* SPDX-License-Identifier: MIT */
#include "common/base/nearest.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

/* Of names up to a null. */
static const char *nearest_to(const char *given, const char *const names[]) {
	struct nearest nearest = NEAREST(given);

	for (; *names; names++)
		nearest_offer(&nearest, *names);
	return nearest.name;
}

static void the_name_with_the_fewest_changes_is_meant(void **state) {
	static const char *const names[] = { "listen", "parent", "map-mib", "queue-max", NULL };

	(void)state;
	assert_string_equal(nearest_to("map-mb", names), "map-mib");
	assert_string_equal(nearest_to("lsiten", names), "listen");
	assert_string_equal(nearest_to("parents", names), "parent");
	assert_string_equal(nearest_to("QUEUE-MAX", names), "queue-max");
}

static void of_two_as_near_the_first_is_meant(void **state) {
	static const char *const names[] = { "district", "late.a", "late.b", NULL };

	(void)state;
	assert_string_equal(nearest_to("late.c", names), "late.a");
}

static void what_shares_less_than_half_is_not_near(void **state) {
	static const char *const names[] = { "abcd", NULL };
	static const char *const none[] = { NULL };

	(void)state;
	assert_string_equal(nearest_to("abxy", names), "abcd");
	assert_null(nearest_to("axyz", names));
	assert_null(nearest_to("", names));
	assert_null(nearest_to("abcd", none));
}

static void a_name_longer_than_any_is_like_none(void **state) {
	char name[200];
	const char *const names[] = { name, NULL };

	(void)state;
	memset(name, 'x', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	assert_null(nearest_to(name, names));
	assert_null(nearest_to("x", names));
	name[95] = '\0';
	assert_string_equal(nearest_to(name, names), name);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_name_with_the_fewest_changes_is_meant),
		cmocka_unit_test(of_two_as_near_the_first_is_meant),
		cmocka_unit_test(what_shares_less_than_half_is_not_near),
		cmocka_unit_test(a_name_longer_than_any_is_like_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
