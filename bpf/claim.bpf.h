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
 * CPU was faster (take.bpf.h): it is tried again, and at last kept in map early. Whoever gives the
 * claim back looks there. A bpf_spin_lock turns interrupts off, and under it the claim is had for
 * as long as the lock; so whoever has the lock and finds the claim taken has met the fast path.
 *
 * A claim is never left behind: between taking and giving there is no call of a helper, no loop and
 * no way out, and a program that has begun runs to its end, also if it is detached meanwhile.
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
 * Set beside the mark: another CPU had a segment with the bytes that are worked on, and could not
 * wait. Without it: CPU 0 has the claim and reads a damaged copy of a request; it is stopped. CPU 1
 * brings the same bytes undamaged, does not get the claim, keeps them in map early, and TCP takes
 * them. CPU 0 goes on: the frame stands where the damaged copy says, the kept bytes lie before it
 * and are thrown away, TCP drops the damaged copy for its checksum, and rcv_nxt has passed
 * read_end: all that was read seems true, and a request may be unanswered of which nobody knows.
 * With it CPU 0 loses the place in the stream, and finds it again.
 */
#define RZ_CLAIM_DOUBTED (0x4000u << 16)

/*
 * Who has the claim: of which connection, and on the bytes from which place on it is at work.
 *
 * Without the cookie in it: CPU 0 has the claim and is stopped. The connection closes, its entry is
 * removed, and the memory is another connection's at once (the allocator of hash elements, Linux
 * 6.1). CPU 1 takes the claim of that one. CPU 0 goes on and gives back a claim that is not its
 * own; CPU 2 takes it, while CPU 1 is at work. (What CPU 0 writes: rz_fast_count.)
 *
 * Without the place in it: CPU 0 has written the new frame and is interrupted before it gives the
 * claim back. CPU 1 brings the next request, and could not tell it from a second copy of the one
 * that CPU 0 has read. (14 bits of the sum of both: then one time in 2^14.)
 */
static __always_inline __u32 rz_claim_mark(__u64 cookie, __u32 place)
{
	return (0x8000u | (((__u32)cookie + place) & 0x3fff)) << 16;
}

static __always_inline __u32 rz_claim_read(struct rz_conn *c)
{
	return *(volatile rz_claim_bits *)rz_claim_word(c);
}

/* Takes the claim, if nobody has it and `park` and `misses` do not change in this moment. */
static __always_inline bool rz_claim_take(struct rz_conn *c, __u32 mark)
{
	__u32 was = rz_claim_read(c);

	if (was >> 16)
		return false;
	return __sync_val_compare_and_swap(rz_claim_word(c), was, was | mark) == was;
}

/* Gives back a claim that is as `mark` says. All that was written before is seen by whoever takes
 * it next, and what is read behind it is newer: a full barrier. Only the holder changes the word's
 * other half. False: it has been doubted, and is still had; or the memory is another connection's
 * by now. */
static __always_inline bool rz_claim_give(struct rz_conn *c, __u32 mark)
{
	__u32 is = (rz_claim_read(c) & 0xffff) | mark;

	return __sync_val_compare_and_swap(rz_claim_word(c), is, is & 0xffff) == is;
}

/* Is what was read (rz_claim_read) the claim that `mark` says? */
static __always_inline bool rz_claim_is(__u32 read, __u32 mark)
{
	return read >> 16 == mark >> 16;
}

/* Tells the holder of the claim that was read that the bytes that it is at work on have come again.
 * False: it has given the claim back. Under the lock, so that the holder is the fast path, which
 * alone asks. */
static __always_inline bool rz_claim_doubt(struct rz_conn *c, __u64 cookie, __u32 read)
{
	bool told;

	if (!(read >> 16))
		return false;
	bpf_spin_lock(&c->lock);
	told = c->cookie == cookie &&
	       __sync_val_compare_and_swap(rz_claim_word(c), read, read | RZ_CLAIM_DOUBTED) == read;
	bpf_spin_unlock(&c->lock);
	return told;
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
	__u32 mark = rz_claim_mark(cookie, 0);

	bpf_spin_lock(&c->lock);
	return !rz_config.claims || rz_claim_take(c, mark) ||
	       (!rz_claim_look(c) && rz_claim_take(c, mark));
}

static __always_inline void rz_claim_unlock(struct rz_conn *c, __u64 cookie, bool mine)
{
	if (rz_config.claims && mine)
		rz_claim_give(c, rz_claim_mark(cookie, 0));
	bpf_spin_unlock(&c->lock);
}

/* The same for the fast path: the claim alone, or the lock where there is none. Left only if it was
 * entered; what rz_claim_leave() returns is rz_claim_give()'s. */
static __always_inline bool rz_claim_enter(struct rz_conn *c, __u32 mark)
{
	if (rz_config.claims)
		return rz_claim_take(c, mark);
	bpf_spin_lock(&c->lock);
	return true;
}

static __always_inline bool rz_claim_leave(struct rz_conn *c, __u32 mark)
{
	if (rz_config.claims)
		return rz_claim_give(c, mark);
	bpf_spin_unlock(&c->lock);
	return true;
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
