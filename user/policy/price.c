// SPDX-License-Identifier: Apache-2.0
/* What bytes between zones cost, see price.h. Pure. */
#include "policy/price.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rezone/ipc.h>

#define READ_ON	     "2026-11-26"
#define PRICE_MAX    1000.0 /* US dollars per GB: more is a mistake */
#define N_LIST_PRICE (sizeof(list) / sizeof(list[0]))

static const struct rz_price list[] = {
	{true, "aws", 0.02, 0.02, RZ_PRICE_GB,
	 "https://aws.amazon.com/ec2/pricing/on-demand/#Data_Transfer", READ_ON,
	 "$0.01 per GB out of the sender's zone and $0.01 per GB into the receiver's"},
	{true, "gcp", 0.01, 0.01, RZ_PRICE_GIB, "https://cloud.google.com/vpc/network-pricing",
	 READ_ON, "$0.01 per GiB out of the sender's zone; into a zone nothing"},
	{true, "azure", 0, 0, RZ_PRICE_GB, "https://azure.microsoft.com/pricing/details/bandwidth/",
	 READ_ON, "nothing between the zones of a region"},
};

const struct rz_price *rz_price_list(size_t i)
{
	return i < N_LIST_PRICE ? &list[i] : NULL;
}

static const struct rz_price *find(const char *name)
{
	size_t i;

	for (i = 0; i < N_LIST_PRICE; i++)
		if (!strcmp(list[i].name, name))
			return &list[i];
	return NULL;
}

/* A number as people write a price: digits and a point. Returns what is behind it, or NULL. */
static const char *read_dollars(const char *text, double *ret)
{
	char *end;

	if (!isdigit((unsigned char)*text))
		return NULL;
	*ret = strtod(text, &end);
	return isfinite(*ret) && *ret <= PRICE_MAX ? end : NULL;
}

int rz_price_parse(const char *text, const char *cloud, struct rz_price *ret, char *why,
		   size_t size)
{
	struct rz_price p = {.known = true,
			     .name = "given",
			     .unit_bytes = RZ_PRICE_GB,
			     .source = "setting price",
			     .read_on = "",
			     .what = "given for each direction"};
	const char *rest;

	if (!*text || !strcmp(text, "auto"))
		text = find(cloud) ? cloud : "off";
	if (!strcmp(text, "off")) {
		*ret = (struct rz_price){
			.unit_bytes = RZ_PRICE_GB, .source = "", .read_on = "", .what = ""};
		return 0;
	}
	if (find(text)) {
		*ret = *find(text);
		return 0;
	}
	rest = read_dollars(text, &p.to_agent);
	if (rest && *rest == ',')
		rest = read_dollars(rest + 1, &p.from_agent);
	else
		rest = NULL;
	if (!rest || *rest || strlen(text) >= RZ_PRICE_SIZE) {
		snprintf(
			why, size,
			"\"%.40s\" is no price; give auto, off, aws, gcp, azure, or US dollars per "
			"GB to the agents and from them, such as 0.02,0.02",
			text);
		return -EINVAL;
	}
	*ret = p;
	return 0;
}

double rz_price_of(const struct rz_price *p, double rx_bytes, double tx_bytes)
{
	return p->known ? (rx_bytes * p->to_agent + tx_bytes * p->from_agent) / p->unit_bytes : 0;
}

double rz_price_month(double amount, uint64_t covered_ns)
{
	return covered_ns ? amount * ((double)RZ_MONTH_NS / (double)covered_ns) : 0;
}
