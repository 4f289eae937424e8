/* SPDX-License-Identifier: Apache-2.0 */
/*
 * HTTP requests in our event loop: libcurl's multi interface, no threads.
 *
 * Comes in: what to ask. Goes out: pieces of the body as they come, or the whole body, and how it
 * ended. libcurl's sockets live in an epoll of their own, whose descriptor lies in the loop's.
 * Called by api.c and cloud.c.
 */
#ifndef RZ_SOURCE_HTTP_H
#define RZ_SOURCE_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/loop.h"

struct rz_http;
struct rz_http_req;

int rz_http_new(struct rz_loop *loop, struct rz_http **ret);
void rz_http_free(struct rz_http *h); /* takes NULL; every request must have ended */

struct rz_http_answer {
	int err;	  /* 0: it came whole, whatever its status; else -errno */
	int status;	  /* HTTP's, 0: none came */
	const char *why;  /* of err, for people */
	const char *body; /* collected; with on_data only that of a status other than 200 */
	size_t len;
	const char *type;	 /* Content-Type, "" */
	uint64_t retry_after_ns; /* of a 429 or 503: when to ask again, 0 if it does not say */
};

struct rz_http_ask {
	const char *url;
	const char *method;	    /* NULL: GET */
	const char *const *headers; /* "Name: value", NULL-terminated; may be NULL */
	const char *ca;		    /* certificates (PEM), NULL: the system's */
	size_t ca_len;
	uint64_t connect_ms, total_ms;
	size_t max_bytes; /* of a collected body; more is -EFBIG */
	bool fresh;	  /* not on a connection that is open already: it may be dead */
	bool direct;	  /* no proxy */
	/* Pieces of a body of status 200; not 0 ends the request with that error. May not start or
	 * cancel requests. NULL: the body is collected. */
	int (*on_data)(void *arg, const char *bytes, size_t n);
	/* It ended. The request is gone afterwards; others may be started and cancelled here. */
	void (*on_done)(void *arg, const struct rz_http_answer *a);
	void *arg;
};

/* Begins a request. 0 or -errno; on_done is called later, never from here. */
int rz_http_start(struct rz_http *h, const struct rz_http_ask *ask, struct rz_http_req **ret);
void rz_http_cancel(struct rz_http_req *r);	 /* takes NULL; on_done is not called */
int rz_http_status(const struct rz_http_req *r); /* of one under way; 0: no answer yet */

/* `text` for a place in a URL; free it. NULL: no memory. */
char *rz_http_escape(const char *text);

#endif
