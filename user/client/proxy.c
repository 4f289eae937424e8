// SPDX-License-Identifier: Apache-2.0
/* PROXY protocol headers, see proxy.h. Pure. */
#include "client/proxy.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "rezone/kafka.h"

/* Version 2: "\r\n\r\n\0\r\nQUIT\n", version and command, family and transport, length, addresses.
 */
#define V2_COMMAND 12
#define V2_FAMILY  13
#define V2_PROXIED 0x21
#define V2_TCP4	   0x11
#define V2_TCP6	   0x21

static int read_v2(const struct rz_proxied *p, struct rz_endpoint *ret)
{
	const __u8 *addresses = p->raw + RZ_PROXY_V2_FIXED;
	struct rz_endpoint at = {};

	if (p->len < RZ_PROXY_V2_FIXED || p->raw[V2_COMMAND] >> 4 != 2)
		return -EINVAL;
	if (p->raw[V2_COMMAND] != V2_PROXIED)
		return -ENOENT;
	switch (p->raw[V2_FAMILY]) {
	case V2_TCP4: /* source, destination, their ports */
		if (p->len < RZ_PROXY_V2_FIXED + 12)
			return -EINVAL;
		at.addr[10] = at.addr[11] = 0xff;
		memcpy(at.addr + 12, addresses, 4);
		at.port = rz_bytes_be16(addresses + 8);
		break;
	case V2_TCP6:
		if (p->len < RZ_PROXY_V2_FIXED + 36)
			return -EINVAL;
		memcpy(at.addr, addresses, 16);
		at.port = rz_bytes_be16(addresses + 32);
		break;
	default:
		return -ENOENT;
	}
	*ret = at;
	return 0;
}

/* "PROXY TCP4 203.0.113.7 10.0.0.1 51544 9092\r\n" */
static int read_v1(const struct rz_proxied *p, struct rz_endpoint *ret)
{
	char line[RZ_PROXY_V1_MAX + 1], *rest = line, *word[6] = {}, *end;
	struct rz_endpoint at = {};
	unsigned long port;
	size_t n;

	memcpy(line, p->raw, p->len);
	line[p->len] = '\0';
	if (p->len < 2 || strlen(line) != p->len || strcmp(line + p->len - 2, "\r\n"))
		return -EINVAL;
	line[p->len - 2] = '\0';
	for (n = 0; n < 6 && rest; n++)
		word[n] = strsep(&rest, " ");
	if (n >= 2 && !strcmp(word[1], "UNKNOWN"))
		return -ENOENT;
	if (n != 6 || rest || (strcmp(word[1], "TCP4") && strcmp(word[1], "TCP6")))
		return -EINVAL;
	port = strtoul(word[4], &end, 10);
	if (*word[4] < '0' || *word[4] > '9' || *end || port > 65535 ||
	    rz_addr_parse(word[2], at.addr))
		return -EINVAL;
	at.port = (__u16)port;
	*ret = at;
	return 0;
}

int rz_proxy_read(const struct rz_proxied *p, struct rz_endpoint *ret)
{
	if (p->len > RZ_PROXY_V1_MAX || p->len < RZ_KAFKA_FIXED)
		return -EINVAL;
	switch (rz_proxied_begins(p->raw)) {
	case 1:
		return read_v1(p, ret);
	case 2:
		return read_v2(p, ret);
	default:
		return -EINVAL;
	}
}
