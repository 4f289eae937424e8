// SPDX-License-Identifier: Apache-2.0
/* This node's zone from the cloud, see cloud.h. */
#include "source/cloud.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <jansson.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/str.h"
#include "source/http.h"
#include "topo/zone.h"

#define CONNECT_MS   1000
#define TOTAL_MS     2000
#define ANSWER_MAX   65536
#define AGAIN_NS     (5 * RZ_SECOND_NS)
#define AGAIN_MAX_NS (300 * RZ_SECOND_NS)

/* One request after the other; each takes its answer, 0 or -EINVAL with a line in why. */
struct step {
	const char *method, *path;
	const char *header; /* NULL: the token of the step before */
	int (*take)(struct rz_cloud *c, const char *text, char *why, size_t size);
	bool optional; /* its answer may be missing */
};

struct rz_cloud {
	const struct cloud *kind;
	char *url;
	struct rz_http *http;
	struct rz_http_req *req;
	size_t step;
	int timer;
	uint64_t again_ns, learned_ns;
	char token[1024]; /* a whole header */
	char zone[RZ_ZONE_SIZE], id[RZ_ZONE_SIZE];
	char fault[RZ_SOURCE_NOTE];
	rz_cloud_fn learned;
	void *arg;
};

static int take_name(const char *text, char dst[RZ_ZONE_SIZE], char *why, size_t size)
{
	if (!rz_zone_valid(text, strlen(text))) {
		snprintf(why, size, "\"%.60s\" is no zone name", text);
		return -EINVAL;
	}
	rz_str_copy(dst, RZ_ZONE_SIZE, text);
	return 0;
}

static int take_token(struct rz_cloud *c, const char *text, char *why, size_t size)
{
	size_t i;

	for (i = 0; text[i] > ' ' && text[i] < 0x7f; i++)
		;
	if (!i || text[i] || i > 900) {
		snprintf(why, size, "the token is none");
		return -EINVAL;
	}
	snprintf(c->token, sizeof(c->token), "X-aws-ec2-metadata-token: %s", text);
	return 0;
}

static int take_zone(struct rz_cloud *c, const char *text, char *why, size_t size)
{
	return take_name(text, c->zone, why, size);
}

static int take_id(struct rz_cloud *c, const char *text, char *why, size_t size)
{
	return take_name(text, c->id, why, size);
}

/* projects/123456789/zones/us-central1-a */
static int take_last(struct rz_cloud *c, const char *text, char *why, size_t size)
{
	const char *slash = strrchr(text, '/');

	return take_name(slash ? slash + 1 : text, c->zone, why, size);
}

/* {"location": "westeurope", "zone": "2", ...}; a machine outside zones has an empty one */
static int take_azure(struct rz_cloud *c, const char *text, char *why, size_t size)
{
	json_t *root = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
	const char *location = json_string_value(json_object_get(root, "location"));
	const char *zone = json_string_value(json_object_get(root, "zone"));
	char name[300];
	int err = -EINVAL;

	if (!location || !*location || !zone) {
		snprintf(why, size, "no location and zone in it");
	} else if (!*zone) {
		snprintf(why, size, "this machine is in no zone of %.60s", location);
	} else {
		snprintf(name, sizeof(name), "%.128s-%.32s", location, zone);
		err = take_name(name, c->zone, why, size);
	}
	json_decref(root);
	return err;
}

static const struct cloud {
	enum rz_cloud_which which;
	const char *name, *url;
	struct step steps[4];
	const char *cure;
} clouds[] = {
	{RZ_CLOUD_AWS,
	 "aws",
	 "http://169.254.169.254",
	 {{"PUT", "/latest/api/token", "X-aws-ec2-metadata-token-ttl-seconds: 300", take_token,
	   false},
	  {NULL, "/latest/meta-data/placement/availability-zone", NULL, take_zone, false},
	  {NULL, "/latest/meta-data/placement/availability-zone-id", NULL, take_id, true}},
	 "in a container the instance's http-put-response-hop-limit must be 2 or more; or name the "
	 "zone "
	 "with --zone"},
	{RZ_CLOUD_GCP,
	 "gcp",
	 "http://169.254.169.254",
	 {{NULL, "/computeMetadata/v1/instance/zone", "Metadata-Flavor: Google", take_last, false}},
	 "name the zone with --zone"},
	{RZ_CLOUD_AZURE,
	 "azure",
	 "http://169.254.169.254",
	 {{NULL, "/metadata/instance/compute?api-version=2021-02-01&format=json", "Metadata: true",
	   take_azure, false}},
	 "name the zone with --zone"},
};

static void ask(struct rz_cloud *c);

