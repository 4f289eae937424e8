// SPDX-License-Identifier: Apache-2.0
/* Opening a TCP connection, see connect.h. */
#include "base/connect.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"

union address {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};

static socklen_t address_of(const struct rz_endpoint *at, union address *ret)
{
	memset(ret, 0, sizeof(*ret));
	if (memcmp(at->addr, mapped, sizeof(mapped))) {
		ret->v6.sin6_family = AF_INET6;
		ret->v6.sin6_port = htons(at->port);
		memcpy(&ret->v6.sin6_addr, at->addr, sizeof(at->addr));
		return sizeof(ret->v6);
	}
	ret->v4.sin_family = AF_INET;
	ret->v4.sin_port = htons(at->port);
	memcpy(&ret->v4.sin_addr, at->addr + sizeof(mapped), sizeof(ret->v4.sin_addr));
	return sizeof(ret->v4);
}

static struct rz_endpoint endpoint_of(const union address *at)
{
	struct rz_endpoint e = {};

	if (at->any.sa_family == AF_INET) {
		memcpy(e.addr, mapped, sizeof(mapped));
		memcpy(e.addr + sizeof(mapped), &at->v4.sin_addr, sizeof(at->v4.sin_addr));
		e.port = ntohs(at->v4.sin_port);
	} else {
		memcpy(e.addr, &at->v6.sin6_addr, sizeof(e.addr));
		e.port = ntohs(at->v6.sin6_port);
	}
	return e;
}

int rz_connect_begin(const struct rz_endpoint *to, struct rz_endpoint *ret_local)
{
	union address at;
	socklen_t len = address_of(to, &at);
	_cleanup_close_ int fd =
		socket(at.any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0 || (connect(fd, &at.any, len) && errno != EINPROGRESS))
		return -errno;
	len = sizeof(at);
	if (getsockname(fd, &at.any, &len))
		return -errno;
	*ret_local = endpoint_of(&at);
	return RZ_TAKE_FD(fd);
}
