// SPDX-License-Identifier: Apache-2.0
/* A daemon's life, see life.h. */
#include "daemon/life.h"

#include <errno.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "base/json.h"
#include "base/log.h"
#include "base/node.h"
#include "base/notify.h"
#include "base/str.h"
#include "daemon/daemon.h"
#include "daemon/reporter.h"
#include "kern/caps.h"
#include "kern/enter.h"
#include "kern/held.h"
#include "kern/pins.h"
#include "kern/removal.h"
#include "version.h"

#define MMAP_FROM (128 * 1024) /* bytes: glibc's first limit */

static void give_up(unsigned but)
{
	int err = rz_caps_keep(but);

	if (err)
		rz_log_fields(RZ_LOG_WARN, json_pack("{s:o}", "error", rz_json_error(err)),
			      "run: capabilities that are not used cannot be given up: %s",
			      strerror(-err));
}

/* May this process load programs, and does it alone use this pin directory? */
static int take_node(struct rz_daemon *d, int *ret_helper)
{
	char why[128];
	int err = rz_caps_check(why, sizeof(why));

	if (err)
		return rz_err(err,
			      "run: %s; run it as root with all capabilities, or as a "
			      "privileged container",
			      why);
	give_up(RZ_CAPS_ALL);
	*ret_helper = rz_enter_begin(d->conf.ports, d->conf.n_ports);
	d->lock = rz_pins_take(d->conf.pin_dir);
	if (d->lock < 0)
		return d->lock;
	rz_daemon_forget_status(d->conf.pin_dir);
	return 0;
}

/* What the kernel lacks that nothing can replace. */
static int refuse_kernel(const struct rz_lacks *lacks)
{
	if (lacks->btf)
		return rz_err(lacks->btf,
			      "run: the kernel has no BTF (/sys/kernel/btf/vmlinux): %s; use one "
			      "built with CONFIG_DEBUG_INFO_BTF",
			      strerror(-lacks->btf));
	if (lacks->clock)
		return rz_err(
			lacks->clock,
			"run: this process is in a time namespace of its own: its clock is not "
			"the kernel's, by which BPF ends a hold; start rezone in the host's "
			"time namespace");
	return 0;
}

/* How connections are reset on this kernel; where it can reset none, mode observe. */
static void choose_way(struct rz_daemon *d, const struct rz_lacks *lacks)
{
	d->status.way = rz_kern_can_walk(d->kern) ? RZ_WAY_KFUNC
			: lacks->netlink	  ? RZ_WAY_NONE
						  : RZ_WAY_NETLINK;
	if (d->status.way == RZ_WAY_NETLINK)
		rz_log_fields(RZ_LOG_WARN, json_pack("{s:[s]}", "lacks", "destroy"),
			      "run: no bpf_sock_destroy in this kernel (6.5 has it); resets go by "
			      "SOCK_DESTROY");
	if (d->status.way != RZ_WAY_NONE)
		return;
	d->conf.mode = d->settings.mode = RZ_MODE_OBSERVE;
	rz_log_fields(RZ_LOG_WARN,
		      json_pack("{s:[s, s], s:s}", "lacks", "destroy", "netlink", "mode",
				rz_mode_name(d->conf.mode)),
		      "run: this kernel can reset no connection (no bpf_sock_destroy, which 6.5 "
		      "has; and no CONFIG_INET_DIAG_DESTROY, or it is a PREEMPT_RT kernel): "
		      "observing, nobody is moved");
}

/* Where the kernel does not take all programs it is found out which. */
static int load_programs(struct rz_daemon *d, const struct rz_load_opts *opts,
			 struct rz_lacks *lacks)
{
	int err;

	err = rz_kern_load_all(opts, &d->kern);
	*lacks = (struct rz_lacks){.clock = err == -EXDEV ? err : 0};
	if (err == RZ_LOAD_LACKS)
		err = rz_probe(lacks);
	else if (!lacks->clock)
		return err;
	if (!err || lacks->clock)
		err = refuse_kernel(lacks);
	return err ? err : rz_kern_load(opts, lacks, &d->kern);
}

/* Has said why, if it is not there; the look for another rezone asks it. Once, also if the programs
 * are loaded a second time because the kernel did not take all. */
