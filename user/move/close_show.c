// SPDX-License-Identifier: Apache-2.0
/* What map moves says of jobs, see close.h. */
#include "move/close.h"

#include <errno.h>
#include <stdlib.h>
#include <bpf/bpf.h>

#include "base/cleanup.h"
#include "base/str.h"

static struct rz_move shown(const struct rz_job *j, enum rz_phase phase, uint64_t now_ns)
{
	struct rz_move m = {.client = j->c.client, .decided_ns = now_ns, .phase = phase};

	m.error = j->error;
	m.check = j->check;
	m.gap = j->gap ? 1 + rz_plan_gap_only(&j->c.plan) : 0;
	m.settled = j->wait.settled;
	m.fin = j->c.plan.close == RZ_CLOSE_FIN;
	m.shared = j->c.plan.shared;
	m.acks0 = j->c.plan.acks0;
	m.left = j->c.plan.left;
	m.follow_up = j->c.plan.follow_up;
	m.deadline_ns = j->wait.deadline_ns;
	rz_str_copy(m.to_zone, sizeof(m.to_zone), j->to_zone);
	return m;
}

int rz_close_show(const struct rz_maps *maps, const struct rz_job *j, enum rz_phase phase,
		  uint64_t now_ns)
{
	struct rz_move m = shown(j, phase, now_ns);

	return bpf_map_update_elem(maps->moves, &j->c.cookie, &m, BPF_ANY) ? -errno : 0;
}

int rz_close_show_all(const struct rz_maps *maps, struct rz_job *const *jobs, size_t n,
		      enum rz_phase phase, uint64_t now_ns)
{
	_cleanup_free_ struct rz_move *moves = calloc(n + 1, sizeof(*moves));
	_cleanup_free_ uint64_t *cookies = calloc(n + 1, sizeof(*cookies));
	LIBBPF_OPTS(bpf_map_batch_opts, opts);
	uint32_t done = (uint32_t)n;
	size_t i;

	if (!moves || !cookies)
		return -ENOMEM;
	for (i = 0; i < n; i++) {
		moves[i] = shown(jobs[i], phase, now_ns);
		cookies[i] = jobs[i]->c.cookie;
	}
	return bpf_map_update_batch(maps->moves, cookies, moves, &done, &opts) ? -errno : 0;
}
