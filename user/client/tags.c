// SPDX-License-Identifier: Apache-2.0
/* Reading the tags of a client.id, see tags.h. Pure. */
#include "client/tags.h"

#include <stdbool.h>
#include <string.h>

#include "base/str.h"
#include "rezone/kafka.h"

/* Which characters a value may have. */
enum charset { ZONE_CHARS, PRINTABLE_CHARS };

/* One row a key; several keys of one field are the same tag, the first in the id wins. */
static const struct {
	const char *key;
	size_t offset, size;
	enum charset charset;
} tags[] = {
#define FIELD(f) offsetof(struct rz_client, f), sizeof(((struct rz_client *)0)->f)
	{"warpstream_az", FIELD(zone), ZONE_CHARS},
	{"ws_az", FIELD(zone), ZONE_CHARS},
	{"warpstream_session_id", FIELD(session_id), PRINTABLE_CHARS},
	{"warpstream_proxy_target", FIELD(proxy_target), PRINTABLE_CHARS},
	{"ws_proxy_target", FIELD(proxy_target), PRINTABLE_CHARS},
	{"ws_pt", FIELD(proxy_target), PRINTABLE_CHARS},
	{"warpstream_agent_group", FIELD(agent_group), PRINTABLE_CHARS},
	{"ws_ag", FIELD(agent_group), PRINTABLE_CHARS},
#undef FIELD
};
#define N_TAGS (sizeof(tags) / sizeof(tags[0]))

#define OPT_IN_KEY "warpstream_interzone_lb"

static bool char_ok(enum charset set, unsigned char c)
{
	if (set == PRINTABLE_CHARS)
		return c > 0x20 && c < 0x7f && c != '"' && c != '\\';
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '-' || c == '_' || c == '.';
}

static bool equals(const __u8 *p, size_t len, const char *text)
{
	return len == strlen(text) && !memcmp(p, text, len);
}

/* A value that is too long or has other characters is no value; it still is the first of its tag.
 */
static void set_field(struct rz_client *c, size_t tag, const __u8 *value, size_t len)
{
	char *field = (char *)c + tags[tag].offset;
	size_t i;

	if (len >= tags[tag].size)
		return;
	for (i = 0; i < len; i++)
		if (!char_ok(tags[tag].charset, value[i]))
			return;
	memcpy(field, value, len);
}

/* Which tags were seen, by the field they fill. */
struct seen {
	bool opt_in;
	bool tag[N_TAGS];
};

static bool seen_field(const struct seen *s, size_t offset)
{
	size_t i;

	for (i = 0; i < N_TAGS; i++)
		if (s->tag[i] && tags[i].offset == offset)
			return true;
	return false;
}

static void read_pair(struct rz_client *c, struct seen *s, const __u8 *key, size_t key_len,
		      const __u8 *value, size_t value_len)
{
	size_t i;

	if (equals(key, key_len, OPT_IN_KEY)) {
		if (!s->opt_in)
			c->opt_in = equals(value, value_len, "true");
		s->opt_in = true;
		c->dialect = RZ_DIALECT_WARPSTREAM;
		return;
	}
	for (i = 0; i < N_TAGS; i++) {
		if (!equals(key, key_len, tags[i].key))
			continue;
		if (!seen_field(s, tags[i].offset))
			set_field(c, i, value, value_len);
		s->tag[i] = true;
		c->dialect = RZ_DIALECT_WARPSTREAM;
	}
}

static void read_element(struct rz_client *c, struct seen *s, const __u8 *p, size_t len)
{
	const __u8 *eq = memchr(p, '=', len);

	if (eq)
		read_pair(c, s, p, eq - p, eq + 1, p + len - (eq + 1));
}

void rz_tags_read(const __u8 *id, int len, struct rz_client *ret)
{
	size_t kept = rz_client_id_kept((__s16)len), at = 0;
	struct seen seen = {};

	memset(ret, 0, sizeof(*ret));
	ret->is_null = len < 0;
	ret->truncated = len > RZ_CLIENT_ID_KEPT;
	rz_str_escape(ret->id, sizeof(ret->id), id, kept);
	while (at < kept) {
		const __u8 *comma = memchr(id + at, ',', kept - at);
		size_t end = comma ? (size_t)(comma - id) : kept;

		/* the last element of a cut id may itself be cut */
		if (comma || !ret->truncated)
			read_element(ret, &seen, id + at, end - at);
		at = end + 1;
	}
}
