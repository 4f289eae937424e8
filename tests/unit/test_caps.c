// SPDX-License-Identifier: Apache-2.0
/* kern/caps.c: what the daemon and its helper keep, and what the lack of the others costs. Each in
 * a child, for what is given up is gone. */
#include "unit.h"

#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <linux/capability.h>

#include "kern/caps.h"
#include "out/abilities.h"

#define BIT(n)	     (1ULL << (n))
#define NET_ADMIN    BIT(12)
#define SYS_ADMIN    BIT(21)
#define BPF_PERFMON  (BIT(39) | BIT(38))
#define ENTER	     (SYS_ADMIN | BIT(19) | BIT(2))	 /* sys_ptrace, dac_read_search */
#define CHILDREN     (BIT(7) | BIT(6) | BIT(5) | BIT(8)) /* setuid setgid kill setpcap */
#define SYS_RESOURCE BIT(24)
#define DAEMON	     (NET_ADMIN | BPF_PERFMON)

/* whose lack costs something */
#define COSTLY (ENTER | BIT(7) | BIT(6) | BIT(5))

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
	if (WEXITSTATUS(status) == 77)
		skip();
	return WEXITSTATUS(status);
}

/* Gives up all but `wanted`, of what there is. */
static int have_only(unsigned long long wanted)
{
	struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
	unsigned long long set = set_of("CapPrm:\t") & wanted;
	struct __user_cap_data_struct data[2] = {{(__u32)set, (__u32)set, 0},
						 {(__u32)(set >> 32), (__u32)(set >> 32), 0}};

	return syscall(SYS_capset, &head, data) ? -errno : 0;
}

/* Nothing else is left, in no set, and no program gets any back. */
static int keeps(unsigned who, unsigned long long wanted)
{
	unsigned long long had = set_of("CapEff:\t"), bounding = set_of("CapBnd:\t");
	bool may_drop = had & BIT(8);

	if (rz_caps_keep(who))
		return 1;
	if (set_of("CapEff:\t") != (had & wanted) || set_of("CapPrm:\t") & ~wanted)
		return 2;
	if (set_of("CapBnd:\t") != (may_drop ? bounding & wanted : bounding))
		return 3;
	return set_of("NoNewPrivs:\t") == 1 ? 0 : 4;
}

static int start(void)
{
	return keeps(RZ_CAPS_ALL, DAEMON | ENTER | CHILDREN | SYS_RESOURCE);
}

/* the daemon's own: three, and of the others none */
static int daemon_alone(void)
{
	if ((set_of("CapEff:\t") & DAEMON) != DAEMON)
		return 77;
	return keeps(RZ_CAPS_DAEMON, DAEMON);
}

static int daemon_with_children(void)
{
	if ((set_of("CapEff:\t") & DAEMON) != DAEMON)
		return 77;
	return keeps(RZ_CAPS_DAEMON | RZ_CAPS_CHILDREN, DAEMON | CHILDREN);
}

static int helper(void)
{
	return keeps(RZ_CAPS_ENTER, ENTER);
}

/* a runtime that does not know CAP_BPF: CAP_SYS_ADMIN has it in it, and stays */
static int daemon_without_bpf(void)
{
	if (geteuid() || have_only(~BPF_PERFMON))
		return 77;
	return keeps(RZ_CAPS_DAEMON, DAEMON | SYS_ADMIN | SYS_RESOURCE);
}

static void test_keep(void **state)
{
	(void)state;
	assert_int_equal(in_child(start), 0);
	assert_int_equal(in_child(daemon_alone), 0);
	assert_int_equal(in_child(daemon_with_children), 0);
	assert_int_equal(in_child(helper), 0);
	assert_int_equal(in_child(daemon_without_bpf), 0);
}

static int costs(void)
{
	char why[1024] = "";

	if (geteuid() || (set_of("CapEff:\t") & COSTLY) != COSTLY)
		return 77;
	if (rz_caps_costs(why, sizeof(why)))
		return 1;
	if (setresuid(65533, 65533, 65533)) /* and they are gone */
		return 2;
	if (rz_caps_costs(why, sizeof(why)) != -EPERM)
		return 3;
	/* each by itself, and all of them have room in a line of `rezone check` */
	if (strstr(why, "likewise") || strlen(why) >= sizeof(((struct rz_ability *)0)->detail))
		return 5;
	return strstr(why, "without CAP_SYS_PTRACE no connection can be closed by a FIN") ? 0 : 4;
}

static void test_costs(void **state)
{
	(void)state;
	assert_int_equal(in_child(costs), 0);
}

/* What rezone cannot run without. */
static int check(void)
{
	char why[256];

	if (geteuid() || (set_of("CapEff:\t") & (DAEMON | SYS_ADMIN)) != (DAEMON | SYS_ADMIN))
		return 77;
	if (rz_caps_check(why, sizeof(why)) || have_only(~BPF_PERFMON) ||
	    rz_caps_check(why, sizeof(why)))
		return 1;
	if (have_only(~SYS_ADMIN) || rz_caps_check(why, sizeof(why)) != -EPERM ||
	    strcmp(why, "running as root without CAP_BPF and CAP_PERFMON"))
		return 2;
	if (have_only(0) || rz_caps_check(why, sizeof(why)) != -EPERM ||
	    strcmp(why, "running as root without CAP_NET_ADMIN and CAP_BPF and CAP_PERFMON"))
		return 3;
	return 0;
}

static int check_small(void)
{
	char why[256];

	if (geteuid() || (set_of("CapEff:\t") & DAEMON) != DAEMON)
		return 77;
	if (have_only(DAEMON) || rz_caps_check(why, sizeof(why)))
		return 1;
	if (have_only(BPF_PERFMON) || rz_caps_check(why, sizeof(why)) != -EPERM)
		return 2;
	return strcmp(why, "running as root without CAP_NET_ADMIN") ? 3 : 0;
}

static void test_check(void **state)
{
	(void)state;
	assert_int_equal(in_child(check), 0);
	assert_int_equal(in_child(check_small), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_keep),
					   cmocka_unit_test(test_costs),
					   cmocka_unit_test(test_check)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
