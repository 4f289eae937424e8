// SPDX-License-Identifier: Apache-2.0
/*
 * libFuzzer over rz_tags_read(): all dialects, and one that the input makes up. What comes out is
 * always fit to be printed, says the same twice, and never names a zone that is no zone's name. Run
 * by `make fuzz`.
 *
 * Comes in: one byte that says how the id came and whether there is a custom dialect, for it the
 * texts up to three newlines, and the id.
 */
#include "fuzz.h"

#include "client/tags.h"

enum { CUSTOM = 1, DECODE = 2, TRUNCATED = 4, IS_NULL = 8 };

static void plain(const struct rz_client *c)
{
	CLAIM(is_plain(c->id, sizeof(c->id)));
	CLAIM(is_plain(c->zone, sizeof(c->zone)) && is_zone(c->zone));
	CLAIM(is_plain(c->session_id, sizeof(c->session_id)));
	CLAIM(is_plain(c->proxy_target, sizeof(c->proxy_target)));
	CLAIM(is_plain(c->agent_group, sizeof(c->agent_group)));
	CLAIM(c->opt_in <= 1 && c->truncated <= 1 && c->is_null <= 1);
	CLAIM(c->dialect < RZ_DIALECT_COUNT);
	CLAIM(!c->zone[0] || c->dialect != RZ_DIALECT_NONE);
}

/* A NUL-terminated text up to a newline, taken from the front of *p. */
static void take_line(char dst[64], const uint8_t **p, size_t *n)
{
	const uint8_t *end = memchr(*p, '\n', *n);
	size_t len = end ? (size_t)(end - *p) : 0;

	snprintf(dst, 64, "%.*s", (int)(len < 63 ? len : 63), (const char *)*p);
	if (end) {
		*p += len + 1;
		*n -= len + 1;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char zone_keys[64], opt_in_keys[64], separators[64];
	struct rz_tags_custom custom = {zone_keys, opt_in_keys, separators, false};
	struct rz_client one, two;
	const uint8_t *p = data + 1;
	uint8_t how, *id;
	size_t n = size - 1;
	int len;

	if (!size)
		return 0;
	how = data[0];
	custom.url_decode = how & DECODE;
	if (how & CUSTOM) {
		take_line(zone_keys, &p, &n);
		take_line(opt_in_keys, &p, &n);
		take_line(separators, &p, &n);
	}
	if (n > RZ_CLIENT_ID_KEPT)
		n = RZ_CLIENT_ID_KEPT;
	len = how & IS_NULL ? -1 : (int)n;
	if (n == RZ_CLIENT_ID_KEPT && how & TRUNCATED)
		len += 1 + how;
	id = malloc(n + !n); /* so that one byte too far is seen */
	CLAIM(id);
	memcpy(id, p, n);
	memset(&one, 0xff, sizeof(one));
	memset(&two, 0, sizeof(two));
	rz_tags_read(id, len, how & CUSTOM ? &custom : NULL, &one);
	rz_tags_read(id, len, how & CUSTOM ? &custom : NULL, &two);
	plain(&one);
	CLAIM(!memcmp(&one, &two, sizeof(one)));
	CLAIM(one.is_null == (len < 0) && one.truncated == (len > RZ_CLIENT_ID_KEPT));
	free(id);
	return 0;
}
