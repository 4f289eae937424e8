// SPDX-License-Identifier: Apache-2.0
/* Text: escaping, durations, addresses, see str.h. Pure. */
#include "base/str.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* Log lines go through here byte by byte: most bytes stand for themselves. */
static size_t escape(char *dst, size_t dst_size, const void *src, size_t len, bool double_backslash)
{
	static const char hex[] = "0123456789abcdef";
	const unsigned char *s = src;
	size_t i, n, at = 0;

	if (!dst_size)
		return 0;
	for (i = 0; i < len; i++) {
		bool backslash = s[i] == '\\' && double_backslash;
		bool plain = s[i] >= 0x20 && s[i] < 0x7f && !backslash;

		n = plain ? 1 : backslash ? 2 : 4;
		if (at + n >= dst_size)
			break;
		if (plain)
			dst[at] = (char)s[i];
		else if (backslash)
			memcpy(dst + at, "\\\\", 2);
		else
			memcpy(dst + at, (char[]){'\\', 'x', hex[s[i] >> 4], hex[s[i] & 15]}, 4);
		at += n;
	}
	dst[at] = '\0';
	return at;
}

size_t rz_str_escape(char *dst, size_t dst_size, const void *src, size_t len)
{
	return escape(dst, dst_size, src, len, true);
}

size_t rz_str_printable(char *dst, size_t dst_size, const void *src, size_t len)
{
	return escape(dst, dst_size, src, len, false);
}

/* The rest of dst is zeroed, so that a copied field can be part of a map key. */
bool rz_str_copy(char *dst, size_t dst_size, const char *src)
{
	size_t len = strlen(src);
	size_t n = len < dst_size ? len : dst_size - 1;

	memmove(dst, src, n);
	memset(dst + n, 0, dst_size - n);
	return n == len;
}

char *rz_str_cut_slashes(char *path)
{
	size_t len = strlen(path);

	while (len > 1 && path[len - 1] == '/')
		path[--len] = '\0';
	return path;
}

static const struct {
	const char *name;
	uint64_t ns;
} units[] = {
	{"ns", 1},	 {"us", 1000},	       {"\xc2\xb5s", 1000},   {"\xce\xbcs", 1000},
	{"ms", 1000000}, {"s", 1000000000ULL}, {"m", 60000000000ULL}, {"h", 3600000000000ULL},
};
#define N_UNITS (sizeof(units) / sizeof(units[0]))

/* The unit at `text`, the longest that fits: "ms" is not "m". */
static int unit_at(const char *text, size_t *ret_len)
{
	size_t i, len, best_len = 0;
	int best = -1;

	for (i = 0; i < N_UNITS; i++) {
		len = strlen(units[i].name);
		if (len > best_len && !strncmp(text, units[i].name, len)) {
			best = (int)i;
			best_len = len;
		}
	}
	*ret_len = best_len;
	return best;
}

/* One "1.5h": whole part, fraction, unit. Returns how many bytes were read, or -errno. */
static int term(const char *text, uint64_t *sum)
{
	const char *p = text;
	uint64_t whole = 0, frac = 0, scale = 1, add;
	bool digits = false;
	size_t len;
	int u;

	for (; *p >= '0' && *p <= '9'; p++, digits = true)
		if (__builtin_mul_overflow(whole, 10, &whole) ||
		    __builtin_add_overflow(whole, (uint64_t)(*p - '0'), &whole))
			return -ERANGE;
	if (*p == '.')
		for (p++; *p >= '0' && *p <= '9'; p++, digits = true)
			if (scale < 1000000000000ULL) { /* finer than a nanosecond of an hour */
				frac = frac * 10 + (*p - '0');
				scale *= 10;
			}
	u = unit_at(p, &len);
	if (!digits || u < 0)
		return -EINVAL;
	if (__builtin_mul_overflow(whole, units[u].ns, &add) ||
	    __builtin_add_overflow(*sum, add, sum) ||
	    __builtin_add_overflow(*sum, (uint64_t)((long double)frac * units[u].ns / scale), sum))
		return -ERANGE;
	return (int)(p + len - text);
}

int rz_duration_parse(const char *text, uint64_t *ret_ns)
{
	uint64_t sum = 0;
	int n;

	if (!strcmp(text, "0")) {
		*ret_ns = 0;
		return 0;
	}
	if (!*text)
		return -EINVAL;
	for (; *text; text += n) {
		n = term(text, &sum);
		if (n < 0)
			return n;
	}
	if (sum > INT64_MAX) /* Go's limit too */
		return -ERANGE;
	*ret_ns = sum;
	return 0;
}

/* "10.4s" of a second and more, without zeros at the end. Returns its length. */
static int format_seconds(char *dst, size_t dst_size, uint64_t ns)
{
	int n = snprintf(dst, dst_size, "%llu.%09llu", (unsigned long long)(ns / 1000000000ULL),
			 (unsigned long long)(ns % 1000000000ULL));

	if (n >= (int)dst_size)
		return n;
	while (dst[n - 1] == '0')
		n--;
	return n + snprintf(dst + n, dst_size - n, "s");
}

