// SPDX-License-Identifier: Apache-2.0
/* Groups and roles, see group.h. Pure. */
#include "topo/group.h"

#include <stddef.h>
#include <string.h>

enum { PRODUCE = 1, CONSUME = 2, ANY = 4 };

static const struct {
	const char *name;
	unsigned serves;
} roles[] = {
	{"proxy", PRODUCE | CONSUME | ANY},
	{"proxy-produce", PRODUCE},
	{"proxy-consume", CONSUME},
	{"jobs", 0},
};

/* The role of that name, -1 if there is none. */
static int role_of(const char *text, size_t len)
{
	size_t i;

	for (i = 0; i < sizeof(roles) / sizeof(roles[0]); i++)
		if (strlen(roles[i].name) == len && !strncmp(roles[i].name, text, len))
			return (int)i;
	return -1;
}

static unsigned served(const char *list)
{
	unsigned all = 0;

	while (*list) {
		size_t len = strcspn(list, "+");
		int role = role_of(list, len);

		if (role >= 0)
			all |= roles[role].serves;
		list += len + (list[len] == '+');
	}
	return all;
}

bool rz_group_serves(const char *group, const char *proxy_target, const char *agent_group)
{
	size_t name = strcspn(group, "@");
	int target = role_of(proxy_target, strlen(proxy_target));
	unsigned all;

	if (*agent_group && (strlen(agent_group) != name || strncmp(agent_group, group, name)))
		return false;
	if (!group[name])
		return true;
	all = served(group + name + 1);
	if (!*proxy_target)
		return all;
	/* a target that is not known serves nobody we could name */
	return target >= 0 &&
	       (roles[target].serves & all & (PRODUCE | CONSUME)) ==
		       (roles[target].serves & (PRODUCE | CONSUME)) &&
	       roles[target].serves;
}

bool rz_group_valid(const char *group)
{
	size_t name = strcspn(group, "@");
	const char *list = group + name;

	if (!name)
		return false;
	for (; *group; group++)
		if (*group <= 0x20 || *group > 0x7e)
			return false;
	while (*list) {
		size_t len = strcspn(++list, "+");

		if (role_of(list, len) < 0)
			return false;
		list += len;
	}
	return true;
}
