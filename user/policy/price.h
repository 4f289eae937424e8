/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What bytes between zones cost. Pure.
 *
 * Comes in: a setting's words, bytes. Goes out: US dollars, or that nobody knows. Called by
 * `rezone cost` and `rezone plan`.
 *
 * A price has a direction, for clouds charge the sender, the receiver or both: to the agent (rx)
 * and from it (tx). Both ends are taken to be on one bill. Same-zone bytes cost nothing; of bytes
 * whose zones are not known nobody knows the price.
 */
#ifndef RZ_POLICY_PRICE_H
#define RZ_POLICY_PRICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RZ_PRICE_GB  1e9
#define RZ_PRICE_GIB 1073741824.0
#define RZ_MONTH_NS  (730ULL * 3600 * 1000000000) /* 365 days / 12, as clouds bill */

struct rz_price {
	bool known;
	char name[16];		     /* "aws", "gcp", "azure", "given"; "" if not known */
	double to_agent, from_agent; /* US dollars for each unit */
	double unit_bytes;	     /* RZ_PRICE_GB or RZ_PRICE_GIB */
	const char *source;	     /* where it stands; of a given one, who gave it */
	const char *read_on;	     /* when that was read, "" of a given one */
	const char *what;	     /* how it comes about */
};

/*
 * "aws", "gcp", "azure": that list price; "TO,FROM", such as "0.02,0.02": US dollars per GB (10^9
 * bytes) to the agent and from it; "auto" or "": the list price of `cloud`, which is where the
 * node's own zone was read ("aws", ...), and not known if it was not read from a cloud; "off": not
 * known. 0, or -EINVAL with `why`.
 */
int rz_price_parse(const char *text, const char *cloud, struct rz_price *ret, char *why,
		   size_t size);

/* The known clouds' prices, for docs and help; NULL behind the last. */
const struct rz_price *rz_price_list(size_t i);

/* Bytes that crossed zones, in US dollars. 0 if the price is not known: ask `known`. */
double rz_price_of(const struct rz_price *p, double rx_bytes, double tx_bytes);

/* What goes on for a month as it did for `covered_ns`; 0 if that is 0. */
double rz_price_month(double amount, uint64_t covered_ns);

#endif
