// SPDX-License-Identifier: Apache-2.0
/*
 * `rezone run`: the daemon, in the foreground.
 *
 * Comes in: settings, the topology file, the maps that BPF fills. Goes out: the maps that others read,
 * resets, log lines. Data flows one way: topology → maps; maps → policy → moves → resets.
 *
 * Three things wake it: the tick (every interval, ±10 %), the topology timer (every second), and the
 * ring `wake` when a client.id is seen for the first time.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <bpf/bpf.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "base/loop.h"
#include "base/str.h"
#include "cmd/cmd.h"
#include "conf/conf.h"
#include "kern/clients.h"
#include "kern/load.h"
#include "kern/pins.h"
#include "move/reset.h"
#include "policy/tick.h"
#include "topo/file.h"

#define SECOND_NS	   1000000000ULL
#define TOPOLOGY_POLL_NS   SECOND_NS
#define CLIENT_KEEP_NS	   (600 * SECOND_NS) /* ids without a connection are kept this long */
#define MOVE_SHOWN_NS	   (60 * SECOND_NS)  /* finished moves stay visible in map moves */
#define FULL_LOG_EVERY_NS  (60 * SECOND_NS)

struct daemon {
	struct rz_conf conf;
	struct rz_kern *kern;
	const struct rz_maps *maps;
	struct rz_loop *loop;
	struct rz_topo_file *file;
	struct rz_topo *topo;
	struct rz_topo_zones *zones;
	struct rz_select *select;
	struct rz_clients_sweep *sweep;
	struct rz_settings settings;
	int tick_timer, topo_timer, lock;
	uint64_t full_logged_ns;
	uint64_t full_logged_count;
};

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * SECOND_NS + t.tv_nsec;
}

/* The interval ±10 %, so that the nodes of a cluster do not all move clients at once. */
static uint64_t jittered(uint64_t interval_ns)
{
	uint32_t r = 0;

	if (getrandom(&r, sizeof(r), GRND_NONBLOCK) != sizeof(r))
		return interval_ns;
	return interval_ns * 9 / 10 + (uint64_t)((double)interval_ns / 5 * r / UINT32_MAX);
}

static int write_settings(struct daemon *d)
{
	__u32 zero = 0;

	return bpf_map_update_elem(d->maps->settings, &zero, &d->settings, BPF_ANY) ? -errno : 0;
}

/* ---- topology ---- */

/* Counts zones anew (stable_for runs on) and writes the maps. What was there stays on failure. */
static void apply_topology(struct daemon *d, struct rz_topo *fresh)
{
	struct rz_topo *topo = fresh ? fresh : d->topo;
	struct rz_topo_zones *zones = NULL;

	if (rz_topo_zones_count(topo, d->zones, d->conf.min_agents, now_ns(), &zones) ||
	    rz_maps_write_topology(d->maps, topo, zones)) {
		rz_topo_zones_free(zones);
		if (fresh)
			rz_topo_free(fresh);
		return;
	}
	rz_topo_zones_free(d->zones);
	d->zones = zones;
	if (!fresh)
		return;
	rz_topo_free(d->topo);
	d->topo = fresh;
	rz_str_copy(d->settings.own_zone, sizeof(d->settings.own_zone), fresh->own_zone);
	rz_info("topology: %zu agents in %zu group-zones, own zone %s", fresh->n_agents, zones->n,
		fresh->own_zone[0] ? fresh->own_zone : "unknown");
}

/* A file that can be read and is whole proves that the topology is current; one that cannot lets it
 * age, until topology_max_age freezes the moves. */
static int on_topology(void *arg)
{
	struct daemon *d = arg;
	struct rz_topo *fresh = NULL;
	int n = rz_topo_file_poll(d->file, &fresh);

	if (n > 0)
		apply_topology(d, fresh);
	if (n >= 0) {
		d->settings.topology_proved_ns = now_ns();
		write_settings(d);
	}
	rz_loop_arm(d->topo_timer, TOPOLOGY_POLL_NS);
	return 0;
}

/* ---- tick ---- */

static void log_move(const struct rz_snapshot *snap, const struct rz_tick_move *m, const char *what)
{
	char client[RZ_ENDPOINT_TEXT], agent[RZ_ENDPOINT_TEXT];
	const struct rz_client *c = rz_snapshot_client(snap, m->client);

	rz_endpoint_format(client, sizeof(client), m->tuple.client_addr, m->tuple.client_port);
	rz_endpoint_format(agent, sizeof(agent), m->tuple.agent_addr, m->tuple.agent_port);
	rz_info("move: %s at %s, zone %s -> %s, client.id \"%s\": %s", client, agent, m->from_zone,
		m->to_zone, c ? c->id : "", what);
}

