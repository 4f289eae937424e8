// SPDX-License-Identifier: Apache-2.0
/* Slices by name, see store.h. Pure. What they add up to is build.c's. */
#include "source/store_rows.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

int rz_kube_store_new(struct rz_kube_store **ret)
{
	struct rz_kube_store *s = calloc(1, sizeof(*s));

	if (!s)
		return -ENOMEM;
	*ret = s;
	return 0;
}

static void drop(struct rz_kube_store *s, struct rz_kube_entry *e)
{
	s->n_endpoints -= e->slice->n;
	HASH_DEL(s->by_name, e);
	rz_kube_slice_free(e->slice);
	free(e);
}

void rz_kube_store_clear(struct rz_kube_store *s)
{
	struct rz_kube_entry *e, *next;

	HASH_ITER (hh, s->by_name, e, next) {
		drop(s, e);
	}
}

void rz_kube_store_free(struct rz_kube_store *s)
{
	if (!s)
		return;
	rz_kube_store_clear(s);
	free(s);
}

int rz_kube_store_set(struct rz_kube_store *s, struct rz_kube_slice *slice)
{
	struct rz_kube_entry *e;

	HASH_FIND_STR(s->by_name, slice->name, e);
	if (e) {
		HASH_DEL(s->by_name, e); /* the key lies in the slice */
		s->n_endpoints -= e->slice->n;
		rz_kube_slice_free(e->slice);
	} else {
		e = calloc(1, sizeof(*e));
	}
	if (!e) {
		rz_kube_slice_free(slice);
		return -ENOMEM;
	}
	e->slice = slice;
	HASH_ADD_KEYPTR(hh, s->by_name, slice->name, strlen(slice->name), e);
	if (!e->hh.tbl) {
		rz_kube_slice_free(slice);
		free(e);
		return -ENOMEM;
	}
	s->n_endpoints += slice->n;
	return 0;
}

int rz_kube_store_take(struct rz_kube_store *s, struct rz_kube_page *p)
{
	size_t i;
	int err = 0;

	for (i = 0; i < p->n && !err; i++)
		err = rz_kube_store_set(s, RZ_TAKE_PTR(p->slices[i]));
	return err;
}

void rz_kube_store_delete(struct rz_kube_store *s, const char *name)
{
	struct rz_kube_entry *e;

	HASH_FIND_STR(s->by_name, name, e);
	if (e)
		drop(s, e);
}

void rz_kube_store_replace(struct rz_kube_store *s, struct rz_kube_store *from)
{
	rz_kube_store_clear(s);
	*s = *from;
	memset(from, 0, sizeof(*from));
}

size_t rz_kube_store_slices(const struct rz_kube_store *s)
{
	return HASH_COUNT(s->by_name);
}

size_t rz_kube_store_endpoints(const struct rz_kube_store *s)
{
	return s->n_endpoints;
}

bool rz_kube_store_equals(const struct rz_kube_store *s, const struct rz_kube_store *names)
{
	struct rz_kube_entry *e, *next, *have;

	if (HASH_COUNT(s->by_name) != HASH_COUNT(names->by_name))
		return false;
	HASH_ITER (hh, names->by_name, e, next) {
		HASH_FIND_STR(s->by_name, e->slice->name, have);
		if (!have || strcmp(have->slice->uid, e->slice->uid) ||
		    strcmp(have->slice->version, e->slice->version))
			return false;
	}
	return true;
}
