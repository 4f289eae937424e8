// SPDX-License-Identifier: Apache-2.0
/* The list of system calls of a process, see calls.h. */
#include "base/calls.h"

#include <errno.h>
#include <string.h>

#include "base/log.h"

static int add_rules(scmp_filter_ctx ctx, const struct rz_calls *list)
{
	const struct rz_call *n = list->narrowed;
	size_t i;
	int err;

	/* another machine's system calls (x32, 32 bit) are none of the list's */
	err = seccomp_attr_set(ctx, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_ERRNO(EPERM));
	for (i = 0; i < list->n_allowed && !err; i++)
		err = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, list->allowed[i], 0);
	for (i = 0; i < list->n_narrowed && !err; i++, n++)
		err = seccomp_rule_add_array(
			ctx, n->refused ? SCMP_ACT_ERRNO(n->refused) : SCMP_ACT_ALLOW, n->call, 1,
			&n->arg);
	return err;
}

/* What is not on the list gets `action`. 0 or -errno; *ret_fd with SCMP_ACT_NOTIFY. */
static int load(const struct rz_calls *list, uint32_t action, int *ret_fd)
{
	scmp_filter_ctx ctx = seccomp_init(action);
	int err = ctx ? add_rules(ctx, list) : -ENOMEM;

	if (!err)
		err = seccomp_load(ctx);
	if (!err && action == SCMP_ACT_NOTIFY)
		err = *ret_fd = seccomp_notify_fd(ctx);
	seccomp_release(ctx);
	return err < 0 ? err : 0;
}

/* A process that is under a list with a descriptor already (a container's runtime gave it one) has
 * no place for a second descriptor. */
int rz_calls_forbid_others(const struct rz_calls *list, int *ret_fd)
{
	int fd = -1, err = load(list, SCMP_ACT_NOTIFY, &fd);

	if (err)
		err = load(list, SCMP_ACT_ERRNO(EPERM), NULL);
	if (err)
		return rz_err(err,
			      "%s: cannot give up system calls by seccomp: %s; a kernel with "
			      "CONFIG_SECCOMP_FILTER is needed, and whoever starts rezone must "
			      "allow seccomp(2)",
			      list->who, strerror(-err));
	*ret_fd = fd;
	return 0;
}