static const char *result_word(int error)
{
	switch (error) {
	case 0:
		return "reset";
	case -ENOENT:
		return "not reset: it was already gone";
	case -ESTALE:
		return "not reset: it had changed its client or state";
	case -EPROTO:
		return "not reset: Multipath TCP";
	case -ENOTCONN:
		return "not reset: the agent had closed it";
	default:
		return strerror(-error);
	}
}

/* Candidates that must wait are shown in map moves with their reason. */
static void show_waiting(struct daemon *d, const struct rz_tick_move *m, uint64_t now)
{
	struct rz_move v = {.client = m->client, .decided_ns = now, .phase = RZ_PHASE_WAIT};

	v.reason = m->reason;
	rz_str_copy(v.to_zone, sizeof(v.to_zone), m->to_zone);
	bpf_map_update_elem(d->maps->moves, &m->cookie, &v, BPF_ANY);
}

/* Removes what is no longer a candidate, and finished moves that were shown for long enough. */
static void forget_moves(struct daemon *d, const struct rz_snapshot *snap, const struct rz_tick *t)
{
	size_t i;

	for (i = 0; i < snap->n_moves; i++) {
		const struct rz_move_row *r = &snap->moves[i];
		bool done = r->move.phase == RZ_PHASE_DONE || r->move.phase == RZ_PHASE_REFUSED;

		if (rz_tick_find(t, r->cookie))
			continue;
		if (!done || snap->now_ns > r->move.decided_ns + MOVE_SHOWN_NS)
			bpf_map_delete_elem(d->maps->moves, &r->cookie);
	}
}

/* Resets all that may go. Returns how many were. */
static size_t reset_moves(struct daemon *d, const struct rz_snapshot *snap, struct rz_tick *t)
{
	_cleanup_free_ struct rz_reset *rows = calloc(t->n_moves + 1, sizeof(*rows));
	size_t i, n = 0, done = 0;

	for (i = 0; rows && i < t->n_moves; i++) {
		const struct rz_tick_move *m = &t->moves[i];

		if (m->reason != RZ_REASON_NONE) {
			show_waiting(d, m, snap->now_ns);
			continue;
		}
		rows[n] = (struct rz_reset){.cookie = m->cookie, .client = m->client,
					    .netns = m->netns, .tuple = m->tuple};
		rz_str_copy(rows[n].to_zone, sizeof(rows[n].to_zone), m->to_zone);
		n++;
	}
	if (!n)
		return 0;
	rz_reset_run(d->kern, rows, n, snap->now_ns);
	for (i = 0; i < n; i++) {
		const struct rz_tick_move *m = rz_tick_find(t, rows[i].cookie);

		log_move(snap, m, result_word(rows[i].error));
		if (rows[i].error)
			rz_tick_undo(d->select, m);
		else
			done++;
	}
	return done;
}

/* A full map means connections that are not tracked: said once a minute, for as long as it grows. */
static void log_full(struct daemon *d, const struct rz_snapshot *snap)
{
	uint64_t full = snap->stats.conns_full + snap->stats.clients_full + snap->stats.partial_full;

	if (full == d->full_logged_count ||
	    (d->full_logged_ns && snap->now_ns < d->full_logged_ns + FULL_LOG_EVERY_NS))
		return;
	rz_warn("maps: no room: %llu segments of untracked connections, %llu unread client ids so far; "
		"raise --max-connections or --max-clients",
		(unsigned long long)snap->stats.conns_full, (unsigned long long)snap->stats.clients_full);
	d->full_logged_ns = snap->now_ns;
	d->full_logged_count = full;
}

static void tick(struct daemon *d)
{
	struct rz_snapshot *snap = NULL;
	struct rz_tick *t = NULL;
	struct rz_world world;
	size_t moved;

	if (rz_snapshot_read(d->maps, &snap))
		return;
	rz_clients_sweep_run(d->sweep, d->maps, snap, CLIENT_KEEP_NS);
	log_full(d, snap);
	if (d->topo) {
		apply_topology(d, NULL);
		world = (struct rz_world){d->topo, d->zones, &d->settings, snap->now_ns};
		if (!rz_tick_run(snap, &world, d->select, &t)) {
			moved = reset_moves(d, snap, t);
			forget_moves(d, snap, t);
			rz_debug("tick: %zu connections, %zu candidates, %zu reset", snap->n_conns,
				 t->n_moves, moved);
		}
		rz_tick_free(t);
	}
	d->settings.tick_ns = snap->now_ns;
	d->settings.ticks++;
	write_settings(d);
	rz_snapshot_free(snap);
}

static int on_tick(void *arg)
{
	struct daemon *d = arg;

	tick(d);
	rz_loop_arm(d->tick_timer, jittered(d->conf.interval_ns));
	return 0;
}

/* ---- life ---- */

static void learn(void *arg, uint64_t client)
{
	struct daemon *d = arg;

	rz_clients_learn(d->maps, client);
}

