// SPDX-License-Identifier: Apache-2.0
/* Programs for kernels without atomic instructions that fetch (kern/atomics.c). */
#include "unit.h"

#include <errno.h>
#include <string.h>

#include "kern/atomics.h"
#include "kern/probe.h"

/* What `in` is replaced by; the instructions beside it stay. */
static struct bpf_insn replaced(struct bpf_insn in, size_t n)
{
	const struct bpf_insn mov = {.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = 3, .imm = 7};
	struct bpf_insn insns[] = {mov, in, mov};

	assert_int_equal(n, rz_atomics_replace(insns, 3));
	assert_memory_equal(&mov, &insns[0], sizeof(mov));
	assert_memory_equal(&mov, &insns[2], sizeof(mov));
	return insns[1];
}

static void test_fetching(void **state)
{
	static const struct {
		int op;
		__u8 says; /* the register in which the kernel says what was there */
	} ops[] = {
		{BPF_CMPXCHG, BPF_REG_0},
		{BPF_OR | BPF_FETCH, BPF_REG_5},
	};
	const __u8 sizes[] = {BPF_W, BPF_DW};
	size_t i;

	(void)state;
	for (i = 0; i < 2 * sizeof(ops) / sizeof(ops[0]); i++) {
		struct bpf_insn in = {.code = BPF_STX | BPF_ATOMIC | sizes[i % 2],
				      .dst_reg = BPF_REG_1,
				      .src_reg = BPF_REG_5,
				      .off = 4,
				      .imm = ops[i / 2].op};
		const struct bpf_insn zero = {.code = BPF_ALU64 | BPF_MOV | BPF_K,
					      .dst_reg = ops[i / 2].says};
		struct bpf_insn is = replaced(in, 1);

		assert_memory_equal(&zero, &is, sizeof(zero));
	}
}

/* An addition still adds. */
static void test_adding(void **state)
{
	struct bpf_insn in = {.code = BPF_STX | BPF_ATOMIC | BPF_DW,
			      .dst_reg = BPF_REG_1,
			      .src_reg = BPF_REG_5,
			      .off = 8,
			      .imm = BPF_ADD | BPF_FETCH};
	struct bpf_insn adds = in, is = replaced(in, 1);

	(void)state;
	adds.imm = BPF_ADD;
	assert_memory_equal(&adds, &is, sizeof(is));
}

/* Other instructions than those that the programs have are refused. */
static void test_strange(void **state)
{
	const int ops[] = {BPF_XCHG, BPF_AND | BPF_FETCH, BPF_XOR | BPF_FETCH};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(ops) / sizeof(ops[0]); i++) {
		struct bpf_insn in = {.code = BPF_STX | BPF_ATOMIC | BPF_W, .imm = ops[i]};

		assert_int_equal(-EOPNOTSUPP, rz_atomics_replace(&in, 1));
	}
}

/* All kernels know these. */
static void test_others_stay(void **state)
{
	const struct bpf_insn all[] = {
		{.code = BPF_STX | BPF_ATOMIC | BPF_DW, .src_reg = 5, .imm = BPF_ADD},
		{.code = BPF_STX | BPF_MEM | BPF_W, .src_reg = 5, .imm = BPF_CMPXCHG},
		{.code = BPF_LDX | BPF_MEM | BPF_W, .src_reg = 5, .imm = BPF_FETCH},
		{.code = BPF_JMP | BPF_CALL, .imm = BPF_CMPXCHG},
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		struct bpf_insn is = replaced(all[i], 0);

		assert_memory_equal(&all[i], &is, sizeof(is));
	}
}

/* Interpreted where others are compiled: taken for lacking. With no compiler at all it is not. */
static void test_interpreted(void **state)
{
	(void)state;
	assert_int_equal(0, rz_probe_judge_fetch(true, true));
	assert_int_equal(-EOPNOTSUPP, rz_probe_judge_fetch(true, false));
	assert_int_equal(0, rz_probe_judge_fetch(false, false));
	assert_int_equal(0, rz_probe_judge_fetch(false, true));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_interpreted), cmocka_unit_test(test_fetching),
		cmocka_unit_test(test_adding),	    cmocka_unit_test(test_strange),
		cmocka_unit_test(test_others_stay),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
