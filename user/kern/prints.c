// SPDX-License-Identifier: Apache-2.0
/* What user space adds to map prints, see prints.h. */
#include "kern/prints.h"

#include <errno.h>
#include <bpf/bpf.h>

#include "rezone/print.h"

int rz_prints_note(const struct rz_maps *maps, __u64 cookie, unsigned unanswered, bool probed)
{
	struct rz_print p;

	if (bpf_map_lookup_elem(maps->prints, &cookie, &p))
		return -errno;
	if (unanswered > 255)
		unanswered = 255;
	if (unanswered > p.unanswered)
		p.unanswered = (__u8)unanswered;
	p.probes |= probed;
	/* BPF_EXIST: the connection may have ended meanwhile */
	return bpf_map_update_elem(maps->prints, &cookie, &p, BPF_EXIST) ? -errno : 0;
}

int rz_prints_note_agent(const struct rz_maps *maps, __u64 cookie, unsigned produce)
{
	struct rz_print p;

	if (produce >= RZ_PRINT_NO_ANSWER)
		return -ERANGE;
	if (bpf_map_lookup_elem(maps->prints, &cookie, &p))
		return -errno;
	p.agent_has = (__u8)(produce + 1) & 127;
	return bpf_map_update_elem(maps->prints, &cookie, &p, BPF_EXIST) ? -errno : 0;
}
