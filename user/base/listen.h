/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The address that `rezone serve` listens at: its grammar, and the socket.
 *
 * Comes in: text of an operator. Goes out: an endpoint; a listening socket. Called by conf/conf.c
 * (the grammar alone) and user/serve/.
 */
#ifndef RZ_BASE_LISTEN_H
#define RZ_BASE_LISTEN_H

#include <stddef.h>

#include <rezone/types.h>

#define RZ_LISTEN_DEFAULT "127.0.0.1:9496"
#define RZ_LISTEN_FORM	  "ADDRESS:PORT, [ADDRESS]:PORT, or :PORT for all addresses"

/*
 * "127.0.0.1:9496", "[::1]:9496", ":9496" (all addresses of both families). What stands behind the
 * last colon is the port, so "fd00::7:9496" is fd00::7, as $(POD_IP):9496 would make it. Names are
 * refused. 0, or -EINVAL with what is wrong in `why`.
 */
int rz_listen_parse(const char *text, struct rz_endpoint *ret, char *why, size_t why_size);

/* A socket that listens there. Returns it, or -errno. */
int rz_listen_open(const struct rz_endpoint *at);

#endif
