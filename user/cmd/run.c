// SPDX-License-Identifier: Apache-2.0
/*
 * `rezone run`: the daemon, in the foreground. Sets up and tears down; what it does again and again
 * is in user/daemon/.
 *
 * Comes in: settings. Goes out: a running struct rz_daemon. Three things wake it: the tick (every
 * interval, ±10 %), the topology timer (every second), and the ring `wake` when a client.id is seen
 * for the first time.
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "base/log.h"
#include "base/str.h"
#include "cmd/cmd.h"
#include "daemon/daemon.h"
#include "kern/caps.h"
#include "kern/held.h"
#include "kern/pins.h"
#include "version.h"

#define TOPOLOGY_POLL_NS RZ_SECOND_NS

/* The interval ±10 %, so that the nodes of a cluster do not all move clients at once. */
static uint64_t jittered(uint64_t interval_ns)
{
	uint32_t r = 0;

	if (getrandom(&r, sizeof(r), GRND_NONBLOCK) != sizeof(r))
		return interval_ns;
	return interval_ns * 9 / 10 + (uint64_t)((double)interval_ns / 5 * r / UINT32_MAX);
}

static int on_tick(void *arg)
{
	struct rz_daemon *d = arg;

	return rz_loop_arm(d->tick_timer, jittered(rz_daemon_tick(d)));
}

static int on_topology(void *arg)
{
	struct rz_daemon *d = arg;

	rz_daemon_poll_topology(d);
	rz_daemon_look_at_operator(d);
	rz_daemon_look_at_left(d);
	return rz_loop_arm(d->topo_timer, TOPOLOGY_POLL_NS);
}

static int on_census(void *arg)
{
	struct rz_daemon *d = arg;

	rz_census_run(d->census, d->kern, false);
	return rz_loop_arm(d->census_timer, d->conf.reconcile_ns);
}

static int on_check(void *arg)
{
	struct rz_daemon *d = arg;

	return rz_loop_arm(d->check_timer, rz_daemon_selfcheck(d));
}

static void learn(void *arg, uint64_t client)
{
	struct rz_daemon *d = arg;

	rz_clients_learn(d->maps, &d->custom, client);
}

static int on_wake(void *arg)
{
	struct rz_daemon *d = arg;

	rz_kern_wake_read(d->kern, learn, d);
	return 0;
}

static int on_signal(void *arg, int signo)
{
	struct rz_daemon *d = arg;

	switch (signo) {
	case SIGHUP:
		rz_info("signal: SIGHUP: settings are read at the start only, restart rezone to "
			"change them; the topology is read again now");
		rz_daemon_poll_topology(d);
		return 0;
	case SIGUSR1:
	case SIGUSR2:
		rz_info("signal: SIGUSR%d has no meaning for rezone and is ignored",
			signo == SIGUSR1 ? 1 : 2);
		return 0;
	default:
		return 1;
	}
}

static void copy_text(char dst[static RZ_EXCLUDE_SIZE], const char *text)
{
	rz_str_copy(dst, RZ_EXCLUDE_SIZE, text ? text : "");
}

static void fill_settings(struct rz_daemon *d)
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

