// SPDX-License-Identifier: Apache-2.0
/* What stands in for Kubernetes and the cloud in a build with WITH_KUBE=0: it says so. */
#include <errno.h>

#include "base/log.h"
#include "source/cloud.h"
#include "source/kube.h"

int rz_kube_new(const struct rz_kube_conf *c, struct rz_loop *loop, rz_kube_fn changed, void *arg,
		struct rz_kube **ret)
{
	(void)c, (void)loop, (void)changed, (void)arg, (void)ret;
	return rz_err(-ENOTSUP, "kube: this rezone was built without Kubernetes; build it with "
				"WITH_KUBE=1, or leave out the settings that begin with --kube");
}

void rz_kube_free(struct rz_kube *k)
{
	(void)k;
}

const struct rz_topo *rz_kube_topo(const struct rz_kube *k)
{
	(void)k;
	return NULL;
}

const char *rz_kube_own_zone(const struct rz_kube *k)
{
	(void)k;
	return "";
}

const char *rz_kube_label_zone(const struct rz_kube *k)
{
	(void)k;
	return "";
}

size_t rz_kube_rows(const struct rz_kube *k, struct rz_source_row *rows, size_t max)
{
	(void)k, (void)rows, (void)max;
	return 0;
}

void rz_kube_doubt(struct rz_kube *k)
{
	(void)k;
}

int rz_cloud_new(const struct rz_cloud_conf *c, struct rz_loop *loop, rz_cloud_fn learned,
		 void *arg, struct rz_cloud **ret)
{
	(void)loop, (void)learned, (void)arg, (void)ret;
	if (c->which == RZ_CLOUD_AUTO || c->which == RZ_CLOUD_OFF)
		return 0;
	return rz_err(-ENOTSUP,
		      "cloud: this rezone was built without HTTP (WITH_KUBE=0); name this "
		      "node's zone with --zone");
}

void rz_cloud_free(struct rz_cloud *c)
{
	(void)c;
}

const char *rz_cloud_zone(const struct rz_cloud *c)
{
	(void)c;
	return "";
}

const char *rz_cloud_id(const struct rz_cloud *c)
{
	(void)c;
	return "";
}

bool rz_cloud_row(const struct rz_cloud *c, struct rz_source_row *row)
{
	(void)c, (void)row;
	return false;
}
