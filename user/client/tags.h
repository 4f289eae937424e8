/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The AZ tags in a client.id. Pure: no I/O, no allocation.
 *
 * Comes in: the bytes of a client.id. Goes out: zone, opt-in and the other known keys. Called by
 * kern/clients.c, which writes the result to map `clients`; and by tests.
 */
#ifndef RZ_CLIENT_TAGS_H
#define RZ_CLIENT_TAGS_H

#include <stdbool.h>
#include <stddef.h>

#include <rezone/types.h>

/* Keys of the operator's own, beside the built-in dialects. NULL and "" are none. */
struct rz_tags_custom {
	const char *zone_keys;	 /* comma-separated */
	const char *opt_in_keys; /* likewise; the value must be "true" */
	const char *separators;	 /* each of these characters ends an element */
	bool url_decode;	 /* %XX and + in keys and values */
};

/*
 * Reads the tags by the grammars of docs/dialects.md:
 *
 *	warpstream  key=value between ',' (WarpStream docs, "Configure Clients to Eliminate AZ
 *		    Networking Costs"): warpstream_az, ws_az; warpstream_interzone_lb (opt-in,
 *		    "true"); warpstream_session_id; warpstream_proxy_target, ws_proxy_target, ws_pt;
 *		    warpstream_agent_group, ws_ag;
 *		    warpstream_partition_assignment_strategy, ws_pas
 *	automq	    key=value between '&', URL-decoded (AutoMQ source, ClientIdMetadata): automq_az
 *	inkless	    key=value between ',', ' ' and '|', the value ends at '=' too (Inkless source):
 *		    diskless_az, inkless_az
 *	bufstream   key=value between ',' or ';', whichever comes first (Bufstream docs): zone
 *	custom	    as configured; `custom` may be NULL
 *
 * Keys match exactly, the first of two values of one tag wins, an element without '=' is no tag.
 * Where an id has tags of several dialects, each field is filled by the first in the order custom,
 * warpstream, automq, inkless, bufstream, and `dialect` is the one the zone is from.
 *
 * What frameworks add is passed over: a value ends at '|' (MirrorMaker 2 appends "|src->dst"...),
 * opt-in may be followed by '-' and more (Kafka Streams and Connect append), and the first element
 * may begin with a text and '-' (Connect puts its group there). What is appended to a zone that
 * ends the id (`zone_last`) is for rz_topo_resolve(), which knows the zones.
 *
 * `len` is the length on the wire (-1: null), `id` holds min(len, RZ_CLIENT_ID_KEPT) bytes of any
 * value. A tag that runs into the cut end of a truncated id does not count: it may be only a part.
 * A value that is too long or, for zones, not of [A-Za-z0-9._-], leaves its field empty.
 * Fills *ret wholly; text in it is safe to print.
 */
void rz_tags_read(const __u8 *id, int len, const struct rz_tags_custom *custom,
		  struct rz_client *ret);

/* What was passed over, or chosen, on the way: an agent may read the id otherwise there
 * (client/misread.h). */
enum rz_tags_note {
	RZ_TAGS_PREFIX = 1 << 0,   /* a text and '-' before the first key */
	RZ_TAGS_BAR = 1 << 1,	   /* the zone's value ended at a '|' */
	RZ_TAGS_TWICE = 1 << 2,	   /* the zone stands there twice, in one dialect */
	RZ_TAGS_DIALECTS = 1 << 3, /* ... in two dialects */
	RZ_TAGS_APPENDED = 1 << 4, /* "true-..." is an opt-in */
};

/* The same; returns these notes. */
unsigned rz_tags_read_noted(const __u8 *id, int len, const struct rz_tags_custom *custom,
			    struct rz_client *ret);

#endif
