/* SPDX-License-Identifier: Apache-2.0 */
/* kern/memory.c: the memory limit of a process, read from files as the kernel writes them. */
#include "unit.h"

#include <sys/stat.h>
#include <unistd.h>

#include "kern/memory.h"

static char dir[64], cgroups[80], mounts[80];

static void put(const char *path, const char *text)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

/* Makes dir/a/b, with a limit each; an empty text is no file. */
static void tree(const char *file, const char *top, const char *a, const char *b)
{
	const char *const subs[] = {"", "/a", "/a/b"}, *const texts[] = {top, a, b};
	char path[160];
	int i;

	for (i = 0; i < 3; i++) {
		snprintf(path, sizeof(path), "%s%s", dir, subs[i]);
		mkdir(path, 0700);
		snprintf(path, sizeof(path), "%s%s/%s", dir, subs[i], file);
		unlink(path);
		if (*texts[i])
			put(path, texts[i]);
	}
}

/* What the two files say of a process: its cgroups, and one mount with this root and type. */
static uint64_t limit(const char *cgroup_lines, const char *root, const char *type,
		      const char *options)
{
	char text[512];

	put(cgroups, cgroup_lines);
	snprintf(text, sizeof(text),
		 "22 1 8:1 / / rw - ext4 /dev/sda rw\n"
		 "31 22 0:28 %s %s rw,nosuid shared:9 - %s x %s\n",
		 root, dir, type, options);
	put(mounts, text);
	return rz_memory_limit(cgroups, mounts);
}

static void test_v2(void **state)
{
	(void)state;
	tree("memory.max", "", "max\n", "1000\n");
	assert_int_equal(limit("0::/a/b\n", "/", "cgroup2", "rw"), 1000);
	assert_true(limit("0::/a\n", "/", "cgroup2", "rw") == UINT64_MAX);
	assert_true(limit("0::/\n", "/", "cgroup2", "rw") == UINT64_MAX);
	assert_true(limit("", "/", "cgroup2", "rw") == UINT64_MAX);
	/* the lowest on the way up counts */
	tree("memory.max", "", "500\n", "1000\n");
	assert_int_equal(limit("0::/a/b\n", "/", "cgroup2", "rw"), 500);
	tree("memory.max", "200\n", "500\n", "max\n");
	assert_int_equal(limit("0::/a/b\n", "/", "cgroup2", "rw"), 200);
	/* a container: the mount's root is a cgroup under the host's name, or the process's is "/"
	 */
	assert_int_equal(limit("0::/kube/pod/a\n", "/kube/pod", "cgroup2", "rw"), 200);
	assert_int_equal(limit("0::/\n", "/", "cgroup2", "rw"), 200);
	assert_int_equal(limit("0::/elsewhere\n", "/kube/pod", "cgroup2", "rw"), 200);
	/* "/kube/podother" is not below "/kube/pod" */
	assert_int_equal(limit("0::/kube/podother\n", "/kube/pod", "cgroup2", "rw"), 200);
}

static void test_v1(void **state)
{
	static const char lines[] = "9:name=systemd:/\n4:cpu,memory:/a/b\n0::/\n";

	(void)state;
	tree("memory.max", "", "", "");
	tree("memory.limit_in_bytes", "9223372036854771712\n", "700\n", "800\n");
	assert_int_equal(limit(lines, "/", "cgroup", "rw,cpu,memory"), 700);
	/* a hierarchy without the controller, and a name that only begins like it */
	assert_true(limit(lines, "/", "cgroup", "rw,cpu") == UINT64_MAX);
	assert_true(limit(lines, "/", "cgroup", "rw,memory2") == UINT64_MAX);
	assert_true(limit("4:memory2:/a/b\n", "/", "cgroup", "rw,memory") == UINT64_MAX);
	assert_true(rz_memory_limit("/nonexistent", mounts) == UINT64_MAX);
	assert_true(rz_memory_limit(cgroups, "/nonexistent") == UINT64_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_v2),
		cmocka_unit_test(test_v1),
	};
	char command[128];
	int failed;

	snprintf(dir, sizeof(dir), "/tmp/rezone-memory-XXXXXX");
	if (!mkdtemp(dir))
		return 1;
	snprintf(cgroups, sizeof(cgroups), "%s/cgroups", dir);
	snprintf(mounts, sizeof(mounts), "%s/mounts", dir);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	snprintf(command, sizeof(command), "rm -r %s", dir);
	/* NOLINTNEXTLINE(cert-env33-c): a command of the test's own */
	return system(command) || failed;
}
