// SPDX-License-Identifier: Apache-2.0
/* Connections in an order, and in groups, see conn_order.h. */
#include "out/conn_order.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "out/table.h"

const char *const rz_conn_sort_words[] = {
	"client-id", "client", "agent", "client-zone", "agent-zone", "reason", "age",
	"idle",	     "rx",     "tx",	"bytes",       "cookie",     NULL};
_Static_assert(sizeof(rz_conn_sort_words) / sizeof(char *) == RZ_CONN_SORT_COUNT + 1,
	       "a word for each order");
const char *const rz_conn_group_words[] = {"client-id", "zones",  "client-zone", "agent-zone",
					   "agent",	"reason", NULL};
_Static_assert(sizeof(rz_conn_group_words) / sizeof(char *) == RZ_CONN_GROUP_COUNT + 1,
	       "a word for each group");

static const char *id_of(const struct rz_conn_row *r)
{
	return r->client && !r->client->is_null ? r->client->id : "";
}

/* ---- order ---- */

/* What is sorted by as a text; NULL: it is a number. */
static const char *text_of(const struct rz_conn_row *r, enum rz_conn_sort by)
{
	switch (by) {
	case RZ_CONN_SORT_CLIENT_ID:
		return id_of(r);
	case RZ_CONN_SORT_CLIENT:
		return r->client_at;
	case RZ_CONN_SORT_AGENT:
		return r->agent_at;
	case RZ_CONN_SORT_CLIENT_ZONE:
		return r->verdict.client_zone ?: "";
	case RZ_CONN_SORT_AGENT_ZONE:
		return r->verdict.agent_zone ?: "";
	case RZ_CONN_SORT_REASON:
		return rz_reason_name(r->reason);
	default:
		return NULL;
	}
}

static double number_of(const struct rz_conn_row *r, enum rz_conn_sort by)
{
	switch (by) {
	case RZ_CONN_SORT_IDLE:
		return r->idle_s;
	case RZ_CONN_SORT_RX:
		return (double)r->conn->rx_bytes;
	case RZ_CONN_SORT_TX:
		return (double)r->conn->tx_bytes;
	case RZ_CONN_SORT_BYTES:
		return (double)(r->conn->rx_bytes + r->conn->tx_bytes);
	case RZ_CONN_SORT_COOKIE:
		return 0;
	default: /* the analyzer takes the array agent_at, if it were NULL, for a row that is */
		return r->age_s; /* NOLINT(clang-analyzer-core.NullDereference) */
	}
}

static int by_number(double a, double b)
{
	return a > b ? -1 : a < b;
}

static int compare(const void *a, const void *b, void *order)
{
	const struct rz_conn_row *x = a, *y = b;
	enum rz_conn_sort by = *(const enum rz_conn_sort *)order;
	const char *text = text_of(x, by);
	int d = text ? strcmp(text, text_of(y, by)) : by_number(number_of(x, by), number_of(y, by));

	if (!d && by == RZ_CONN_SORT_CLIENT_ID)
		d = by_number(x->age_s, y->age_s);
	if (!d)
		d = x->conn->cookie < y->conn->cookie ? -1 : x->conn->cookie > y->conn->cookie;
	return d;
}

void rz_conn_rows_sort(struct rz_conn_row *rows, size_t n, enum rz_conn_sort by)
{
	qsort_r(rows, n, n ? sizeof(*rows) : 1, compare, &by);
}

/* ---- groups ---- */

#define GROUP_NAME (2 * RZ_ZONE_SIZE + RZ_CLIENT_ID_SIZE)
struct group {
	char name[GROUP_NAME];
	size_t n, localities[RZ_LOCALITY_COUNT];
	uint64_t rx_bytes, tx_bytes;
};

static void name_of(const struct rz_conn_row *r, enum rz_conn_group by, char dst[GROUP_NAME])
{
	const char *from = r->verdict.client_zone ?: "-", *to = r->verdict.agent_zone ?: "-";

	switch (by) {
	case RZ_CONN_GROUP_ZONES:
		snprintf(dst, GROUP_NAME, "%s -> %s", from, to);
		break;
	case RZ_CONN_GROUP_CLIENT_ZONE:
		rz_str_copy(dst, GROUP_NAME, from);
		break;
	case RZ_CONN_GROUP_AGENT_ZONE:
		rz_str_copy(dst, GROUP_NAME, to);
		break;
	case RZ_CONN_GROUP_AGENT:
		rz_str_copy(dst, GROUP_NAME, r->agent_at);
		break;
	case RZ_CONN_GROUP_REASON:
		rz_str_copy(dst, GROUP_NAME, rz_reason_name(r->reason));
		break;
	default:
		rz_str_copy(dst, GROUP_NAME, *id_of(r) ? id_of(r) : "-");
		break;
	}
}

