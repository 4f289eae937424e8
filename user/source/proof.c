// SPDX-License-Identifier: Apache-2.0
/* The proof beside a watch, see proof.h. */
#include "source/proof.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"

#define PAGE_NAMES 500

void rz_kube_proof_later(struct rz_kube_proof *p, uint64_t ns)
{
	p->standing->prove_at_ns = rz_now_ns() + ns;
}

static void failed(struct rz_kube_proof *p, const char *fault)
{
	if (fault)
		rz_kube_standing_note(p->standing, fault);
	rz_kube_proof_later(p, rz_kube_standing_backoff(p->standing));
}

static void ask_page(struct rz_kube_proof *p, const char *next);

static void on_page(void *arg, const struct rz_http_answer *a)
{
	_cleanup_free_ char *next = NULL;
	struct rz_kube_proof *p = arg;
	struct rz_kube_page *page = NULL;
	char why[RZ_KUBE_WHY_SIZE] = "", fault[RZ_KUBE_WHY_SIZE];
	int err;

	p->req = NULL;
	p->slices->fresh_connection = a->err;
	if (a->err || a->status != 200) {
		rz_kube_api_fault(p->api, "proof", a, fault, sizeof(fault));
		p->standing->retry_after_ns = a->retry_after_ns;
		failed(p, fault);
		return;
	}
	err = rz_kube_versions_parse(a->body, a->len, &page, why);
	if (!err && !p->version[0])
		memcpy(p->version, page->version, sizeof(p->version));
	if (!err)
		err = rz_kube_store_take(p->names, page);
	if (!err)
		next = RZ_TAKE_PTR(page->next);
	rz_kube_page_free(page);
	snprintf(fault, sizeof(fault), "proof: %.400s", why);
	if (err)
		failed(p, err == -EINVAL ? fault : NULL);
	else if (next)
		ask_page(p, next);
	else
		p->ended(p->arg);
}

static void ask_page(struct rz_kube_proof *p, const char *next)
{
	char why[RZ_KUBE_WHY_SIZE] = "";
	struct rz_kube_ask ask = {.slices = p->slices,
				  .next = next,
				  .limit = PAGE_NAMES,
				  .on_done = on_page,
				  .arg = p,
				  .why = why};

	if (rz_kube_api_names(p->api, &ask, &p->req))
		failed(p, why);
}

void rz_kube_proof_begin(struct rz_kube_proof *p)
{
	rz_kube_store_clear(p->names);
	p->version[0] = '\0';
	p->newest = p->standing->newest;
	p->began_ns = rz_now_ns();
	ask_page(p, NULL);
}

void rz_kube_proof_stop(struct rz_kube_proof *p)
{
	rz_http_cancel(RZ_TAKE_PTR(p->req));
}

int rz_kube_proof_init(struct rz_kube_proof *p)
{
	return rz_kube_store_new(&p->names);
}

void rz_kube_proof_clear(struct rz_kube_proof *p)
{
	rz_kube_proof_stop(p);
	rz_kube_store_free(p->names);
}
