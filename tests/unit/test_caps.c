// SPDX-License-Identifier: Apache-2.0
/* kern/caps.c: what the daemon keeps, and what the lack of the others costs. Each in a child, for
 * what is given up is gone. */
#include "unit.h"

#include <sys/wait.h>
#include <unistd.h>

#include "kern/caps.h"

/* net_admin sys_admin bpf perfmon sys_ptrace dac_read_search setuid setgid kill sys_resource
 * setpcap, by their numbers */
#define USED                                                                                      \
	(1ULL << 12 | 1ULL << 21 | 1ULL << 39 | 1ULL << 38 | 1ULL << 19 | 1ULL << 2 | 1ULL << 7 | \
	 1ULL << 6 | 1ULL << 5 | 1ULL << 24 | 1ULL << 8)

/* whose lack costs something */
#define COSTLY (1ULL << 19 | 1ULL << 2 | 1ULL << 7 | 1ULL << 6 | 1ULL << 5)

/* "CapEff:\t" and so on, of this process. */
static unsigned long long set_of(const char *name)
{
	char text[256];
	unsigned long long set = ~0ULL;
	FILE *f = fopen("/proc/self/status", "re");

	while (f && fgets(text, sizeof(text), f))
		if (!strncmp(text, name, strlen(name)))
			set = strtoull(text + strlen(name), NULL, 16);
	if (f)
		fclose(f);
	return set;
}

static int in_child(int (*fn)(void))
{
	int status = 0;
	pid_t pid = fork();

	if (!pid)
		_exit(fn());
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static int keep(void)
{
	unsigned long long had = set_of("CapEff:\t"), bounding = set_of("CapBnd:\t");
	bool may_drop = had & 1ULL << 8;

	if (rz_caps_keep_used())
		return 1;
	if (set_of("CapEff:\t") != (had & USED) || set_of("CapPrm:\t") & ~USED)
		return 2;
	return set_of("CapBnd:\t") == (may_drop ? bounding & USED : bounding) ? 0 : 3;
}

static void test_keep(void **state)
{
	(void)state;
	assert_int_equal(in_child(keep), 0);
}

static int costs(void)
{
	char why[512] = "";

	if (geteuid() || (set_of("CapEff:\t") & COSTLY) != COSTLY)
		return 77;
	if (rz_caps_costs(why, sizeof(why)))
		return 1;
	if (setresuid(65533, 65533, 65533)) /* and they are gone */
		return 2;
	if (rz_caps_costs(why, sizeof(why)) != -EPERM)
		return 3;
	return strstr(why, "without CAP_SYS_PTRACE no connection can be closed by a FIN") ? 0 : 4;
}

static void test_costs(void **state)
{
	int ret = in_child(costs);

	(void)state;
	if (ret == 77)
		skip();
	assert_int_equal(ret, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_keep),
					   cmocka_unit_test(test_costs)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
