// SPDX-License-Identifier: Apache-2.0
/* The HTTP server, see server.h. */
#include "serve/server.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <microhttpd.h>

#include "base/clock.h"
#include "base/log.h"

#define CONNS_MAX    16
#define PER_PEER_MAX 4
#define IDLE_S	     5			 /* without a byte */
#define WHOLE_NS     (10 * RZ_SECOND_NS) /* for request and response together */
#define REQUEST_MAX  8192	  /* bytes of a connection's buffers: request line and headers */
#define PAGE_NS	     RZ_SECOND_NS /* a page is given out again for that long, */
#define PAGE_SHARE   20		  /* and for so many times as long as it took to make */

/* A connection, from accept to close. */
struct slot {
	int fd; /* -1: free */
	uint64_t since_ns;
};

struct rz_server {
	struct MHD_Daemon *http;
	struct rz_source *source;
	struct slot slots[CONNS_MAX];
	int work_timer, look_timer; /* what libmicrohttpd waits for; the look at deadlines */
	char *page;
	size_t page_len;
	uint64_t page_until_ns;
};

/* ---- answers ---- */

static const char text_type[] = "text/plain; charset=utf-8";
static const char metrics_type[] = "text/plain; version=0.0.4; charset=utf-8";

static enum MHD_Result answer(struct MHD_Connection *c, unsigned status, const char *type,
			      const char *text, size_t len)
{
	struct MHD_Response *r =
		MHD_create_response_from_buffer(len, (void *)text, MHD_RESPMEM_MUST_COPY);
	enum MHD_Result ret;

	if (!r)
		return MHD_NO;
	MHD_add_response_header(r, MHD_HTTP_HEADER_CONTENT_TYPE, type);
	MHD_add_response_header(r, MHD_HTTP_HEADER_CONNECTION, "close");
	MHD_add_response_header(r, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store");
	if (status == MHD_HTTP_METHOD_NOT_ALLOWED)
		MHD_add_response_header(r, MHD_HTTP_HEADER_ALLOW, "GET, HEAD");
	ret = MHD_queue_response(c, status, r);
	MHD_destroy_response(r);
	return ret;
}

static enum MHD_Result say(struct MHD_Connection *c, unsigned status, const char *text)
{
	return answer(c, status, text_type, text, strlen(text));
}

/* However many ask: one page a second, and a twentieth of a CPU at most; also if it cannot be made.
 */
static void renew_page(struct rz_server *s)
{
	uint64_t begun_ns = rz_now_ns(), took_ns;

	if (begun_ns < s->page_until_ns)
		return;
	free(s->page);
	s->page = NULL;
	if (rz_source_metrics(s->source, &s->page, &s->page_len))
		s->page = NULL;
	took_ns = rz_now_ns() - begun_ns;
	s->page_until_ns =
		begun_ns + (took_ns * PAGE_SHARE > PAGE_NS ? took_ns * PAGE_SHARE : PAGE_NS);
}

static enum MHD_Result answer_metrics(struct rz_server *s, struct MHD_Connection *c)
{
	renew_page(s);
	return s->page ? answer(c, MHD_HTTP_OK, metrics_type, s->page, s->page_len)
		       : say(c, MHD_HTTP_INTERNAL_SERVER_ERROR, "the maps cannot be read\n");
}

static enum MHD_Result answer_health(struct rz_server *s, struct MHD_Connection *c)
{
	return rz_source_live(s->source) ? say(c, MHD_HTTP_OK, "live\n")
					 : say(c, MHD_HTTP_SERVICE_UNAVAILABLE, "not running\n");
}

static enum MHD_Result answer_ready(struct rz_server *s, struct MHD_Connection *c)
{
	return rz_source_ready(s->source) ? say(c, MHD_HTTP_OK, "ready\n")
					  : say(c, MHD_HTTP_SERVICE_UNAVAILABLE, "not ready\n");
}

static const struct {
	const char *path;
	enum MHD_Result (*answer)(struct rz_server *s, struct MHD_Connection *c);
} pages[] = {
	{"/metrics", answer_metrics},
	{"/healthz", answer_health},
	{"/readyz", answer_ready},
};

/* Called once the headers are there. The answer is queued at once, so a body is never waited for,
 * and what comes of one is thrown away with the connection. */
static enum MHD_Result on_request(void *server, struct MHD_Connection *c, const char *url,
				  const char *method, const char *version, const char *body,
				  size_t *body_len, void **state)
{
	size_t i;

	(void)version, (void)body, (void)body_len, (void)state;
	if (strcmp(method, MHD_HTTP_METHOD_GET) && strcmp(method, MHD_HTTP_METHOD_HEAD))
		return say(c, MHD_HTTP_METHOD_NOT_ALLOWED, "GET and HEAD alone\n");
	for (i = 0; i < sizeof(pages) / sizeof(pages[0]); i++)
		if (!strcmp(url, pages[i].path))
			return pages[i].answer(server, c);
	return say(c, MHD_HTTP_NOT_FOUND, "there are /metrics, /healthz and /readyz\n");
}

/* ---- connections ---- */

static int fd_of(struct MHD_Connection *c)
{
	const union MHD_ConnectionInfo *i =
		MHD_get_connection_info(c, MHD_CONNECTION_INFO_CONNECTION_FD);

	return i ? i->connect_fd : -1;
}

static void on_connection(void *server, struct MHD_Connection *c, void **slot,
			  enum MHD_ConnectionNotificationCode code)
{
	struct rz_server *s = server;
	size_t i;

	if (code == MHD_CONNECTION_NOTIFY_CLOSED) {
		if (*slot)
			((struct slot *)*slot)->fd = -1;
		return;
	}
	for (i = 0; i < CONNS_MAX && s->slots[i].fd >= 0; i++)
		;
	if (i == CONNS_MAX)
		return; /* there are no more connections than slots */
	s->slots[i] = (struct slot){fd_of(c), rz_now_ns()};
	*slot = &s->slots[i];
}

/* Who sends a byte now and then would never be idle. */
static void end_late_ones(struct rz_server *s)
{
	uint64_t now_ns = rz_now_ns();
	size_t i;

	for (i = 0; i < CONNS_MAX; i++)
		if (s->slots[i].fd >= 0 && now_ns > s->slots[i].since_ns + WHOLE_NS)
			shutdown(s->slots[i].fd, SHUT_RDWR);
}

/* ---- the loop ---- */

static int work(void *server)
{
	struct rz_server *s = server;
	MHD_UNSIGNED_LONG_LONG wait_ms;

	if (MHD_run(s->http) != MHD_YES)
		return rz_err(-EIO, "serve: the HTTP server failed");
	if (MHD_get_timeout(s->http, &wait_ms) == MHD_YES)
		return rz_loop_arm(s->work_timer, wait_ms ? wait_ms * 1000000ULL : 1);
	return 0;
}

static int look(void *server)
{
	struct rz_server *s = server;

	end_late_ones(s);
	if (!rz_source_is_current(s->source)) {
		rz_info("serve: the daemon has ended, or another one has begun: ends, to be "
			"started again");
		return 1;
	}
	return rz_loop_arm(s->look_timer, RZ_SECOND_NS);
}

static int add_to_loop(struct rz_server *s, struct rz_loop *loop)
{
	const union MHD_DaemonInfo *i = MHD_get_daemon_info(s->http, MHD_DAEMON_INFO_EPOLL_FD);
	int err = i ? rz_loop_add(loop, i->epoll_fd, work, s) : -EOPNOTSUPP;

	if (err)
		return err;
	s->work_timer = rz_loop_add_timer(loop, work, s);
	s->look_timer = rz_loop_add_timer(loop, look, s);
	if (s->work_timer < 0 || s->look_timer < 0)
		return s->work_timer < 0 ? s->work_timer : s->look_timer;
	return rz_loop_arm(s->look_timer, 1);
}

static struct MHD_Daemon *start_http(struct rz_server *s, int listen_fd)
{
	return MHD_start_daemon(MHD_USE_EPOLL, 0, NULL, NULL, on_request, s,
				MHD_OPTION_LISTEN_SOCKET, listen_fd, MHD_OPTION_CONNECTION_LIMIT,
				(unsigned)CONNS_MAX, MHD_OPTION_PER_IP_CONNECTION_LIMIT,
				(unsigned)PER_PEER_MAX, MHD_OPTION_CONNECTION_TIMEOUT,
				(unsigned)IDLE_S, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
				(size_t)REQUEST_MAX, MHD_OPTION_NOTIFY_CONNECTION, on_connection, s,
				MHD_OPTION_END);
}

int rz_server_new(struct rz_loop *loop, int listen_fd, struct rz_source *source,
		  struct rz_server **ret)
{
	struct rz_server *s = calloc(1, sizeof(*s));
	size_t i;
	int err;

	if (!s) {
		close(listen_fd);
		return rz_err(-ENOMEM, "serve: out of memory");
	}
	for (i = 0; i < CONNS_MAX; i++)
		s->slots[i].fd = -1;
	s->source = source;
	s->http = start_http(s, listen_fd);
	if (!s->http)
		close(listen_fd);
	err = s->http ? add_to_loop(s, loop) : -EIO;
	if (err) {
		rz_server_free(s);
		return rz_err(err, "serve: cannot start the HTTP server: %s", strerror(-err));
	}
	*ret = s;
	return 0;
}

void rz_server_free(struct rz_server *s)
{
	if (!s)
		return;
	if (s->http)
		MHD_stop_daemon(s->http); /* closes the listening socket */
	free(s->page);
	free(s);
}
