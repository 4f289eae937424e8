// SPDX-License-Identifier: Apache-2.0
/* The settings --kube-service and --kube-selector, see spec.h. Pure. */
#include "source/spec.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "topo/group.h"

/* A DNS label, as namespaces and Services are named. */
static bool is_label(const char *text)
{
	size_t len = strlen(text);

	return len && len < 64 && strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-") == len;
}

static int wrong(char *why, size_t size, const char *what, const char *form)
{
	snprintf(why, size, "\"%.80s\" is not of the form %s", what, form);
	return -EINVAL;
}

#define SERVICE_FORM  "NAMESPACE/SERVICE[=GROUP][@ROLE+ROLE]"
#define SELECTOR_FORM "GROUP[@ROLE+ROLE]:NAMESPACE:SELECTOR"

static int take_group(const char *group, struct rz_kube_spec *s, char *why, size_t size)
{
	if (!rz_group_valid(group) || !rz_str_copy(s->group, sizeof(s->group), group)) {
		snprintf(why, size,
			 "group \"%.80s\" is no GROUP[@ROLE+ROLE] of at most 63 bytes; roles are "
			 "proxy, "
			 "proxy-produce, proxy-consume and jobs",
			 group);
		return -EINVAL;
	}
	return 0;
}

static int take_service(char *item, struct rz_kube_spec *s, char *why, size_t size)
{
	char whole[512], name[256], group[320], *slash, *rest;

	snprintf(whole, sizeof(whole), "%s", item);
	slash = strchr(item, '/');
	rest = item + strcspn(item, "=@");
	if (!slash || slash > rest)
		return wrong(why, size, whole, SERVICE_FORM);
	snprintf(name, sizeof(name), "%.*s", (int)(rest - item), item);
	snprintf(group, sizeof(group), "%s%s", *rest == '=' ? "" : name,
		 *rest == '=' ? rest + 1 : rest);
	name[slash - item] = '\0';
	if (!is_label(name) || !is_label(name + (slash - item) + 1))
		return wrong(why, size, whole, SERVICE_FORM);
	rz_str_copy(s->ns, sizeof(s->ns), name);
	snprintf(s->selector, sizeof(s->selector), "kubernetes.io/service-name=%s",
		 name + (slash - item) + 1);
	snprintf(s->label, sizeof(s->label), "%.63s/%.63s", name, name + (slash - item) + 1);
	return take_group(group, s, why, size);
}

static int take_selector(char *item, struct rz_kube_spec *s, char *why, size_t size)
{
	char *ns = strchr(item, ':'), *selector = ns ? strchr(ns + 1, ':') : NULL;

	if (!selector || !selector[1])
		return wrong(why, size, item, SELECTOR_FORM);
	*ns++ = *selector++ = '\0';
	if (!is_label(ns) || !rz_str_copy(s->selector, sizeof(s->selector), selector))
		return wrong(why, size, ns, SELECTOR_FORM);
	rz_str_copy(s->ns, sizeof(s->ns), ns);
	snprintf(s->label, sizeof(s->label), "%.60s?%.60s", ns, selector);
	return take_group(item, s, why, size);
}

static int take_all(const char *text, const char *between,
		    int (*take)(char *, struct rz_kube_spec *, char *, size_t),
		    struct rz_kube_spec *rows, size_t *n, char *why, size_t size)
{
	char item[512];
	int err = 0;

	while (text && *text && !err) {
		size_t len = strcspn(text, between);

		if (*n == RZ_KUBE_GROUPS_MAX) {
			snprintf(why, size, "more than the %d Services and selectors that fit",
				 RZ_KUBE_GROUPS_MAX);
			return -E2BIG;
		}
		snprintf(item, sizeof(item), "%.*s", (int)(len < 500 ? len : 500), text);
		memset(&rows[*n], 0, sizeof(rows[*n]));
		err = take(item, &rows[*n], why, size);
		(*n)++;
		text += len + (text[len] != '\0');
	}
	return err;
}

int rz_kube_specs_parse(const char *services, const char *selectors, struct rz_kube_spec *rows,
			size_t *ret_n, char *why, size_t size)
{
	size_t n = 0;
	int err = take_all(services, ",", take_service, rows, &n, why, size);

	if (!err)
		err = take_all(selectors, ";", take_selector, rows, &n, why, size);
	if (err)
		return -EINVAL;
	*ret_n = n;
	return 0;
}
