// SPDX-License-Identifier: Apache-2.0
/* The last check and the close, one network namespace at a time, see close.h. */
#include "move/close.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <bpf/bpf.h>
#include <linux/netlink.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/str.h"
#include "kern/conn.h"
#include "kern/destroy.h"
#include "kern/enter.h"
#include "kern/live.h"
#include "rezone/responses.h"

/* What a hold must still last when a connection is checked that is not closed in the same step. */
#define MARGIN_NS (200 * 1000000ULL)

/* Jobs of one network namespace, by cookie. */
struct batch {
	struct rz_kern *kern;
	__u64 *checks;
	struct rz_job **jobs;
	size_t n;
	int nl; /* netlink of that namespace, or -errno; opened for the first that needs it */
};

static bool by_fin(const struct rz_job *j)
{
	return j->c.plan.close == RZ_CLOSE_FIN;
}

/* What a check of user space's own found. */
static void found(const struct batch *b, struct rz_job *j, enum rz_check check)
{
	j->check = check;
	j->error = -rz_check_errno(check);
	if (b->checks)
		b->checks[check]++;
}

static void take_result(struct rz_job *j, int error, enum rz_check check)
{
	j->error = error;
	j->check = check < RZ_CHECK_COUNT ? check : RZ_CHECK_PASSED;
}

/* Reads what the walk wrote of one of which it said nothing; false if it did not meet this socket:
 * the entry is still in phase RESET then. -EAGAIN stands in phase gap or hold; anything else there
 * was never checked. */
static bool read_result(int fd, struct rz_job *j)
{
	struct rz_move m;

	if (bpf_map_lookup_elem(fd, &j->c.cookie, &m) || m.phase == RZ_PHASE_RESET ||
	    (m.phase != RZ_PHASE_DONE && m.phase != RZ_PHASE_CLOSE && m.phase != RZ_PHASE_REFUSED &&
	     m.error != -EAGAIN))
		return false;
	take_result(j, m.error, m.check);
	return true;
}

static uint32_t netns_of(const struct batch *b)
{
	return b->jobs[0]->c.netns;
}

static int netlink_of(struct batch *b)
{
	if (!b->nl)
		b->nl = rz_enter_netlink(netns_of(b), NETLINK_SOCK_DIAG);
	return b->nl;
}

static bool is_gone(struct batch *b, const struct rz_job *j)
{
	int err = netlink_of(b);

	if (err >= 0)
		err = rz_destroy_find(b->nl, &j->c.tuple, j->c.cookie);
	return err == -ENOENT || err == -ESTALE;
}

static int by_cookie(const void *key, const void *row)
{
	uint64_t a = *(const uint64_t *)key, b = (*(struct rz_job *const *)row)->c.cookie;

	return a < b ? -1 : a > b;
}

static void on_walked(void *arg, const struct rz_walked *w)
{
	struct batch *b = arg;
	struct rz_job **found = bsearch(&w->cookie, b->jobs, b->n, sizeof(*b->jobs), by_cookie);

	if (!found)
		return;
	take_result(*found, w->error, w->check);
	(*found)->walked = true;
}

static int walk(struct batch *b)
{
	size_t i;
	int err;

	for (i = 0; i < b->n; i++)
		b->jobs[i]->walked = false;
	err = rz_kern_walk(b->kern, netns_of(b), on_walked, b);
	/* One that was not met is gone; or the walk passed it over, as it may while others come and
	 * go before Linux 6.17. A walk that failed half-way has reset some, and not said so. */
	for (i = 0; i < b->n; i++)
		if (!b->jobs[i]->walked && !read_result(rz_kern_maps(b->kern)->moves, b->jobs[i]) &&
		    !err)
			found(b, b->jobs[i],
			      is_gone(b, b->jobs[i]) ? RZ_CHECK_NOT_TRACKED : RZ_CHECK_NOT_MET);
	return err;
}

/* Has a segment been dropped by now of a connection that must not be held? */
static bool gap_is_over(const struct rz_maps *maps, const struct rz_job *j)
{
	struct rz_move_evidence e;

	rz_evidence_read(maps, j->c.cookie, &e);
	return rz_wait_gap_is_over(&j->wait, &j->c.plan, &e);
}

/* The FIN of a connection that has passed the check. What is new is held back until its deadline.
 */
static void shut_down(const struct batch *b, struct rz_job *j)
{
	struct rz_enter_socket s = {.tuple = j->c.tuple,
				    .cookie = j->c.cookie,
				    .pid = (__u32)j->owner_pid,
				    .fd = (__u32)j->owner_fd};

	if (j->wait.deadline_ns && rz_now_ns() + MARGIN_NS > j->wait.deadline_ns)
		found(b, j, RZ_CHECK_HOLD_ENDS);
	else if (gap_is_over(rz_kern_maps(b->kern), j))
		found(b, j, RZ_CHECK_HELD);
	else
		j->error = rz_enter_shut(j->c.netns, &s);
}

