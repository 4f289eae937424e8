// SPDX-License-Identifier: Apache-2.0
/* The list of a target's slices, page by page; see list.h. */
#include "source/list.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"

#define PAGE_SLICES 50

/* An answer other than 200: too old a continue token means from the start. */
static void refused(struct rz_kube_list *l, const struct rz_http_answer *a)
{
	char fault[RZ_KUBE_WHY_SIZE];

	if (a->err == -EFBIG && l->page_slices > 1) {
		l->page_slices /= 2;
		l->ended(l->arg, RZ_KUBE_LIST_AGAIN, "");
		return;
	}
	rz_kube_api_fault(l->api, "list", a, fault, sizeof(fault));
	l->standing->retry_after_ns = a->retry_after_ns;
	l->ended(l->arg, RZ_KUBE_LIST_FAILED, fault);
}

static void ask_page(struct rz_kube_list *l, const char *next);

static void on_page(void *arg, const struct rz_http_answer *a)
{
	_cleanup_free_ char *next = NULL;
	struct rz_kube_list *l = arg;
	struct rz_kube_page *p = NULL;
	char why[RZ_KUBE_WHY_SIZE] = "";
	int err;

	l->req = NULL;
	if (a->err || a->status != 200) {
		refused(l, a);
		return;
	}
	err = rz_kube_page_parse(a->body, a->len, &l->api->form, &p, why);
	if (err == -EINVAL) {
		rz_kube_api_bad(why, a);
		l->ended(l->arg, RZ_KUBE_LIST_BAD, why);
		return;
	}
	if (!err && !l->version[0])
		memcpy(l->version, p->version, sizeof(l->version));
	if (!err)
		err = rz_kube_store_take(l->fresh, p);
	if (!err)
		next = RZ_TAKE_PTR(p->next);
	rz_kube_page_free(p);
	if (err)
		l->ended(l->arg, RZ_KUBE_LIST_FAILED, "list: out of memory");
	else if (next)
		ask_page(l, next);
	else
		l->ended(l->arg, RZ_KUBE_LIST_DONE, "");
}

static void ask_page(struct rz_kube_list *l, const char *next)
{
	char why[RZ_KUBE_WHY_SIZE] = "";
	struct rz_kube_ask ask = {.slices = l->slices,
				  .next = next,
				  .limit = l->page_slices,
				  .on_done = on_page,
				  .arg = l,
				  .why = why};

	if (rz_kube_api_list(l->api, &ask, &l->req))
		l->ended(l->arg, RZ_KUBE_LIST_FAILED, why);
}

void rz_kube_list_begin(struct rz_kube_list *l)
{
	rz_kube_store_clear(l->fresh);
	l->version[0] = '\0';
	l->began_ns = rz_now_ns();
	ask_page(l, NULL);
}

void rz_kube_list_stop(struct rz_kube_list *l)
{
	rz_http_cancel(RZ_TAKE_PTR(l->req));
}

int rz_kube_list_init(struct rz_kube_list *l)
{
	l->page_slices = PAGE_SLICES;
	return rz_kube_store_new(&l->fresh);
}

void rz_kube_list_clear(struct rz_kube_list *l)
{
	rz_kube_list_stop(l);
	rz_kube_store_free(l->fresh);
}
