/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Atomic instructions that say what was there before: BPF_ATOMIC with BPF_FETCH. A kernel without
 * them (before Linux 5.12; arm64: 5.18) refuses a program that has one, also where it is never
 * run. So they are taken out of the programs there. Nobody misses them: bpf/claim.bpf.h, which
 * alone has any, asks rz_config.claims first.
 *
 * Comes in: a program, in libbpf's hook that is called just before it is loaded. Goes out: the
 * program without them. Called by load_beside.c, and by tests that load these programs themselves.
 */
#ifndef RZ_KERN_ATOMICS_H
#define RZ_KERN_ATOMICS_H

#include <stddef.h>
#include <bpf/libbpf.h>
#include <linux/bpf.h>

/* A compare-and-exchange and an "or" become "0 was there"; an addition stays, and does not say what
 * was there. 0 or -errno; -EOPNOTSUPP: the program has another one. */
int rz_atomics_take_out(struct bpf_program *p);

/* The work itself, on a program's instructions. Returns how many were replaced, or -EOPNOTSUPP.
 * Pure. */
int rz_atomics_replace(struct bpf_insn *insns, size_t n);

#endif
