// SPDX-License-Identifier: Apache-2.0
/* One entry of map `conns`, see conn.h. */
#include "kern/conn.h"

#include <errno.h>
#include <string.h>
#include <bpf/bpf.h>

#define SAME  3
#define TRIES 30

/*
 * Why three. The kernel's copy may read its words in any order (arm64), but all of one copy before
 * any of the next, for the lock is taken and given between them. If the equal readings are torn
 * apart, a change had begun before the end of the first and was not over at the beginning of the
 * third. So the claim was had throughout the second, which says otherwise.
 */
int rz_conn_read(int conns_fd, __u64 cookie, struct rz_conn *ret)
{
	struct rz_conn c, last;
	int same = 0, tries;

	for (tries = 0; tries < TRIES && same < SAME; tries++) {
		if (bpf_map_lookup_elem_flags(conns_fd, &cookie, &c, BPF_F_LOCK))
			return -errno;
		if (c.claim)
			same = 0;
		else if (same && !memcmp(&c, &last, sizeof(c)))
			same++;
		else
			same = 1;
		last = c;
	}
	if (same < SAME)
		c.claim = 1;
	*ret = c;
	return 0;
}