static void again(struct rz_cloud *c, const char *what)
{
	char fault[RZ_SOURCE_NOTE];

	snprintf(fault, sizeof(fault), "%.100s; %s", what, c->kind->cure);
	if (strcmp(fault, c->fault))
		rz_warn("topology: cloud %s: %s", c->kind->name, fault);
	rz_str_copy(c->fault, sizeof(c->fault), fault);
	c->step = 0;
	rz_loop_arm(c->timer, c->again_ns);
	c->again_ns = c->again_ns * 2 < AGAIN_MAX_NS ? c->again_ns * 2 : AGAIN_MAX_NS;
}

static void done(struct rz_cloud *c)
{
	c->fault[0] = '\0';
	c->learned_ns = rz_now_ns();
	rz_info("topology: cloud %s: this node is in zone %s%s%s", c->kind->name, c->zone,
		c->id[0] ? ", which is " : "", c->id);
	c->learned(c->arg);
}

static void on_answer(void *arg, const struct rz_http_answer *a)
{
	struct rz_cloud *c = arg;
	const struct step *s = &c->kind->steps[c->step];
	char text[ANSWER_MAX + 1], why[128] = "";
	size_t len = a->len < ANSWER_MAX ? a->len : ANSWER_MAX;
	int err = 0;

	c->req = NULL;
	memcpy(text, a->body, len);
	while (len && (text[len - 1] == '\n' || text[len - 1] == '\r'))
		len--;
	text[len] = '\0';
	if (a->err)
		snprintf(why, sizeof(why), "%.40s: %.60s", s->path, a->why);
	else if (a->status != 200)
		snprintf(why, sizeof(why), "%.60s: HTTP %d", s->path, a->status);
	else
		err = s->take(c, text, why, sizeof(why));
	if ((a->err || a->status != 200 || err) && !s->optional) {
		again(c, why);
		return;
	}
	c->step++;
	if (c->kind->steps[c->step].path)
		ask(c);
	else
		done(c);
}

static void ask(struct rz_cloud *c)
{
	const struct step *s = &c->kind->steps[c->step];
	const char *headers[] = {s->header ? s->header : c->token, NULL};
	_cleanup_free_ char *url = NULL;
	struct rz_http_ask a = {.method = s->method,
				.headers = headers,
				.connect_ms = CONNECT_MS,
				.total_ms = TOTAL_MS,
				.max_bytes = ANSWER_MAX,
				.direct = true,
				.on_done = on_answer,
				.arg = c};

	if (asprintf(&url, "%s%s", c->url, s->path) < 0) {
		url = NULL;
		return;
	}
	a.url = url;
	if (rz_http_start(c->http, &a, &c->req))
		again(c, "cannot ask");
}

static int on_timer(void *arg)
{
	struct rz_cloud *c = arg;

	if (!c->req && !c->learned_ns)
		ask(c);
	return 0;
}

static const struct cloud *find(enum rz_cloud_which which)
{
	size_t i;

	for (i = 0; i < sizeof(clouds) / sizeof(clouds[0]); i++)
		if (which == clouds[i].which)
			return &clouds[i];
	return NULL;
}

int rz_cloud_new(const struct rz_cloud_conf *conf, struct rz_loop *loop, rz_cloud_fn learned,
		 void *arg, struct rz_cloud **ret)
{
	const struct cloud *kind = find(conf->which);
	struct rz_cloud *c;
	int err;

	if (!kind)
		return 0;
	c = calloc(1, sizeof(*c));
	if (!c)
		return -ENOMEM;
	c->kind = kind;
	c->learned = learned;
	c->arg = arg;
	c->again_ns = AGAIN_NS;
	c->url = strdup(conf->url ? conf->url : kind->url);
	err = c->url ? rz_http_new(loop, &c->http) : -ENOMEM;
	if (!err)
		err = c->timer = rz_loop_add_timer(loop, on_timer, c);
	if (err >= 0)
		err = rz_loop_arm(c->timer, 0);
	if (err < 0) {
		rz_cloud_free(c);
		return err;
	}
	*ret = c;
	return 0;
}

void rz_cloud_free(struct rz_cloud *c)
{
	if (!c)
		return;
	rz_http_cancel(c->req);
	rz_http_free(c->http);
	free(c->url);
	free(c);
}

const char *rz_cloud_zone(const struct rz_cloud *c)
{
	return c && c->learned_ns ? c->zone : "";
}

const char *rz_cloud_id(const struct rz_cloud *c)
{
	return c && c->learned_ns ? c->id : "";
}

bool rz_cloud_row(const struct rz_cloud *c, struct rz_source_row *row)
{
	if (!c)
		return false;
	memset(row, 0, sizeof(*row));
	snprintf(row->v.name, sizeof(row->v.name), "cloud %s", c->kind->name);
	row->v.proved_ns = c->learned_ns;
	rz_str_copy(row->v.note, sizeof(row->v.note), c->fault);
	return true;
}
