/* SPDX-License-Identifier: Apache-2.0 */
/*
 * EndpointSlices (discovery.k8s.io/v1) as the API server writes them, read from JSON. Pure.
 *
 * Comes in: the bytes of one list page, of one line of a watch, of a list of metadata alone, or of
 * an error. Goes out: what rezone needs of it, or one line that says what is wrong and where.
 * What has not the API's types is no API server's answer: it is refused whole. What an API server
 * does let through, but is of no use here (a port without a number, a zone that is no zone's name),
 * is left out, counted and named. Unknown fields are passed over, as the API's rules for clients
 * ask. Called by list.c, watch.c, proof.c, kube.c and, on noise, by tests/fuzz/fuzz_kube.c.
 */
#ifndef RZ_SOURCE_SLICE_H
#define RZ_SOURCE_SLICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <rezone/types.h>

#include "base/str.h"
#include "source/spec.h"

#define RZ_KUBE_NAME_SIZE     254  /* a DNS subdomain, 253 bytes at most */
#define RZ_KUBE_UID_SIZE      64   /* as a rule a UUID */
#define RZ_KUBE_VERSION_SIZE  64   /* opaque; today a decimal number */
#define RZ_KUBE_ENDPOINTS     1000 /* of one slice, the API's own limit */
#define RZ_KUBE_ADDRESSES     100  /* of one endpoint, likewise */
#define RZ_KUBE_WHY_SIZE      512
#define RZ_KUBE_LEFT_OUT_SIZE 192

/* What the reader is after. */
struct rz_kube_form {
	const char *port_name; /* slices without a TCP port of this name serve no Kafka */
	const char *node_name; /* this node's; "" if not known */
};

/* One address of one endpoint. */
struct rz_kube_endpoint {
	__u8 addr[16];
	char uid[RZ_KUBE_UID_SIZE];   /* targetRef.uid: one pod, however many slices name it; "" */
	char first[RZ_ENDPOINT_TEXT]; /* the endpoint's first address and port: who it is without a
					 uid */
	uint16_t number;	      /* of the endpoint in its slice */
	char zone[RZ_ZONE_SIZE];      /* "" if the API server knows none */
	bool serves;		      /* serving && !terminating */
	bool local;		      /* on this node */
	bool elsewhere;		      /* on another one; neither, if it or ours has no name */
};

struct rz_kube_slice {
	char name[RZ_KUBE_NAME_SIZE]; /* unique in its namespace */
	char uid[RZ_KUBE_UID_SIZE];
	char version[RZ_KUBE_VERSION_SIZE];
	uint16_t port; /* the Kafka port; 0: the slice has none, and its endpoints are not kept */
	struct rz_kube_endpoint *endpoints;
	size_t n;
	uint32_t left_out;			  /* endpoints, or the slice itself */
	char left_out_why[RZ_KUBE_LEFT_OUT_SIZE]; /* the first one, fit to be printed; "" */
};

void rz_kube_slice_free(struct rz_kube_slice *s); /* takes NULL */

/* One page of a list. */
struct rz_kube_page {
	char version[RZ_KUBE_VERSION_SIZE]; /* the list's: where a watch begins */
	char *next;			    /* the continue token, NULL: the last page */
	struct rz_kube_slice **slices;
	size_t n;
};

/* 0, -EINVAL with one line in why (RZ_KUBE_WHY_SIZE), or -ENOMEM. Nothing is written on failure. */
int rz_kube_page_parse(const char *text, size_t len, const struct rz_kube_form *form,
		       struct rz_kube_page **ret, char *why);
void rz_kube_page_free(struct rz_kube_page *p); /* takes NULL */

/* A page of names and versions: a list asked for as PartialObjectMetadataList. */
int rz_kube_versions_parse(const char *text, size_t len, struct rz_kube_page **ret, char *why);

enum rz_kube_event_type {
	RZ_KUBE_SET, /* ADDED, MODIFIED */
	RZ_KUBE_DELETED,
	RZ_KUBE_BOOKMARK, /* nothing but a newer version */
	RZ_KUBE_ERROR,	  /* the watch is over; code says why, 410: too old */
};

struct rz_kube_event {
	enum rz_kube_event_type type;
	char version[RZ_KUBE_VERSION_SIZE];
	struct rz_kube_slice *slice; /* SET whole, DELETED: name alone */
	int code;		     /* of ERROR */
	char message[200];
};

/* One line of a watch; returns as rz_kube_page_parse. */
int rz_kube_event_parse(const char *line, size_t len, const struct rz_kube_form *form,
			struct rz_kube_event *ret, char *why);
void rz_kube_event_clear(struct rz_kube_event *e);

/* The message of a Status object in an error's body; false if it has none (HTML, nothing). */
bool rz_kube_status_message(const char *text, size_t len, char *dst, size_t size);

/* A node's label, from its object. 0, -ENOENT if it has no such label, -EINVAL with a line. */
int rz_kube_node_label(const char *text, size_t len, const char *label, char zone[RZ_ZONE_SIZE],
		       char *why);

#endif
