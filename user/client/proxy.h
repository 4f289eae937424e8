/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The true client behind a load balancer, from the PROXY protocol header that its connection began
 * with (HAProxy, proxy-protocol.txt). Pure.
 *
 * Comes in: what BPF kept of the header (map `proxied`). Goes out: the client's address. Called by
 * the policy's tick and by `rezone list`.
 */
#ifndef RZ_CLIENT_PROXY_H
#define RZ_CLIENT_PROXY_H

#include <rezone/types.h>

/*
 * The source address and port that a version 1 or 2 header names. 0; -ENOENT if it names none
 * (UNKNOWN, LOCAL, another family than TCP over IPv4 or IPv6); -EINVAL if it is no such header.
 * *ret is written on success only.
 */
int rz_proxy_read(const struct rz_proxied *p, struct rz_endpoint *ret);

#endif
