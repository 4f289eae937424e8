/* SPDX-License-Identifier: Apache-2.0 */
/* base/notify.c: what a service manager receives. The manager is a socket of the test. */
#include "unit.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/notify.h"

/* A manager at `name` (@... has no file), and the environment that names it. */
static int manager(const char *name)
{
	struct sockaddr_un at = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	size_t len = strlen(name);

	memcpy(at.sun_path, name, len);
	if (name[0] == '@')
		at.sun_path[0] = '\0';
	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&at,
			      (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len)),
			 0);
	setenv("NOTIFY_SOCKET", name, 1);
	return fd;
}

/* The next datagram; "" if there is none. */
static const char *heard(int fd)
{
	static char text[256];
	ssize_t len = recv(fd, text, sizeof(text) - 1, 0);

	text[len > 0 ? len : 0] = '\0';
	return text;
}

static int forget(void **state)
{
	(void)state;
	unsetenv("NOTIFY_SOCKET");
	unsetenv("WATCHDOG_USEC");
	unsetenv("WATCHDOG_PID");
	return 0;
}

static void test_path(void **state)
{
	char dir[] = "/tmp/rezone-notify.XXXXXX", path[64];
	int fd;

	(void)state;
	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/notify", dir);
	fd = manager(path);
	assert_int_equal(rz_notify("READY=1\nSTATUS=mode observe"), 0);
	assert_string_equal(heard(fd), "READY=1\nSTATUS=mode observe");
	assert_int_equal(rz_notify_reloading(1234567890), 0);
	assert_string_equal(heard(fd), "RELOADING=1\nMONOTONIC_USEC=1234567");
	close(fd);
	unlink(path);
	rmdir(dir);
}

static void test_abstract(void **state)
{
	char name[64];
	int fd;

	(void)state;
	snprintf(name, sizeof(name), "@rezone-notify-%d", getpid());
	fd = manager(name);
	assert_int_equal(rz_notify("STOPPING=1"), 0);
	assert_string_equal(heard(fd), "STOPPING=1");
	close(fd);
}

/* No manager is no mistake; one that cannot be reached is. */
static void test_nobody(void **state)
{
	char long_name[200];

	(void)state;
	assert_int_equal(rz_notify("READY=1"), 0);
	setenv("NOTIFY_SOCKET", "", 1);
	assert_int_equal(rz_notify("READY=1"), 0);
	setenv("NOTIFY_SOCKET", "/nowhere/at/all", 1);
	assert_int_equal(rz_notify("READY=1"), -ENOENT);
	setenv("NOTIFY_SOCKET", "vsock:2:1234", 1);
	assert_int_equal(rz_notify("READY=1"), -EAFNOSUPPORT);
	memset(long_name, 'x', sizeof(long_name));
	long_name[0] = '/';
	long_name[sizeof(long_name) - 1] = '\0';
	setenv("NOTIFY_SOCKET", long_name, 1);
	assert_int_equal(rz_notify("READY=1"), -ENAMETOOLONG);
}

static void test_watchdog(void **state)
{
	char name[64], pid[16];
	int fd;

	(void)state;
	snprintf(name, sizeof(name), "@rezone-watchdog-%d", getpid());
	snprintf(pid, sizeof(pid), "%d", getpid());
	fd = manager(name);
	rz_notify_alive(100 * SECOND_NS); /* it did not ask */
	assert_string_equal(heard(fd), "");
	setenv("WATCHDOG_USEC", "30000000", 1);
	setenv("WATCHDOG_PID", "1", 1); /* somebody else is meant */
	rz_notify_alive(100 * SECOND_NS);
	assert_string_equal(heard(fd), "");
	setenv("WATCHDOG_PID", pid, 1);
	rz_notify_alive(100 * SECOND_NS);
	assert_string_equal(heard(fd), "WATCHDOG=1");
	rz_notify_alive(114 * SECOND_NS); /* half of its time is not over */
	assert_string_equal(heard(fd), "");
	rz_notify_alive(115 * SECOND_NS);
	assert_string_equal(heard(fd), "WATCHDOG=1");
	setenv("WATCHDOG_USEC", "30s", 1);
	rz_notify_alive(200 * SECOND_NS);
	assert_string_equal(heard(fd), "");
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(test_path, forget),
		cmocka_unit_test_teardown(test_abstract, forget),
		cmocka_unit_test_teardown(test_nobody, forget),
		cmocka_unit_test_teardown(test_watchdog, forget),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
