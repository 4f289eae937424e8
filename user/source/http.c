// SPDX-License-Identifier: Apache-2.0
/* libcurl in the event loop, see http.h. */
#include "source/http.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>
#include <curl/curl.h>

#include "base/clock.h"
#include "base/log.h"
#include "version.h"

#define EVENTS_AT_ONCE 16
#define KEEPALIVE_S    15L

struct rz_http {
	CURLM *multi;
	int epoll, timer;
};

struct rz_http_req {
	struct rz_http *http;
	CURL *easy;
	struct curl_slist *headers;
	struct rz_http_ask ask; /* url, method and headers are libcurl's copies by now */
	int err;		/* why the receiver ended it */
	char *body;
	size_t len, room;
	char why[CURL_ERROR_SIZE];
};

/* ---- requests ---- */

static int collect(struct rz_http_req *r, const char *bytes, size_t n)
{
	char *more;

	if (n > r->ask.max_bytes - r->len)
		return -EFBIG;
	if (r->len + n > r->room) {
		size_t room = (r->len + n) * 2;

		more = realloc(r->body, room);
		if (!more)
			return -ENOMEM;
		r->body = more;
		r->room = room;
	}
	memcpy(r->body + r->len, bytes, n);
	r->len += n;
	return 0;
}

static size_t on_write(char *bytes, size_t size, size_t n, void *arg)
{
	struct rz_http_req *r = arg;

	n *= size;
	if (r->ask.on_data && rz_http_status(r) == 200)
		r->err = r->ask.on_data(r->ask.arg, bytes, n);
	else
		r->err = collect(r, bytes, n);
	return r->err ? 0 : n;
}

static void release(struct rz_http_req *r)
{
	curl_multi_remove_handle(r->http->multi, r->easy);
	curl_easy_cleanup(r->easy);
	curl_slist_free_all(r->headers);
	free(r->body);
	free(r);
}

void rz_http_cancel(struct rz_http_req *r)
{
	if (r)
		release(r);
}

int rz_http_status(const struct rz_http_req *r)
{
	long status = 0;

	curl_easy_getinfo(r->easy, CURLINFO_RESPONSE_CODE, &status);
	return (int)status;
}

static int errno_of(CURLcode code, int own)
{
	switch (code) {
	case CURLE_OK:
		return 0;
	case CURLE_WRITE_ERROR:
		return own ? own : -EIO;
	case CURLE_OPERATION_TIMEDOUT:
		return -ETIMEDOUT;
	case CURLE_COULDNT_CONNECT:
	case CURLE_COULDNT_RESOLVE_HOST:
		return -ECONNREFUSED;
	case CURLE_PARTIAL_FILE:
	case CURLE_RECV_ERROR:
	case CURLE_GOT_NOTHING:
		return -ECONNRESET;
	default:
		return -EIO;
	}
}

static void finish(struct rz_http_req *r, CURLcode code)
{
	struct rz_http_answer a = {.err = errno_of(code, r->err), .status = rz_http_status(r)};
	curl_off_t wait_s = 0;
	char *type = NULL;

	if ((a.status == 429 || a.status == 503) &&
	    !curl_easy_getinfo(r->easy, CURLINFO_RETRY_AFTER, &wait_s) && wait_s > 0)
		a.retry_after_ns = (uint64_t)(wait_s < 86400 ? wait_s : 86400) * RZ_SECOND_NS;
	curl_easy_getinfo(r->easy, CURLINFO_CONTENT_TYPE, &type);
	a.type = type ? type : "";
	a.body = r->body ? r->body : "";
	a.len = r->len;
	a.why = r->err ? strerror(-r->err) : r->why[0] ? r->why : curl_easy_strerror(code);
	curl_multi_remove_handle(r->http->multi, r->easy);
	r->ask.on_done(r->ask.arg, &a);
	release(r);
}

static void finish_all(struct rz_http *h)
{
	struct rz_http_req *r;
	CURLMsg *m;
	int left;

	while ((m = curl_multi_info_read(h->multi, &left))) {
		CURLcode code = m->data.result;

		if (m->msg != CURLMSG_DONE)
			continue;
		curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, &r);
		finish(r, code);
	}
}

