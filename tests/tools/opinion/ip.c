// SPDX-License-Identifier: Apache-2.0
/* IPv4 and TCP headers by hand, in and out of a TUN device; see wire.h. */
#include "wire.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <linux/ip.h>
#include <linux/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define WINDOW 65535

int wire_open(const char *device)
{
	struct ifreq r = {.ifr_flags = IFF_TUN | IFF_NO_PI};
	int fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC | O_NONBLOCK);

	snprintf(r.ifr_name, sizeof(r.ifr_name), "%s", device);
	if (fd < 0 || ioctl(fd, TUNSETIFF, &r)) {
		perror("wire: /dev/net/tun");
		return -1;
	}
	return fd;
}

static uint32_t sum(const void *p, size_t n, uint32_t from)
{
	const uint8_t *b = p;
	size_t i;

	for (i = 0; i + 1 < n; i += 2)
		from += (uint32_t)(b[i] << 8 | b[i + 1]);
	return n % 2 ? from + (uint32_t)(b[n - 1] << 8) : from;
}

static uint16_t folded(uint32_t s)
{
	while (s >> 16)
		s = (s & 0xffff) + (s >> 16);
	return htons((uint16_t)~s);
}

int wire_send(int fd, const struct segment *s)
{
	static uint8_t packet[65536];
	struct iphdr *ip = (struct iphdr *)packet;
	struct tcphdr *tcp = (struct tcphdr *)(ip + 1);
	size_t head = sizeof(*ip) + sizeof(*tcp), tcp_len = sizeof(*tcp) + s->len;
	uint32_t pseudo;

	memset(packet, 0, head);
	ip->version = 4;
	ip->ihl = 5;
	ip->tos = s->rejected ? WIRE_TOS : 0;
	ip->tot_len = htons((uint16_t)(head + s->len));
	ip->ttl = 64;
	ip->protocol = 6;
	ip->saddr = htonl(s->client);
	ip->daddr = htonl(s->server);
	ip->check = folded(sum(ip, sizeof(*ip), 0));
	tcp->source = htons(s->client_port);
	tcp->dest = htons(s->server_port);
	tcp->seq = htonl(s->seq);
	tcp->ack_seq = htonl(s->ack);
	tcp->doff = 5;
	packet[sizeof(*ip) + 13] = s->flags;
	tcp->window = htons(WINDOW);
	memcpy(tcp + 1, s->payload, s->len);
	pseudo = sum(&ip->saddr, 8, 6 + (uint32_t)tcp_len);
	tcp->check = folded(sum(tcp, tcp_len, pseudo)) ^ s->sum_flip;
	return write(fd, packet, head + s->len) == (ssize_t)(head + s->len) ? 0 : -errno;
}

int wire_recv(int fd, struct segment *ret)
{
	static uint8_t packet[65536];
	struct iphdr *ip = (struct iphdr *)packet;
	struct tcphdr *tcp = (struct tcphdr *)(ip + 1);
	ssize_t n;

	do {
		n = read(fd, packet, sizeof(packet));
		if (n <= 0)
			return 0;
	} while (n < (ssize_t)(sizeof(*ip) + sizeof(*tcp)) || ip->version != 4 ||
		 ip->protocol != 6);
	*ret = (struct segment){.client = ntohl(ip->daddr),
				.server = ntohl(ip->saddr),
				.client_port = ntohs(tcp->dest),
				.server_port = ntohs(tcp->source),
				.seq = ntohl(tcp->seq),
				.ack = ntohl(tcp->ack_seq),
				.flags = packet[sizeof(*ip) + 13]};
	return 1;
}
