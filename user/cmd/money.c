// SPDX-License-Identifier: Apache-2.0
/* What a GB between zones costs here, see money.h. */
#include "cmd/money.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/str.h"

#define CLOUD "cloud " /* how the name of that source begins (source/cloud.c) */

/* The cloud that the node's firmware names; "" if none does, or the daemon was not to ask. */
static int read_cloud(const struct rz_maps *m, char *dst, size_t size)
{
	struct rz_source_val *rows = NULL;
	size_t i, n = 0;
	int err = rz_maps_read_sources(m, &rows, &n);

	*dst = '\0';
	for (i = 0; !err && i < n; i++)
		if (!strncmp(rows[i].name, CLOUD, strlen(CLOUD)))
			rz_str_copy(dst, size, rows[i].name + strlen(CLOUD));
	free(rows);
	return err;
}

int rz_money_price(const struct rz_maps *m, const struct rz_settings *s, const char *given,
		   struct rz_price *ret)
{
	char cloud[RZ_SOURCE_NAME], why[256] = "";
	int err = read_cloud(m, cloud, sizeof(cloud));

	if (err)
		return rz_err(err, "maps: cannot read the sources of the topology: %s",
			      strerror(-err));
	err = rz_price_parse(given ?: s->price, cloud, ret, why, sizeof(why));
	return err ? rz_err(err, "price: %s", why) : 0;
}
