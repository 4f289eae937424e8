// SPDX-License-Identifier: Apache-2.0
/* Forbidden system calls, see forbidden.h. */
#include "base/forbidden.h"

#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>
#include <linux/seccomp.h>

/* A kernel may know longer forms than this header; SECCOMP_GET_NOTIF_SIZES has always said the
 * header's so far. */
union call {
	struct seccomp_notif it;
	char room[512];
};
union answer {
	struct seccomp_notif_resp it;
	char room[256];
};

int rz_forbidden_answer(int listener, int *ret_nr)
{
	union call call;
	union answer answer;

	memset(&call, 0, sizeof(call));
	memset(&answer, 0, sizeof(answer));
	if (ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &call)) /* it was killed meanwhile */
		return errno == ENOENT || errno == EINTR ? -EAGAIN : -errno;
	*ret_nr = call.it.data.nr;
	answer.it.id = call.it.id;
	answer.it.error = -EPERM;
	ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &answer);
	return 0;
}
