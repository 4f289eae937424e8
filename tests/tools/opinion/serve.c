// SPDX-License-Identifier: Apache-2.0
/* The real sockets that wire's clients talk to: accepts, reads, says nothing. */
#include "wire.h"

#include <netinet/in.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

int wire_serve(uint16_t port)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(port)};
	struct epoll_event ev = {.events = EPOLLIN}, got[64];
	struct rlimit lim = {200000, 200000};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), ep = epoll_create1(0), on = 1, i,
	    n, c;
	static char drain[65536];

	setrlimit(RLIMIT_NOFILE, &lim);
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (fd < 0 || ep < 0 || bind(fd, (struct sockaddr *)&at, sizeof(at)) || listen(fd, 4096)) {
		perror("wire: serve");
		return 1;
	}
	ev.data.fd = fd;
	epoll_ctl(ep, EPOLL_CTL_ADD, fd, &ev);
	while ((n = epoll_wait(ep, got, 64, -1)) >= 0)
		for (i = 0; i < n; i++) {
			if (got[i].data.fd != fd) {
				if (recv(got[i].data.fd, drain, sizeof(drain), MSG_DONTWAIT) == 0)
					close(got[i].data.fd);
				continue;
			}
			c = accept(fd, NULL, NULL);
			ev.data.fd = c;
			if (c < 0 || epoll_ctl(ep, EPOLL_CTL_ADD, c, &ev))
				perror("wire: accept");
		}
	return 1;
}
