// SPDX-License-Identifier: Apache-2.0
/*
 * A setting's value, read from text.
 *
 * Comes in: a row of the table (table.h), and what a flag, a variable or a file says. Goes out: the
 * field of struct rz_conf, or one line on what is wrong and how to mend it. Called by conf.c,
 * conf_file.c and environment.c.
 */
#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "base/yaml.h"
#include "conf/table.h"
#include "policy/exclude.h"
#include "policy/price.h"
#include "topo/blocks.h"

static int set_text(void *at, const char *text)
{
	char *copy = strdup(text);

	if (!copy)
		return -ENOMEM;
	free(*(char **)at);
	*(char **)at = copy;
	return 0;
}

static int set_path(void *at, const struct rz_conf_row *row, const char *text, char *why,
		    size_t size)
{
	if (!*text && row->max != RZ_CONF_MAY_BE_EMPTY) {
		snprintf(why, size, "is empty; give a %s",
			 row->type == RZ_CONF_PATH ? "path" : "value");
		return -EINVAL;
	}
	return set_text(at, text);
}

static int set_blocks(void *at, const struct rz_conf_row *row, const char *text, char *why,
		      size_t size)
{
	struct rz_blocks *b = NULL;
	int err = rz_blocks_parse(text, &b, why, size);

	(void)row;
	rz_blocks_free(b);
	return err ? err : set_text(at, text);
}

static int set_exclude(void *at, const struct rz_conf_row *row, const char *text, char *why,
		       size_t size)
{
	struct rz_exclude *e = NULL;
	int err = rz_exclude_new(row->type == RZ_CONF_GLOBS ? text : "",
				 row->type == RZ_CONF_CIDRS ? text : "",
				 row->type == RZ_CONF_ZONES ? text : "", &e, why, size);

	rz_exclude_free(e);
	return err ? err : set_text(at, text);
}

static int set_price(void *at, const struct rz_conf_row *row, const char *text, char *why,
		     size_t size)
{
	struct rz_price p;
	int err = rz_price_parse(text, "", &p, why, size);

	(void)row;
	return err ? err : set_text(at, text);
}

/* At most four keys of 1 to 63 printable characters; '=' ends a key and '%' begins an escape. */
static int set_keys(void *at, const struct rz_conf_row *row, const char *text, char *why,
		    size_t size)
{
	const char *p = text;
	size_t n = 0, len, i;

	(void)row;
	do {
		len = strcspn(p, ",");
		for (i = 0; i < len && p[i] > 0x20 && p[i] < 0x7f && p[i] != '='; i++)
			;
		if (!len || len > 63 || i < len || ++n > 4) {
			snprintf(why, size,
				 "\"%.60s\" is no list of keys; give one to four, as "
				 "msk_az,my_zone",
				 text);
			return -EINVAL;
		}
		p += len + !!p[len];
	} while (p[-1] == ',');
	return set_text(at, text);
}

static int set_chars(void *at, const struct rz_conf_row *row, const char *text, char *why,
		     size_t size)
{
	size_t len = strlen(text);

	(void)row;
	if (!len || len > 8 || strpbrk(text, "=-_.") ||
	    strspn(text, " \t!\"#$%&'()*+,/:;<>?@[\\]^`{|}~") != len) {
		snprintf(why, size,
			 "\"%.20s\" are no separators; give one to eight characters that no zone "
			 "has, as \",;\"",
			 text);
		return -EINVAL;
	}
	return set_text(at, text);
}

static int set_duration(void *at, const struct rz_conf_row *row, const char *text, char *why,
			size_t size)
{
	char min[32], max[32];
	uint64_t ns;

	if (rz_duration_parse(text, &ns)) {
		snprintf(why, size, "\"%s\" is no duration; write it as 30s, 1m30s or 500ms", text);
		return -EINVAL;
	}
	if ((double)ns < row->min * 1e9 || (double)ns > row->max * 1e9) {
		rz_duration_format(min, sizeof(min), (uint64_t)(row->min * 1e9));
		rz_duration_format(max, sizeof(max), (uint64_t)(row->max * 1e9));
		snprintf(why, size, "%s is outside %s to %s", text, min, max);
		return -EINVAL;
	}
	*(uint64_t *)at = ns;
	return 0;
}

/* Digits only: strtoul alone would take " 7", "+7" and "-7". */
static int whole_number(const char *text, unsigned long *ret)
{
	char *end;

	if (!isdigit((unsigned char)*text))
		return -EINVAL;
	errno = 0;
	*ret = strtoul(text, &end, 10);
	return *end || errno ? -EINVAL : 0;
}

