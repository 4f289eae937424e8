// SPDX-License-Identifier: Apache-2.0
/* What a target sends, and how it says what came back; see target_inside.h. */
#include "kube/target_inside.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/str.h"

#define BODY_MAX_BYTES (64u << 20)
#define TOKEN_MAX      16384
#define WATCH_MIN_S    240
#define WATCH_MORE_S   240
#define CHECK_SLICES   500

/* "Authorization: Bearer ..." from the token file as it is now; NULL with a line if it cannot be.
 */
static char *authorization(const struct rz_kube_api *api, char *why)
{
	_cleanup_fclose_ FILE *f = fopen(api->token_file, "re");
	char token[TOKEN_MAX], *header = NULL;
	size_t n = f ? fread(token, 1, sizeof(token) - 1, f) : 0;

	while (n && (token[n - 1] == '\n' || token[n - 1] == '\r' || token[n - 1] == ' '))
		n--;
	token[n] = '\0';
	if (!n || strpbrk(token, "\r\n")) {
		snprintf(why, RZ_KUBE_WHY_SIZE,
			 "token file %.200s: %s; name another with --kube-token-file",
			 api->token_file,
			 f ? n ? "has more than one line" : "is empty" : strerror(errno));
		return NULL;
	}
	if (asprintf(&header, "Authorization: Bearer %s", token) < 0)
		header = NULL;
	explicit_bzero(token, sizeof(token));
	return header;
}

uint64_t rz_kube_time_out_ms(const struct rz_kube_api *api)
{
	uint64_t ms = api->max_age_ns / 3 / 1000000;

	return ms < 2000 ? 2000 : ms > 30000 ? 30000 : ms;
}

/* Asks with what all requests have in common. */
static int send(const struct rz_kube_api *api, struct rz_http_ask *ask, const char *accept,
		char *why, struct rz_http_req **ret)
{
	_cleanup_free_ char *auth = NULL;
	const char *headers[3] = {accept};
	int err;

	/* a token is for the server's eyes alone */
	if (api->token_file && !strncmp(api->server, "https:", 6)) {
		headers[1] = auth = authorization(api, why);
		if (!auth)
			return -EINVAL;
	}
	ask->headers = headers;
	ask->ca_file = api->ca_file;
	ask->connect_ms = rz_kube_time_out_ms(api) / 2;
	if (!ask->total_ms)
		ask->total_ms = rz_kube_time_out_ms(api);
	ask->max_bytes = BODY_MAX_BYTES;
	err = rz_http_start(api->http, ask, ret);
	if (auth)
		explicit_bzero(auth, strlen(auth));
	if (err)
		snprintf(why, RZ_KUBE_WHY_SIZE, "cannot ask: %s", strerror(-err));
	return err;
}

static int send_slices(struct rz_kube_target *t, const char *query, const char *accept,
		       struct rz_http_ask *ask, struct rz_http_req **ret)
{
	_cleanup_free_ char *url = NULL;

	if (asprintf(&url,
		     "%s/apis/discovery.k8s.io/v1/namespaces/%s/endpointslices?labelSelector=%s%s",
		     t->api->server, t->ns, t->selector, query) < 0) {
		url = NULL;
		return -ENOMEM;
	}
	ask->url = url;
	ask->fresh = ask->fresh || t->fresh_connection;
	ask->arg = t;
	return send(t->api, ask, accept, t->ask_why, ret);
}

int rz_kube_ask_node(const struct rz_kube_api *api, const char *name,
		     void (*done)(void *arg, const struct rz_http_answer *a), void *arg,
		     struct rz_http_req **ret)
{
	_cleanup_free_ char *url = NULL, *escaped = rz_http_escape(name);
	struct rz_http_ask ask = {.on_done = done, .arg = arg};
	char why[RZ_KUBE_WHY_SIZE];

	if (!escaped || asprintf(&url, "%s/api/v1/nodes/%s", api->server, escaped) < 0) {
		url = NULL;
		return -ENOMEM;
	}
	ask.url = url;
	return send(api, &ask,
		    "Accept: application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1", why,
		    ret);
}

static int ask_pages(struct rz_kube_target *t, const char *next, unsigned limit, const char *accept,
		     struct rz_http_ask *ask, struct rz_http_req **ret)
{
	_cleanup_free_ char *escaped = next ? rz_http_escape(next) : NULL, *query = NULL;

