// SPDX-License-Identifier: Apache-2.0
/* What is asked of the API server, and how its refusals are worded; see api.h. */
#include "source/api.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/str.h"

#define BODY_MAX_BYTES (64u << 20)
#define TOKEN_MAX      16384
#define CA_MAX	       (1u << 20)
#define WATCH_MIN_S    240
#define WATCH_MORE_S   240

/* "Authorization: Bearer ..." from the token file as it is now; NULL with a line if it cannot be.
 */
static char *authorization(const struct rz_kube_api *api, char *why)
{
	char token[TOKEN_MAX], *header = NULL;
	ssize_t n = rz_credential_read(api->token, token, sizeof(token) - 1);

	while (n > 0 && (token[n - 1] == '\n' || token[n - 1] == '\r' || token[n - 1] == ' '))
		n--;
	token[n > 0 ? n : 0] = '\0';
	if (n <= 0 || strpbrk(token, "\r\n")) {
		snprintf(why, RZ_KUBE_WHY_SIZE,
			 "token file %.200s: %s; name another with --kube-token-file",
			 api->token->path,
			 n > 0	 ? "has more than one line"
			 : n < 0 ? strerror((int)-n)
				 : "is empty");
		return NULL;
	}
	if (asprintf(&header, "Authorization: Bearer %s", token) < 0)
		header = NULL;
	explicit_bzero(token, sizeof(token));
	return header;
}

/* The CA certificates as they are now, *ret NULL for the system's. 0 or -EINVAL with a line. */
static int authorities(const struct rz_kube_api *api, char **ret, size_t *ret_len, char *why)
{
	_cleanup_free_ char *pem = NULL;
	ssize_t n;

	if (!api->ca->path)
		return 0;
	pem = malloc(CA_MAX);
	n = pem ? rz_credential_read(api->ca, pem, CA_MAX) : -ENOMEM;
	if (n <= 0) {
		snprintf(why, RZ_KUBE_WHY_SIZE,
			 "CA file %.200s: %s; name another with --kube-ca-file", api->ca->path,
			 n < 0 ? strerror((int)-n) : "is empty");
		return -EINVAL;
	}
	*ret = RZ_TAKE_PTR(pem);
	*ret_len = (size_t)n;
	return 0;
}

uint32_t rz_kube_api_random(void)
{
	uint32_t r = 0;

	if (getrandom(&r, sizeof(r), GRND_NONBLOCK) != sizeof(r))
		r = (uint32_t)rz_now_ns();
	return r;
}

uint64_t rz_kube_api_time_out_ms(const struct rz_kube_api *api)
{
	uint64_t ms = api->max_age_ns / 3 / 1000000;

	return ms < 2000 ? 2000 : ms > 30000 ? 30000 : ms;
}

/* Asks with what all requests have in common. */
static int send(const struct rz_kube_api *api, struct rz_http_ask *ask, const char *accept,
		char *why, struct rz_http_req **ret)
{
	_cleanup_free_ char *auth = NULL, *ca = NULL;
	const char *headers[3] = {accept};
	int err = authorities(api, &ca, &ask->ca_len, why);

	if (err)
		return err;

	/* a token is for the server's eyes alone */
	if (api->token->path && !strncmp(api->server, "https:", 6)) {
		headers[1] = auth = authorization(api, why);
		if (!auth)
			return -EINVAL;
	}
	ask->headers = headers;
	ask->ca = ca;
	ask->connect_ms = rz_kube_api_time_out_ms(api) / 2;
	if (!ask->total_ms)
		ask->total_ms = rz_kube_api_time_out_ms(api);
	ask->max_bytes = BODY_MAX_BYTES;
	err = rz_http_start(api->http, ask, ret);
	if (auth)
		explicit_bzero(auth, strlen(auth));
	if (err)
		snprintf(why, RZ_KUBE_WHY_SIZE, "cannot ask: %s", strerror(-err));
	return err;
}

