// SPDX-License-Identifier: Apache-2.0
/* source/confine.c, in a child of the test's: what an HTTP client needs works, all else is EPERM,
 * and is counted by daemon/reporter_calls.c. As root and as anybody. */
#include "unit.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/pass.h"
#include "daemon/reporter_inside.h"
#include "source/confine.h"

#define UID 65533

/* Each returns 0 if it is as it should be. */
static int fails(long ret, int error)
{
	return ret == -1 && errno == error ? 0 : 1;
}

static void *nothing(void *arg)
{
	return arg;
}

static int what_works(void)
{
	const struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(1)};
	pthread_t thread;
	char byte;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || !fails(connect(fd, (const struct sockaddr *)&at, sizeof(at)), EPERM))
		return 1;
	close(fd);
	fd = open("/etc/hosts", O_RDONLY | O_CLOEXEC);
	if (fd < 0 || read(fd, &byte, 1) < 0)
		return 2;
	close(fd);
	return pthread_create(&thread, NULL, nothing, NULL) || pthread_join(thread, NULL) ? 3 : 0;
}

/* Those that are counted: N_COUNTED of them. */
#define N_COUNTED 9
static int what_does_not(const char *dir)
{
	char path[128];
	char *argv[] = {(char *)"true", NULL};

	snprintf(path, sizeof(path), "%s/x", dir);
	if (fails(open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600), EPERM))
		return 11;
	if (fails(open("/dev/null", O_RDWR | O_CLOEXEC), EPERM) || fails(mkdir(path, 0700), EPERM))
		return 12;
	/* not execv(3): built for `make coverage` it writes figures before */
	if (fails(syscall(SYS_execve, "/bin/true", argv, NULL), EPERM) || fails(fork(), EPERM))
		return 13;
	if (fails(ptrace(PTRACE_ATTACH, getppid(), 0, 0), EPERM) ||
	    fails(kill(getppid(), 0), EPERM))
		return 14;
	if (fails(socket(AF_PACKET, SOCK_RAW, 0), EPERM))
		return 15;
	if (mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) !=
		    MAP_FAILED ||
	    errno != EPERM)
		return 16;
	/* the resolver tries this by itself: refused, and not counted */
	return fails(socket(AF_UNIX, SOCK_STREAM, 0), EACCES) ? 17 : 0;
}

/* "Uid:", as /proc/PID/status has it. */
static bool status_says(pid_t pid, const char *line)
{
	char path[64], text[256];
	bool found = false;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	f = fopen(path, "re");
	assert_non_null(f);
	while (!found && fgets(text, sizeof(text), f))
		found = !strncmp(text, line, strlen(line));
	fclose(f);
	return found;
}

static void child(const char *dir, int to_parent, int from_parent)
{
	struct rz_confined c;
	char byte = 0;
	int err = rz_confine(geteuid() ? geteuid() : UID, getppid(), &c);

	if (err || rz_pass_send(to_parent, &c.how, sizeof(c.how), c.calls, 0))
		_exit(100);
	close(c.calls);
	if (read(from_parent, &byte, 1) != 1) /* the parent has looked at our status */
		_exit(101);
	err = what_works();
	_exit(err ? err : what_does_not(dir));
}

static void count(void *arg, int error)
{
	unsigned *n = arg;

	assert_int_equal(error, -EPERM);
	(*n)++;
}

static void look_at(pid_t pid)
{
	assert_true(status_says(pid, "CapPrm:\t0000000000000000"));
	assert_true(status_says(pid, "CapEff:\t0000000000000000"));
	assert_true(status_says(pid, "NoNewPrivs:\t1"));
	assert_true(status_says(pid, "Seccomp:\t2"));
	if (!geteuid()) {
		assert_true(status_says(pid, "CapBnd:\t0000000000000000"));
		assert_true(status_says(pid, "Uid:\t65533\t65533\t65533\t65533"));
		assert_true(status_says(pid, "Gid:\t65533\t65533\t65533\t65533"));
	}
}

static void test_confined(void **state)
{
	char dir[] = "/tmp/rezone-confine.XXXXXX";
	struct rz_reporter r = {};
	unsigned counted = 0;
	uint32_t how;
	int ends[2], status = 0;
	pid_t pid;

	(void)state;
	assert_non_null(mkdtemp(dir));
	assert_int_equal(chmod(dir, 0777), 0);
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
	pid = fork();
	if (!pid)
		child(dir, ends[1], ends[1]);
	close(ends[1]);
	r.calls = (struct rz_reporter_calls){.failed = count, .arg = &counted};
	r.calls_fd = -1;
	assert_int_equal(poll(&(struct pollfd){ends[0], POLLIN, 0}, 1, 30000), 1);
	assert_int_equal(rz_pass_receive(ends[0], &how, sizeof(how), &r.calls_fd), sizeof(how));
	look_at(pid);
	assert_int_equal(write(ends[0], "", 1), 1);
	while (waitpid(pid, &status, WNOHANG) == 0)
		if (r.calls_fd >= 0 && poll(&(struct pollfd){r.calls_fd, POLLIN, 0}, 1, 10) == 1)
			rz_reporter_on_call(&r);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
	if (how & RZ_CONFINED_COUNTED)
		assert_int_equal(counted, N_COUNTED);
	close(ends[0]);
	rmdir(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_confined)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