	if (asprintf(&query, "&limit=%u%s%s", limit, escaped ? "&continue=" : "",
		     escaped ? escaped : "") < 0) {
		query = NULL;
		return -ENOMEM;
	}
	return send_slices(t, query, accept, ask, ret);
}

int rz_kube_ask_list(struct rz_kube_target *t, const char *next, unsigned limit)
{
	struct rz_http_ask ask = {.on_done = rz_kube_on_list};

	return ask_pages(t, next, limit, "Accept: application/json", &ask, &t->main);
}

int rz_kube_ask_check(struct rz_kube_target *t, const char *next)
{
	struct rz_http_ask ask = {.on_done = rz_kube_on_check};

	return ask_pages(t, next, CHECK_SLICES,
			 "Accept: application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1",
			 &ask, &t->check);
}

int rz_kube_ask_watch(struct rz_kube_target *t)
{
	unsigned seconds = WATCH_MIN_S + rz_kube_random() % WATCH_MORE_S;
	struct rz_http_ask ask = {.on_done = rz_kube_on_watch,
				  .on_data = rz_kube_on_watch_data,
				  .total_ms = (seconds + 30) * 1000ULL,
				  .fresh = true};
	_cleanup_free_ char *query = NULL, *version = rz_http_escape(t->version);

	if (!version ||
	    asprintf(&query,
		     "&watch=1&allowWatchBookmarks=true&timeoutSeconds=%u&resourceVersion=%s",
		     seconds, version) < 0) {
		query = NULL;
		return -ENOMEM;
	}
	return send_slices(t, query, "Accept: application/json", &ask, &t->main);
}

static const char *cure(const struct rz_kube_target *t, const struct rz_http_answer *a)
{
	switch (a->status) {
	case 401:
		return t->api->token_file ? "; the token is read again at the next try"
					  : "; name a token with --kube-token-file";
	case 403:
		return "; the service account needs get, list and watch on endpointslices "
		       "(deploy/rezone.yaml has the Role)";
	case 404:
		return "; is --kube-server a Kubernetes API server, from 1.21 on?";
	case 410:
		return "; listing again";
	default:
		return a->err ? "; is --kube-server right, and may this pod reach it?" : "";
	}
}

void rz_kube_fault_text(const struct rz_kube_target *t, const char *what,
			const struct rz_http_answer *a, char *dst, size_t size)
{
	char message[240] = "";

	if (a->err && a->err != -EFBIG && !a->status) {
		snprintf(dst, size, "%s: %s: %s%s", what, t->api->server, a->why, cure(t, a));
		return;
	}
	if (a->err) {
		snprintf(dst, size, "%s: HTTP %d, broken off: %s", what, a->status, a->why);
		return;
	}
	if (!rz_kube_status_message(a->body, a->len, message, sizeof(message)))
		snprintf(message, sizeof(message), "%zu bytes of %.60s, no Status", a->len,
			 *a->type ? a->type : "no type");
	snprintf(dst, size, "%s: HTTP %d: %s%s", what, a->status, message, cure(t, a));
}

void rz_kube_bad_text(char *why, const struct rz_http_answer *a)
{
	size_t used = strlen(why);

	snprintf(why + used, RZ_KUBE_WHY_SIZE - used, " (HTTP %d, %.60s)", a->status,
		 *a->type ? a->type : "no type");
}

/* ---- what kube.c asks ---- */

const char *rz_kube_target_label(const struct rz_kube_target *t)
{
	return t->label;
}

const struct rz_kube_store *rz_kube_target_store(const struct rz_kube_target *t)
{
	return t->store;
}

bool rz_kube_target_listed(const struct rz_kube_target *t)
{
	return t->listed;
}

uint64_t rz_kube_target_proved_ns(const struct rz_kube_target *t)
{
	return t->proved_ns;
}

const char *rz_kube_target_fault(const struct rz_kube_target *t)
{
	return t->fault;
}

bool rz_kube_target_bad(const struct rz_kube_target *t)
{
	return t->bad;
}

bool rz_kube_target_failed(const struct rz_kube_target *t)
{
	return t->failed;
}
