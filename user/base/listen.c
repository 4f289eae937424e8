// SPDX-License-Identifier: Apache-2.0
/* Where to listen, see listen.h. */
#include "base/listen.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/str.h"

#define BACKLOG 16

static int parse_port(const char *text, uint16_t *ret)
{
	char *end;
	unsigned long n;

	if (*text < '0' || *text > '9')
		return -EINVAL;
	n = strtoul(text, &end, 10);
	if (*end || !n || n > 65535)
		return -EINVAL;
	*ret = (uint16_t)n;
	return 0;
}

/* The part before the last colon, without brackets; "" stands for all addresses. */
static int parse_host(const char *text, size_t len, uint8_t ret[16])
{
	char host[64];

	if (len >= 2 && text[0] == '[' && text[len - 1] == ']') {
		text++;
		len -= 2;
		if (!len)
			return -EINVAL;
	}
	if (!len) {
		memset(ret, 0, 16);
		return 0;
	}
	if (len >= sizeof(host))
		return -EINVAL;
	memcpy(host, text, len);
	host[len] = '\0';
	return rz_addr_parse(host, ret);
}

int rz_listen_parse(const char *text, struct rz_endpoint *ret, char *why, size_t why_size)
{
	const char *colon = strrchr(text, ':');
	struct rz_endpoint at = {};

	if (!colon || parse_port(colon + 1, &at.port) ||
	    parse_host(text, (size_t)(colon - text), at.addr)) {
		snprintf(why, why_size, "\"%.80s\" is no address to listen at; give %s", text,
			 RZ_LISTEN_FORM);
		return -EINVAL;
	}
	*ret = at;
	return 0;
}

/* An IPv4-mapped address is bound as IPv4, for a node may have IPv6 switched off; so is "all
 * addresses" where there is no IPv6. */
static int bind_to(const struct rz_endpoint *at)
{
	static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff}, any[16];
	struct sockaddr_in6 six = {.sin6_family = AF_INET6, .sin6_port = htons(at->port)};
	struct sockaddr_in four = {.sin_family = AF_INET, .sin_port = htons(at->port)};
	bool is_four = !memcmp(at->addr, mapped, sizeof(mapped));
	_cleanup_close_ int fd = -1;
	int on = 1, off = 0;

	if (!is_four)
		fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0 && (is_four || !memcmp(at->addr, any, sizeof(any))))
		is_four = true, fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	memcpy(&six.sin6_addr, at->addr, sizeof(at->addr));
	memcpy(&four.sin_addr, at->addr + sizeof(mapped), sizeof(four.sin_addr));
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (!is_four)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off));
	if (bind(fd, is_four ? (struct sockaddr *)&four : (struct sockaddr *)&six,
		 is_four ? sizeof(four) : sizeof(six)))
		return -errno;
	return RZ_TAKE_FD(fd);
}

int rz_listen_open(const struct rz_endpoint *at)
{
	_cleanup_close_ int fd = bind_to(at);

	if (fd < 0)
		return fd;
	return listen(fd, BACKLOG) ? -errno : RZ_TAKE_FD(fd);
}
