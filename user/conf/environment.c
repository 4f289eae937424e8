// SPDX-License-Identifier: Apache-2.0
/*
 * Settings from the environment, and what else begins with REZONE_ there.
 *
 * Comes in: environ. Goes out: values set in struct rz_conf; a line for each variable that looks
 * like a setting and is none. Called by conf.c, and by cmd/run.c once lines have their form.
 *
 * Kubernetes gives every container variables for each Service of its namespace (service links): a
 * Service named rezone makes REZONE_SERVICE_HOST, REZONE_PORT=tcp://10.0.0.1:9092,
 * REZONE_PORT_9092_TCP_ADDR and more; one named rezone-x the same with REZONE_X_
 * (kubernetes.io/docs/concepts/services-networking/service, "Environment variables").
 */
#include "conf/table.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/json.h"
#include "base/yaml.h"

#define PREFIX	     "REZONE_"
#define NAME_SIZE    64
#define VARIABLE_MAX (RZ_CONF_ROWS_MAX + 8)

/* They are no rows of the table. */
static const char *const others[] = {"CONFIG", "PROBE_WITHOUT"};
#define N_OTHERS (sizeof(others) / sizeof(others[0]))

void rz_conf_variable(const struct rz_conf_row *row, char *dst, size_t size)
{
	snprintf(dst, size, PREFIX "%s", row->name);
	for (; *dst; dst++)
		*dst = *dst == '-' ? '_' : (char)toupper((unsigned char)*dst);
}

static bool ends_in(const char *text, size_t len, const char *end)
{
	size_t n = strlen(end);

	return len >= n && !strncmp(text + len - n, end, n);
}

static bool is_url(const char *value)
{
	return !strncmp(value, "tcp://", 6) || !strncmp(value, "udp://", 6) ||
	       !strncmp(value, "sctp://", 7);
}

/* "9092_TCP", "9092_TCP_PROTO", "9092_TCP_PORT", "9092_TCP_ADDR": what follows _PORT_. */
static bool is_port_word(const char *text)
{
	static const char *const protocols[] = {"_TCP", "_UDP", "_SCTP"};
	static const char *const rests[] = {"", "_PROTO", "_PORT", "_ADDR"};
	size_t digits = strspn(text, "0123456789"), i, j, n;

	for (i = 0; digits && i < 3; i++) {
		n = strlen(protocols[i]);
		if (strncmp(text + digits, protocols[i], n))
			continue;
		for (j = 0; j < 4; j++)
			if (!strcmp(text + digits + n, rests[j]))
				return true;
	}
	return false;
}

/* Made by Kubernetes for a Service named rezone or rezone-...? */
static bool is_service_link(const char *name, const char *value)
{
	const char *p = name;

	if (ends_in(name, strlen(name), "_SERVICE_HOST") || strstr(name, "_SERVICE_PORT_") ||
	    ends_in(name, strlen(name), "_SERVICE_PORT"))
		return true;
	if (ends_in(name, strlen(name), "_PORT") && is_url(value))
		return true;
	while ((p = strstr(p, "_PORT_"))) {
		p += strlen("_PORT_");
		if (is_port_word(p))
			return true;
	}
	return false;
}

enum rz_conf_variable_kind rz_conf_variable_judge(const char *name, const char *value,
						  char near[static RZ_CONF_VARIABLE_SIZE])
{
	static char words[VARIABLE_MAX][NAME_SIZE];
	const char *known[VARIABLE_MAX + 1], *best;
	char full[NAME_SIZE + sizeof(PREFIX)];
	size_t i, n = 0;

	*near = '\0';
	if (strncmp(name, PREFIX, strlen(PREFIX)))
		return RZ_CONF_VARIABLE_OTHERS;
	if (is_service_link(name, value))
		return RZ_CONF_VARIABLE_SERVICE_LINK;
	for (i = 0; i < rz_conf_n_rows && n < VARIABLE_MAX; i++, n++) {
		rz_conf_variable(&rz_conf_rows[i], full, sizeof(full));
		snprintf(words[n], NAME_SIZE, "%.63s", full + strlen(PREFIX));
	}
	for (i = 0; i < N_OTHERS && n < VARIABLE_MAX; i++, n++)
		snprintf(words[n], NAME_SIZE, "%s", others[i]);
	for (i = 0; i < n; i++) {
		known[i] = words[i];
		if (!strcmp(words[i], name + strlen(PREFIX)))
			return RZ_CONF_VARIABLE_SETTING;
	}
	known[n] = NULL;
	best = rz_yaml_nearest(name + strlen(PREFIX), known);
	if (best)
		snprintf(near, RZ_CONF_VARIABLE_SIZE, PREFIX "%s", best);
	return RZ_CONF_VARIABLE_UNKNOWN;
}

/* A value of Kubernetes' making is none of the operator's. */
static const char *value_of(const char *name)
{
	const char *value = getenv(name);

	return value && is_service_link(name, value) ? NULL : value;
}

/* rezone's own variable beats WarpStream's name for the same. */
int rz_conf_environment_set(struct rz_conf *c, char *why, size_t why_size)
{
	char own[NAME_SIZE], what[512];
	const char *name, *text;
	size_t i;

	for (i = 0; i < rz_conf_n_rows; i++) {
		rz_conf_variable(&rz_conf_rows[i], own, sizeof(own));
		name = own;
		text = value_of(own);
		if (!text && rz_conf_rows[i].env) {
			name = rz_conf_rows[i].env;
			text = getenv(name);
		}
		if (!text)
			continue;
		c->from[i] = RZ_CONF_ENVIRONMENT;
		if (!rz_conf_set(c, &rz_conf_rows[i], text, what, sizeof(what)))
			continue;
		snprintf(why, why_size, "%s: %s", name, what);
		return -EINVAL;
	}
	return 0;
}

static json_t *key_of(const char *name)
{
	return json_pack("{s:o}", "variable", rz_json_printable(name));
}

static void warn_of(const char *name, const char *value)
{
	char near[RZ_CONF_VARIABLE_SIZE];

	switch (rz_conf_variable_judge(name, value, near)) {
	case RZ_CONF_VARIABLE_UNKNOWN:
		rz_log_fields(RZ_LOG_WARN, key_of(name),
			      "settings: there is no variable %.64s; it is ignored%s%s%s", name,
			      *near ? "; did you mean "
				    : " (`rezone run --help-all` lists the settings)",
			      near, *near ? "?" : "");
		break;
	case RZ_CONF_VARIABLE_SERVICE_LINK:
		/* the one that is also the name of a setting */
		rz_log_fields(strcmp(name, PREFIX "PORT") ? RZ_LOG_DEBUG : RZ_LOG_WARN,
			      key_of(name),
			      "settings: %.64s is a Service link of Kubernetes and ignored; set "
			      "enableServiceLinks: false in the pod",
			      name);
		break;
	default:
		break;
	}
}

void rz_conf_environment_warn(char *const *environment)
{
	char name[256];
	const char *equals;

	for (; environment && *environment; environment++) {
		equals = strchr(*environment, '=');
		if (!equals || (size_t)(equals - *environment) >= sizeof(name))
			continue;
		snprintf(name, sizeof(name), "%.*s", (int)(equals - *environment), *environment);
		warn_of(name, equals + 1);
	}
}
