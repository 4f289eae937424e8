// SPDX-License-Identifier: Apache-2.0
/*
 * stale CGROUP TRIES walk|netlink: a socket that closes, changes its client or is reused between
 * decision and reset is never hit.
 *
 * In batches: connections are opened from a small range of ports, rezone's own programs see them, a
 * snapshot of map conns makes the rows as a tick would; then most of them change, and
 * rz_close_run() gets the rows. In every second batch they change while it runs. Each row must have
 * the error of its change, and no client but those whose row says so may see a reset. In the racing
 * batches what a client had sent when it changed must not have reached a socket that was reset: the
 * agent can still read what TCP had accepted. Prints what became of them; exit status 0 if all is
 * well, 77 if this kernel lacks the way.
 *
 * Run by tests/e2e/48-stale.sh in a cgroup of its own. Linked against librezone.a: the decision's
 * and the reset's own code.
 */
#include "kern/live.h"
#include "kern/watch.h"
#include "stale.h"

#include <errno.h>
#include <net/if.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <bpf/bpf.h>

#include "base/clock.h"
#include "base/log.h"
#include "kern/snapshot.h"
#include "move/close.h"

#define BATCH	   240
#define PORTS	   (BATCH * 4) /* so every port is used again soon */
#define FIRST_PORT 20000
#define LONG_AGO   11000000000ULL

static const struct {
	const char *name;
	int error; /* of a row that changed so */
} changes[CHANGES] = {
	[KEPT] = {"kept", 0},
	[FIN_CLIENT] = {"closed by the client", -ENOENT},
	[RST_CLIENT] = {"reset by the client", -ENOENT},
	[FIN_AGENT] = {"closed by the agent", -ENOENT},
	[REUSED_RST] = {"port used again behind a reset", -ENOENT},
	[REUSED_FIN] = {"port used again behind a close", -ENOENT},
	[OTHER_ID] = {"another client.id", -ESTALE},
	[SAME_LENGTH] = {"another, of the same length", -ESTALE},
	[JOINS] = {"joins a group", -ESTALE},
	[TRANSACTION] = {"begins a transaction", -ESTALE},
	[TRANSACTED] = {"writes in a transaction", -ESTALE},
	[ACKS0] = {"writes with acks=0", -ESTALE},
	[LOST] = {"out of frame", -ESTALE},
	[FORGOTTEN] = {"entry gone", -ENOENT},
	[IN_FLIGHT] = {"a request in flight", -EAGAIN},
	[UNACCEPTED] = {"not accepted yet", -ENOTCONN},
};

static struct {
	uint64_t tries[CHANGES], as_expected[CHANGES], reset[CHANGES];
	uint64_t wrong, raced, raced_reset, slipped, old;
} sums;
static struct rz_kern *kern;
static const struct rz_maps *maps;
static bool by_walk;
static int listener, aside; /* who connects to the latter is not accepted */
static struct pair pairs[BATCH];
static struct rz_job rows[BATCH], *pointers[BATCH];

static void complain(const struct pair *p, const struct rz_job *r, const char *what)
{
	if (sums.wrong++ < 20)
		printf("wrong: %s, port %u: %s; error %d, %s by the client\n",
		       changes[p->change].name, p->port, what, r ? r->error : 0,
		       p->reset_seen ? "reset seen" : "no reset seen");
}

static bool conn_of(const struct pair *p, struct rz_conn *ret)
{
	return !bpf_map_lookup_elem_flags(maps->conns, &p->cookie, ret, BPF_F_LOCK);
}

/* Has rezone seen the change? */
static bool change_seen(const struct pair *p)
{
	struct rz_conn c;
	bool there = conn_of(p, &c);

	switch (changes[p->change].error) {
	case -ENOENT:
		return !there;
	case -ESTALE:
		return there && (c.frame.requests > 1 || c.frame.state == RZ_STATE_DESYNCED);
	default:
		return there;
	}
}

