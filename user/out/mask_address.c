// SPDX-License-Identifier: Apache-2.0
/* Finding addresses in a text, see mask_address.h. Pure. */
#include "out/mask_address.h"

#include <ctype.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <string.h>

#include "base/str.h"

#define LONGEST INET6_ADDRSTRLEN

/* ::, ::1, 0.0.0.0, 127.0.0.0/8 */
static bool says_nothing(const uint8_t addr[16])
{
	const struct in6_addr *a = (const struct in6_addr *)addr;

	if (IN6_IS_ADDR_V4MAPPED(a))
		return addr[12] == 127 || !(addr[12] | addr[13] | addr[14] | addr[15]);
	return IN6_IS_ADDR_LOOPBACK(a) || IN6_IS_ADDR_UNSPECIFIED(a);
}

static bool is_address(const char *text, size_t len, uint8_t ret_addr[16])
{
	char copy[LONGEST];

	if (len >= sizeof(copy))
		return false;
	memcpy(copy, text, len);
	copy[len] = 0;
	return !rz_addr_parse(copy, ret_addr);
}

static bool is_v6_char(char c)
{
	return isxdigit((unsigned char)c) || c == ':' || c == '.';
}

/* Four numbers with `dot` between them. */
static size_t four_numbers(const char *text, char dot, uint8_t ret_addr[16])
{
	char copy[16];
	size_t len = 0, i, dots = 0;

	while (len < sizeof(copy) && (isdigit((unsigned char)text[len]) || text[len] == dot)) {
		if (text[len] == dot && ++dots == 4)
			break; /* the full stop of a sentence */
		len++;
	}
	while (len && text[len - 1] == dot)
		len--;
	if (len >= sizeof(copy))
		return 0;
	for (i = 0; i < len; i++)
		copy[i] = text[i] == dot ? '.' : text[i];
	return is_address(copy, len, ret_addr) ? len : 0;
}

static size_t v6(const char *text, uint8_t ret_addr[16])
{
	size_t len = 0, colons = 0;

	while (is_v6_char(text[len]))
		colons += text[len++] == ':';
	/* a port may follow without brackets, and a full stop */
	for (; colons >= 2 && len > 2; len--)
		if (is_address(text, len, ret_addr))
			return len;
	return 0;
}

size_t rz_mask_address(const char *text, size_t at, uint8_t ret_addr[16])
{
	const char *here = text + at;
	char before = at ? text[at - 1] : ' ';
	size_t len = 0;

	if (isdigit((unsigned char)*here) && !isdigit((unsigned char)before)) {
		len = four_numbers(here, '.', ret_addr);
		if (!len && at >= 3 && !strncmp(here - 3, "ip-", 3))
			len = four_numbers(here, '-', ret_addr);
	}
	if (!len && is_v6_char(*here) && *here != '.' && !isxdigit((unsigned char)before) &&
	    before != '.')
		len = v6(here, ret_addr);
	return len && !says_nothing(ret_addr) ? len : 0;
}
