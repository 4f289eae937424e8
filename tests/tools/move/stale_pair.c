// SPDX-License-Identifier: Apache-2.0
/* Both ends of connections over loopback, and what may happen to them, see stale.h. */
#include "stale.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#ifndef SO_COOKIE
#define SO_COOKIE 57
#endif
#define DEADLINE_MS 5000
#define BODY	    20
#define AT_CHANGE   0x7e57 /* correlation id of what is sent at the change */

static const struct sockaddr_in at = {.sin_family = AF_INET,
				      .sin_port = __builtin_bswap16(STALE_PORT),
				      .sin_addr.s_addr = __builtin_bswap32(INADDR_LOOPBACK)};

static struct sockaddr_in aside_at(bool aside)
{
	struct sockaddr_in a = at;

	if (aside)
		a.sin_addr.s_addr = htonl(INADDR_LOOPBACK + 1);
	return a;
}

int pair_listen(bool aside)
{
	const struct sockaddr_in here = aside_at(aside);
	int one = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (fd < 0 || bind(fd, (const void *)&here, sizeof(here)) || listen(fd, 4096))
		return -errno;
	return fd;
}

/* `body`: the first bytes behind the client.id. */
static int say(int fd, uint8_t key, uint8_t version, const char *id, const char body[4],
	       uint16_t number)
{
	uint8_t r[128] = {};
	size_t len = strlen(id), n = 14 + len + BODY;

	r[3] = (uint8_t)(n - 4);
	r[5] = key;
	r[7] = version;
	r[10] = (uint8_t)(number >> 8);
	r[11] = (uint8_t)number;
	r[13] = (uint8_t)len;
	memcpy(r + 14, id, len);
	memcpy(r + 14 + len, body, 4);
	return send(fd, r, n, MSG_NOSIGNAL) == (ssize_t)n ? 0 : -errno;
}

/* Readable, or an error, within the deadline? */
static bool comes(int fd, int ms)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};

	return poll(&p, 1, ms) > 0;
}

static void reset_on_close(int fd)
{
	struct linger l = {.l_onoff = 1};

	setsockopt(fd, SOL_SOCKET, SO_LINGER, &l, sizeof(l));
}

static int connect_from(uint16_t port, bool aside)
{
	const struct sockaddr_in to = aside_at(aside);
	struct sockaddr_in from = at;
	int one = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), err;

	from.sin_port = htons(port);
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	if (!bind(fd, (const void *)&from, sizeof(from)) &&
	    !connect(fd, (const void *)&to, sizeof(to)))
		return fd;
	err = -errno;
	close(fd);
	return err;
}

static void name(char id[16], uint16_t port)
{
	snprintf(id, 16, "s-%u", port);
}

void pair_accept(struct pair *p, int listener)
{
	struct sockaddr_in peer;
	socklen_t len = sizeof(peer), size = sizeof(p->cookie);

	if (p->agent >= 0 || !comes(listener, DEADLINE_MS))
		return;
	p->agent = accept4(listener, (void *)&peer, &len, SOCK_CLOEXEC);
	if (p->agent >= 0 && !p->renewed)
		getsockopt(p->agent, SOL_SOCKET, SO_COOKIE, &p->cookie, &size);
}

int pair_open(struct pair *p, int listener, uint16_t port)
{
	char id[16];

	name(id, port);
	p->port = port;
	p->agent = -1;
	p->client = connect_from(port, p->change == UNACCEPTED);
	if (p->client < 0)
		return p->client;
	if (p->change != UNACCEPTED) {
		pair_accept(p, listener);
		if (p->agent < 0)
			return -ETIMEDOUT;
	}
	return say(p->client, 0, 3, id, "\xff\xff\0\1", 1);
}

static void hang_up(int *fd, bool by_reset)
{
	if (by_reset)
		reset_on_close(*fd);
	close(*fd);
	*fd = -1;
}

static int reopen(struct pair *p, int listener)
{
	p->renewed = true;
	return pair_open(p, listener, p->port);
}

static void drain(int fd)
{
	char in[256];

	while (recv(fd, in, sizeof(in), MSG_DONTWAIT) > 0)
		;
}

int pair_change(struct pair *p, int listener)
{
	char id[16];

	name(id, p->port);
	switch (p->change) {
	case FIN_CLIENT:
		hang_up(&p->client, false);
		return 0;
	case RST_CLIENT:
		hang_up(&p->client, true);
		return 0;
	case FIN_AGENT:
		drain(p->agent); /* bytes that nobody read would make it a reset */
		hang_up(&p->agent, false);
		return 0;
	case REUSED_RST:
		hang_up(&p->client, true);
		hang_up(&p->agent, true);
		return reopen(p, listener);
	case REUSED_FIN: /* TIME_WAIT is the agent's, which a new SYN may end */
		drain(p->agent);
		hang_up(&p->agent, false);
		comes(p->client, DEADLINE_MS);
		hang_up(&p->client, false);
		return reopen(p, listener);
	case OTHER_ID:
		return say(p->client, 0, 3, "somebody-else", "\xff\xff\0\1", AT_CHANGE);
	case SAME_LENGTH:
		return say(p->client, 0, 3, "s-00000", "\xff\xff\0\1", AT_CHANGE);
	case JOINS:
		return say(p->client, 11, 2, id, "\0\0\0\0", AT_CHANGE);
	case TRANSACTION:
		return say(p->client, 24, 1, id, "\0\0\0\0", AT_CHANGE);
	case TRANSACTED:
		return say(p->client, 0, 3, id, "\0\2tx", AT_CHANGE);
	case ACKS0:
		return say(p->client, 0, 3, id, "\xff\xff\0\0", AT_CHANGE);
	case LOST: /* api_key -1 */
		return send(p->client, "\0\0\0\x40\xff\xff\0\0\0\0\x7e\x57\0\0\0\0", 16,
			    MSG_NOSIGNAL) == 16
			       ? 0
			       : -errno;
	default:
		return 0;
	}
}

void pair_look(struct pair *p)
{
	char in[256];

	if (p->client >= 0 && recv(p->client, in, sizeof(in), MSG_DONTWAIT) < 0 &&
	    (errno == ECONNRESET || errno == EPIPE))
		p->reset_seen = true;
}

bool pair_works(struct pair *p)
{
	char in[256];

	if (p->client < 0 || p->agent < 0)
		return false;
	drain(p->agent);
	return send(p->client, "x", 1, MSG_NOSIGNAL) == 1 && comes(p->agent, DEADLINE_MS) &&
	       recv(p->agent, in, sizeof(in), MSG_DONTWAIT) == 1 &&
	       send(p->agent, "y", 1, MSG_NOSIGNAL) == 1 && comes(p->client, DEADLINE_MS) &&
	       recv(p->client, in, sizeof(in), MSG_DONTWAIT) == 1;
}

bool pair_change_arrived(struct pair *p)
{
	uint8_t in[512];
	ssize_t n = p->agent < 0 ? 0 : recv(p->agent, in, sizeof(in), MSG_DONTWAIT), i;

	for (i = 0; i + 1 < n; i++)
		if (in[i] == AT_CHANGE >> 8 && in[i + 1] == (AT_CHANGE & 0xff))
			return true;
	return false;
}

void pair_close(struct pair *p)
{
	if (p->client >= 0)
		hang_up(&p->client, true);
	if (p->agent >= 0)
		hang_up(&p->agent, true);
}
