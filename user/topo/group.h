/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A group's name says whom it serves: NAME, or NAME@ROLE+ROLE where the operator knows the roles of
 * its agents (proxy, proxy-produce, proxy-consume, jobs). Pure; called by policy/classify.c.
 */
#ifndef RZ_TOPO_GROUP_H
#define RZ_TOPO_GROUP_H

#include <stdbool.h>

/*
 * Can agents of `group` serve a client that asks for this proxy target (warpstream_proxy_target)
 * and this agent group (warpstream_agent_group)? "" asks for nothing. Without named roles a group
 * serves every target; a group whose roles are named serves by them, and by jobs alone nobody.
 */
bool rz_group_serves(const char *group, const char *proxy_target, const char *agent_group);

/* True if what stands behind @ (if anything) is a list of known roles and the name is not empty. */
bool rz_group_valid(const char *group);

#endif