static int set_count(void *at, const struct rz_conf_row *row, const char *text, char *why,
		     size_t size)
{
	unsigned long n;

	if (whole_number(text, &n) || (double)n < row->min || (double)n > row->max) {
		snprintf(why, size, "\"%s\" is no whole number from %.0f to %.0f", text, row->min,
			 row->max);
		return -EINVAL;
	}
	*(uint32_t *)at = (uint32_t)n;
	return 0;
}

static int set_rate(void *at, const struct rz_conf_row *row, const char *text, char *why,
		    size_t size)
{
	char *end;
	double v = strtod(text, &end);

	if (!isdigit((unsigned char)*text) || *end || !isfinite(v) || v < row->min ||
	    v > row->max) {
		snprintf(why, size, "\"%s\" is no number from %g to %g", text, row->min, row->max);
		return -EINVAL;
	}
	*(double *)at = v;
	return 0;
}

static int set_bool(void *at, const struct rz_conf_row *row, const char *text, char *why,
		    size_t size)
{
	(void)row;
	if (strcmp(text, "true") && strcmp(text, "false")) {
		snprintf(why, size, "\"%s\" is neither true nor false", text);
		return -EINVAL;
	}
	*(bool *)at = text[0] == 't';
	return 0;
}

static int set_ports(void *at, const struct rz_conf_row *row, const char *text, char *why,
		     size_t size)
{
	struct rz_conf *c = (struct rz_conf *)((char *)at - row->offset);
	uint16_t ports[RZ_PORTS_MAX], n = 0, i;
	char one[8];
	unsigned long port;

	while (true) {
		size_t len = strcspn(text, ",");

		snprintf(one, sizeof(one), "%.*s", (int)(len < sizeof(one) ? len : sizeof(one) - 1),
			 text);
		if (len >= sizeof(one) || whole_number(one, &port) || !port || port > 65535) {
			snprintf(why, size,
				 "\"%s\" is no port; give one or more from 1 to 65535, as "
				 "9092,9093",
				 one);
			return -EINVAL;
		}
		for (i = 0; i < n && ports[i] != port; i++)
			;
		if (i < n) {
			snprintf(why, size, "port %lu stands twice; name it once", port);
			return -EINVAL;
		}
		if (n == RZ_PORTS_MAX) {
			snprintf(why, size, "has more than %d ports", RZ_PORTS_MAX);
			return -EINVAL;
		}
		ports[n++] = (uint16_t)port;
		if (!text[len])
			break;
		text += len + 1;
	}
	memcpy(c->ports, ports, sizeof(ports));
	c->n_ports = n;
	return 0;
}

int rz_conf_word_index(const struct rz_conf_row *row, const void *at)
{
	return row->narrow ? *(const uint8_t *)at : *(const int *)at;
}

static int set_word(void *at, const struct rz_conf_row *row, const char *text, char *why,
		    size_t size)
{
	const char *near;
	char all[64] = "";
	size_t used = 0;
	int i;

	for (i = 0; row->words[i]; i++) {
		used += snprintf(all + used, sizeof(all) - used, "%s%s", i ? ", " : "",
				 row->words[i]);
		if (strcmp(row->words[i], text))
			continue;
		if (row->narrow)
			*(uint8_t *)at = (uint8_t)i;
		else
			*(int *)at = i;
		return 0;
	}
	near = rz_yaml_nearest(text, row->words);
	if (near)
		snprintf(why, size, "\"%s\" is not among %s; did you mean %s?", text, all, near);
	else
		snprintf(why, size, "\"%s\" is not among %s", text, all);
	return -EINVAL;
}

static int (*const setters[])(void *, const struct rz_conf_row *, const char *, char *, size_t) = {
	[RZ_CONF_TEXT] = set_path,	   [RZ_CONF_PATH] = set_path,
	[RZ_CONF_DURATION] = set_duration, [RZ_CONF_COUNT] = set_count,
	[RZ_CONF_RATE] = set_rate,	   [RZ_CONF_BOOL] = set_bool,
	[RZ_CONF_PORTS] = set_ports,	   [RZ_CONF_WORD] = set_word,
	[RZ_CONF_BLOCKS] = set_blocks,	   [RZ_CONF_GLOBS] = set_exclude,
	[RZ_CONF_CIDRS] = set_exclude,	   [RZ_CONF_ZONES] = set_exclude,
	[RZ_CONF_KEYS] = set_keys,	   [RZ_CONF_CHARS] = set_chars,
	[RZ_CONF_PRICE] = set_price,
};

int rz_conf_set(struct rz_conf *c, const struct rz_conf_row *row, const char *text, char *why,
		size_t why_size)
{
	return setters[row->type]((char *)c + row->offset, row, text, why, why_size);
}
