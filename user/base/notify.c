// SPDX-License-Identifier: Apache-2.0
/* What a service manager is told, see notify.h. */
#include "base/notify.h"

#include <errno.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"

/* A path, or @NAME for a socket without a file. Returns the address's size, or -errno. */
static int address_of(const char *name, struct sockaddr_un *ret)
{
	size_t len = strlen(name);

	if ((name[0] != '/' && name[0] != '@') || len < 2)
		return -EAFNOSUPPORT;
	if (len >= sizeof(ret->sun_path))
		return -ENAMETOOLONG;
	*ret = (struct sockaddr_un){.sun_family = AF_UNIX};
	memcpy(ret->sun_path, name, len);
	if (name[0] == '@')
		ret->sun_path[0] = '\0';
	else
		len++; /* with the 0 at its end */
	return (int)(offsetof(struct sockaddr_un, sun_path) + len);
}

static int send_to(const char *name, const char *lines)
{
	static const struct timeval patience = {.tv_sec = 1};
	_cleanup_close_ int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct sockaddr_un to;
	int size = address_of(name, &to);

	if (size < 0)
		return size;
	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience)))
		return -errno;
	if (sendto(fd, lines, strlen(lines), MSG_NOSIGNAL, (struct sockaddr *)&to,
		   (socklen_t)size) < 0)
		return -errno;
	return 0;
}

int rz_notify(const char *lines)
{
	const char *name = getenv("NOTIFY_SOCKET");
	int err = name && *name ? send_to(name, lines) : 0;

	return err ? rz_err(err,
			    "notify: cannot tell the service manager at NOTIFY_SOCKET=%.100s "
			    "\"%.*s\": "
			    "%s; without it, systemd needs Type=exec and no WatchdogSec=",
			    name, (int)strcspn(lines, "\n"), lines, strerror(-err))
		   : 0;
}

int rz_notify_reloading(uint64_t now_ns)
{
	char lines[64];

	snprintf(lines, sizeof(lines), "RELOADING=1\nMONOTONIC_USEC=%" PRIu64, now_ns / 1000);
	return rz_notify(lines);
}

/* How often the manager wants to hear, 0: never. It may have meant another process. */
static uint64_t watchdog_ns(void)
{
	const char *usec = getenv("WATCHDOG_USEC"), *pid = getenv("WATCHDOG_PID");
	char *end;
	unsigned long long n;

	if (!usec || *usec < '0' || *usec > '9' || (pid && strtol(pid, NULL, 10) != getpid()))
		return 0;
	errno = 0;
	n = strtoull(usec, &end, 10);
	return *end || errno || n > UINT64_MAX / 1000 ? 0 : n * 1000;
}

void rz_notify_alive(uint64_t now_ns)
{
	static uint64_t told_ns;
	uint64_t every_ns = watchdog_ns();

	if (!every_ns || (told_ns && now_ns - told_ns < every_ns / 2))
		return;
	told_ns = now_ns;
	rz_notify("WATCHDOG=1");
}
