/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What `rezone list` shows of a small world: its one connection, and a stranger on an unknown port.
 */
#ifndef TESTS_UNIT_SHOWN_H
#define TESTS_UNIT_SHOWN_H

#include "world.h"

#include "out/conn_json.h"

struct shown {
	struct test_world w;
	struct rz_conn conns[2];
	struct rz_client_row clients[1];
	struct rz_move_row moves[1];
	struct rz_proxied_row proxied[1];
	struct rz_software_row softwares[1];
	struct rz_snapshot snap;
	struct rz_conn_row *rows;
	struct rz_conn_totals totals;
	char text[8192];
};

static const char proxy_line[] = "PROXY TCP4 203.0.113.9 10.0.0.1 4242 9092\r\n";

static inline void shown_make(struct shown *s)
{
	memset(s, 0, sizeof(*s));
	test_world_make(&s->w);
	s->conns[0] = s->w.conn;
	test_conn(&s->conns[1]);
	s->conns[1].cookie = 4712;
	s->conns[1].tuple.agent_port = 9999;
	s->conns[1].frame = (struct rz_frame){.api_key = -1};
	s->conns[1].opened_ns = NOW_NS - 3 * SECOND_NS;
	s->proxied[0].cookie = 4711;
	s->proxied[0].proxied.len = strlen(proxy_line);
	memcpy(s->proxied[0].proxied.raw, proxy_line, strlen(proxy_line));
	s->softwares[0] = (struct rz_software_row){7, {"kgo", "1.22"}};
	s->clients[0] = (struct rz_client_row){CLIENT_HASH, s->w.client};
	s->snap = (struct rz_snapshot){.conns = s->conns,
				       .n_conns = 2,
				       .clients = s->clients,
				       .n_clients = 1,
				       .moves = s->moves,
				       .proxied = s->proxied,
				       .softwares = s->softwares,
				       .settings = s->w.settings,
				       .status = s->w.status,
				       .now_ns = NOW_NS};
}

static inline void shown_rows(struct shown *s, const struct rz_conn_filter *f)
{
	struct rz_world world = test_world_view(&s->w);

	free(s->rows);
	assert_int_equal(rz_conn_rows_make(&s->snap, &world, f, &s->rows, &s->totals), 0);
}

static const struct rz_conn_filter all = {.locality = -1};

static inline FILE *to_text(struct shown *s)
{
	memset(s->text, 0, sizeof(s->text));
	return fmemopen(s->text, sizeof(s->text) - 1, "w");
}

#endif
