// SPDX-License-Identifier: Apache-2.0
/* Giving up rights, see drop.h. */
#include "base/drop.h"

#include <errno.h>
#include <grp.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <linux/capability.h>

#include "base/log.h"

#ifndef CAP_BPF
#define CAP_BPF 39
#endif
#define FILES_MAX 128 /* maps, connections, and a few */

static int set_caps(bool keep_bpf)
{
	struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = {};
	struct __user_cap_data_struct had[_LINUX_CAPABILITY_U32S_3] = {};

	if (syscall(SYS_capget, &head, had))
		return -errno;
	if (keep_bpf && (had[CAP_TO_INDEX(CAP_BPF)].permitted & CAP_TO_MASK(CAP_BPF)))
		data[CAP_TO_INDEX(CAP_BPF)].permitted = data[CAP_TO_INDEX(CAP_BPF)].effective =
			CAP_TO_MASK(CAP_BPF);
	return syscall(SYS_capset, &head, data) ? -errno : 0;
}

/* What is in the bounding set could come back by a program with file capabilities. Who may not
 * change it has no_new_privs, below. */
static void empty_bounding_set(void)
{
	int cap;

	for (cap = 0; prctl(PR_CAPBSET_READ, cap) >= 0; cap++)
		prctl(PR_CAPBSET_DROP, cap);
}

static int become(uid_t uid)
{
	if (geteuid())
		return 0;
	if (setgroups(0, NULL) || setresgid(uid, uid, uid))
		return -errno;
	if (prctl(PR_SET_KEEPCAPS, 1) || setresuid(uid, uid, uid))
		return -errno;
	return 0;
}

/* No file grows by this process. Its own log may: the kernel would end it at the first line. */
static void write_no_file(void)
{
	const struct rlimit none = {0, 0};
	struct stat log;

	if (fstat(STDERR_FILENO, &log) || !S_ISREG(log.st_mode))
		setrlimit(RLIMIT_FSIZE, &none);
}

int rz_drop_rights(const struct rz_drop *d)
{
	const struct rlimit files = {FILES_MAX, FILES_MAX}, none = {0, 0};
	int err;

	setrlimit(RLIMIT_NOFILE, &files);
	setrlimit(RLIMIT_CORE, &none);
	write_no_file();
	empty_bounding_set();
	err = become(d->uid);
	if (err)
		return rz_err(err,
			      "%s: cannot stop being root: %s; give it CAP_SETUID and "
			      "CAP_SETGID, or start it as another user",
			      d->who, strerror(-err));
	err = prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ? -errno : set_caps(d->keep_bpf);
	return err ? rz_err(err, "%s: cannot give up capabilities: %s", d->who, strerror(-err)) : 0;
}

bool rz_drop_is_enough(const struct rz_drop *d, bool (*try)(void *arg), void *arg)
{
	int status = 1;
	pid_t pid = fork();

	if (!pid)
		_exit(rz_drop_rights(d) || !try(arg));
	return pid > 0 && waitpid(pid, &status, 0) == pid && !status;
}
