// SPDX-License-Identifier: Apache-2.0
/* Reading the tags of a client.id, see tags.h. Pure. */
#include "client/tags.h"

#include <stdbool.h>
#include <string.h>

#include "base/str.h"
#include "rezone/kafka.h"
#include "topo/zone.h"

/* What a key's value says. */
enum field {
	ZONE,
	OPT_IN,
	SESSION_ID,
	PROXY_TARGET,
	AGENT_GROUP,
	HOST_OVERRIDE,
	LEADERS,
	N_FIELDS,
};

static const struct {
	size_t offset, size;
} fields[N_FIELDS] = {
#define FIELD(f)                                                                  \
	{                                                                         \
		offsetof(struct rz_client, f), sizeof(((struct rz_client *)0)->f) \
	}
	[ZONE] = FIELD(zone),
	[SESSION_ID] = FIELD(session_id),
	[PROXY_TARGET] = FIELD(proxy_target),
	[AGENT_GROUP] = FIELD(agent_group),
#undef FIELD
};

struct key {
	const char *name;
	enum field field;
};

#define KEYS_MAX 14

/* A grammar and its keys; the first row without a name ends them. */
struct dialect {
	enum rz_dialect id;
	const char *separators;
	bool one_separator; /* the first of them that the id has is the only one */
	bool exact;	    /* nothing may stand before the key: it is a common word */
	bool url_decode;
	bool ends_at_equals; /* a second '=' ends the value */
	struct key keys[KEYS_MAX];
};

static const struct dialect dialects[] = {
	{RZ_DIALECT_WARPSTREAM,
	 ",",
	 false,
	 false,
	 false,
	 false,
	 {{"warpstream_az", ZONE},
	  {"ws_az", ZONE},
	  {"warpstream_interzone_lb", OPT_IN},
	  {"warpstream_session_id", SESSION_ID},
	  {"warpstream_proxy_target", PROXY_TARGET},
	  {"ws_proxy_target", PROXY_TARGET},
	  {"ws_pt", PROXY_TARGET},
	  {"warpstream_agent_group", AGENT_GROUP},
	  {"ws_ag", AGENT_GROUP},
	  {"ws_host_override", HOST_OVERRIDE},
	  {"warpstream_partition_assignment_strategy", LEADERS},
	  {"ws_pas", LEADERS}}},
	{RZ_DIALECT_AUTOMQ, "&", false, false, true, false, {{"automq_az", ZONE}}},
	{RZ_DIALECT_INKLESS,
	 ", |",
	 false,
	 false,
	 false,
	 true,
	 {{"diskless_az", ZONE}, {"inkless_az", ZONE}}},
	{RZ_DIALECT_BUFSTREAM, ",;", true, true, false, false, {{"zone", ZONE}}},
};

/* A text that is not terminated. */
struct span {
	const __u8 *p;
	size_t len;
};

/* An id that is being read. */
struct reading {
	struct rz_client *c;
	bool seen[N_FIELDS]; /* the first value wins, even one that is no value */
	enum rz_dialect by;  /* whose the first zone is */
	unsigned notes;
};

static bool value_ok(enum field field, struct span value)
{
	size_t i;

	if (field == ZONE)
		return rz_zone_valid((const char *)value.p, value.len);
	for (i = 0; i < value.len; i++) {
		__u8 c = value.p[i];

		if (c <= 0x20 || c >= 0x7f || c == '"' || c == '\\')
			return false;
	}
	return true;
}

/* A value that is too long or has other characters is no value. */
static void set_field(struct rz_client *c, enum field field, struct span value)
{
	if (value.len < fields[field].size && value_ok(field, value))
		memcpy((char *)c + fields[field].offset, value.p, value.len);
}

/* "true", or that and what a framework appended. */
static bool says_true(struct span value)
{
	return value.len >= 4 && !memcmp(value.p, "true", 4) &&
	       (value.len == 4 || value.p[4] == '-');
}

/* Of what frameworks append to the one word that says one agent nothing is passed over: then it may
 * be another word. */
static enum rz_leaders says_leaders(struct span value)
{
	static const char one[] = "single_agent";

	return value.len == strlen(one) && !memcmp(value.p, one, value.len) ? RZ_LEADERS_ONE
									    : RZ_LEADERS_MANY;
}

/* What else may be read here than the first value up to its bar. */
static void note_take(struct reading *r, const struct dialect *d, enum field field,
		      struct span value, const __u8 *bar)
{
	if (field == OPT_IN && !r->seen[field] && value.len > 4 && says_true(value))
		r->notes |= RZ_TAGS_APPENDED;
	if (field != ZONE)
		return;
	if (r->seen[field])
		r->notes |= r->by == d->id ? RZ_TAGS_TWICE : RZ_TAGS_DIALECTS;
	else if (bar)
		r->notes |= RZ_TAGS_BAR;
	if (!r->seen[field])
		r->by = d->id;
}

/* `last`: the value's last byte is the id's. */
static void take(struct reading *r, const struct dialect *d, enum field field, struct span value,
		 bool last)
{
	const __u8 *bar = memchr(value.p, '|', value.len);

	note_take(r, d, field, value, bar);
	if (r->seen[field])
		return;
	r->seen[field] = true;
	if (bar)
		value.len = bar - value.p;
	if (field == OPT_IN)
		r->c->opt_in = says_true(value);
	else if (field == HOST_OVERRIDE)
		r->c->host_override = value.len > 0;
	else if (field == LEADERS)
		r->c->leaders = says_leaders(value);
	else
		set_field(r->c, field, value);
	if (field == ZONE)
		r->c->zone_last = last && !bar && r->c->zone[0];
	if (r->c->dialect == RZ_DIALECT_NONE || (field == ZONE && r->c->zone[0]))
		r->c->dialect = d->id;
}

