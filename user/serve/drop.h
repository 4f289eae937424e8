/* SPDX-License-Identifier: Apache-2.0 */
/* Giving up rights, for good, before the first byte of a stranger is read. */
#ifndef RZ_SERVE_DROP_H
#define RZ_SERVE_DROP_H

#include <stdbool.h>

/*
 * Root becomes nobody (uid and gid 65534, no other groups). All capabilities go, but CAP_BPF if
 * `keep_bpf`; no program that is started later gets any back. Few descriptors, no core, no files.
 * 0 or -errno, logged.
 */
int rz_drop_rights(bool keep_bpf);

/* Do these rights suffice for what must go on? Asks try(arg) in a child that has dropped all of
 * them. */
bool rz_drop_is_enough(bool (*try)(void *arg), void *arg);

#endif
