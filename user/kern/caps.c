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

/* What the daemon uses. CAP_SYS_ADMIN has CAP_BPF and CAP_PERFMON in it. */
static const struct {
	int number;
	const char *name;
	const char *cost; /* of not having it; NULL: nothing goes without it */
	bool quiet;	  /* it is had for others' sake */
} used[] = {
	{CAP_NET_ADMIN, "CAP_NET_ADMIN"},
	{CAP_SYS_ADMIN, "CAP_SYS_ADMIN"},
	{CAP_BPF, "CAP_BPF", .quiet = true},
	{CAP_PERFMON, "CAP_PERFMON", .quiet = true},
	{CAP_SYS_PTRACE, "CAP_SYS_PTRACE", "no connection can be closed by a FIN"},
	{CAP_DAC_READ_SEARCH, "CAP_DAC_READ_SEARCH",
	 "none whose agent is not root's can be closed by a FIN"},
	{CAP_SETUID, "CAP_SETUID", "no Kubernetes, no cloud and no --listen"},
	{CAP_SETGID, "CAP_SETGID", "likewise"},
	{CAP_KILL, "CAP_KILL", "a network process that hangs cannot be ended"},
	{CAP_SYS_RESOURCE, "CAP_SYS_RESOURCE", .quiet = true}, /* maps before Linux 5.11 */
	{CAP_SETPCAP, "CAP_SETPCAP", .quiet = true}, /* processes without rights can have none */
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

int rz_caps_check(char *why, size_t why_size)
{
	struct sets s;
	size_t i, len = 0;

	if (geteuid()) {
		snprintf(why, why_size, "running as uid %u, not root", geteuid());
		return -EPERM;
	}
	if (get(&s))
		return 0; /* cannot be asked: what fails will say so */
	for (i = 0; i < N_USED && len < why_size; i++)
		if (!used[i].cost && !used[i].quiet && !has(&s, used[i].number))
			len += (size_t)snprintf(why + len, why_size - len, "%s%s",
						len ? " and " : "running as root without ",
						used[i].name);
	return len ? -EPERM : 0;
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

static bool is_used(int n)
{
	size_t i;

	for (i = 0; i < N_USED; i++)
		if (used[i].number == n)
			return true;
	return false;
}

int rz_caps_keep_used(void)
{
	struct sets s;
	int n, err = get(&s);

	if (err)
		return err;
	for (n = 0; prctl(PR_CAPBSET_READ, n) >= 0; n++) {
		if (is_used(n))
			continue;
		prctl(PR_CAPBSET_DROP, n); /* for programs that it starts; needs CAP_SETPCAP */
		s.data[CAP_TO_INDEX(n)].permitted &= ~CAP_TO_MASK(n);
		s.data[CAP_TO_INDEX(n)].effective &= ~CAP_TO_MASK(n);
		s.data[CAP_TO_INDEX(n)].inheritable &= ~CAP_TO_MASK(n);
	}
	return syscall(SYS_capset, &s.head, s.data) ? -errno : 0;
}
