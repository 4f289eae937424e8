// SPDX-License-Identifier: Apache-2.0
/*
 * What the daemon publishes of itself: map settings.
 *
 * Comes in: the daemon. Goes out: the map, for `rezone list`, `stats` and `topology`. Called by all
 * of user/daemon/.
 */
#include "daemon/daemon.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>
#include <bpf/bpf.h>

#include "base/log.h"
#include "base/str.h"

static void copy_text(char dst[static RZ_EXCLUDE_SIZE], const char *text)
{
	rz_str_copy(dst, RZ_EXCLUDE_SIZE, text ? text : "");
}

void rz_daemon_fill_settings(struct rz_daemon *d)
{
	const struct rz_conf *c = &d->conf;

	d->settings = (struct rz_settings){
		.started_ns = rz_now_ns(),
		.interval_ns = c->interval_ns,
		.stable_for_ns = c->stable_for_ns,
		.topology_max_age_ns = c->topology_max_age_ns,
		.min_age_ns = c->min_age_ns,
		.pid = getpid(),
		.min_agents = c->min_agents,
		.mode = c->mode,
		.opt_in = c->opt_in,
		.n_ports = c->n_ports,
		.close = c->close,
		.shared = c->shared,
		.acks0 = c->acks0,
		.local_proxy = c->local_proxy,
		.grace_ns = c->grace_ns,
	};
	memcpy(d->settings.ports, c->ports, sizeof(d->settings.ports));
	copy_text(d->settings.exclude_clients, c->exclude_clients);
	copy_text(d->settings.exclude_addresses, c->exclude_addresses);
	copy_text(d->settings.exclude_zones, c->exclude_zones);
}

int rz_daemon_write_settings(struct rz_daemon *d)
{
	__u32 zero = 0;

	d->settings.log_lost = rz_log_lost();
	return bpf_map_update_elem(d->maps->settings, &zero, &d->settings, BPF_ANY) ? -errno : 0;
}
