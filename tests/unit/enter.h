/* SPDX-License-Identifier: Apache-2.0 */
/* A stand-in for rezone-enter in a child of the test's. Included by test_enter.c and
 * test_enter_act.c. */
#ifndef TESTS_UNIT_ENTER_H
#define TESTS_UNIT_ENTER_H

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/pass.h"
#include "kern/enter.h"

/* A helper that says it is ready, then does fn(fd). */
static inline pid_t start_helper(void (*fn)(int fd))
{
	int ends[2];
	pid_t pid;

	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
	pid = fork();
	if (!pid) {
		size_t bytes = rz_enter_form_answer_bytes(RZ_ENTER_HELLO, 0);
		static struct rz_enter_answer a;

		close(ends[0]);
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		a.head = (struct rz_enter_head){RZ_ENTER_MAGIC, RZ_ENTER_HELLO, (__u32)bytes, 0};
		rz_pass_send(ends[1], &a, bytes, -1, 0);
		fn(ends[1]);
		_exit(0);
	}
	close(ends[1]);
	rz_enter_adopt(ends[0]);
	return pid;
}

static inline void end_helper(pid_t pid)
{
	rz_enter_stop();
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

static inline size_t descriptors(void)
{
	size_t n = 0;
	int fd;

	for (fd = 0; fd < 512; fd++)
		n += fcntl(fd, F_GETFD) >= 0;
	return n;
}

#endif