static int on_wake(void *arg)
{
	struct daemon *d = arg;

	rz_kern_wake_read(d->kern, learn, d);
	return 0;
}

static int on_signal(void *arg)
{
	(void)arg;
	return 1;
}

static void fill_settings(struct daemon *d)
{
	const struct rz_conf *c = &d->conf;

	d->settings = (struct rz_settings){
		.started_ns = now_ns(),
		.interval_ns = c->interval_ns,
		.stable_for_ns = c->stable_for_ns,
		.topology_max_age_ns = c->topology_max_age_ns,
		.min_age_ns = c->min_age_ns,
		.pid = getpid(),
		.min_agents = c->min_agents,
		.mode = c->mode,
		.opt_in = c->opt_in,
		.n_ports = c->n_ports,
	};
	memcpy(d->settings.ports, c->ports, sizeof(d->settings.ports));
}

static int load_kernel_side(struct daemon *d)
{
	const struct rz_conf *c = &d->conf;
	struct rz_load_opts opts = {.pin_dir = c->pin_dir, .cgroup = c->cgroup, .ports = c->ports,
				    .n_ports = c->n_ports, .max_connections = c->max_connections,
				    .max_clients = c->max_clients};
	struct rz_caps caps;
	int err;

	if (geteuid())
		return rz_err(-EPERM, "run: not root; run as root, or as a privileged container");
	err = rz_pins_prepare(c->pin_dir);
	if (err)
		return err;
	d->lock = rz_pins_lock(c->pin_dir);
	if (d->lock < 0)
		return d->lock;
	rz_probe(&caps);
	if (caps.btf)
		return rz_err(caps.btf, "run: the kernel has no BTF (/sys/kernel/btf/vmlinux): %s; use one "
					"built with CONFIG_DEBUG_INFO_BTF", strerror(-caps.btf));
	err = rz_kern_load(&opts, &caps, &d->kern);
	if (err)
		return err;
	d->maps = rz_kern_maps(d->kern);
	if (caps.state)
		rz_warn("run: this kernel does not tell of closed connections; they stay listed");
	if (!rz_kern_can_walk(d->kern))
		rz_warn("run: no bpf_sock_destroy in this kernel; resets go by SOCK_DESTROY");
	return 0;
}

static int start_policy(struct daemon *d)
{
	const struct rz_conf *c = &d->conf;
	struct rz_limits limits = {.rate = c->rate, .cooldown_ns = c->cooldown_ns,
				   .cooldown_max_ns = c->cooldown_max_ns,
				   .give_up_after = c->give_up_after,
				   .give_up_for_ns = c->give_up_for_ns, .mode = c->mode};
	int err = rz_select_new(&limits, &d->select);

	if (!err)
		err = rz_clients_sweep_new(&d->sweep);
	if (!err && c->topology)
		err = rz_topo_file_new(c->topology, &d->file);
	return err;
}

static int start_loop(struct daemon *d)
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
	d->topo_timer = rz_loop_add_timer(d->loop, on_topology, d);
	if (d->topo_timer < 0)
		return d->topo_timer;
	if (d->file)
		on_topology(d); /* before the first tick; a broken file is one line, and watching goes on */
	else
		rz_warn("run: no --topology: connections are tracked, nobody is moved");
	return rz_loop_arm(d->tick_timer, jittered(d->conf.interval_ns));
}

static void stop(struct daemon *d)
{
	rz_loop_free(d->loop);
	rz_kern_free(d->kern, d->conf.keep_pins);
	rz_select_free(d->select);
	rz_clients_sweep_free(d->sweep);
	rz_topo_file_free(d->file);
	rz_topo_free(d->topo);
	rz_topo_zones_free(d->zones);
	if (d->lock >= 0)
		close(d->lock);
	rz_conf_free(&d->conf);
}

int rz_cmd_run(int argc, char **argv)
{
	struct daemon d = {.lock = -1};
	char interval[32];
	int err;

	if (rz_conf_read(argc, argv, &d.conf))
		return 2;
	rz_log_setup(d.conf.log_format, d.conf.log_level);
	fill_settings(&d);
	err = load_kernel_side(&d);
	if (!err)
		err = start_policy(&d);
	if (!err)
		err = start_loop(&d);
	if (!err)
		err = write_settings(&d);
	if (!err) {
		rz_duration_format(interval, sizeof(interval), d.conf.interval_ns);
		rz_info("run: %s, mode %s, a tick every %s, attached to %s, maps in %s", RZ_VERSION,
			rz_mode_name(d.conf.mode), interval, rz_kern_cgroup(d.kern), d.conf.pin_dir);
		err = rz_loop_run(d.loop);
		if (err > 0) {
			rz_info("run: stopped; programs and maps %s",
				d.conf.keep_pins ? "stay" : "are removed");
			err = 0;
		}
	}
	stop(&d);
	return err ? 1 : 0;
}
