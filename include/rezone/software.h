/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) OR Apache-2.0 */
/*
 * Maps `softwares` and `software_keys`: the libraries. Map `secret`: the seed of all hashes.
 */
#ifndef REZONE_SOFTWARE_H
#define REZONE_SOFTWARE_H

#include <rezone/abi.h>

/* softwares: number -> what clients say of themselves in ApiVersions v3 and newer (KIP-511). */
#define RZ_SOFTWARE_SIZE   32
/* The client said something that could not be read or kept: it may be any library. */
#define RZ_SOFTWARE_UNKEPT 0xffffffffU
struct rz_software {
	char name[RZ_SOFTWARE_SIZE]
		__attribute__((aligned(8))); /* cut at 31 bytes; [A-Za-z0-9.-], all else is '?' */
	char version[RZ_SOFTWARE_SIZE];	     /* likewise */
};

/* software_keys: hash of a library's name and version -> its number in `softwares`, and the client
 * address that brought it. Both are added by rz_segment and never change; user space removes those
 * that no connection has. */
struct rz_software_key {
	__u32 number;
	__u8 from[16];
};

/* secret: the seed of all hashes, never shown; and the latest number given out in `softwares`,
 * which rz_segment adds to atomically. One entry, pinned as long as what was made with it. */
struct rz_secret {
	__u64 seed;
	__u32 software;
	__u32 pad;
};

#endif