static bool has_left(const struct rz_maps *maps, uint64_t cookie)
{
	struct rz_held e;

	return !bpf_map_lookup_elem(maps->held, &cookie, &e) && e.left_ns;
}

/* Is something kept from TCP, for its client is followed? */
static bool is_kept(const struct rz_maps *maps, uint64_t cookie, uint32_t rcv_nxt)
{
	struct rz_held e;

	return !bpf_map_lookup_elem(maps->held, &cookie, &e) && e.followed &&
	       (int32_t)(e.end - rcv_nxt) > 0;
}

/* The last check of bpf/reset.bpf.h, as near as user space gets. 0: `ret` says what it found;
 * -errno: TCP could not be asked. */
static int last_check(const struct rz_maps *maps, int nl, const struct rz_job *j,
		      enum rz_check *ret)
{
	static struct rz_hold h; /* large */
	struct rz_destroy_seen tcp;
	struct rz_conn c;
	bool watched;
	int err;

	*ret = RZ_CHECK_NOT_TRACKED;
	if (rz_conn_read(maps->conns, j->c.cookie, &c))
		return 0;
	*ret = RZ_CHECK_NOT_ACCEPTED;
	if (c.claim) /* the segment program is at work on it: as bpf/reset.bpf.h */
		return 0;
	*ret = j->c.plan.follow_up ? rz_responses_follow_up(&c.frame, j->c.cookie, j->c.client)
				   : rz_check_eligible(&c.frame, j->c.cookie, j->c.client,
						       j->c.plan.shared, j->c.plan.acks0);
	if (c.park >= RZ_PARK_PARKED) /* what it sends is not read */
		*ret = RZ_CHECK_OUT_OF_SYNC;
	if (*ret == RZ_CHECK_PASSED && memcmp(&c.tuple, &j->c.tuple, sizeof(c.tuple)))
		*ret = RZ_CHECK_OTHER_ADDRESS;
	if (*ret == RZ_CHECK_PASSED && j->c.plan.left && !has_left(maps, j->c.cookie))
		*ret = RZ_CHECK_NOT_LEFT;
	if (*ret != RZ_CHECK_PASSED)
		return 0;
	watched = !bpf_map_lookup_elem(maps->holds, &j->c.cookie, &h);
	err = rz_destroy_look(nl, &j->c.tuple, j->c.cookie, &tcp);
	if (err && err != -ENOENT)
		return err;
	*ret = err ? RZ_CHECK_NOT_TRACKED
		   : rz_evidence_check(&c, watched ? &h : NULL, &tcp,
				       j->gap ? &j->wait.settled : NULL,
				       rz_plan_gap_only(&j->c.plan));
	if (*ret == RZ_CHECK_PASSED && j->c.plan.follow_up &&
	    !is_kept(maps, j->c.cookie, c.seq_base + tcp.received))
		*ret = RZ_CHECK_NOT_KEPT;
	/* that took its time */
	if (*ret == RZ_CHECK_PASSED && gap_is_over(maps, j))
		*ret = RZ_CHECK_HELD;
	if (*ret == RZ_CHECK_PASSED && j->wait.deadline_ns &&
	    rz_now_ns() + MARGIN_NS >= j->wait.deadline_ns)
		*ret = RZ_CHECK_HOLD_ENDS;
	return 0;
}

static int destroy_each(struct batch *b)
{
	size_t i;

	if (netlink_of(b) < 0)
		return b->nl;
	for (i = 0; i < b->n; i++) {
		struct rz_job *j = b->jobs[i];
		enum rz_check check;
		int err = last_check(rz_kern_maps(b->kern), b->nl, j, &check);

		j->error = err;
		if (!err)
			found(b, j, check);
		if (!j->error && !by_fin(j))
			j->error = rz_destroy_socket(b->nl, &j->c.tuple, j->c.cookie);
	}
	return 0;
}

static enum rz_phase phase_after(const struct rz_job *j)
{
	if (j->error == -EAGAIN)
		return j->wait.deadline_ns ? RZ_PHASE_HOLD : RZ_PHASE_GAP;
	return j->error ? RZ_PHASE_REFUSED : RZ_PHASE_DONE;
}

/* What became of one, after the walk; the FIN is still to come. */
static void finish(struct batch *b, struct rz_job *j, int err, uint64_t now_ns)
{
	const struct rz_maps *maps = rz_kern_maps(b->kern);
	struct rz_conn c;

	if (err && (!rz_kern_can_walk(b->kern) || j->error == -ENOENT))
		j->error = err;
	if (by_fin(j) && !j->error)
		shut_down(b, j);
	/* a call that failed with EAGAIN is no reason of its own */
	if (j->error == -EAGAIN && j->check < RZ_CHECK_FIRST_TO_WAIT)
		j->check = RZ_CHECK_NOT_MET;
	/* no such socket: its close was not seen. Were it there after all, its next request would
	 * bring the entry back */
	if (j->error == -ENOENT && !err && !rz_conn_read(maps->conns, j->c.cookie, &c))
		rz_kern_forget_conn(b->kern, &c);
	/* of who was reset by the walk the entry says so already */
	if (j->error || by_fin(j) || !rz_kern_can_walk(b->kern))
		rz_close_show(maps, j, phase_after(j), now_ns);
}

