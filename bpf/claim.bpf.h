/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * The claim on a connection's entry: a trylock in the entry itself, taken and given back by
 * compare-and-exchange (Linux 5.12). The two cost a third of what its bpf_spin_lock does.
 *
 * The fast path (fast.bpf.h) takes the claim alone. Everything else that changes what the fast path
 * changes, or that compares the whole frame, takes the lock and, under it, the claim
 * (rz_claim_lock). Where the kernel lacks these instructions (rz_config.claims), all take the lock
 * alone.
 *
 * Nobody waits for a claim: the task that has it may have been preempted (PREEMPT_RT), or its
 * virtual CPU stopped. A segment that does not get the claim is treated like one at which another
 * CPU was faster (take.bpf.h): it is tried again, four times in all, then dropped and counted, and
 * TCP sends it again. So nothing is kept of it, and the holder need not be told: TCP does not have
 * its bytes. A bpf_spin_lock turns interrupts off, and under it the claim is had for as long as the
 * lock; so whoever has the lock and finds the claim taken has met the fast path.
 *
 * A claim is never left behind: between taking and giving there is no call of a helper, no loop and
 * no way out, and a program that has begun runs to its end, also if it is detached meanwhile. If
 * one is left all the same, a tick finds it, and the entry is made anew (user/kern/stale.h).
 *
 * A reader that takes neither finds out whether what it read was one frame: bpf/reset.bpf.h by
 * rz_claim_read_begin() and rz_claim_read_held(), user space by reading again (user/kern/conn.h).
 */
#ifndef REZONE_BPF_CLAIM_H
#define REZONE_BPF_CLAIM_H

#include "maps.bpf.h"

#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "the claim is the upper half of the word that park, misses and claim are"
#endif

/* park, misses and claim of an entry */
typedef __u32 __attribute__((may_alias)) rz_claim_bits;

static __always_inline rz_claim_bits *rz_claim_word(struct rz_conn *c)
{
	return (rz_claim_bits *)(void *)&c->park;
}

/*
 * Of which connection the claim is had. Without that: CPU 0 has the claim and is stopped. The
 * connection closes, its entry is removed, and the memory is another connection's at once (the
 * allocator of hash elements, Linux 6.1). CPU 1 takes the claim of that one. CPU 0 goes on and
 * gives back a claim that is not its own; CPU 2 takes it, while CPU 1 is at work. (15 bits of the
 * cookie: then one time in 2^15. What CPU 0 writes: rz_fast_count.)
 */
static __always_inline __u32 rz_claim_mark(__u64 cookie)
{
	return (0x8000u | ((__u32)cookie & 0x7fff)) << 16;
}

static __always_inline __u32 rz_claim_read(struct rz_conn *c)
{
	return *(volatile rz_claim_bits *)rz_claim_word(c);
}

/* Takes the claim, if nobody has it and `park` and `misses` do not change in this moment. */
static __always_inline bool rz_claim_take(struct rz_conn *c, __u64 cookie)
{
	__u32 was = rz_claim_read(c);

	if (was >> 16)
		return false;
	return __sync_val_compare_and_swap(rz_claim_word(c), was, was | rz_claim_mark(cookie)) ==
	       was;
}

/*
 * Gives the claim back, unless the memory is another connection's by now. All that was written
 * before is seen by whoever takes it next, and what is read behind it is newer: a full barrier.
 * Only the holder changes the word's other half, or a task that had the lock and the claim of the
 * connection that had the memory before: then once more, or the claim would be left behind.
 */
static __always_inline void rz_claim_give(struct rz_conn *c, __u64 cookie)
{
	__u32 is = (rz_claim_read(c) & 0xffff) | rz_claim_mark(cookie), was;

	was = __sync_val_compare_and_swap(rz_claim_word(c), is, is & 0xffff);
	if (was != is && was >> 16 == is >> 16)
		__sync_val_compare_and_swap(rz_claim_word(c), was, was & 0xffff);
}

/*
 * Has somebody the claim? A full barrier, whatever the answer (a compare-and-exchange that fails is
 * none): either the holder sees, once it has given the claim back, what was written before; or what
 * the holder has written is seen behind it.
 */
static __always_inline bool rz_claim_look(struct rz_conn *c)
{
	return rz_config.claims && __sync_fetch_and_or(rz_claim_word(c), 0) >> 16;
}

/*
 * Takes the entry's lock, and under it the claim. False: the fast path has the claim; nothing of
 * the frame may be believed or changed. It sees what was written before, once it has given the
 * claim back (what is kept in map early): a full barrier, as rz_claim_look. rz_claim_unlock() is to
 * be called in both cases.
 */
static __always_inline bool rz_claim_lock(struct rz_conn *c, __u64 cookie)
{
	bpf_spin_lock(&c->lock);
	return !rz_config.claims || rz_claim_take(c, cookie) ||
	       (!rz_claim_look(c) && rz_claim_take(c, cookie));
}

static __always_inline void rz_claim_unlock(struct rz_conn *c, __u64 cookie, bool mine)
{
	if (rz_config.claims && mine)
		rz_claim_give(c, cookie);
	bpf_spin_unlock(&c->lock);
}

/* The same for the fast path: the claim alone, or the lock where there is none. Left only if it was
 * entered. */
static __always_inline bool rz_claim_enter(struct rz_conn *c, __u64 cookie)
{
	if (rz_config.claims)
		return rz_claim_take(c, cookie);
	bpf_spin_lock(&c->lock);
	return true;
}

static __always_inline void rz_claim_leave(struct rz_conn *c, __u64 cookie)
{
	if (rz_config.claims)
		rz_claim_give(c, cookie);
	else
		bpf_spin_unlock(&c->lock);
}

/* Begins to read the frame without lock and claim. False: it is about to change. */
static __always_inline bool rz_claim_read_begin(struct rz_conn *c, __u16 *ret_generation)
{
	if (rz_claim_look(c))
		return false;
	*ret_generation = *(volatile __u16 *)&c->frame.generation;
	return true;
}

/* Was what was read since then one frame? Each change makes another generation, and is made under
 * the claim. */
static __always_inline bool rz_claim_read_held(struct rz_conn *c, __u16 generation)
{
	return !rz_claim_look(c) && *(volatile __u16 *)&c->frame.generation == generation;
}

#endif
