// SPDX-License-Identifier: Apache-2.0
/* How far one target is known to be current, see standing.h. */
#include "source/standing.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/str.h"

#define BACKOFF_NS	   (200 * 1000000ULL)
#define BACKOFF_MAX_NS	   (10 * RZ_SECOND_NS)
/* A server in need asks for seconds. Whoever asks for hours would switch rezone off. */
#define RETRY_AFTER_MAX_NS (60 * RZ_SECOND_NS)

void rz_kube_standing_tell(const struct rz_kube_standing *s)
{
	s->api->changed(s->api->arg);
}

/* Half to one and a half of a delay that doubles with each try, so that a restarted server does not
 * meet all nodes at once. */
uint64_t rz_kube_standing_backoff(struct rz_kube_standing *s)
{
	uint64_t ns = BACKOFF_NS << (s->tries < 8 ? s->tries : 8);
	uint64_t max = s->api->max_age_ns / 6, asked = s->retry_after_ns;

	if (max > BACKOFF_MAX_NS)
		max = BACKOFF_MAX_NS;
	if (ns > max)
		ns = max;
	s->tries++;
	s->retry_after_ns = 0;
	ns = ns / 2 + (uint64_t)((double)ns * rz_kube_api_random() / UINT32_MAX);
	/* on top of it, so that those who were sent away together do not come back together */
	return ns + (asked < RETRY_AFTER_MAX_NS ? asked : RETRY_AFTER_MAX_NS);
}

void rz_kube_standing_note(struct rz_kube_standing *s, const char *fault)
{
	char line[sizeof(s->fault)];
	bool known;

	rz_str_printable(line, sizeof(line), fault, strlen(fault));
	known = !strcmp(s->fault, line);
	memcpy(s->fault, line, sizeof(line));
	if (!known)
		rz_warn("topology: kube %s: %s", s->label, fault);
}

void rz_kube_standing_proved(struct rz_kube_standing *s, uint64_t at_ns)
{
	bool news = s->failed || s->bad || s->fault[0];

	if (s->fault[0])
		rz_info("topology: kube %s: current again", s->label);
	s->proved_ns = at_ns;
	s->prove_at_ns = rz_now_ns() + s->api->max_age_ns / 3;
	s->failed = s->bad = false;
	s->fault[0] = '\0';
	if (news)
		rz_kube_standing_tell(s);
}

/* ---- versions ---- */

/*
 * Versions are opaque by the API's word, but decimal numbers that grow in every API server there
 * is; what is no number is not compared.
 */
static bool number_of(const char *version, uint64_t *ret)
{
	size_t len = strlen(version);

	if (!len || len > 19 || strspn(version, "0123456789") != len)
		return false;
	*ret = strtoull(version, NULL, 10);
	return true;
}

void rz_kube_standing_saw(struct rz_kube_standing *s, const char *version)
{
	uint64_t v;

	if (number_of(version, &v) && v > s->newest)
		s->newest = v;
}

/*
 * An API server that lags behind catches up in seconds. Where it stays so for topology_max_age
 * while its versions grow, the store itself went back: it was restored from a backup, and is the
 * truth.
 */
bool rz_kube_standing_older(struct rz_kube_standing *s, const char *what, const char *version,
			    uint64_t newest, char *fault)
{
	uint64_t v, now = rz_now_ns();

	if (!number_of(version, &v) || v >= newest) {
		s->older_since_ns = 0;
		return false;
	}
	if (!s->older_since_ns) {
		s->older_since_ns = now;
		s->older_first = v;
	}
	if (now > s->older_since_ns + s->api->max_age_ns && v > s->older_first) {
		rz_warn("topology: kube %s: versions went back to %s for good (a restored etcd): "
			"believed from now on",
			s->label, version);
		s->newest = v;
		s->older_since_ns = 0;
		return false;
	}
	snprintf(fault, RZ_KUBE_WHY_SIZE,
		 "%s: its version %s is older than %llu, which was seen before (a server that lags "
		 "behind, or a restored etcd): it proves nothing",
		 what, version, (unsigned long long)newest);
	return true;
}
