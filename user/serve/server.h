/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The HTTP server, on libmicrohttpd: /metrics, /healthz, /readyz, by GET and HEAD.
 *
 * What a stranger can take is bounded: connections in all and of one address, the time and the
 * bytes of each, how often a page is made. A connection has one request. Nothing that was sent is
 * echoed or logged.
 *
 * Comes in: a listening socket, a source. Called by user/serve.c.
 */
#ifndef RZ_SERVE_SERVER_H
#define RZ_SERVE_SERVER_H

#include "base/loop.h"
#include "serve/source.h"

struct rz_server;

/* Adds itself to the loop. Takes listen_fd over, also on failure. 0 or -errno, logged. */
int rz_server_new(struct rz_loop *loop, int listen_fd, struct rz_source *source,
		  struct rz_server **ret);
void rz_server_free(struct rz_server *s); /* takes NULL; before the loop is freed */

#endif
