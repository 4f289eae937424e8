// SPDX-License-Identifier: Apache-2.0
/* The archive of rezone bugtool is its user's alone (cmd/bugtool_files.c). */
#include "unit.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "cmd/bugtool.h"

static struct rz_bugtool_scratch scratch;
static char folder[] = "/tmp/rezone-test-XXXXXX", path[64];

static int begin(void **state)
{
	(void)state;
	if (!mkdtemp(folder) || rz_bugtool_scratch_make(&scratch))
		return -1;
	snprintf(path, sizeof(path), "%s/archive", folder);
	return 0;
}

static int end(void **state)
{
	(void)state;
	rz_bugtool_scratch_remove(&scratch);
	unlink(path);
	return rmdir(folder);
}

static struct stat stat_of(void)
{
	struct stat st;

	assert_int_equal(0, stat(path, &st));
	return st;
}

/* A file that says "old", with this mode. */
static void put_old(mode_t mode)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	assert_int_equal(3, write(fd, "old", 3));
	assert_int_equal(0, fchmod(fd, mode));
	close(fd);
}

static bool is_old(void)
{
	char text[4] = {};
	int fd = open(path, O_RDONLY);

	assert_true(fd >= 0);
	assert_true(read(fd, text, 3) > 0);
	close(fd);
	return !strcmp(text, "old");
}

static void test_new(void **state)
{
	(void)state;
	assert_int_equal(0, rz_bugtool_pack(&scratch, path, true));
	assert_int_equal(0600, stat_of().st_mode & 07777);
	assert_int_equal(-EEXIST, rz_bugtool_pack(&scratch, path, true));
}

static void test_replaced(void **state)
{
	(void)state;
	put_old(0664);
	assert_int_equal(0, rz_bugtool_pack(&scratch, path, false));
	assert_int_equal(0600, stat_of().st_mode & 07777);
	assert_false(is_old());
}

/* Whoever owns the file could read it, whatever its mode. */
static void test_of_another(void **state)
{
	(void)state;
	if (geteuid())
		skip();
	put_old(0600);
	assert_int_equal(0, chown(path, 65534, 65534));
	assert_int_equal(-EPERM, rz_bugtool_pack(&scratch, path, false));
	assert_int_equal(65534, stat_of().st_uid);
	assert_true(is_old());
}

static void test_no_file(void **state)
{
	(void)state;
	assert_int_equal(0, rz_bugtool_pack(&scratch, "/dev/null", false));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_new),
		cmocka_unit_test(test_replaced),
		cmocka_unit_test(test_of_another),
		cmocka_unit_test(test_no_file),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
