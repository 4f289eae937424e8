/* SPDX-License-Identifier: Apache-2.0 */
/* Kafka requests and TCP segments made by hand, for tests that feed the BPF programs. */
#ifndef RZ_TESTS_PACKET_H
#define RZ_TESTS_PACKET_H

#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/tcp.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

static inline void put16(uint8_t *p, uint16_t v)
{
	p[0] = v >> 8;
	p[1] = (uint8_t)v;
}

static inline void put32(uint8_t *p, uint32_t v)
{
	put16(p, v >> 16);
	put16(p + 2, (uint16_t)v);
}

/* Writes a request with `body` zero bytes behind its header; id_len -1 is a null client.id. Returns
 * its length on the wire. */
static inline size_t make_request(uint8_t *p, int key, int version, uint32_t corr, const void *id,
				  int id_len, size_t body)
{
	size_t kept = id_len > 0 ? (size_t)id_len : 0;

	put32(p, 10 + kept + body);
	put16(p + 4, key);
	put16(p + 6, version);
	put32(p + 8, corr);
	put16(p + 12, (uint16_t)id_len);
	if (kept)
		memcpy(p + 14, id, kept);
	memset(p + 14 + kept, 0, body);
	return 14 + kept + body;
}

/* Wraps payload into Ethernet, IP and TCP headers. Returns the packet's length. */
static inline size_t make_packet(uint8_t *p, bool v6, uint32_t seq, const void *payload, size_t len)
{
	struct ethhdr *eth = (struct ethhdr *)p;
	size_t ip_len = v6 ? sizeof(struct ipv6hdr) : sizeof(struct iphdr);
	uint8_t *ip = p + sizeof(*eth);
	struct tcphdr *tcp = (struct tcphdr *)(ip + ip_len);

	memset(p, 0, sizeof(*eth) + ip_len + sizeof(*tcp));
	eth->h_proto = htons(v6 ? ETH_P_IPV6 : ETH_P_IP);
	if (v6) {
		ip[0] = 0x60;
		ip[6] = IPPROTO_TCP;
		put16(ip + 4, sizeof(*tcp) + len);
	} else {
		ip[0] = 0x45;
		ip[9] = IPPROTO_TCP;
		put16(ip + 2, ip_len + sizeof(*tcp) + len);
	}
	tcp->seq = htonl(seq);
	tcp->doff = 5;
	tcp->ack = 1;
	memcpy(tcp + 1, payload, len);
	return sizeof(*eth) + ip_len + sizeof(*tcp) + len;
}

#endif