static bool until(bool (*is)(const struct pair *), const struct pair *p)
{
	uint64_t deadline = rz_now_ns() + 5000000000ULL;

	while (!is(p)) {
		if (rz_now_ns() > deadline)
			return false;
		poll(NULL, 0, 1);
	}
	return true;
}

/* The row that a tick would make of it. A socket that is not accepted has no descriptor to ask for
 * its cookie: it is found by its port. */
static bool make_row(struct pair *p, struct rz_job *r)
{
	struct rz_snapshot *s = NULL;
	bool found = false;
	size_t i;

	if (rz_snapshot_read(maps, &s))
		return false;
	for (i = 0; i < s->n_conns && !found; i++) {
		const struct rz_conn *c = &s->conns[i];

		found = p->cookie ? c->cookie == p->cookie : c->tuple.client_port == p->port;
		if (found && (c->frame.state != RZ_STATE_DATA || !c->frame.client))
			break;
		if (found) {
			p->cookie = c->cookie;
			*r = (struct rz_job){.c = {.cookie = c->cookie,
						   .client = c->frame.client,
						   .netns = c->netns,
						   .tuple = c->tuple},
					     .gap = p->change == IN_FLIGHT};
		}
	}
	rz_snapshot_free(s);
	return found && r->c.client;
}

static bool open_batch(uint32_t number)
{
	uint64_t deadline = rz_now_ns() + 5000000000ULL;
	size_t i;

	memset(pairs, 0, sizeof(pairs));
	memset(rows, 0, sizeof(rows));
	for (i = 0; i < BATCH; i++) {
		uint16_t port = FIRST_PORT + (number * BATCH + i) % PORTS;
		int err;

		pairs[i].change = (i + number) % CHANGES;
		if (!by_walk && pairs[i].change == UNACCEPTED) /* that look is the walk's */
			pairs[i].change = KEPT;
		err = pair_open(&pairs[i], listener, port);
		if (err) {
			printf("cannot open from port %u: %s\n", port, strerror(-err));
			return false;
		}
	}
	for (i = 0; i < BATCH; i++)
		while (!make_row(&pairs[i], &rows[i])) {
			if (rz_now_ns() > deadline)
				return false;
			poll(NULL, 0, 1);
		}
	return true;
}

static void change_one(struct pair *p)
{
	struct rz_hold h = {.cookie = p->cookie};
	int err;

	if (p->change == SAME_LENGTH)
		bpf_map_update_elem(maps->holds, &p->cookie, &h, BPF_ANY);
	err = pair_change(p, listener);

	if (p->change == FORGOTTEN)
		bpf_map_delete_elem(maps->conns, &p->cookie);
	if (err && err != -ECONNRESET && err != -EPIPE) /* the reset was faster */
		printf("%s: %s\n", changes[p->change].name, strerror(-err));
}

static void *change_all(void *arg)
{
	size_t i;

	(void)arg;
	for (i = 0; i < BATCH; i++)
		change_one(&pairs[i]);
	return NULL;
}

/* Before anything is read: in a batch that raced. */
static void judge_race(struct pair *p, const struct rz_job *r)
{
	bool was_reset = !r->error;

	sums.raced++;
	sums.raced_reset += was_reset;
	if (p->reset_seen && p->renewed)
		complain(p, r, "the connection that uses the port now was hit");
	else if (p->reset_seen && !was_reset && p->change != FIN_AGENT)
		complain(p, r, "it was hit");
	if (!was_reset || p->renewed || changes[p->change].error != -ESTALE)
		return;
	if (!pair_change_arrived(p))
		return;
	sums.slipped++;
	if (by_walk)
		complain(p, r, "reset although its change had arrived");
}

static void judge(struct pair *p, const struct rz_job *r)
{
	int want = changes[p->change].error;

	sums.tries[p->change]++;
	sums.as_expected[p->change] += r->error == want;
	sums.reset[p->change] += p->reset_seen;
	if (r->error != want)
		complain(p, r, "another error was expected");
	if (p->reset_seen != (p->change == KEPT))
		complain(p, r, "hit, or not, against the rule");
	if (p->change == UNACCEPTED)
		pair_accept(p, aside);
	if (p->change != KEPT && p->client >= 0 && p->agent >= 0 && !pair_works(p))
		complain(p, r, "it works no more");
}