static int load_kernel_side(struct rz_daemon *d)
{
	const struct rz_conf *c = &d->conf;
	struct rz_load_opts opts = {.pin_dir = c->pin_dir,
				    .cgroup = c->cgroup,
				    .ports = c->ports,
				    .n_ports = c->n_ports,
				    .max_connections = c->max_connections,
				    .max_clients = c->max_clients};
	struct rz_lacks lacks;
	char why[128];
	int err;

	err = rz_caps_check(why, sizeof(why));
	if (err)
		return rz_err(err,
			      "run: %s; run it as root with all capabilities, or as a "
			      "privileged container",
			      why);
	err = rz_pins_prepare(c->pin_dir);
	if (err)
		return err;
	d->lock = rz_pins_lock(c->pin_dir);
	if (d->lock < 0)
		return d->lock;
	err = rz_probe(&lacks);
	if (err)
		return err;
	if (lacks.btf)
		return rz_err(lacks.btf,
			      "run: the kernel has no BTF (/sys/kernel/btf/vmlinux): %s; use one "
			      "built with CONFIG_DEBUG_INFO_BTF",
			      strerror(-lacks.btf));
	if (lacks.clock)
		return rz_err(
			lacks.clock,
			"run: this process is in a time namespace of its own: its clock is not "
			"the kernel's, by which BPF ends a hold; start rezone in the host's "
			"time namespace");
	err = rz_kern_load(&opts, &lacks, &d->kern);
	if (err)
		return err;
	d->maps = rz_kern_maps(d->kern);
	if (!lacks.census) {
		err = rz_census_new(&d->census);
		if (err)
			return err;
	}
	if (lacks.state && lacks.closes && lacks.census)
		rz_warn("run: this kernel does not tell of closed connections: they stay in map "
			"conns until "
			"it is full, then new ones are not tracked; restart rezone in time");
	d->settings.way = rz_kern_can_walk(d->kern) ? RZ_WAY_KFUNC
			  : lacks.netlink	    ? RZ_WAY_NONE
						    : RZ_WAY_NETLINK;
	if (d->settings.way == RZ_WAY_NETLINK)
		rz_warn("run: no bpf_sock_destroy in this kernel (6.5 has it); resets go by "
			"SOCK_DESTROY");
	if (d->settings.way == RZ_WAY_NONE) {
		d->conf.mode = d->settings.mode = RZ_MODE_OBSERVE;
		rz_warn("run: this kernel can reset no connection (no bpf_sock_destroy, which 6.5 "
			"has, and no CONFIG_INET_DIAG_DESTROY): observing, nobody is moved");
	}
	return 0;
}

/* What the settings say of clients: zones by address, tags of the operator's own. */
static int read_client_settings(struct rz_daemon *d)
{
	const struct rz_conf *c = &d->conf;
	char why[256];
	int err = rz_blocks_parse(c->zoned_cidr_blocks ? c->zoned_cidr_blocks : "", &d->blocks, why,
				  sizeof(why));

	if (err) /* out of memory: the text was checked when it was read */
		return rz_err(err, "run: zoned-cidr-blocks: %s", strerror(-err));
	err = rz_exclude_new(d->settings.exclude_clients, d->settings.exclude_addresses,
			     d->settings.exclude_zones, &d->exclude, why, sizeof(why));
	if (err)
		return rz_err(err, "run: exclude: %s", strerror(-err));
	d->custom = (struct rz_tags_custom){.zone_keys = c->zone_keys,
					    .opt_in_keys = c->opt_in_keys,
					    .separators = c->tag_separators,
					    .url_decode = c->tag_url_decode};
	return 0;
}

/* A thousand nodes do not begin in step. */
static double random_phase(void)
{
	uint32_t r = 0;

	return getrandom(&r, sizeof(r), GRND_NONBLOCK) == sizeof(r) ? r / 4294967296.0 : 0.5;
}

static int start_policy(struct rz_daemon *d)
{
	const struct rz_conf *c = &d->conf;
	struct rz_limits limits = {.rates = c->rates,
				   .per_client_ns = c->interval_ns / 5 * 4, /* and its jitter */
				   .cooldown_ns = c->cooldown_ns,
				   .cooldown_max_ns = c->cooldown_max_ns,
				   .give_up_after = c->give_up_after,
				   .give_up_for_ns = c->give_up_for_ns,
				   .outcome_ns = c->outcome_after_ns,
				   .breaker_share = c->breaker / 100,
				   .breaker_for_ns = c->breaker_for_ns,
				   .mode = c->mode};
	int err = read_client_settings(d);

	limits.rates.phase = random_phase();
	if (!err)
		err = rz_select_new(&limits, &d->select);
	if (!err)
		err = rz_clients_sweep_new(&d->custom, &d->sweep);
	if (!err)
		err = rz_maps_write_blocks(d->maps, d->blocks);
	return err;
}

