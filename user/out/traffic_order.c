// SPDX-License-Identifier: Apache-2.0
/* Traffic in an order, and in groups, see traffic_order.h. */
#include "out/traffic_order.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "base/str.h"
#include "out/table.h"
#include "policy/reason.h"

const char *const rz_traffic_sort_words[] = {"bytes", "rx", "tx", "open", "closed", "name", NULL};
_Static_assert(sizeof(rz_traffic_sort_words) / sizeof(char *) == RZ_TRAFFIC_SORT_COUNT + 1,
	       "a word for each order");
const char *const rz_traffic_group_words[] = {"client-id",  "zones",	"client-zone",
					      "agent-zone", "locality", NULL};
_Static_assert(sizeof(rz_traffic_group_words) / sizeof(char *) == RZ_TRAFFIC_GROUP_COUNT + 1,
	       "a word for each group");

static const char *id_of(const struct rz_snapshot *snap, uint64_t client)
{
	const struct rz_client *c = client ? rz_snapshot_client(snap, client) : NULL;

	return c && !c->is_null ? c->id : "";
}

/* ---- order ---- */

struct order {
	const struct rz_snapshot *snap;
	enum rz_traffic_sort by;
	bool zones; /* rows of zones, not of clients */
};

static uint64_t number_of(const struct rz_traffic_sum *s, enum rz_traffic_sort by)
{
	switch (by) {
	case RZ_TRAFFIC_SORT_RX:
		return s->rx_bytes;
	case RZ_TRAFFIC_SORT_TX:
		return s->tx_bytes;
	case RZ_TRAFFIC_SORT_OPEN:
		return s->open;
	case RZ_TRAFFIC_SORT_CLOSED:
		return s->closed;
	default:
		return s->rx_bytes + s->tx_bytes;
	}
}

static int by_name(const struct rz_traffic_sum *x, const struct rz_traffic_sum *y,
		   const struct order *o)
{
	int d;

	if (!o->zones)
		return strcmp(id_of(o->snap, x->client), id_of(o->snap, y->client));
	d = strcmp(x->zones.client_zone, y->zones.client_zone);
	return d ? d : strcmp(x->zones.agent_zone, y->zones.agent_zone);
}

static int compare(const void *a, const void *b, void *order)
{
	const struct rz_traffic_sum *x = a, *y = b;
	const struct order *o = order;
	uint64_t p = number_of(x, o->by), q = number_of(y, o->by);

	if (o->by != RZ_TRAFFIC_SORT_NAME && p != q)
		return p > q ? -1 : 1;
	return by_name(x, y, o);
}

void rz_traffic_order(struct rz_traffic_report *r, const struct rz_snapshot *snap,
		      enum rz_traffic_sort by)
{
	struct order zones = {snap, by, true}, clients = {snap, by, false};

	qsort_r(r->zones, r->n_zones, sizeof(*r->zones), compare, &zones);
	qsort_r(r->clients, r->n_clients, sizeof(*r->clients), compare, &clients);
}

/* ---- groups ---- */

#define GROUP_NAME (2 * RZ_ZONE_SIZE + RZ_CLIENT_ID_SIZE)
struct group {
	char name[GROUP_NAME]; /* "": not known */
	struct rz_traffic_sum sum;
};

static void name_of(const struct rz_snapshot *snap, const struct rz_traffic_sum *s,
		    enum rz_traffic_group by, char dst[GROUP_NAME])
{
	const char *from = s->zones.client_zone, *to = s->zones.agent_zone;

	switch (by) {
	case RZ_TRAFFIC_GROUP_ZONES:
		snprintf(dst, GROUP_NAME, "%s -> %s", *from ? from : "-", *to ? to : "-");
		break;
	case RZ_TRAFFIC_GROUP_CLIENT_ZONE:
		rz_str_copy(dst, GROUP_NAME, from);
		break;
	case RZ_TRAFFIC_GROUP_AGENT_ZONE:
		rz_str_copy(dst, GROUP_NAME, to);
		break;
	case RZ_TRAFFIC_GROUP_LOCALITY:
		rz_str_copy(dst, GROUP_NAME, rz_locality_name(s->locality));
		break;
	default:
		rz_str_copy(dst, GROUP_NAME, id_of(snap, s->client));
		break;
	}
}

