// SPDX-License-Identifier: Apache-2.0
/* Map told, see told.h. */
#include "kern/told.h"

#include <errno.h>
#include <bpf/bpf.h>

static int begin(const struct rz_maps *maps, __u64 cookie, struct rz_told *ret)
{
	struct rz_print print;

	if (bpf_map_lookup_elem(maps->prints, &cookie, &print))
		return -errno;
	if (bpf_map_lookup_elem(maps->told, &cookie, ret))
		*ret = (struct rz_told){};
	return 0;
}

static int put(const struct rz_maps *maps, __u64 cookie, const struct rz_told *t)
{
	return bpf_map_update_elem(maps->told, &cookie, t, BPF_ANY) ? -errno : 0;
}

int rz_told_note_move(const struct rz_maps *maps, __u64 cookie, unsigned unanswered, bool probed)
{
	struct rz_told t;
	int err = begin(maps, cookie, &t);

	if (err)
		return err;
	if (unanswered > 255)
		unanswered = 255;
	if (unanswered > t.unanswered)
		t.unanswered = (__u8)unanswered;
	t.probed |= probed;
	return put(maps, cookie, &t);
}

int rz_told_note_agent(const struct rz_maps *maps, __u64 cookie, unsigned produce)
{
	struct rz_told t;
	int err;

	if (produce > RZ_TOLD_NO_ANSWER - 1)
		return -ERANGE;
	err = begin(maps, cookie, &t);
	if (err)
		return err;
	t.agent_has = (__u8)(produce + 1);
	return put(maps, cookie, &t);
}

/* An entry of prints may have been made since they were read: its connection is asked for, or held,
 * once more. */
void rz_told_sweep(const struct rz_maps *maps, const struct rz_snapshot *snap)
{
	size_t i, k = 0;

	if (!snap->n_conns && !snap->n_kept) /* then no prints were read */
		return;
	for (i = 0; i < snap->n_told; i++) {
		while (k < snap->n_prints && snap->prints[k].cookie < snap->told[i].cookie)
			k++;
		if (k == snap->n_prints || snap->prints[k].cookie != snap->told[i].cookie)
			bpf_map_delete_elem(maps->told, &snap->told[i].cookie);
	}
}
