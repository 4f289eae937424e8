// SPDX-License-Identifier: Apache-2.0
/* The process's rights, see caps.h. */
#include "kern/caps.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <linux/capability.h>

#ifndef CAP_PERFMON
#define CAP_PERFMON 38
#endif
#ifndef CAP_BPF
#define CAP_BPF 39
#endif

#define NO_CHILDREN "Kubernetes, cloud metadata and --listen cannot be used"

/* What is used, and by whom. */
static const struct {
	int number;
	const char *name;
	unsigned who;	  /* RZ_CAPS_ */
	const char *cost; /* of not having it; NULL: nothing goes without it, or nothing is lost */
} used[] = {
	{CAP_NET_ADMIN, "CAP_NET_ADMIN", RZ_CAPS_DAEMON},
	{CAP_BPF, "CAP_BPF", RZ_CAPS_DAEMON},
	{CAP_PERFMON, "CAP_PERFMON", RZ_CAPS_DAEMON},
	{CAP_SYS_ADMIN, "CAP_SYS_ADMIN", RZ_CAPS_START | RZ_CAPS_ENTER,
	 "connections in other network namespaces (pods) stay, and another rezone on this node is "
	 "not noticed"},
	{CAP_SYS_PTRACE, "CAP_SYS_PTRACE", RZ_CAPS_ENTER,
	 "no connection can be closed by a FIN, and network namespaces (pods) are found by their "
	 "names in /run/netns alone"},
	{CAP_DAC_READ_SEARCH, "CAP_DAC_READ_SEARCH", RZ_CAPS_ENTER,
	 "none whose agent is not root's can be closed by a FIN"},
	{CAP_SETUID, "CAP_SETUID", RZ_CAPS_CHILDREN, NO_CHILDREN},
	{CAP_SETGID, "CAP_SETGID", RZ_CAPS_CHILDREN, NO_CHILDREN},
	{CAP_KILL, "CAP_KILL", RZ_CAPS_CHILDREN, "a network process that hangs cannot be ended"},
	{CAP_SETPCAP, "CAP_SETPCAP", RZ_CAPS_CHILDREN},	       /* so that they can have none */
	{CAP_SYS_RESOURCE, "CAP_SYS_RESOURCE", RZ_CAPS_START}, /* maps before Linux 5.11 */
};
#define N_USED (sizeof(used) / sizeof(used[0]))

struct sets {
	struct __user_cap_header_struct head;
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3];
};

static int get(struct sets *s)
{
	*s = (struct sets){.head = {.version = _LINUX_CAPABILITY_VERSION_3}};
	return syscall(SYS_capget, &s->head, s->data) ? -errno : 0;
}

static bool has(const struct sets *s, int n)
{
	return s->data[CAP_TO_INDEX(n)].effective & CAP_TO_MASK(n);
}

static bool may_load(const struct sets *s)
{
	return has(s, CAP_BPF) && has(s, CAP_PERFMON);
}

int rz_caps_check(char *why, size_t why_size)
{
	static const char *const without = "running as root without ";
	struct sets s;
	bool loads;

	if (geteuid()) {
		snprintf(why, why_size, "running as uid %u, not root", geteuid());
		return -EPERM;
	}
	if (get(&s))
		return 0; /* cannot be asked: what fails will say so */
	loads = may_load(&s) || has(&s, CAP_SYS_ADMIN);
	if (loads && has(&s, CAP_NET_ADMIN))
		return 0;
	snprintf(why, why_size, "%s%s%s%s", without, has(&s, CAP_NET_ADMIN) ? "" : "CAP_NET_ADMIN",
		 loads || has(&s, CAP_NET_ADMIN) ? "" : " and ",
		 loads ? "" : "CAP_BPF and CAP_PERFMON");
	return -EPERM;
}

int rz_caps_costs(char *why, size_t why_size)
{
	struct sets s;
	size_t i, len = 0;

	if (get(&s))
		return 0;
	for (i = 0; i < N_USED && len < why_size; i++)
		if (used[i].cost && !has(&s, used[i].number))
			len += (size_t)snprintf(why + len, why_size - len, "%swithout %s %s",
						len ? "; " : "", used[i].name, used[i].cost);
	return len ? -EPERM : 0;
}

static bool is_used(int n, unsigned who)
{
	size_t i;

	for (i = 0; i < N_USED; i++)
		if (used[i].number == n)
			return used[i].who & who;
	return false;
}

int rz_caps_keep(unsigned who)
{
	struct sets s;
	int n, err = get(&s);

	if (err)
		return err;
	if (who & RZ_CAPS_DAEMON && !may_load(&s))
		who |= RZ_CAPS_START;
	for (n = 0; prctl(PR_CAPBSET_READ, n) >= 0; n++) {
		if (is_used(n, who))
			continue;
		prctl(PR_CAPBSET_DROP, n); /* for programs that it starts; needs CAP_SETPCAP */
		s.data[CAP_TO_INDEX(n)].permitted &= ~CAP_TO_MASK(n);
		s.data[CAP_TO_INDEX(n)].effective &= ~CAP_TO_MASK(n);
		s.data[CAP_TO_INDEX(n)].inheritable &= ~CAP_TO_MASK(n);
	}
	/* without CAP_SETPCAP a program of root's would get back what the bounding set has */
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		return -errno;
	return syscall(SYS_capset, &s.head, s.data) ? -errno : 0;
}
