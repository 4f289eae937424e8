// SPDX-License-Identifier: Apache-2.0
/* What the network process gives up, see confine.h. */
#include "source/confine.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>
#include <linux/sched.h>

#include "base/calls.h"
#include "base/drop.h"
#include "base/log.h"
#include "report/report.h"

/* Every mount becomes read-only in a mount namespace of its own. CAP_SYS_ADMIN, which the daemon
 * has not, makes one, or a user namespace does, in which this process has it for a moment, where
 * nobody forbids these. */
static bool freeze_files(int user)
{
	struct mount_attr attr = {.attr_set = MOUNT_ATTR_RDONLY};

	return !unshare(CLONE_NEWNS | user) && !mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) &&
	       !mount_setattr(AT_FDCWD, "/", AT_RECURSIVE, &attr, sizeof(attr));
}

/* What libcurl, OpenSSL, the resolver and our loop call, whatever the arguments. */
static const int allowed[] = {
	/* descriptors that are open */
	SCMP_SYS(read),
	SCMP_SYS(readv),
	SCMP_SYS(pread64),
	SCMP_SYS(write),
	SCMP_SYS(writev),
	SCMP_SYS(close),
	SCMP_SYS(lseek),
	SCMP_SYS(fstat),
	SCMP_SYS(fcntl),
	SCMP_SYS(dup),
	/* files, to read */
	SCMP_SYS(newfstatat),
	SCMP_SYS(stat),
	SCMP_SYS(lstat),
	SCMP_SYS(statx),
	SCMP_SYS(statfs),
	SCMP_SYS(fstatfs),
	SCMP_SYS(access),
	SCMP_SYS(faccessat),
	SCMP_SYS(faccessat2),
	SCMP_SYS(readlink),
	SCMP_SYS(readlinkat),
	SCMP_SYS(getdents64),
	SCMP_SYS(getcwd),
	/* sockets; which ones can be made stands below */
	SCMP_SYS(connect),
	SCMP_SYS(bind),
	SCMP_SYS(getsockname),
	SCMP_SYS(getpeername),
	SCMP_SYS(getsockopt),
	SCMP_SYS(setsockopt),
	SCMP_SYS(sendto),
	SCMP_SYS(recvfrom),
	SCMP_SYS(sendmsg),
	SCMP_SYS(recvmsg),
	SCMP_SYS(sendmmsg),
	SCMP_SYS(recvmmsg),
	SCMP_SYS(shutdown),
	/* waiting */
	SCMP_SYS(poll),
	SCMP_SYS(ppoll),
	SCMP_SYS(select),
	SCMP_SYS(pselect6),
	SCMP_SYS(epoll_create1),
	SCMP_SYS(epoll_ctl),
	SCMP_SYS(epoll_wait),
	SCMP_SYS(epoll_pwait),
	SCMP_SYS(eventfd2),
	SCMP_SYS(pipe2),
	SCMP_SYS(pipe),
	SCMP_SYS(timerfd_create),
	SCMP_SYS(timerfd_settime),
	SCMP_SYS(nanosleep),
	SCMP_SYS(clock_nanosleep),
	SCMP_SYS(clock_gettime),
	SCMP_SYS(gettimeofday),
	SCMP_SYS(time),
	/* memory, threads (libcurl resolves names in one), signals of its own */
	SCMP_SYS(brk),
	SCMP_SYS(munmap),
	SCMP_SYS(mremap),
	SCMP_SYS(madvise),
	SCMP_SYS(futex),
	SCMP_SYS(set_robust_list),
	SCMP_SYS(rseq),
	SCMP_SYS(rt_sigaction),
	SCMP_SYS(rt_sigprocmask),
	SCMP_SYS(rt_sigreturn),
	SCMP_SYS(sigaltstack),
	SCMP_SYS(restart_syscall),
	SCMP_SYS(sched_yield),
	SCMP_SYS(sched_getaffinity),
	SCMP_SYS(exit),
	SCMP_SYS(exit_group),
	/* who am I, where, when */
	SCMP_SYS(getpid),
	SCMP_SYS(gettid),
	SCMP_SYS(getppid),
	SCMP_SYS(getuid),
	SCMP_SYS(geteuid),
	SCMP_SYS(getgid),
	SCMP_SYS(getegid),
	SCMP_SYS(uname),
	SCMP_SYS(sysinfo),
	SCMP_SYS(getrandom),
};

