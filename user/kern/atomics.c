// SPDX-License-Identifier: Apache-2.0
/* Programs without atomic instructions that fetch, see atomics.h. */
#include "kern/atomics.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

size_t rz_atomics_replace(struct bpf_insn *insns, size_t n)
{
	size_t i, replaced = 0;

	for (i = 0; i < n; i++) {
		struct bpf_insn *in = &insns[i];

		if (BPF_CLASS(in->code) != BPF_STX || BPF_MODE(in->code) != BPF_ATOMIC ||
		    !(in->imm & BPF_FETCH))
			continue;
		/* a compare-and-exchange leaves what was there in r0, the others in the source */
		*in = (struct bpf_insn){.code = BPF_ALU64 | BPF_MOV | BPF_K,
					.dst_reg =
						in->imm == BPF_CMPXCHG ? BPF_REG_0 : in->src_reg};
		replaced++;
	}
	return replaced;
}

int rz_atomics_take_out(struct bpf_program *p)
{
	size_t n = bpf_program__insn_cnt(p);
	_cleanup_free_ struct bpf_insn *insns = malloc(n * sizeof(*insns));

	if (!insns)
		return -ENOMEM;
	memcpy(insns, bpf_program__insns(p), n * sizeof(*insns));
	return rz_atomics_replace(insns, n) ? bpf_program__set_insns(p, insns, n) : 0;
}
