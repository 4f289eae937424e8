// SPDX-License-Identifier: Apache-2.0
/* What readers without a name are, naively, see model.h: docs/clients.md, "Fingerprints". Three
 * libraries' prints are made here, at agents with Fetch up to v11. */
#include "model.h"

/* Two of its requests, both alike, with this library's defaults. */
static bool fetches(const struct rz_print *p, int wait_ms, int max_bytes, int isolation,
		    int session)
{
	return p->fetches > 1 && !p->waits_differ && p->fetch_max_wait_ms == wait_ms &&
	       p->fetch_max_bytes == max_bytes && p->isolation == isolation &&
	       p->session == session;
}

/* Nobody else commits so. */
static bool commits_like_kafkajs(const struct run *r, const struct rz_conn *c)
{
	size_t i;

	if (c->frame.data_version < 11 || twist == TWIST_KAFKAJS_GROUP)
		return false;
	for (i = 0; i < r->n_conns; i++)
		if (r->conns[i].frame.coordinator && r->conns[i].frame.client == c->frame.client &&
		    !memcmp(r->conns[i].tuple.client_addr, c->tuple.client_addr, 16) &&
		    r->prints[i].print.versions[RZ_PRINT_OF_OFFSET_COMMIT] == 6)
			return true;
	return false;
}

enum reads reader_is(const struct run *r, const struct rz_conn *c)
{
	const struct rz_print *p = &r->prints[c - r->conns].print;
	const struct rz_frame *f = &c->frame;

	if (f->software || f->tentative || f->several || f->produce ||
	    p->versions[RZ_PRINT_OF_PRODUCE])
		return READS_UNKNOWN;
	if (fetches(p, 5000, 10485760, 1, 0) || commits_like_kafkajs(r, c))
		return READS_KAFKAJS;
	/* these say their names, where they can */
	if (!f->adopted || twist == TWIST_READER)
		return READS_UNKNOWN;
	if (fetches(p, 500, 52428800, 1, 0))
		return READS_RDKAFKA;
	return fetches(p, 500, 52428800, 0, 1) ? READS_JAVA : READS_UNKNOWN;
}
