// SPDX-License-Identifier: Apache-2.0
/* `rezone reset`, see orders.h. */
#include "out/orders.h"

#include <errno.h>
#include <string.h>

#include "base/json.h"
#include "out/table.h"

static const char *result_of(const struct rz_order_shown *r)
{
	if (r->reason != RZ_REASON_NONE)
		return rz_reason_name(r->reason);
	if (r->dry_run)
		return "would be moved";
	if (!r->answered)
		return "no answer from the daemon";
	switch (r->error) {
	case 0:
		return "moved";
	case -ETIMEDOUT:
		return "let go: no moment was found (rezone events says why)";
	case -ENOENT:
		return "was gone";
	case -EAGAIN:
		return "was parked, and too few of its requests have come since: try again";
	case -ESTALE:
		return "had changed its client or state";
	case -E2BIG:
		return "map moves is full: entries go when outcomes are known; try again then";
	default:
		return strerror(-r->error);
	}
}

bool rz_order_went_well(const struct rz_order_shown *r)
{
	return r->reason == RZ_REASON_NONE && (r->dry_run || (r->answered && !r->error));
}

int rz_orders_print_json(FILE *f, const struct rz_order_shown *rows, size_t n)
{
	json_t *all = json_array();
	size_t i;

	for (i = 0; i < n; i++) {
		const struct rz_conn_row *c = rows[i].conn;

		json_array_append_new(
			all, json_pack("{s:I, s:s, s:s, s:s?, s:b, s:s}", "cookie",
				       (json_int_t)c->conn->cookie, "client", c->client_at, "agent",
				       c->agent_at, "client_id", c->client ? c->client->id : NULL,
				       "moved", !rows[i].dry_run && rz_order_went_well(&rows[i]),
				       "result", result_of(&rows[i])));
	}
	return rz_json_print(f, all, false);
}

int rz_orders_print_text(FILE *f, const struct rz_order_shown *rows, size_t n)
{
	static const char *const columns[] = {"CLIENT", "AGENT", "RESULT", "CLIENT ID", NULL};
	struct rz_table *t;
	size_t i;
	int err = rz_table_new(f, columns, &t);

	for (i = 0; !err && i < n; i++) {
		const struct rz_conn_row *c = rows[i].conn;
		const char *cells[] = {c->client_at, c->agent_at, result_of(&rows[i]),
				       c->client ? c->client->id : NULL};

		err = rz_table_add(t, cells, rz_order_went_well(&rows[i]) ? "green" : "yellow");
	}
	return err ? err : rz_table_end(t);
}
