/* SPDX-License-Identifier: Apache-2.0 */
/* Stands in for libbpf's header of this name, see bpf_helpers.h beside it. */
#ifndef TESTS_FUZZ_BPF_ENDIAN_H
#define TESTS_FUZZ_BPF_ENDIAN_H

/* all our machines are little-endian */

#define bpf_htons(x)	   __builtin_bswap16(x)
#define bpf_ntohs(x)	   __builtin_bswap16(x)
#define bpf_ntohl(x)	   __builtin_bswap32(x)
#define bpf_htonl(x)	   __builtin_bswap32(x)
#define bpf_be64_to_cpu(x) __builtin_bswap64(x)

#endif
