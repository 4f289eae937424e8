// SPDX-License-Identifier: Apache-2.0
/* An entry of map `conns` is read until it is stable (kern/conn.c). The kernel's look-up is a
 * stand-in below, which the linker takes first: it says what a test has prepared, one after the
 * other, and then the last one again and again. */
#include "unit.h"

#include <errno.h>
#include <string.h>
#include <bpf/bpf.h>

#include "kern/conn.h"

#define FD     7
#define COOKIE 4711

static struct rz_conn readings[8];
static size_t n_readings, n_read;
static int failing; /* this reading fails, from 1; 0: none */

int bpf_map_lookup_elem_flags(int fd, const void *key, void *value, __u64 flags)
{
	size_t i = n_read < n_readings ? n_read : n_readings - 1;

	assert_int_equal(FD, fd);
	assert_int_equal(COOKIE, *(const __u64 *)key);
	assert_int_equal(BPF_F_LOCK, flags);
	n_read++;
	if ((int)n_read == failing) {
		errno = ENOENT;
		return -1;
	}
	memcpy(value, &readings[i], sizeof(readings[i]));
	return 0;
}

/* Readings by their requests; with `claim`, those whose number is odd were made under a claim. */
static int read_of(struct rz_conn *ret, bool claim, const char *requests)
{
	n_read = 0;
	n_readings = strlen(requests);
	memset(readings, 0, sizeof(readings));
	for (size_t i = 0; i < n_readings; i++) {
		readings[i].frame.requests = (__u32)(requests[i] - '0');
		readings[i].claim = claim && (requests[i] - '0') % 2 ? 0x8001 : 0;
	}
	return rz_conn_read(FD, COOKIE, ret);
}

static void test_stable(void **state)
{
	struct rz_conn c;

	(void)state;
	failing = 0;
	assert_int_equal(0, read_of(&c, false, "4"));
	assert_int_equal(3, n_read);
	assert_int_equal(4, c.frame.requests);
	assert_int_equal(0, c.claim);
}

static void test_changing(void **state)
{
	struct rz_conn c;

	(void)state;
	failing = 0;
	assert_int_equal(0, read_of(&c, false, "1122333"));
	assert_int_equal(7, n_read);
	assert_int_equal(3, c.frame.requests);
	assert_int_equal(0, c.claim);
}

/* Equal ones under a claim are half a change, as often as they come. */
static void test_claimed(void **state)
{
	struct rz_conn c;

	(void)state;
	failing = 0;
	assert_int_equal(0, read_of(&c, true, "22111222"));
	assert_int_equal(8, n_read);
	assert_int_equal(2, c.frame.requests);
	assert_int_equal(0, c.claim);
}

static void test_in_doubt(void **state)
{
	struct rz_conn c;

	(void)state;
	failing = 0;
	assert_int_equal(0, read_of(&c, true, "1"));
	assert_true(n_read > 3 && n_read < 100);
	assert_int_not_equal(0, c.claim);
}

static void test_gone(void **state)
{
	struct rz_conn c = {.cookie = 5};

	(void)state;
	for (failing = 1; failing <= 3; failing++)
		assert_int_equal(-ENOENT, read_of(&c, false, "1"));
	assert_int_equal(5, c.cookie); /* nothing was written */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_stable),	cmocka_unit_test(test_changing),
		cmocka_unit_test(test_claimed), cmocka_unit_test(test_in_doubt),
		cmocka_unit_test(test_gone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