/* Those that are allowed with some arguments only: (argument & mask) == value. */
static const struct rz_call narrowed[] = {
	{SCMP_SYS(openat),
	 {2, SCMP_CMP_MASKED_EQ, O_ACCMODE | O_CREAT | O_TRUNC | O_PATH, O_RDONLY}},
	{SCMP_SYS(open), {1, SCMP_CMP_MASKED_EQ, O_ACCMODE | O_CREAT | O_TRUNC | O_PATH, O_RDONLY}},
	{SCMP_SYS(socket), {0, SCMP_CMP_EQ, AF_INET, 0}},
	{SCMP_SYS(socket), {0, SCMP_CMP_EQ, AF_INET6, 0}},
	{SCMP_SYS(socket), {0, SCMP_CMP_EQ, AF_NETLINK, 0}}, /* the resolver asks for addresses */
	{SCMP_SYS(socketpair), {0, SCMP_CMP_EQ, AF_UNIX, 0}},
	{SCMP_SYS(mmap), {2, SCMP_CMP_MASKED_EQ, PROT_EXEC, 0}},
	{SCMP_SYS(mprotect), {2, SCMP_CMP_MASKED_EQ, PROT_EXEC, 0}},
	{SCMP_SYS(clone), {0, SCMP_CMP_MASKED_EQ, CLONE_THREAD, CLONE_THREAD}},
	{SCMP_SYS(ioctl), {1, SCMP_CMP_EQ, FIONBIO, 0}},
	{SCMP_SYS(ioctl), {1, SCMP_CMP_EQ, FIONREAD, 0}},
	{SCMP_SYS(prctl), {0, SCMP_CMP_EQ, PR_SET_NAME, 0}},
	{SCMP_SYS(prlimit64), {2, SCMP_CMP_EQ, 0, 0}}, /* to ask */
	/* What the C library tries by itself, and does without: refused, and not worth a count. The
	 * flags of clone3 cannot be looked at; libc then takes clone(2). Of nscd the resolver asks
	 * first. */
	{SCMP_SYS(clone3), {0, SCMP_CMP_GE, 0, 0}, ENOSYS},
	{SCMP_SYS(socket), {0, SCMP_CMP_EQ, AF_UNIX, 0}, EACCES},
};

static int forbid_calls(struct rz_confined *c)
{
	const struct rz_calls list = {.who = "source",
				      .allowed = allowed,
				      .n_allowed = sizeof(allowed) / sizeof(allowed[0]),
				      .narrowed = narrowed,
				      .n_narrowed = sizeof(narrowed) / sizeof(narrowed[0])};
	int err = rz_calls_forbid_others(&list, &c->calls);

	if (!err && c->calls >= 0)
		c->how |= RZ_CONFINED_COUNTED;
	return err;
}

int rz_confine(uid_t uid, pid_t parent, struct rz_confined *ret)
{
	const struct rz_drop drop = {.who = "source", .uid = uid};
	struct rz_confined c = {.calls = -1};
	int err;

	if (freeze_files(0))
		c.how |= RZ_CONFINED_MOUNTS;
	err = rz_drop_rights(&drop);
	if (!err && !c.how && freeze_files(CLONE_NEWUSER))
		c.how |= RZ_CONFINED_MOUNTS;
	if (!err)
		err = rz_drop_rights(&drop); /* in that namespace too: it began with all of them */
	/* the signal for a parent's end is lost when the user changes, so this comes after that */
	if (!err && (prctl(PR_SET_DUMPABLE, 0) || prctl(PR_SET_PDEATHSIG, SIGKILL)))
		err = -errno;
	if (!err && getppid() != parent)
		err = -ESRCH;
	if (!err)
		err = forbid_calls(&c);
	if (err)
		return err;
	*ret = c;
	return 0;
}
