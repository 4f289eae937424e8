// SPDX-License-Identifier: Apache-2.0
/* What rezone-enter gives up, see confine.h. */
#include "enter/confine.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <seccomp.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>
#include <linux/bpf.h>
#include <linux/netlink.h>

#include "base/log.h"
#include "kern/caps.h"

#define FILES_MAX 64

int rz_enter_confine(pid_t parent)
{
	const struct rlimit files = {FILES_MAX, FILES_MAX}, none = {0, 0};
	int err;

	setrlimit(RLIMIT_NOFILE, &files);
	setrlimit(RLIMIT_CORE, &none);
	err = rz_caps_keep(RZ_CAPS_ENTER);
	if (!err && (prctl(PR_SET_DUMPABLE, 0) || prctl(PR_SET_PDEATHSIG, SIGKILL)))
		err = -errno;
	if (!err && getppid() != parent)
		err = -ESRCH;
	return err ? rz_err(err, "enter: cannot give up rights: %s", strerror(-err)) : 0;
}

/* What act.c and the C library below it call, whatever the arguments. */
static const int allowed[] = {
	/* requests and answers, and the netlink sockets */
	SCMP_SYS(recvmsg),
	SCMP_SYS(sendmsg),
	SCMP_SYS(recvfrom),
	SCMP_SYS(sendto),
	SCMP_SYS(poll),
	SCMP_SYS(ppoll),
	/* /proc, /run/netns */
	SCMP_SYS(newfstatat),
	SCMP_SYS(stat),
	SCMP_SYS(statx),
	SCMP_SYS(fstat),
	SCMP_SYS(readlink),
	SCMP_SYS(readlinkat),
	SCMP_SYS(getdents64),
	SCMP_SYS(lseek),
	SCMP_SYS(close),
	SCMP_SYS(fcntl),
	/* an agent's descriptor */
	SCMP_SYS(pidfd_open),
	SCMP_SYS(pidfd_getfd),
	SCMP_SYS(getsockopt),
	SCMP_SYS(getsockname),
	SCMP_SYS(getpeername),
	SCMP_SYS(shutdown),
	/* memory, its end */
	SCMP_SYS(brk),
	SCMP_SYS(munmap),
	SCMP_SYS(mremap),
	SCMP_SYS(madvise),
	SCMP_SYS(futex),
	SCMP_SYS(sysinfo), /* qsort(3) asks how much there is */
	SCMP_SYS(clock_gettime),
	SCMP_SYS(getrandom),
	SCMP_SYS(rt_sigreturn),
	SCMP_SYS(restart_syscall),
	SCMP_SYS(exit),
	SCMP_SYS(exit_group),
};

/* Those that are allowed with some arguments only: (argument & mask) == value. */
static const struct {
	int call;
	struct scmp_arg_cmp arg;
} narrowed[] = {
	{SCMP_SYS(openat),
	 {2, SCMP_CMP_MASKED_EQ, O_ACCMODE | O_CREAT | O_TRUNC | O_PATH, O_RDONLY}},
	{SCMP_SYS(open), {1, SCMP_CMP_MASKED_EQ, O_ACCMODE | O_CREAT | O_TRUNC | O_PATH, O_RDONLY}},
	{SCMP_SYS(setns), {1, SCMP_CMP_EQ, CLONE_NEWNET, 0}},
	{SCMP_SYS(socket), {0, SCMP_CMP_EQ, AF_NETLINK, 0}},
	{SCMP_SYS(bpf), {0, SCMP_CMP_EQ, BPF_ITER_CREATE, 0}},
	/* another rezone: read alone */
	{SCMP_SYS(bpf), {0, SCMP_CMP_EQ, BPF_LINK_GET_NEXT_ID, 0}},
	{SCMP_SYS(bpf), {0, SCMP_CMP_EQ, BPF_LINK_GET_FD_BY_ID, 0}},
	{SCMP_SYS(bpf), {0, SCMP_CMP_EQ, BPF_PROG_GET_FD_BY_ID, 0}},
	{SCMP_SYS(bpf), {0, SCMP_CMP_EQ, BPF_MAP_GET_FD_BY_ID, 0}},
	{SCMP_SYS(bpf), {0, SCMP_CMP_EQ, BPF_OBJ_GET_INFO_BY_FD, 0}},
	{SCMP_SYS(bpf), {0, SCMP_CMP_EQ, BPF_MAP_LOOKUP_ELEM, 0}},
	{SCMP_SYS(mmap), {2, SCMP_CMP_MASKED_EQ, PROT_EXEC, 0}},
	{SCMP_SYS(mprotect), {2, SCMP_CMP_MASKED_EQ, PROT_EXEC, 0}},
};

/* Loads the list; what is not on it gets `action`. 0 or -errno; *ret_calls with SCMP_ACT_NOTIFY. */
static int load(uint32_t action, int *ret_calls)
{
	scmp_filter_ctx ctx = seccomp_init(action);
	size_t i;
	int err = ctx ? 0 : -ENOMEM;

	/* another machine's system calls (x32, 32 bit) are none of the list's */
	if (!err)
		err = seccomp_attr_set(ctx, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_ERRNO(EPERM));
	for (i = 0; i < sizeof(allowed) / sizeof(allowed[0]) && !err; i++)
		err = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, allowed[i], 0);
	for (i = 0; i < sizeof(narrowed) / sizeof(narrowed[0]) && !err; i++)
		err = seccomp_rule_add_array(ctx, SCMP_ACT_ALLOW, narrowed[i].call, 1,
					     &narrowed[i].arg);
	if (!err)
		err = seccomp_load(ctx);
	if (!err && action == SCMP_ACT_NOTIFY)
		err = *ret_calls = seccomp_notify_fd(ctx);
	seccomp_release(ctx);
	return err < 0 ? err : 0;
}

/* Who has taken this process under a list with a descriptor already (a container's runtime) leaves
 * no place for a second one. */
int rz_enter_forbid_calls(int *ret_calls)
{
	int err;

	*ret_calls = -1;
	err = load(SCMP_ACT_NOTIFY, ret_calls);
	if (err)
		err = load(SCMP_ACT_ERRNO(EPERM), NULL);
	return err ? rz_err(err,
			    "enter: cannot give up system calls by seccomp: %s; a kernel with "
			    "CONFIG_SECCOMP_FILTER is needed, and whoever starts rezone must allow "
			    "seccomp(2)",
			    strerror(-err))
		   : 0;
}