static int start_loop(struct rz_daemon *d)
{
	int err = rz_loop_new(&d->loop);

	if (!err)
		err = rz_loop_add_signals(d->loop, on_signal, d);
	if (!err)
		err = rz_kern_wake_read(d->kern, learn, d);
	if (!err)
		err = rz_loop_add(d->loop, rz_kern_wake_fd(d->kern), on_wake, d);
	if (err)
		return err;
	d->tick_timer = rz_loop_add_timer(d->loop, on_tick, d);
	if (d->tick_timer < 0)
		return d->tick_timer;
	d->moves_timer = rz_loop_add_timer(d->loop, rz_daemon_moves_step, d);
	if (d->moves_timer < 0)
		return d->moves_timer;
	d->topo_timer = rz_loop_add_timer(d->loop, on_topology, d);
	if (d->topo_timer < 0)
		return d->topo_timer;
	if (d->census) {
		d->census_timer = rz_loop_add_timer(d->loop, on_census, d);
		if (d->census_timer < 0)
			return d->census_timer;
		rz_census_run(d->census, d->kern, true);
		err = rz_loop_arm(d->census_timer, d->conf.reconcile_ns);
		if (err)
			return err;
	}
	d->check_timer = rz_loop_add_timer(d->loop, on_check, d);
	if (d->check_timer < 0)
		return d->check_timer;
	err = on_check(d);
	if (!err)
		err = rz_daemon_start_topology(d);
	if (!err)
		err = on_topology(d); /* before the first tick; a broken file is one line, and
				   watching goes on */
	return err ? err : rz_loop_arm(d->tick_timer, jittered(d->conf.interval_ns));
}

/* What clients have left while it was held is kept from the agents by the programs. */
static bool keep_pins(const struct rz_daemon *d)
{
	if (d->conf.keep_pins || !d->kern || !rz_held_any_left(d->maps))
		return d->conf.keep_pins;
	rz_warn("run: programs and maps stay in %s: clients have left connections while they were "
		"held, and what was held back must not reach the agents; the next rezone closes "
		"them",
		d->conf.pin_dir);
	return true;
}

static void stop(struct rz_daemon *d)
{
	rz_daemon_moves_stop(d);
	free(d->last);
	free(d->places);
	rz_daemon_stop_topology(d);
	rz_loop_free(d->loop);
	if (d->started)
		rz_kern_free(d->kern, keep_pins(d));
	else
		rz_kern_free_failed(d->kern);
	free(d->left);
	rz_select_free(d->select);
	rz_clients_sweep_free(d->sweep);
	rz_census_free(d->census);
	rz_blocks_free(d->blocks);
	rz_exclude_free(d->exclude);
	if (d->lock >= 0 && !d->started)
		rz_pins_rmdir(d->conf.pin_dir);
	if (d->lock >= 0)
		close(d->lock);
	rz_conf_free(&d->conf);
}

int rz_cmd_run(int argc, char **argv)
{
	struct rz_daemon d = {.lock = -1};
	char interval[32];
	int err;

	if (rz_conf_read(argc, argv, &d.conf))
		return 2;
	rz_log_setup(d.conf.log_format, d.conf.log_level);
	rz_conf_environment_warn(environ);
	fill_settings(&d);
	err = rz_signals_block();
	if (!err)
		err = load_kernel_side(&d);
	if (!err)
		err = start_policy(&d);
	if (!err)
		err = rz_daemon_events_start(&d);
	if (!err)
		err = start_loop(&d);
	if (!err)
		err = rz_daemon_write_settings(&d);
	d.started = !err;
	if (!err) {
		rz_kern_keep(d.kern);
		rz_pins_remove_others(d.conf.pin_dir);
		rz_duration_format(interval, sizeof(interval), d.conf.interval_ns);
		rz_info("run: %s, mode %s, a tick every %s, attached to %s, maps in %s", RZ_VERSION,
			rz_mode_name(d.conf.mode), interval, rz_kern_cgroup(d.kern),
			d.conf.pin_dir);
		rz_daemon_tell_all(&d, RZ_EVENT_START, "%s, mode %s", RZ_VERSION,
				   rz_mode_name(d.conf.mode));
		err = rz_loop_run(d.loop);
		rz_daemon_tell_all(&d, RZ_EVENT_STOP, "%s", err > 0 ? "" : strerror(-err));
		if (err > 0) {
			rz_info("run: stopped; programs and maps %s",
				d.conf.keep_pins ? "stay" : "are removed");
			err = 0;
		}
	}
	stop(&d);
	return err ? 1 : 0;
}