/* Says in map moves that these are about to be closed, and keeps those of the batch of which it can
 * be said: the walk closes nobody else. The others end with the error, of a full map most likely.
 */
static void publish(struct batch *b, uint64_t now_ns)
{
	const struct rz_maps *maps = rz_kern_maps(b->kern);
	size_t i, kept = 0;

	for (i = 0; i < b->n; i++) {
		b->jobs[i]->error = rz_kern_can_walk(b->kern) ? -ENOENT : 0;
		b->jobs[i]->check = RZ_CHECK_PASSED;
	}
	if (!rz_close_show_all(maps, b->jobs, b->n, RZ_PHASE_RESET, now_ns))
		return;
	for (i = 0; i < b->n; i++) {
		struct rz_job *j = b->jobs[i];
		int err = rz_close_show(maps, j, RZ_PHASE_RESET, now_ns);

		if (err) {
			j->error = err;
			continue;
		}
		b->jobs[i] = b->jobs[kept];
		b->jobs[kept++] = j;
	}
	b->n = kept;
}

static void close_netns(struct batch *b, uint64_t now_ns)
{
	bool by_walk = rz_kern_can_walk(b->kern);
	size_t i;
	int err = 0;

	publish(b, now_ns);
	if (b->n)
		err = by_walk ? walk(b) : destroy_each(b);
	if (err == -ENOENT)
		rz_err(err,
		       "close: network namespace %u is not to be found in /run/netns or /proc; "
		       "rezone must see the host's processes (hostPID), with CAP_SYS_PTRACE",
		       netns_of(b));
	if (b->nl > 0)
		close(b->nl);
	for (i = 0; i < b->n; i++)
		finish(b, b->jobs[i], err, now_ns);
}

static int by_netns(const void *a, const void *b)
{
	const struct rz_candidate *x = &(*(struct rz_job *const *)a)->c;
	const struct rz_candidate *y = &(*(struct rz_job *const *)b)->c;

	if (x->netns != y->netns)
		return x->netns < y->netns ? -1 : 1;
	return x->cookie < y->cookie ? -1 : x->cookie > y->cookie;
}

static void find_owners(const struct batch *b)
{
	_cleanup_free_ struct rz_enter_socket *s = calloc(b->n + 1, sizeof(*s));
	size_t i, n = 0;

	for (i = 0; s && i < b->n; i++)
		if (by_fin(b->jobs[i]))
			s[n++] = (struct rz_enter_socket){.tuple = b->jobs[i]->c.tuple,
							  .cookie = b->jobs[i]->c.cookie};
	if (n)
		rz_enter_find(netns_of(b), s, n);
	for (i = n = 0; s && i < b->n; i++) {
		if (!by_fin(b->jobs[i]))
			continue;
		b->jobs[i]->owner_pid = (pid_t)s[n].pid;
		b->jobs[i]->owner_fd = (int)s[n++].fd;
	}
}

static void find_cgroups(const struct batch *b)
{
	_cleanup_close_ int nl = -1;
	size_t i;

	for (i = 0; i < b->n; i++) {
		if (!b->jobs[i]->gap)
			continue;
		if (nl < 0)
			nl = rz_enter_netlink(netns_of(b), NETLINK_SOCK_DIAG);
		if (nl < 0)
			return;
		rz_destroy_cgroup(nl, &b->jobs[i]->c.tuple, b->jobs[i]->c.cookie,
				  &b->jobs[i]->cgroup);
	}
}

/* The next network namespace's jobs of sorted ones. */
static struct batch next_netns(struct rz_job **jobs, size_t n)
{
	struct batch b = {.jobs = jobs};

	while (b.n < n && jobs[b.n]->c.netns == jobs[0]->c.netns)
		b.n++;
	return b;
}

void rz_close_find(struct rz_job **jobs, size_t n)
{
	struct batch b;
	size_t from;

	if (n)
		qsort(jobs, n, sizeof(struct rz_job *), by_netns);
	for (from = 0; from < n; from += b.n) {
		b = next_netns(jobs + from, n - from);
		find_cgroups(&b);
		find_owners(&b);
	}
}

void rz_close_run(struct rz_kern *k, struct rz_job **jobs, size_t n, __u64 *checks, uint64_t now_ns)
{
	struct batch b;
	size_t from, next;

	if (n)
		qsort(jobs, n, sizeof(struct rz_job *), by_netns);
	for (from = 0; from < n; from = next) {
		b = next_netns(jobs + from, n - from);
		b.kern = k;
		b.checks = checks;
		next = from + b.n;
		close_netns(&b, now_ns);
	}
}