/* The key, or, in an id's first element, a text that a framework put before it, a dash and the key.
 */
static bool key_is(struct span key, const char *name, bool first)
{
	size_t len = strlen(name);

	if (key.len < len || memcmp(key.p + key.len - len, name, len))
		return false;
	return key.len == len || (first && key.p[key.len - len - 1] == '-');
}

static int hex(__u8 c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* application/x-www-form-urlencoded, as Java's URLDecoder reads it; false if an escape is broken.
 */
static bool url_decode(struct span *s, __u8 *room)
{
	size_t i, n = 0;

	for (i = 0; i < s->len; i++) {
		__u8 c = s->p[i];

		if (c == '+') {
			c = ' ';
		} else if (c == '%') {
			if (i + 2 >= s->len || hex(s->p[i + 1]) < 0 || hex(s->p[i + 2]) < 0)
				return false;
			c = (__u8)(hex(s->p[i + 1]) << 4 | hex(s->p[i + 2]));
			i += 2;
		}
		room[n++] = c;
	}
	*s = (struct span){room, n};
	return true;
}

static void read_element(struct reading *r, const struct dialect *d, struct span e, bool first,
			 bool last)
{
	__u8 key_room[RZ_CLIENT_ID_SIZE], value_room[RZ_CLIENT_ID_SIZE];
	const __u8 *eq = memchr(e.p, '=', e.len), *end;
	struct span key, value;
	size_t i;

	if (!eq)
		return;
	key = (struct span){e.p, eq - e.p};
	value = (struct span){eq + 1, e.p + e.len - (eq + 1)};
	if (d->ends_at_equals && (end = memchr(value.p, '=', value.len))) {
		value.len = end - value.p;
		last = false;
	}
	if (d->url_decode && (!url_decode(&key, key_room) || !url_decode(&value, value_room)))
		return;
	for (i = 0; i < KEYS_MAX && d->keys[i].name; i++) {
		if (!key_is(key, d->keys[i].name, first && !d->exact))
			continue;
		if (key.len > strlen(d->keys[i].name) && d->keys[i].field <= OPT_IN)
			r->notes |= RZ_TAGS_PREFIX;
		take(r, d, d->keys[i].field, value, last);
	}
}

static size_t until_separator(struct span s, const char *separators)
{
	size_t i;

	for (i = 0; i < s.len; i++)
		if (s.p[i] && strchr(separators, s.p[i]))
			break;
	return i;
}

static void read_dialect(struct reading *r, const struct dialect *d, struct span id)
{
	const char *separators = d->separators;
	char only[2] = "";
	size_t at = 0, len;

	if (d->one_separator && (len = until_separator(id, separators)) < id.len) {
		only[0] = (char)id.p[len];
		separators = only;
	}
	while (at < id.len) {
		struct span rest = {id.p + at, id.len - at};

		len = until_separator(rest, separators);
		/* the last element of a cut id may itself be cut */
		if (len < rest.len || !r->c->truncated)
			read_element(r, d, (struct span){rest.p, len}, !at, len == rest.len);
		at += len + 1;
	}
}

/* Puts the comma-separated `names` of one field behind the keys that are there already; `room`
 * keeps them. */
static void add_keys(struct dialect *d, const char *names, enum field field, char *room,
		     size_t room_size)
{
	size_t n = 0;
	char *name, *rest;

	while (n < KEYS_MAX && d->keys[n].name)
		n++;
	if (!names || !rz_str_copy(room, room_size, names))
		return;
	for (name = strtok_r(room, ",", &rest); name && n < KEYS_MAX;
	     name = strtok_r(NULL, ",", &rest))
		d->keys[n++] = (struct key){name, field};
}

static void read_custom(struct reading *r, const struct rz_tags_custom *custom, struct span id)
{
	char zone_room[256], opt_in_room[256];
	struct dialect d = {.id = RZ_DIALECT_CUSTOM, .separators = ","};

	if (custom->separators && *custom->separators)
		d.separators = custom->separators;
	d.url_decode = custom->url_decode;
	add_keys(&d, custom->zone_keys, ZONE, zone_room, sizeof(zone_room));
	add_keys(&d, custom->opt_in_keys, OPT_IN, opt_in_room, sizeof(opt_in_room));
	read_dialect(r, &d, id);
}

unsigned rz_tags_read_noted(const __u8 *id, int len, const struct rz_tags_custom *custom,
			    struct rz_client *ret)
{
	struct span all = {id, rz_request_id_kept((__s16)len)};
	struct reading r = {.c = ret};
	size_t i;

	memset(ret, 0, sizeof(*ret));
	ret->is_null = len < 0;
	ret->truncated = len > RZ_CLIENT_ID_KEPT;
	rz_str_escape(ret->id, sizeof(ret->id), id, all.len);
	if (custom)
		read_custom(&r, custom, all);
	for (i = 0; i < sizeof(dialects) / sizeof(dialects[0]); i++)
		read_dialect(&r, &dialects[i], all);
	return r.notes;
}

void rz_tags_read(const __u8 *id, int len, const struct rz_tags_custom *custom,
		  struct rz_client *ret)
{
	rz_tags_read_noted(id, len, custom, ret);
}
