// SPDX-License-Identifier: Apache-2.0
/* Programs without atomic instructions that fetch, see atomics.h. */
#include "kern/atomics.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

int rz_atomics_replace(struct bpf_insn *insns, size_t n)
{
	int replaced = 0;
	size_t i;

	for (i = 0; i < n; i++) {
		struct bpf_insn *in = &insns[i];

		if (BPF_CLASS(in->code) != BPF_STX || BPF_MODE(in->code) != BPF_ATOMIC ||
		    !(in->imm & BPF_FETCH))
			continue;
		replaced++;
		/* an addition, which counts something: clang 20 has each one say what was there,
		 * also where nobody asks */
		if (in->imm == (BPF_ADD | BPF_FETCH)) {
			in->imm = BPF_ADD;
			continue;
		}
		/* a compare-and-exchange leaves what was there in r0, an "or" in its source */
		if (in->imm != BPF_CMPXCHG && in->imm != (BPF_OR | BPF_FETCH))
			return -EOPNOTSUPP;
		*in = (struct bpf_insn){.code = BPF_ALU64 | BPF_MOV | BPF_K,
					.dst_reg =
						in->imm == BPF_CMPXCHG ? BPF_REG_0 : in->src_reg};
	}
	return replaced;
}

int rz_atomics_take_out(struct bpf_program *p)
{
	size_t n = bpf_program__insn_cnt(p);
	_cleanup_free_ struct bpf_insn *insns = malloc(n * sizeof(*insns));
	int replaced;

	if (!insns)
		return -ENOMEM;
	memcpy(insns, bpf_program__insns(p), n * sizeof(*insns));
	replaced = rz_atomics_replace(insns, n);
	return replaced > 0 ? bpf_program__set_insns(p, insns, n) : replaced;
}
