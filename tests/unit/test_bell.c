/* SPDX-License-Identifier: Apache-2.0 */
/* kern/bell.c: who hears which bell. The pins are files of the test. */
#include "unit.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include "kern/bell.h"
#include "kern/pins.h"

static char dir[] = "/tmp/rezone-bell.XXXXXX";

static const char *path_of(const char *name)
{
	static char path[256];

	rz_pins_path(path, sizeof(path), dir, name);
	return path;
}

static int make_pins(void **state)
{
	int orders, answers;

	(void)state;
	if (!mkdtemp(dir) || mkdir(path_of(""), 0700))
		return -1;
	orders = creat(path_of(RZ_BELL_ORDERS), 0600);
	answers = creat(path_of(RZ_BELL_ANSWERS), 0600);
	close(orders);
	close(answers);
	return orders < 0 || answers < 0 ? -1 : 0;
}

static int remove_pins(void **state)
{
	(void)state;
	unlink(path_of(RZ_BELL_ORDERS));
	unlink(path_of(RZ_BELL_ANSWERS));
	rmdir(path_of(""));
	rmdir(dir);
	return 0;
}

static bool is_heard(int fd)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};

	return poll(&p, 1, 0) == 1;
}

static void test_each_hears_its_own(void **state)
{
	int daemon = rz_bell_new(dir, RZ_BELL_ORDERS), command = rz_bell_new(dir, RZ_BELL_ANSWERS);

	(void)state;
	assert_true(daemon >= 0 && command >= 0);
	assert_false(is_heard(daemon) || is_heard(command));
	rz_bell_ring(dir, RZ_BELL_ORDERS);
	assert_true(is_heard(daemon));
	assert_false(is_heard(command));
	rz_bell_read(daemon);
	assert_false(is_heard(daemon));
	rz_bell_ring(dir, RZ_BELL_ANSWERS);
	rz_bell_ring(dir, RZ_BELL_ANSWERS);
	assert_true(is_heard(command));
	assert_false(is_heard(daemon));
	rz_bell_read(command);
	assert_false(is_heard(command));
	close(daemon);
	close(command);
}

static void test_no_pin(void **state)
{
	(void)state;
	assert_true(rz_bell_new("/nonexistent", RZ_BELL_ORDERS) < 0);
	rz_bell_ring("/nonexistent", RZ_BELL_ORDERS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_hears_its_own),
		cmocka_unit_test(test_no_pin),
	};

	return cmocka_run_group_tests(tests, make_pins, remove_pins);
}
