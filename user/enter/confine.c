// SPDX-License-Identifier: Apache-2.0
/* What rezone-enter gives up, see confine.h. */
#include "enter/confine.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>
#include <linux/bpf.h>
#include <linux/netlink.h>

#include "base/calls.h"
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
	if (err)
		return rz_err(err, "enter: cannot give up rights: %s", strerror(-err));
	/* it has ended meanwhile, as a daemon does whose start fails: it has said why */
	return getppid() == parent ? 0 : -ESRCH;
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
static const struct rz_call narrowed[] = {
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

int rz_enter_forbid_calls(int *ret_calls)
{
	const struct rz_calls list = {.who = "enter",
				      .allowed = allowed,
				      .n_allowed = sizeof(allowed) / sizeof(allowed[0]),
				      .narrowed = narrowed,
				      .n_narrowed = sizeof(narrowed) / sizeof(narrowed[0])};

	return rz_calls_forbid_others(&list, ret_calls);
}