static void add_up(struct group *g, const struct rz_conn_row *r)
{
	g->n++;
	g->localities[r->verdict.locality]++;
	g->rx_bytes += r->conn->rx_bytes;
	g->tx_bytes += r->conn->tx_bytes;
}

static int most_bytes(const void *a, const void *b)
{
	const struct group *x = a, *y = b;
	uint64_t p = x->rx_bytes + x->tx_bytes, q = y->rx_bytes + y->tx_bytes;

	return p != q ? (p > q ? -1 : 1) : strcmp(x->name, y->name);
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct group *)a)->name, ((const struct group *)b)->name);
}

/* One group a row, those of one name then joined. Returns how many are left. */
static size_t make_groups(struct group *groups, const struct rz_conn_row *rows, size_t n,
			  enum rz_conn_group by)
{
	size_t i, l, len = 0;

	for (i = 0; i < n; i++) {
		groups[i] = (struct group){};
		name_of(&rows[i], by, groups[i].name);
		add_up(&groups[i], &rows[i]);
	}
	qsort(groups, n, n ? sizeof(*groups) : 1, by_name);
	for (i = 0; i < n; i++) {
		struct group *g = len ? &groups[len - 1] : NULL;

		if (!g || strcmp(g->name, groups[i].name)) {
			groups[len++] = groups[i];
			continue;
		}
		g->n += groups[i].n;
		for (l = 0; l < RZ_LOCALITY_COUNT; l++)
			g->localities[l] += groups[i].localities[l];
		g->rx_bytes += groups[i].rx_bytes;
		g->tx_bytes += groups[i].tx_bytes;
	}
	qsort(groups, len, len ? sizeof(*groups) : 1, most_bytes);
	return len;
}

static int print_json(FILE *f, const struct group *groups, size_t n, enum rz_conn_group by)
{
	json_t *all = json_array();
	size_t i;

	for (i = 0; i < n; i++) {
		const struct group *g = &groups[i];

		json_array_append_new(
			all,
			json_pack("{s:s, s:o, s:I, s:I, s:I, s:I, s:I, s:I}", "by",
				  rz_conn_group_words[by], "name",
				  rz_json_text(strcmp(g->name, "-") ? g->name : NULL),
				  "connections", (json_int_t)g->n, "same",
				  (json_int_t)g->localities[RZ_LOCALITY_SAME], "cross",
				  (json_int_t)g->localities[RZ_LOCALITY_CROSS], "unknown",
				  (json_int_t)g->localities[RZ_LOCALITY_UNKNOWN], "rx_bytes",
				  (json_int_t)g->rx_bytes, "tx_bytes", (json_int_t)g->tx_bytes));
	}
	return rz_json_print(f, all, false);
}

static const char *const headings[] = {
	"CLIENT ID", "ZONE OF CLIENT -> AGENT", "CLIENT ZONE", "AGENT ZONE", "AGENT", "REASON"};

static int print_text(FILE *f, const struct group *groups, size_t n, enum rz_conn_group by)
{
	const char *columns[] = {headings[by], "CONNECTIONS", "SAME",	   "CROSS",
				 "UNKNOWN",    "FROM CLIENT", "TO CLIENT", NULL};
	struct rz_table *t;
	size_t i;
	int err = rz_table_new(f, columns, &t);

	for (i = 0; !err && i < n; i++) {
		const struct group *g = &groups[i];
		char all[24], same[24], cross[24], unknown[24], rx[16], tx[16];
		const char *cells[] = {g->name, all, same, cross, unknown, rx, tx};

		snprintf(all, sizeof(all), "%zu", g->n);
		snprintf(same, sizeof(same), "%zu", g->localities[RZ_LOCALITY_SAME]);
		snprintf(cross, sizeof(cross), "%zu", g->localities[RZ_LOCALITY_CROSS]);
		snprintf(unknown, sizeof(unknown), "%zu", g->localities[RZ_LOCALITY_UNKNOWN]);
		rz_table_bytes(rx, sizeof(rx), g->rx_bytes);
		rz_table_bytes(tx, sizeof(tx), g->tx_bytes);
		err = rz_table_add(t, cells, g->localities[RZ_LOCALITY_CROSS] ? "yellow" : NULL);
	}
	return err ? err : rz_table_end(t);
}

int rz_conn_groups_print(FILE *f, const struct rz_conn_row *rows, size_t n, enum rz_conn_group by,
			 size_t limit, bool json)
{
	_cleanup_free_ struct group *groups = malloc((n + 1) * sizeof(*groups));
	size_t len;

	if (!groups)
		return -ENOMEM;
	len = make_groups(groups, rows, n, by);
	if (limit && len > limit)
		len = limit;
	return json ? print_json(f, groups, len, by) : print_text(f, groups, len, by);
}
