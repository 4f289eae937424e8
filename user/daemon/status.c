// SPDX-License-Identifier: Apache-2.0
/*
 * What the daemon publishes of itself: map settings once, maps status, counters and spans each
 * second and at each tick.
 *
 * Comes in: the daemon. Goes out: the maps, for `rezone list`, `stats` and `topology`. Called by
 * all of user/daemon/.
 */
#include "daemon/daemon.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <bpf/bpf.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "base/notify.h"
#include "base/str.h"
#include "daemon/reporter.h"
#include "kern/pins.h"

static void copy_text(char dst[static RZ_EXCLUDE_SIZE], const char *text)
{
	rz_str_copy(dst, RZ_EXCLUDE_SIZE, text ? text : "");
}

/* It takes a program, and the rights to start it as a user without rights, which are given up at
 * the start where they are not needed: so it is decided then, once. */
static bool asks_agents(const struct rz_conf *c)
{
	if (c->ask_agents == RZ_ASK_OFF || !rz_reporter_installed())
		return false;
	return c->ask_agents == RZ_ASK_ON || c->listen || rz_reporter_is_wanted(c);
}

void rz_daemon_fill_settings(struct rz_daemon *d)
{
	const struct rz_conf *c = &d->conf;

	d->settings = (struct rz_settings){
		.interval_ns = c->interval_ns,
		.stable_for_ns = c->stable_for_ns,
		.topology_max_age_ns = c->topology_max_age_ns,
		.min_age_ns = c->min_age_ns,
		.grace_ns = c->grace_ns,
		.hold_timeout_ns = c->hold_timeout_ns,
		.park_after_ns = c->park_after_ns,
		.min_agents = c->min_agents,
		.mode = c->mode,
		.opt_in = c->opt_in,
		.n_ports = c->n_ports,
		.close = c->close,
		.shared = c->shared,
		.acks0 = c->acks0,
		.local_proxy = c->local_proxy,
		.leaders = c->leaders,
		.ask_agents = d->started ? d->settings.ask_agents : asks_agents(c),
		.paused = c->paused,
	};
	memcpy(d->settings.ports, c->ports, sizeof(d->settings.ports));
	copy_text(d->settings.exclude_clients, c->exclude_clients);
	copy_text(d->settings.exclude_addresses, c->exclude_addresses);
	copy_text(d->settings.exclude_zones, c->exclude_zones);
	rz_str_copy(d->settings.price, sizeof(d->settings.price), c->price);
}

static int write_only_entry(int fd, const void *value)
{
	__u32 zero = 0;

	return bpf_map_update_elem(fd, &zero, value, BPF_ANY) ? -errno : 0;
}

void rz_daemon_forget_status(const char *pin_dir)
{
	const struct rz_status none = {};
	struct bpf_map_info info = {};
	_cleanup_close_ int fd = -1;
	__u32 len = sizeof(info);
	char path[4200];

	rz_pins_path(path, sizeof(path), pin_dir, "status");
	fd = bpf_obj_get(path);
	if (fd >= 0 && !bpf_obj_get_info_by_fd(fd, &info, &len) && info.value_size == sizeof(none))
		write_only_entry(fd, &none);
}

int rz_daemon_write_settings(const struct rz_daemon *d)
{
	int err = write_only_entry(d->maps->settings, &d->settings);

	return err ? rz_err(err, "run: map settings: %s", strerror(-err)) : 0;
}

void rz_daemon_tell_manager(const struct rz_daemon *d)
{
	char lines[128];

	snprintf(lines, sizeof(lines), "READY=1\nSTATUS=mode %s%s; `rezone status` shows more",
		 rz_mode_name(d->conf.mode), d->conf.paused ? ", paused by the settings" : "");
	rz_notify(lines);
}

void rz_daemon_write_status(struct rz_daemon *d)
{
	d->counters.log_lost = rz_log_lost();
	d->status.beat_ns = rz_now_ns();
	d->status.listening = (uint8_t)d->listening.n;
	write_only_entry(d->maps->status, &d->status);
	write_only_entry(d->maps->counters, &d->counters);
	rz_daemon_tally_write(d);
}
