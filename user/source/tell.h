/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The network process's side of its talk with the daemon.
 *
 * Comes in: Kubernetes and the cloud as sources, the daemon's descriptors. Goes out: a report
 * (report/report.h) whenever one of them has news, and each second, for silence means that this
 * process hangs; log lines. Called by user/source.c.
 */
#ifndef RZ_SOURCE_TELL_H
#define RZ_SOURCE_TELL_H

#include "base/loop.h"
#include "source/cloud.h"
#include "source/kube.h"

struct rz_tell_conf {
	int fd; /* a SOCK_SEQPACKET to the daemon */
	bool has_kube;
	struct rz_kube_conf kube;	  /* token and ca are filled by rz_tell_new() */
	const char *token_file, *ca_file; /* for people; NULL: there is none */
	struct rz_cloud_conf cloud;
};

struct rz_tell;

/* 0 or -errno, logged. */
int rz_tell_new(const struct rz_tell_conf *c, struct rz_loop *loop, struct rz_tell **ret);
void rz_tell_free(struct rz_tell *t); /* takes NULL */

#endif
