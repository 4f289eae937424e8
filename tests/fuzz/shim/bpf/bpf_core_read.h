/* SPDX-License-Identifier: Apache-2.0 */
/* Stands in for libbpf's header of this name, see bpf_helpers.h beside it. */
#ifndef TESTS_FUZZ_BPF_CORE_READ_H
#define TESTS_FUZZ_BPF_CORE_READ_H

#define bpf_core_field_exists(...)	 1
#define bpf_core_enum_value_exists(e, v) 1
#define bpf_core_type_id_kernel(type)	 0

#define RZ_READ_2(p, a)			 ((p)->a)
#define RZ_READ_3(p, a, b)		 ((p)->a->b)
#define RZ_READ_PICK(_1, _2, _3, n, ...) n
#define BPF_CORE_READ(...)		 RZ_READ_PICK(__VA_ARGS__, RZ_READ_3, RZ_READ_2)(__VA_ARGS__)

#endif