/* Asks for slices; `query` is the end of the URL's. */
static int send_slices(const struct rz_kube_api *api, const struct rz_kube_ask *ask,
		       const char *query, const char *accept, struct rz_http_ask *http,
		       struct rz_http_req **ret)
{
	_cleanup_free_ char *url = NULL;

	if (asprintf(&url,
		     "%s/apis/discovery.k8s.io/v1/namespaces/%s/endpointslices?labelSelector=%s%s",
		     api->server, ask->slices->ns, ask->slices->selector, query) < 0) {
		url = NULL;
		return -ENOMEM;
	}
	http->url = url;
	http->fresh = http->fresh || ask->slices->fresh_connection;
	http->on_done = ask->on_done;
	http->arg = ask->arg;
	return send(api, http, accept, ask->why, ret);
}

int rz_kube_api_node(const struct rz_kube_api *api, const char *name,
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

static int ask_pages(const struct rz_kube_api *api, const struct rz_kube_ask *ask,
		     const char *accept, struct rz_http_req **ret)
{
	_cleanup_free_ char *escaped = ask->next ? rz_http_escape(ask->next) : NULL, *query = NULL;
	struct rz_http_ask http = {};

	if (asprintf(&query, "&limit=%u%s%s", ask->limit, escaped ? "&continue=" : "",
		     escaped ? escaped : "") < 0) {
		query = NULL;
		return -ENOMEM;
	}
	return send_slices(api, ask, query, accept, &http, ret);
}

int rz_kube_api_list(const struct rz_kube_api *api, const struct rz_kube_ask *ask,
		     struct rz_http_req **ret)
{
	return ask_pages(api, ask, "Accept: application/json", ret);
}

int rz_kube_api_names(const struct rz_kube_api *api, const struct rz_kube_ask *ask,
		      struct rz_http_req **ret)
{
	return ask_pages(api, ask,
			 "Accept: application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1",
			 ret);
}

int rz_kube_api_watch(const struct rz_kube_api *api, const struct rz_kube_ask *ask,
		      struct rz_http_req **ret)
{
	unsigned seconds = WATCH_MIN_S + rz_kube_api_random() % WATCH_MORE_S;
	struct rz_http_ask http = {
		.on_data = ask->on_data, .total_ms = (seconds + 30) * 1000ULL, .fresh = true};
	_cleanup_free_ char *query = NULL, *version = rz_http_escape(ask->version);

	if (!version ||
	    asprintf(&query,
		     "&watch=1&allowWatchBookmarks=true&timeoutSeconds=%u&resourceVersion=%s",
		     seconds, version) < 0) {
		query = NULL;
		return -ENOMEM;
	}
	return send_slices(api, ask, query, "Accept: application/json", &http, ret);
}

static const char *cure(const struct rz_kube_api *api, const struct rz_http_answer *a)
{
	switch (a->status) {
	case 401:
		return api->token->path ? "; the token is read again at the next try"
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

void rz_kube_api_fault(const struct rz_kube_api *api, const char *what,
		       const struct rz_http_answer *a, char *dst, size_t size)
{
	char message[240] = "";

	if (a->err && a->err != -EFBIG && !a->status) {
		snprintf(dst, size, "%s: %s: %s%s", what, api->server, a->why, cure(api, a));
		return;
	}
	if (a->err) {
		snprintf(dst, size, "%s: HTTP %d, broken off: %s", what, a->status, a->why);
		return;
	}
	if (!rz_kube_status_message(a->body, a->len, message, sizeof(message)))
		snprintf(message, sizeof(message), "%zu bytes of %.60s, no Status", a->len,
			 *a->type ? a->type : "no type");
	snprintf(dst, size, "%s: HTTP %d: %s%s", what, a->status, message, cure(api, a));
}

void rz_kube_api_bad(char *why, const struct rz_http_answer *a)
{
	size_t used = strlen(why);

	snprintf(why + used, RZ_KUBE_WHY_SIZE - used, " (HTTP %d, %.60s)", a->status,
		 *a->type ? a->type : "no type");
}