static int by_group_name(const void *a, const void *b)
{
	return strcmp(((const struct group *)a)->name, ((const struct group *)b)->name);
}

static int most_bytes(const void *a, const void *b)
{
	const struct group *x = a, *y = b;
	uint64_t p = x->sum.rx_bytes + x->sum.tx_bytes, q = y->sum.rx_bytes + y->sum.tx_bytes;

	return p != q ? (p > q ? -1 : 1) : strcmp(x->name, y->name);
}

/* A group a row, those of one name then joined. Returns how many are left. */
static size_t make_groups(struct group *groups, const struct rz_snapshot *snap,
			  const struct rz_traffic_sum *rows, size_t n, enum rz_traffic_group by)
{
	size_t i, len = 0;

	for (i = 0; i < n; i++) {
		groups[i].sum = rows[i];
		name_of(snap, &rows[i], by, groups[i].name);
	}
	qsort(groups, n, sizeof(*groups), by_group_name);
	for (i = 0; i < n; i++) {
		struct rz_traffic_sum *to = len ? &groups[len - 1].sum : NULL;

		if (!to || strcmp(groups[len - 1].name, groups[i].name)) {
			groups[len++] = groups[i];
			continue;
		}
		to->rx_bytes += groups[i].sum.rx_bytes;
		to->tx_bytes += groups[i].sum.tx_bytes;
		to->open += groups[i].sum.open;
		to->closed += groups[i].sum.closed;
	}
	qsort(groups, len, sizeof(*groups), most_bytes);
	return len;
}

static int print_json(FILE *f, const struct group *groups, size_t n, enum rz_traffic_group by)
{
	json_t *all = json_array();
	size_t i;

	for (i = 0; i < n; i++) {
		const struct rz_traffic_sum *s = &groups[i].sum;

		json_array_append_new(all, json_pack("{s:s, s:o, s:I, s:I, s:I, s:I}", "by",
						     rz_traffic_group_words[by], "name",
						     rz_json_text(groups[i].name), "rx_bytes",
						     (json_int_t)s->rx_bytes, "tx_bytes",
						     (json_int_t)s->tx_bytes, "open",
						     (json_int_t)s->open, "closed",
						     (json_int_t)s->closed));
	}
	return rz_json_print(f, all, false);
}

static int print_text(FILE *f, const struct group *groups, size_t n, enum rz_traffic_group by)
{
	static const char *const headings[] = {"CLIENT ID", "ZONE OF CLIENT -> AGENT",
					       "CLIENT ZONE", "AGENT ZONE", "LOCALITY"};
	const char *columns[] = {headings[by], "FROM CLIENT", "TO CLIENT", "OPEN", "CLOSED", NULL};
	struct rz_table *t;
	size_t i;
	int err = rz_table_new(f, columns, &t);

	for (i = 0; !err && i < n; i++) {
		const struct rz_traffic_sum *s = &groups[i].sum;
		char rx[16], tx[16], open[24], closed[24];
		const char *cells[] = {groups[i].name, rx, tx, open, closed};

		rz_table_bytes(rx, sizeof(rx), s->rx_bytes);
		rz_table_bytes(tx, sizeof(tx), s->tx_bytes);
		snprintf(open, sizeof(open), "%llu", (unsigned long long)s->open);
		snprintf(closed, sizeof(closed), "%llu", (unsigned long long)s->closed);
		err = rz_table_add(t, cells, NULL);
	}
	return err ? err : rz_table_end(t);
}

int rz_traffic_groups_print(FILE *f, const struct rz_snapshot *snap,
			    const struct rz_traffic_report *r, enum rz_traffic_group by, bool json)
{
	bool clients = by == RZ_TRAFFIC_GROUP_CLIENT_ID;
	size_t n = clients ? r->n_clients : r->n_zones;
	_cleanup_free_ struct group *groups = calloc(n + 1, sizeof(*groups));

	if (!groups)
		return -ENOMEM;
	n = make_groups(groups, snap, clients ? r->clients : r->zones, n, by);
	if (r->limit && n > r->limit)
		n = r->limit;
	return json ? print_json(f, groups, n, by) : print_text(f, groups, n, by);
}
