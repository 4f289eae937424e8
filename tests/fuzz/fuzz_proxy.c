// SPDX-License-Identifier: Apache-2.0
/*
 * libFuzzer over rz_proxy_read(): an address that it gives is the one that the header names, by
 * inet_pton() or by its place. Run by `make fuzz`.
 */
#include "fuzz.h"

#include <arpa/inet.h>

#include "client/proxy.h"
#include "rezone/kafka.h"

/* The second word behind "PROXY " is the source's address, the fourth its port. */
static void named_by_line(const struct rz_proxied *p, const struct rz_endpoint *at)
{
	char line[RZ_PROXY_V1_MAX + 1] = {0}, *word = line, *end;
	uint8_t addr[16] = {[10] = 0xff, [11] = 0xff};
	int i;

	memcpy(line, p->raw, p->len);
	for (i = 0; i < 2; i++) {
		word = strchr(word, ' ');
		CLAIM(word++);
	}
	end = strchr(word, ' ');
	CLAIM(end);
	*end = '\0';
	if (!strchr(word, ':'))
		CLAIM(inet_pton(AF_INET, word, addr + 12) == 1);
	else
		CLAIM(inet_pton(AF_INET6, word, addr) == 1);
	word = strchr(end + 1, ' ');
	CLAIM(word && !memcmp(addr, at->addr, 16) && at->port == atoi(word + 1));
}

static void named_by_place(const struct rz_proxied *p, const struct rz_endpoint *at)
{
	bool v4 = p->raw[13] == 0x11;
	uint32_t where = v4 ? 24 : 48;

	CLAIM(p->raw[12] == 0x21 && (v4 || p->raw[13] == 0x21));
	CLAIM(p->len >= where + 4);
	CLAIM(!memcmp(at->addr + (v4 ? 12 : 0), p->raw + 16, v4 ? 4 : 16));
	CLAIM(at->port == rz_bytes_be16(p->raw + where));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct rz_endpoint at, unwritten;
	struct rz_proxied p = {};

	if (!size || size > sizeof(p))
		return 0;
	memset(&p, 0xaa, sizeof(p));
	memcpy(&p, data, size);
	memset(&at, 0x55, sizeof(at));
	unwritten = at;
	if (rz_proxy_read(&p, &at))
		CLAIM(!memcmp(&at, &unwritten, sizeof(at)));
	else if (rz_proxied_begins(p.raw) == 1)
		named_by_line(&p, &at);
	else
		named_by_place(&p, &at);
	return 0;
}