static void wait_for_helper(void *begun)
{
	int *err = begun;

	if (*err != -EALREADY)
		rz_enter_wait(*err);
	*err = -EALREADY;
}

static int load_kernel_side(struct rz_daemon *d)
{
	const struct rz_conf *c = &d->conf;
	int helper = 0;
	struct rz_load_opts opts = {.pin_dir = c->pin_dir,
				    .cgroup = c->cgroup,
				    .ports = c->ports,
				    .n_ports = c->n_ports,
				    .max_connections = c->max_connections,
				    .max_clients = c->max_clients,
				    .parks = c->park_after_ns != 0,
				    .loaded = wait_for_helper,
				    .loaded_arg = &helper};
	struct rz_lacks lacks;
	int err = take_node(d, &helper);

	if (!err)
		err = load_programs(d, &opts, &lacks);
	if (err)
		return err;
	/* libbpf looks through modules' types for CAP_SYS_ADMIN alone, hence not before */
	give_up(RZ_CAPS_DAEMON |
		((d->conf.listen || rz_reporter_is_wanted(&d->conf) || d->settings.ask_agents)
			 ? RZ_CAPS_CHILDREN
			 : 0));
	d->maps = rz_kern_maps(d->kern);
	if (!lacks.census)
		err = rz_census_new(&d->census);
	if (err)
		return err;
	if (lacks.state && lacks.closes && lacks.census)
		rz_log_fields(RZ_LOG_WARN,
			      json_pack("{s:[s, s, s]}", "lacks", "state", "closes", "census"),
			      "run: this kernel does not tell of closed connections: they stay in "
			      "map conns until it is full, then new ones are not tracked; restart "
			      "rezone in time");
	choose_way(d, &lacks);
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
	struct rz_limits limits = rz_conf_limits(&d->conf);
	int err = read_client_settings(d);

	limits.rates.phase = random_phase();
	if (!err)
		err = rz_select_new(&limits, &d->select);
	if (!err)
		err = rz_await_new(&d->await);
	if (!err)
		err = rz_clients_learn_all(d->maps, &d->custom);
	if (!err)
		err = rz_clients_sweep_new(&d->custom, &d->sweep);
	if (!err)
		err = rz_maps_write_blocks(d->maps, d->blocks);
	return err;
}

/* What clients have left while it was held is kept from the agents by the programs. */
static bool keep_pins(const struct rz_daemon *d)
{
	if (d->conf.keep_pins || !d->kern || !rz_held_any_left(d->maps))
		return d->conf.keep_pins;
	rz_log_fields(RZ_LOG_WARN,
		      json_pack("{s:b, s:o}", "keep_pins", true, "pin_dir",
				rz_json_printable(d->conf.pin_dir)),
		      "run: programs and maps stay in %s: clients have left connections while they "
		      "were held, and what was held back must not reach the agents; the next "
		      "rezone closes them",
		      d->conf.pin_dir);
	return true;
}

void rz_daemon_stop(struct rz_daemon *d)
{
	if (!d)
		return;
	rz_daemon_stop_server(d);
	rz_daemon_helper_stop();
	rz_daemon_moves_stop(d);
	rz_daemon_listen_stop(d);
	if (d->started && !d->conf.keep_pins)
		rz_daemon_follow_finish(d);
	free(d->places);
	rz_daemon_ask_stop(d);
	rz_daemon_stop_topology(d);
	rz_loop_free(d->loop);
	rz_daemon_operator_stop(d);
	if (d->started)
		rz_kern_free(d->kern, keep_pins(d));
	else
		rz_kern_free_failed(d->kern);
	free(d->left);
	rz_daemon_ledger_stop(d);
	rz_daemon_park_stop(d);
	rz_select_free(d->select);
	rz_await_free(d->await);
	rz_clients_sweep_free(d->sweep);
	rz_census_free(d->census);
	rz_blocks_free(d->blocks);
	rz_exclude_free(d->exclude);
	rz_enter_stop();
	if (d->lock >= 0 && !d->started)
		rz_pins_rmdir(d->conf.pin_dir);
	if (d->uninstall)
		rz_removal_do(d->conf.pin_dir);
	if (d->lock >= 0)
		close(d->lock);
	rz_daemon_reload_stop(d);
	rz_conf_source_free(d->source);
	rz_conf_free(&d->conf);
	free(d);
}

