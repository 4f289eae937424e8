// SPDX-License-Identifier: Apache-2.0
/* Cures by errno, see cure.h. */
#include "base/cure.h"

#include <errno.h>
#include <stddef.h>

static const struct {
	int err;
	const char *cure;
} cures[] = {
	{EMFILE, "raise the limit of open files to 256 or more (ulimit -n, LimitNOFILE=)"},
	{ENFILE, "the machine has no open file left: raise the sysctl fs.file-max"},
	{ENOMEM, "give it more memory: raise the memory limit, or lower --max-connections and "
		 "--max-clients"},
	{EROFS, "mount the BPF file system writable: mount -o remount,rw /sys/fs/bpf"},
	{EPERM,
	 "run as root of the host, with CAP_BPF, CAP_PERFMON, CAP_NET_ADMIN and CAP_SYS_ADMIN"},
};
#define N_CURES (sizeof(cures) / sizeof(cures[0]))

bool rz_cure_is_ours(int err)
{
	size_t i;

	for (i = 0; i < N_CURES; i++)
		if (cures[i].err == -err)
			return true;
	return false;
}

const char *rz_cure(int err)
{
	size_t i;

	for (i = 0; i < N_CURES; i++)
		if (cures[i].err == -err)
			return cures[i].cure;
	if (err == -EACCES)
		return "run as root";
	if (err == -ENOTDIR)
		return "give the --pin-dir of the daemon, which is a directory";
	return "`rezone check` says what this node lacks";
}