static void set_options(struct rz_http_req *r, const struct rz_http_ask *a)
{
	CURL *e = r->easy;

	curl_easy_setopt(e, CURLOPT_URL, a->url);
	curl_easy_setopt(e, CURLOPT_PRIVATE, r);
	curl_easy_setopt(e, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(e, CURLOPT_ERRORBUFFER, r->why);
	curl_easy_setopt(e, CURLOPT_WRITEFUNCTION, on_write);
	curl_easy_setopt(e, CURLOPT_WRITEDATA, r);
	curl_easy_setopt(e, CURLOPT_USERAGENT, "rezone/" RZ_VERSION);
	/* one connection a request: a watch must not share one with what proves it alive */
	curl_easy_setopt(e, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
#if LIBCURL_VERSION_NUM >= 0x075500
	curl_easy_setopt(e, CURLOPT_PROTOCOLS_STR, "http,https");
#endif
#if LIBCURL_VERSION_NUM >= 0x075700
	curl_easy_setopt(e, CURLOPT_CA_CACHE_TIMEOUT, 0L); /* a rotated CA counts at once */
#endif
	if (a->method)
		curl_easy_setopt(e, CURLOPT_CUSTOMREQUEST, a->method);
	if (a->ca) {
		struct curl_blob pem = {(void *)a->ca, a->ca_len, CURL_BLOB_COPY};

		curl_easy_setopt(e, CURLOPT_CAINFO_BLOB, &pem);
		curl_easy_setopt(e, CURLOPT_CAPATH, NULL); /* and no other's word counts */
	}
	if (a->direct)
		curl_easy_setopt(e, CURLOPT_NOPROXY, "*");
	curl_easy_setopt(e, CURLOPT_FRESH_CONNECT, (long)a->fresh);
	curl_easy_setopt(e, CURLOPT_HTTPHEADER, r->headers);
	curl_easy_setopt(e, CURLOPT_CONNECTTIMEOUT_MS, (long)a->connect_ms);
	curl_easy_setopt(e, CURLOPT_TIMEOUT_MS, (long)a->total_ms);
	curl_easy_setopt(e, CURLOPT_TCP_KEEPALIVE, 1L);
	curl_easy_setopt(e, CURLOPT_TCP_KEEPIDLE, KEEPALIVE_S);
	curl_easy_setopt(e, CURLOPT_TCP_KEEPINTVL, KEEPALIVE_S / 3);
}

int rz_http_start(struct rz_http *h, const struct rz_http_ask *ask, struct rz_http_req **ret)
{
	struct rz_http_req *r = calloc(1, sizeof(*r));
	size_t i;

	if (!r)
		return -ENOMEM;
	r->http = h;
	r->ask = *ask;
	r->easy = curl_easy_init();
	for (i = 0; ask->headers && ask->headers[i]; i++) {
		struct curl_slist *more = curl_slist_append(r->headers, ask->headers[i]);

		if (more)
			r->headers = more;
	}
	if (!r->easy) {
		curl_slist_free_all(r->headers);
		free(r);
		return -ENOMEM;
	}
	set_options(r, ask);
	if (curl_multi_add_handle(h->multi, r->easy)) {
		release(r);
		return -ENOMEM;
	}
	*ret = r;
	return 0;
}

char *rz_http_escape(const char *text)
{
	char *escaped = curl_easy_escape(NULL, text, 0), *copy;

	copy = escaped ? strdup(escaped) : NULL;
	curl_free(escaped);
	return copy;
}

/* ---- the loop ---- */

static int on_socket(CURL *easy, curl_socket_t fd, int what, void *arg, void *known)
{
	struct rz_http *h = arg;
	struct epoll_event ev = {.data.fd = fd};

	(void)easy;
	if (what == CURL_POLL_REMOVE) {
		epoll_ctl(h->epoll, EPOLL_CTL_DEL, fd, NULL);
		return 0;
	}
	if (what & CURL_POLL_IN)
		ev.events |= EPOLLIN;
	if (what & CURL_POLL_OUT)
		ev.events |= EPOLLOUT;
	if (epoll_ctl(h->epoll, known ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, fd, &ev) && errno == ENOENT)
		epoll_ctl(h->epoll, EPOLL_CTL_ADD, fd, &ev);
	curl_multi_assign(h->multi, fd, h);
	return 0;
}

static int on_timeout(CURLM *multi, long ms, void *arg)
{
	struct rz_http *h = arg;

	(void)multi;
	if (ms >= 0)
		rz_loop_arm(h->timer, (uint64_t)ms * 1000000);
	return 0;
}

static int on_timer(void *arg)
{
	struct rz_http *h = arg;
	int running;

	curl_multi_socket_action(h->multi, CURL_SOCKET_TIMEOUT, 0, &running);
	finish_all(h);
	return 0;
}

static int on_events(void *arg)
{
	struct rz_http *h = arg;
	struct epoll_event ev[EVENTS_AT_ONCE];
	int n = epoll_wait(h->epoll, ev, EVENTS_AT_ONCE, 0), i, running;

	for (i = 0; i < n; i++) {
		int mask = 0;

		if (ev[i].events & (EPOLLIN | EPOLLHUP))
			mask |= CURL_CSELECT_IN;
		if (ev[i].events & EPOLLOUT)
			mask |= CURL_CSELECT_OUT;
		if (ev[i].events & EPOLLERR)
			mask |= CURL_CSELECT_ERR;
		curl_multi_socket_action(h->multi, ev[i].data.fd, mask, &running);
	}
	finish_all(h);
	return 0;
}

int rz_http_new(struct rz_loop *loop, struct rz_http **ret)
{
	struct rz_http *h = calloc(1, sizeof(*h));
	int err;

	if (!h || curl_global_init(CURL_GLOBAL_DEFAULT)) {
		free(h);
		return -ENOMEM;
	}
	h->multi = curl_multi_init();
	h->epoll = epoll_create1(EPOLL_CLOEXEC);
	err = !h->multi	     ? -ENOMEM
	      : h->epoll < 0 ? -errno
			     : rz_loop_add(loop, h->epoll, on_events, h);
	if (!err)
		err = h->timer = rz_loop_add_timer(loop, on_timer, h);
	if (err < 0) {
		rz_http_free(h);
		return rz_err(err, "http: cannot begin: %s", strerror(-err));
	}
	curl_multi_setopt(h->multi, CURLMOPT_SOCKETFUNCTION, on_socket);
	curl_multi_setopt(h->multi, CURLMOPT_SOCKETDATA, h);
	curl_multi_setopt(h->multi, CURLMOPT_TIMERFUNCTION, on_timeout);
	curl_multi_setopt(h->multi, CURLMOPT_TIMERDATA, h);
	*ret = h;
	return 0;
}

void rz_http_free(struct rz_http *h)
{
	if (!h)
		return;
	curl_multi_cleanup(h->multi);
	if (h->epoll >= 0)
		close(h->epoll);
	free(h);
	curl_global_cleanup();
}