static int start_all(struct rz_daemon *d)
{
	int err;

	rz_daemon_fill_settings(d);
	err = rz_signals_block();
	if (!err)
		err = load_kernel_side(d);
	if (!err)
		err = start_policy(d);
	if (!err)
		rz_tally_clear(d->maps);
	if (!err)
		err = rz_daemon_events_start(d);
	if (!err)
		rz_daemon_helper_start(d);
	if (!err)
		err = rz_daemon_ledger_start(d);
	if (!err)
		err = rz_daemon_park_start(d);
	if (!err)
		err = rz_daemon_wake_start(d);
	if (!err)
		err = rz_daemon_write_settings(d);
	if (!err)
		err = rz_daemon_reload_start(d);
	return err;
}

static json_t *keys_of_start(const struct rz_daemon *d)
{
	return json_pack("{s:s, s:s, s:s, s:f, s:o, s:o}", "event", rz_event_name(RZ_EVENT_START),
			 "version", RZ_VERSION, "mode", rz_mode_name(d->conf.mode), "interval_s",
			 (double)d->conf.interval_ns / RZ_SECOND_NS, "cgroup",
			 rz_json_printable(rz_kern_cgroup(d->kern)), "pin_dir",
			 rz_json_printable(d->conf.pin_dir));
}

int rz_daemon_start(struct rz_conf *conf, struct rz_conf_source *source, struct rz_daemon **ret)
{
	struct rz_daemon *d = calloc(1, sizeof(*d));
	char interval[32];
	int err;

	if (!d) {
		rz_conf_free(conf);
		rz_conf_source_free(source);
		return rz_err(-ENOMEM, "run: out of memory");
	}
	/* What a tick needs by the megabyte goes back when it is over. By itself glibc raises this
	 * limit to what was freed last, and keeps tens of megabytes between two ticks. */
	mallopt(M_MMAP_THRESHOLD, MMAP_FROM);
	d->lock = d->bell = -1;
	d->conf = *conf;
	*conf = (struct rz_conf){};
	d->source = source;
	d->status = (struct rz_status){.pid = getpid()};
	rz_str_copy(d->status.version, sizeof(d->status.version), RZ_VERSION);
	rz_node_name(d->status.node, d->conf.node_name);
	rz_json_set_node(d->status.node); /* of log lines */
	err = start_all(d);
	if (err) {
		rz_daemon_stop(d);
		return err;
	}
	d->started = true;
	rz_kern_keep(d->kern);
	rz_pins_remove_others(d->conf.pin_dir);
	rz_removal_forget(d->conf.pin_dir);
	rz_duration_format(interval, sizeof(interval), d->conf.interval_ns);
	rz_daemon_tell_all(d, RZ_EVENT_START, NULL, "%s, mode %s", RZ_VERSION,
			   rz_mode_name(d->conf.mode));
	rz_log_fields(RZ_LOG_INFO, keys_of_start(d),
		      "run: %s, mode %s, a tick every %s, attached to %s, maps in %s", RZ_VERSION,
		      rz_mode_name(d->conf.mode), interval, rz_kern_cgroup(d->kern),
		      d->conf.pin_dir);
	rz_daemon_tell_manager(d);
	*ret = d;
	return 0;
}

int rz_daemon_loop(struct rz_daemon *d)
{
	int err = rz_loop_run(d->loop);

	rz_notify("STOPPING=1");
	if (rz_removal_is_wanted(d->conf.pin_dir)) {
		rz_info("run: `rezone uninstall` was given: no pin stays");
		d->conf.keep_pins = false;
		d->uninstall = true;
	}
	rz_daemon_tell_all(d, RZ_EVENT_STOP, NULL, "%s", err > 0 ? "" : strerror(-err));
	if (err < 0)
		return err;
	rz_log_fields(RZ_LOG_INFO,
		      json_pack("{s:s, s:b}", "event", rz_event_name(RZ_EVENT_STOP), "keep_pins",
				d->conf.keep_pins),
		      "run: stopped; programs and maps %s",
		      d->conf.keep_pins ? "stay" : "are removed");
	return 0;
}