void rz_duration_format(char *dst, size_t dst_size, uint64_t ns)
{
	static const struct {
		const char *name;
		uint64_t ns;
	} steps[] = {{"h", 3600000000000ULL}, {"m", 60000000000ULL}, {"s", 1000000000ULL},
		     {"ms", 1000000},	      {"us", 1000},	     {"ns", 1}};
	size_t i, at = 0;

	snprintf(dst, dst_size, "0s");
	for (i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		if (ns < steps[i].ns || at >= dst_size)
			continue;
		if (steps[i].ns == 1000000000ULL && ns % steps[i].ns) {
			format_seconds(dst + at, dst_size - at, ns);
			return;
		}
		at += snprintf(dst + at, dst_size - at, "%llu%s",
			       (unsigned long long)(ns / steps[i].ns), steps[i].name);
		ns %= steps[i].ns;
	}
}

/* A number in so many digits, with zeros in front. */
static char *digits(char *at, unsigned n, int width)
{
	int i;

	for (i = width - 1; i >= 0; i--, n /= 10)
		at[i] = (char)('0' + n % 10);
	return at + width;
}

/* Of each log line: strftime() and snprintf() took most of a line's time. */
void rz_time_format(char dst[RZ_TIME_TEXT], uint64_t unix_ns)
{
	time_t s = (time_t)(unix_ns / 1000000000ULL);
	char *at = dst;
	struct tm tm;

	gmtime_r(&s, &tm);
	at = digits(at, (unsigned)tm.tm_year + 1900, 4);
	*at++ = '-';
	at = digits(at, (unsigned)tm.tm_mon + 1, 2);
	*at++ = '-';
	at = digits(at, (unsigned)tm.tm_mday, 2);
	*at++ = 'T';
	at = digits(at, (unsigned)tm.tm_hour, 2);
	*at++ = ':';
	at = digits(at, (unsigned)tm.tm_min, 2);
	*at++ = ':';
	at = digits(at, (unsigned)tm.tm_sec, 2);
	*at++ = '.';
	at = digits(at, (unsigned)(unix_ns / 1000000ULL % 1000), 3);
	*at++ = 'Z';
	*at = '\0';
}

static const uint8_t mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

int rz_addr_parse(const char *text, uint8_t ret_addr[16])
{
	uint8_t a[16];

	memcpy(a, mapped, sizeof(mapped));
	if (inet_pton(AF_INET, text, a + 12) != 1 && inet_pton(AF_INET6, text, a) != 1)
		return -EINVAL;
	memcpy(ret_addr, a, 16);
	return 0;
}

bool rz_addr_is_any(const uint8_t addr[16])
{
	static const uint8_t any6[16];

	return !memcmp(addr, any6, sizeof(any6)) ||
	       (!memcmp(addr, mapped, sizeof(mapped)) && !memcmp(addr + 12, any6, 4));
}

bool rz_addr_is_many(const uint8_t addr[16])
{
	static const uint8_t all[4] = {255, 255, 255, 255};

	if (memcmp(addr, mapped, sizeof(mapped)))
		return addr[0] == 0xff;
	return addr[12] >> 4 == 14 || !memcmp(addr + 12, all, sizeof(all));
}

void rz_addr_format(char *dst, size_t dst_size, const uint8_t addr[16])
{
	if (!memcmp(addr, mapped, sizeof(mapped)))
		inet_ntop(AF_INET, addr + 12, dst, dst_size);
	else
		inet_ntop(AF_INET6, addr, dst, dst_size);
}

void rz_endpoint_format(char *dst, size_t dst_size, const uint8_t addr[16], uint16_t port)
{
	char ip[INET6_ADDRSTRLEN];

	rz_addr_format(ip, sizeof(ip), addr);
	snprintf(dst, dst_size, strchr(ip, ':') ? "[%s]:%u" : "%s:%u", ip, port);
}

/* ":9092", or nothing: 0. -1: no port. */
static long port_of(const char *text)
{
	char *end;
	long n;

	if (!*text)
		return 0;
	if (*text != ':' || text[1] < '0' || text[1] > '9')
		return -1;
	n = strtol(text + 1, &end, 10);
	return *end || n < 1 || n > 65535 ? -1 : n;
}

bool rz_endpoint_normal(char dst[static RZ_ENDPOINT_TEXT], const char *text)
{
	bool brackets = *text == '[';
	char host[RZ_ENDPOINT_TEXT];
	const char *end = NULL;
	uint8_t addr[16];
	long port;

	if (brackets)
		end = strchr(++text, ']');
	else if (strchr(text, ':') == strrchr(text, ':'))
		end = strchr(text, ':'); /* IPv6 without brackets has two, and no port */
	if (brackets && !end)
		return false;
	if (!end)
		end = text + strlen(text);
	if ((size_t)(end - text) >= sizeof(host))
		return false;
	memcpy(host, text, (size_t)(end - text));
	host[end - text] = '\0';
	port = port_of(end + brackets);
	if (port < 0 || rz_addr_parse(host, addr) || (brackets && !strchr(host, ':')))
		return false;
	rz_endpoint_format(dst, RZ_ENDPOINT_TEXT, addr, (uint16_t)port);
	if (!port)
		*strrchr(dst, ':') = '\0';
	return true;
}
