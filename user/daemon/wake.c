// SPDX-License-Identifier: Apache-2.0
/*
 * What wakes the daemon: the tick (every interval, ±10 %), the second (topology, operator, clients
 * that left), the census, the self-check, a client.id that is seen for the first time (ring
 * `wake`), and signals.
 *
 * Comes in: a daemon whose programs are loaded. Goes out: its loop, with all of them added. Called
 * by daemon/life.c.
 */
#include "daemon/daemon.h"

#include <signal.h>
#include <stdio.h>
#include <sys/random.h>

#include "base/json.h"
#include "base/log.h"
#include "base/notify.h"
#include "kern/enter.h"
#include "kern/live.h"

/* The interval ±10 %, so that the nodes of a cluster do not all move clients at once. */
static uint64_t jittered(uint64_t interval_ns)
{
	uint32_t r = 0;

	if (getrandom(&r, sizeof(r), GRND_NONBLOCK) != sizeof(r))
		return interval_ns;
	return interval_ns * 9 / 10 + (uint64_t)((double)interval_ns / 5 * r / UINT32_MAX);
}

/* Arms a timer, and notes when it is due. */
static int arm_at(int timer, uint64_t *due_ns, uint64_t at_ns)
{
	uint64_t now_ns = rz_now_ns();

	*due_ns = at_ns;
	return rz_loop_arm(timer, at_ns > now_ns ? at_ns - now_ns : 1);
}

/* The settings may name other intervals: each counts from the latest tick. A tick that is due
 * sooner stays due: if each reload put the tick off, a SIGHUP in each interval would end all ticks.
 */
static void arm_timers(struct rz_daemon *d)
{
	uint64_t latest_ns = d->status.tick_ns ? d->status.tick_ns : d->status.started_ns;
	uint64_t tick_ns = latest_ns + jittered(d->conf.interval_ns);
	uint64_t census_ns = rz_now_ns() + d->conf.reconcile_ns;

	if (tick_ns < d->tick_due_ns)
		arm_at(d->tick_timer, &d->tick_due_ns, tick_ns);
	if (d->census_ran && census_ns < d->census_due_ns)
		arm_at(d->census_timer, &d->census_due_ns, census_ns);
}

static int on_tick(void *arg)
{
	struct rz_daemon *d = arg;
	uint64_t begun_ns = rz_now_ns(), next_ns = rz_daemon_tick(d), now_ns = rz_now_ns();

	rz_daemon_tally_span(d, RZ_SPAN_TICK, begun_ns, now_ns);
	return arm_at(d->tick_timer, &d->tick_due_ns, now_ns + jittered(next_ns));
}

static int on_second(void *arg)
{
	struct rz_daemon *d = arg;

	rz_notify_alive(rz_now_ns());
	if (rz_daemon_poll_settings(d))
		arm_timers(d);
	rz_enter_look();
	rz_daemon_poll_topology(d);
	rz_daemon_look_at_operator(d);
	rz_daemon_look_at_listening(d);
	rz_daemon_look_at_left(d);
	rz_daemon_park_look_between(d);
	if (d->started)
		rz_daemon_look_at_server(d);
	return rz_loop_arm(d->second_timer, RZ_SECOND_NS);
}

/* All of the node is walked once: by the first one, or by a later one, while rezone-enter does not
 * answer. */
static int on_census(void *arg)
{
	struct rz_daemon *d = arg;
	bool all = false;

	rz_census_run(d->census, d->kern, !d->census_whole, &all);
	d->census_ran = true;
	d->census_whole = d->census_whole || all;
	return arm_at(d->census_timer, &d->census_due_ns, rz_now_ns() + d->conf.reconcile_ns);
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

static int on_signal(void *arg, const struct signalfd_siginfo *si)
{
	struct rz_daemon *d = arg;
	int signo = (int)si->ssi_signo;
	char by[64];

	switch (signo) {
	case SIGHUP:
		snprintf(by, sizeof(by), "SIGHUP from uid %u, pid %u", si->ssi_uid, si->ssi_pid);
		rz_notify_reloading(rz_now_ns());
		if (rz_daemon_reload(d, by))
			arm_timers(d);
		rz_daemon_poll_topology(d);
		rz_daemon_tell_manager(d);
		return 0;
	case SIGUSR1:
	case SIGUSR2:
		rz_log_fields(RZ_LOG_INFO, json_pack("{s:i}", "signal", signo),
			      "signal: SIGUSR%d has no meaning for rezone and is ignored",
			      signo == SIGUSR1 ? 1 : 2);
		return 0;
	default:
		return 1;
	}
}

static int add_timer(struct rz_daemon *d, rz_loop_fn fn, int *ret)
{
	*ret = rz_loop_add_timer(d->loop, fn, d);
	return *ret < 0 ? *ret : 0;
}

/* At once, but behind the start: a walk takes milliseconds for each network namespace of the node,
 * and what opens meanwhile is seen without it. */
static int start_census(struct rz_daemon *d)
{
	int err = add_timer(d, on_census, &d->census_timer);

	return err ? err : rz_loop_arm(d->census_timer, 1);
}

static int add_all(struct rz_daemon *d)
{
	int err = rz_loop_add_signals(d->loop, on_signal, d);

	if (!err)
		err = rz_kern_wake_read(d->kern, learn, d);
	if (!err)
		err = rz_loop_add(d->loop, rz_kern_wake_fd(d->kern), on_wake, d);
	if (!err)
		err = rz_loop_add(d->loop, rz_kern_closed_fd(d->kern), rz_daemon_ledger_wake, d);
	if (!err)
		err = add_timer(d, on_tick, &d->tick_timer);
	if (!err)
		err = add_timer(d, rz_daemon_moves_step, &d->moves_timer);
	if (!err)
		err = add_timer(d, rz_daemon_follow_step, &d->follow_timer);
	if (!err)
		err = add_timer(d, on_second, &d->second_timer);
	if (!err)
		err = add_timer(d, on_check, &d->check_timer);
	if (!err)
		err = rz_daemon_operator_start(d);
	if (!err)
		err = rz_daemon_ask_start(d);
	return err;
}

int rz_daemon_wake_start(struct rz_daemon *d)
{
	int err = rz_loop_new(&d->loop);

	if (!err)
		err = add_all(d);
	if (!err && d->census)
		err = start_census(d);
	if (!err)
		err = rz_daemon_start_topology(d);
	if (!err)
		err = on_check(d);
	if (!err)
		err = rz_daemon_follow_step(d); /* whom an earlier run followed */
	/* ticks are late or not by this moment: what loads before may take long on a busy machine
	 */
	d->status.started_ns = rz_now_ns();
	if (!err)
		err = on_second(d); /* before the first tick; a broken file is one line, and
				     watching goes on */
	return err ? err
		   : arm_at(d->tick_timer, &d->tick_due_ns,
			    rz_now_ns() + jittered(d->conf.interval_ns));
}
