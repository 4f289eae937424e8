// SPDX-License-Identifier: Apache-2.0
/* What a connection's siblings carry, noted as connections come by, see snapshot.h. */
#include "kern/snapshot.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Of alike connections no more are asked for: members' prints are looked at one by one
 * (policy/known.c), of writers whether there is another one. */
#define MEMBERS_KEPT 16
#define WRITERS_KEPT 2

static int by_member(const void *a, const void *b)
{
	return memcmp(a, b, offsetof(struct rz_member, cookie));
}

/* The room doubles whenever it is full: at each power of two. */
static int add(struct rz_member **list, size_t *n, struct rz_member m)
{
	struct rz_member *grown = *list;

	if (!(*n & (*n - 1))) {
		grown = realloc(*list, 2 * (*n + 1) * sizeof(*grown));
		if (!grown)
			return -ENOMEM;
		*list = grown;
	}
	grown[(*n)++] = m;
	return 0;
}

static int add_member(struct rz_snapshot *s, const struct rz_conn *c)
{
	return add(&s->members, &s->n_members, rz_member_of(c));
}

static int add_proxied(struct rz_snapshot *s, const struct rz_conn *c)
{
	struct rz_member m = rz_member_of(c);

	m.client = RZ_MEMBER_PROXY;
	return add(&s->members, &s->n_members, m);
}

int rz_snapshot_note_member(struct rz_snapshot *s, struct rz_alike *a, const struct rz_conn *c)
{
	int err = 0;

	if (c->frame.coordinator && a->members < MEMBERS_KEPT) {
		a->members++;
		err = add_member(s, c);
	}
	if (!err && c->frame.via == RZ_VIA_PROXY && !a->proxied) {
		a->proxied = 1;
		err = add_proxied(s, c);
	}
	if (!err && c->frame.produce && a->writers < WRITERS_KEPT) {
		a->writers++;
		err = add(&s->writers, &s->n_writers, rz_member_of(c));
	}
	return err;
}

int rz_snapshot_note_peers(struct rz_snapshot *s)
{
	size_t i;
	int err = 0;

	for (i = 0; i < s->n_peers && !err; i++) {
		struct rz_member m = {.client = RZ_MEMBER_PROXY};

		memcpy(m.addr, s->peers[i], sizeof(m.addr));
		err = add(&s->members, &s->n_members, m);
	}
	if (s->n_members)
		qsort(s->members, s->n_members, sizeof(*s->members), by_member);
	if (s->n_writers)
		qsort(s->writers, s->n_writers, sizeof(*s->writers), by_member);
	return err;
}

int rz_snapshot_find_members(struct rz_snapshot *s)
{
	size_t i;
	int err = 0;

	for (i = 0; i < s->n_conns && !err; i++) {
		struct rz_alike any = {};

		err = rz_snapshot_note_member(s, &any, &s->conns[i]);
	}
	return err ? err : rz_snapshot_note_peers(s);
}