static bool batch(uint32_t number)
{
	bool race = number % 2, old = by_walk && number % 20 == 18;
	uint64_t now;
	pthread_t thread;
	size_t i;

	if (!open_batch(number)) {
		printf("batch %u could not be opened\n", number);
		return false;
	}
	if (race) {
		if (pthread_create(&thread, NULL, change_all, NULL))
			return false;
		poll(NULL, 0, (int)(number / 2 % 4));
	} else if (!old) {
		change_all(NULL);
		for (i = 0; i < BATCH; i++)
			if (!until(change_seen, &pairs[i]))
				complain(&pairs[i], NULL, "the change was not seen");
	}
	now = rz_now_ns() - (old ? LONG_AGO : 0);
	for (i = 0; i < BATCH; i++)
		pointers[i] = &rows[i];
	rz_close_run(kern, pointers, BATCH, NULL, now);
	if (race)
		pthread_join(thread, NULL);
	for (i = 0; i < BATCH; i++) {
		struct rz_job *r = &rows[i];

		pair_look(&pairs[i]);
		if (old) {
			sums.old++;
			if (r->error != -ESTALE || pairs[i].reset_seen)
				complain(&pairs[i], r, "decided long ago");
		} else if (race) {
			judge_race(&pairs[i], r);
		} else {
			judge(&pairs[i], r);
		}
	}
	for (i = 0; i < BATCH; i++) {
		if (pairs[i].change == UNACCEPTED)
			pair_accept(&pairs[i], aside);
		bpf_map_delete_elem(maps->moves, &pairs[i].cookie);
		bpf_map_delete_elem(maps->holds, &pairs[i].cookie);
		pair_close(&pairs[i]);
	}
	return true;
}

static void say_sums(void)
{
	uint64_t n = 0;
	int i;

	for (i = 0; i < CHANGES; i++) {
		n += sums.tries[i];
		if (sums.tries[i])
			printf("%-32s %6lu tries, %6lu with error %s, %6lu resets seen\n",
			       changes[i].name, sums.tries[i], sums.as_expected[i],
			       changes[i].error ? strerrorname_np(-changes[i].error) : "0",
			       sums.reset[i]);
	}
	printf("while it ran: %lu tries, %lu were reset, %lu of them had changed and been heard\n",
	       sums.raced, sums.raced_reset, sums.slipped);
	printf("decided long ago: %lu tries\n", sums.old);
	printf("total: %lu tries, %lu wrong\n", n + sums.raced + sums.old, sums.wrong);
}

static int loopback_up(void)
{
	struct ifreq ifr = {.ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	return fd < 0 ? -1 : ioctl(fd, SIOCSIFFLAGS, &ifr);
}

int main(int argc, char **argv)
{
	uint16_t port = STALE_PORT;
	struct rz_load_opts opts = {
		.ports = &port, .n_ports = 1, .max_connections = 65536, .max_clients = 16384};
	struct rz_lacks lacks;
	uint32_t i, batches;

	if (argc != 4)
		return 2;
	opts.cgroup = argv[1];
	batches = (uint32_t)atoi(argv[2]) / BATCH + 1;
	by_walk = !strcmp(argv[3], "walk");
	rz_probe(&lacks);
	if (by_walk ? lacks.destroy : lacks.netlink) {
		printf("this kernel has no such way\n");
		return 77;
	}
	lacks.destroy = by_walk ? 0 : -EOPNOTSUPP;
	if (unshare(CLONE_NEWNET) || loopback_up() || rz_kern_load(&opts, &lacks, &kern))
		return 1;
	maps = rz_kern_maps(kern);
	listener = pair_listen(false);
	aside = pair_listen(true);
	rz_kern_watch(kern, 0);
	for (i = 0; i < batches && listener >= 0 && aside >= 0; i++)
		if (!batch(i))
			break;
	say_sums();
	rz_kern_free(kern, false);
	return i < batches || sums.wrong ? 1 : 0;
}
