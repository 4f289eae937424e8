// SPDX-License-Identifier: Apache-2.0
/* The process's rights, see caps.h. */
#include "kern/caps.h"

#include <errno.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <linux/capability.h>

static const struct {
	int number;
	const char *name;
} needed[] = {{CAP_NET_ADMIN, "CAP_NET_ADMIN"}, {CAP_SYS_ADMIN, "CAP_SYS_ADMIN"}};
#define N_NEEDED (sizeof(needed) / sizeof(needed[0]))

int rz_caps_check(char *why, size_t why_size)
{
	struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = {};
	size_t i, used = 0;

	if (geteuid()) {
		snprintf(why, why_size, "running as uid %u, not root", geteuid());
		return -EPERM;
	}
	if (syscall(SYS_capget, &head, data))
		return 0; /* cannot be asked: what fails will say so */
	for (i = 0; i < N_NEEDED && used < why_size; i++) {
		int n = needed[i].number;

		if (!(data[CAP_TO_INDEX(n)].effective & CAP_TO_MASK(n)))
			used += snprintf(why + used, why_size - used, "%s%s",
					 used ? " and " : "running as root without ",
					 needed[i].name);
	}
	return used ? -EPERM : 0;
}
