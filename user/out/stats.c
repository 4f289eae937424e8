// SPDX-License-Identifier: Apache-2.0
/* `rezone stats`, see stats.h. */
#include "out/stats.h"

#include <stddef.h>
#include <string.h>

#include "base/json.h"
#include "out/table.h"
#include "policy/reason.h"

static const struct {
	const char *name;
	size_t offset;
	const char *what;
	bool bad; /* anything but 0 deserves a look */
} counters[] = {
#define ROW(field, bad, what)                                       \
	{                                                           \
#field, offsetof(struct rz_stats, field), what, bad \
	}
	ROW(segments, false,
	    "segments with payload on a Kafka port, but for those of parked connections"),
	ROW(requests, false, "request headers read"),
	ROW(fast_requests, false, "... by the fast path"),
	ROW(opened, false, "connections seen opening"),
	ROW(closed, false, "connections seen closing"),
	ROW(adopted, false, "connections older than rezone"),
	ROW(identified, false, "connections whose client.id was read"),
	ROW(frame_lost, false, "times that a connection went out of sync"),
	ROW(frame_found, false, "... and was in sync again"),
	ROW(early_segments, false, "out-of-order segments"),
	ROW(conns_full, true, "segments of connections not tracked: --max-connections"),
	ROW(clients_full, true, "requests of ids not read: --max-clients"),
	ROW(client_collisions, true, "requests not identified: two ids with one hash"),
	ROW(strangers_full, true,
	    "segments not tracked: connections to no known agent are too many"),
	ROW(peer_conns_full, true,
	    "segments not tracked: one address has a quarter of --max-connections"),
	ROW(peer_clients_full, true,
	    "requests not identified: one address has a quarter of --max-clients"),
	ROW(ids_full, true, "connections not identified: they bring one client id after the other"),
	ROW(partial_full, true, "split headers not kept: --max-connections"),
	ROW(proxied_full, true, "PROXY headers not kept: --max-connections"),
	ROW(softwares_full, true, "clients' libraries not kept"),
	ROW(prints_full, true, "forms of requests not kept: --max-connections"),
	ROW(peer_softwares_full, true, "... one address has named a quarter of all"),
	ROW(software_collisions, true, "... two names with one hash"),
	ROW(softwares_unread, false, "... too long to be read, or in no form that is known"),
	ROW(traffic_full, true, "closed connections whose bytes are not added up"),
	ROW(ip_unparsed, true, "packets whose headers could not be read"),
	ROW(claims_met, false, "tries that met the fast path of another CPU, and were repeated"),
	ROW(races, true, "segments dropped: other CPUs were faster at each try"),
	ROW(scratch_busy, true, "segments that found their CPU reading another one (PREEMPT_RT)"),
	ROW(taken_back, false, "segments whose reading was undone, for TCP did not take them"),
	ROW(too_many_requests, true, "segments with more requests than are read"),
	ROW(backed_off, false, "segments passed over: out of sync for long"),
	ROW(parked, false, "times that a connection was parked: nobody would move it"),
	ROW(read_again, false, "... and was read again"),
	ROW(held_segments, false, "segments held back during a move"),
	ROW(left_while_held, false, "connections that their client closed while they were held"),
	ROW(discarded_segments, false, "... segments of theirs dropped for good"),
	ROW(followed_segments, false, "writes held back after a move, until the client knows home"),
	ROW(answers_lost, false, "times that the responses went out of sync during a move"),
	ROW(resets, false, "resets by bpf_sock_destroy"),
	ROW(resets_refused, false, "... refused by the last check"),
#undef ROW
};
#define N_COUNTERS (sizeof(counters) / sizeof(counters[0]))
_Static_assert(offsetof(struct rz_stats, checks) == N_COUNTERS * sizeof(__u64),
	       "a row for each counter");

static const char *const places[] = {
	"none",	       "payload",      "conn insert",	 "client insert",   "partial insert",
	"ringbuf",     "destroy",      "proxied insert", "software insert", "traffic insert",
	"held insert", "print insert", "close",		 "maps read",	    "source",
	"enter",       "ledger",       "moves",		 "event insert",    "told insert",
	"park",
};
_Static_assert(sizeof(places) / sizeof(places[0]) == RZ_PLACE_COUNT, "a word for each place");

static uint64_t counter(const struct rz_snapshot *snap, size_t i)
{
	return *(const uint64_t *)((const char *)&snap->stats + counters[i].offset);
}

const char *rz_stats_place_name(enum rz_place p)
{
	return p < RZ_PLACE_COUNT ? places[p] : "?";
}

bool rz_stats_fault(const struct rz_stats *s, size_t i, const char **ret_name, uint64_t *ret_n)
{
	size_t k;

	for (k = 0; k < N_COUNTERS; k++) {
		if (!counters[k].bad || i--)
			continue;
		*ret_name = counters[k].name;
		*ret_n = *(const uint64_t *)((const char *)s + counters[k].offset);
		return true;
	}
	return false;
}

/* Connections that are not identified, and how old the oldest of them is. */
struct unidentified {
	size_t n;
	double oldest_s;
};

static struct unidentified count_unidentified(const struct rz_snapshot *snap)
{
	struct unidentified u = {};
	size_t i;

	for (i = 0; i < snap->n_conns; i++) {
		const struct rz_conn *c = &snap->conns[i];
		double age = snap->now_ns > c->opened_ns
				     ? (double)(snap->now_ns - c->opened_ns) / 1e9
				     : 0;

		if (rz_frame_identified(&c->frame, rz_snapshot_client(snap, c->frame.client)))
			continue;
		u.n++;
		u.oldest_s = age > u.oldest_s ? age : u.oldest_s;
	}
	return u;
}

static json_t *by_itself_json(const struct rz_counters *n)
{
	return json_pack("{s:I, s:I, s:I, s:I}", "home", (json_int_t)n->by_itself_home, "left",
			 (json_int_t)n->by_itself_left, "not_come", (json_int_t)n->not_come,
			 "awaited", (json_int_t)n->awaited);
}

static json_t *outcomes_json(const struct rz_counters *n)
{
	json_t *all = json_object();
	int i;

	for (i = RZ_OUTCOME_HOME; i < RZ_OUTCOME_COUNT; i++)
		json_object_set_new(all, rz_outcome_name((enum rz_outcome)i),
				    json_integer((json_int_t)n->outcomes[i]));
	return all;
}

/* Last checks with this result: the walk's, which BPF counts, and the daemon's own. */
static uint64_t count_checks(const struct rz_snapshot *snap, enum rz_check c)
{
	return snap->stats.checks[c] + snap->counters.checks[c];
}

static json_t *checks_json(const struct rz_snapshot *snap)
{
	json_t *all = json_object();
	int i;

	for (i = 0; i < RZ_CHECK_COUNT; i++)
		json_object_set_new(all, rz_check_name((enum rz_check)i),
				    json_integer((json_int_t)count_checks(snap, i)));
	return all;
}

static void print_checks(FILE *f, const struct rz_snapshot *snap)
{
	int i;

	for (i = 0; i < RZ_CHECK_COUNT; i++)
		if (count_checks(snap, i))
			fprintf(f, "last checks: %llu %s (%s)\n",
				(unsigned long long)count_checks(snap, i), rz_check_name(i),
				rz_check_text(i));
}

/* How long the breaker stays open, 0: it is closed. */
static double breaker_s(const struct rz_snapshot *snap)
{
	uint64_t until = snap->status.breaker_until_ns;

	return until > snap->now_ns ? (double)(until - snap->now_ns) / 1e9 : 0;
}

int rz_stats_print_json(FILE *f, const struct rz_stats_view *v)
{
	const struct rz_snapshot *snap = v->snap;
	struct unidentified u = count_unidentified(snap);
	json_t *all = json_object(), *errors = json_array();
	size_t i;

	for (i = 0; i < N_COUNTERS; i++)
		json_object_set_new(all, counters[i].name,
				    json_integer((json_int_t)counter(snap, i)));
	for (i = 0; i < v->n_errors; i++)
		json_array_append_new(errors, json_pack("{s:s, s:i, s:I}", "place",
							rz_stats_place_name(v->errors[i].place),
							"errno", -v->errors[i].error, "count",
							(json_int_t)v->errors_counts[i]));
	json_object_set_new(all, "errors", errors);
	json_object_set_new(all, "connections", json_integer((json_int_t)snap->n_conns));
	json_object_set_new(all, "connections_max", json_integer(v->conns_max));
	json_object_set_new(all, "clients", json_integer((json_int_t)snap->n_clients));
	json_object_set_new(all, "clients_max", json_integer(v->clients_max));
	json_object_set_new(all, "unidentified", json_integer((json_int_t)u.n));
	json_object_set_new(all, "unidentified_oldest_s", rz_json_seconds(u.oldest_s));
	json_object_set_new(all, "moved", json_integer((json_int_t)snap->counters.moved));
	json_object_set_new(all, "let_go", json_integer((json_int_t)snap->counters.let_go));
	json_object_set_new(all, "refused", json_integer((json_int_t)snap->counters.refused));
	json_object_set_new(all, "observed", json_integer((json_int_t)snap->counters.observed));
	json_object_set_new(all, "checks", checks_json(snap));
	json_object_set_new(all, "outcomes", outcomes_json(&snap->counters));
	json_object_set_new(all, "by_itself", by_itself_json(&snap->counters));
	json_object_set_new(all, "breaker_opened", json_integer(snap->counters.breaker_opened));
	json_object_set_new(all, "breaker_open_for_s", rz_json_seconds(breaker_s(snap)));
	json_object_set_new(all, "log_lost", json_integer((json_int_t)snap->counters.log_lost));
	json_object_set_new(all, "state_skipped",
			    json_integer((json_int_t)snap->counters.state_skipped));
	json_object_set_new(all, "paused", json_boolean(v->pause || snap->settings.paused));
	return rz_json_print(f, all, false);
}

static int print_counters(FILE *f, const struct rz_snapshot *snap)
{
	static const char *const columns[] = {"COUNTER", "VALUE", "WHAT", NULL};
	struct rz_table *t;
	char value[24];
	size_t i;
	int err = rz_table_new(f, columns, &t);

	for (i = 0; !err && i < N_COUNTERS; i++) {
		const char *cells[] = {counters[i].name, value, counters[i].what};

		snprintf(value, sizeof(value), "%llu", (unsigned long long)counter(snap, i));
		err = rz_table_add(t, cells, counters[i].bad && counter(snap, i) ? "yellow" : NULL);
	}
	return err ? err : rz_table_end(t);
}

int rz_stats_print_text(FILE *f, const struct rz_stats_view *v)
{
	const struct rz_snapshot *snap = v->snap;
	struct unidentified u = count_unidentified(snap);
	const struct rz_counters *n = &snap->counters;
	char age[32];
	size_t i;
	int err = print_counters(f, snap);

	fprintf(f, "\nconnections: %zu of %u; clients: %zu of %u\n", snap->n_conns, v->conns_max,
		snap->n_clients, v->clients_max);
	if (u.n) {
		rz_table_age(age, sizeof(age), u.oldest_s);
		fprintf(f, "not identified: %zu, the oldest for %s\n", u.n, age);
	}
	fprintf(f, "moves: %llu done, %llu let go, %llu refused by the last check, %llu observed\n",
		(unsigned long long)n->moved, (unsigned long long)n->let_go,
		(unsigned long long)n->refused, (unsigned long long)n->observed);
	print_checks(f, snap);
	fprintf(f,
		"their clients: %llu came home, %llu left, %llu returned, %llu were gone before\n",
		(unsigned long long)n->outcomes[RZ_OUTCOME_HOME],
		(unsigned long long)n->outcomes[RZ_OUTCOME_LEFT],
		(unsigned long long)n->outcomes[RZ_OUTCOME_RETURNED],
		(unsigned long long)n->outcomes[RZ_OUTCOME_GONE]);
	fprintf(f,
		"left to their library: %llu clients came home, %llu left, %llu did not come in "
		"time; %llu are waited for\n",
		(unsigned long long)n->by_itself_home, (unsigned long long)n->by_itself_left,
		(unsigned long long)n->not_come, (unsigned long long)n->awaited);
	if (breaker_s(snap) > 0) {
		rz_table_age(age, sizeof(age), breaker_s(snap));
		fprintf(f, "breaker: open for another %s, nobody is moved\n", age);
	}
	if (n->log_lost)
		fprintf(f, "log: %llu lines of the daemon's log could not be written\n",
			(unsigned long long)n->log_lost);
	if (n->state_skipped)
		fprintf(f,
			"state program: the kernel left out %llu runs; a connection that closed "
			"then is listed until two censuses miss it\n",
			(unsigned long long)n->state_skipped);
	rz_table_pause(f, v->pause, &snap->settings);
	for (i = 0; i < v->n_errors; i++)
		fprintf(f, "failed: %s, %llu times: %s\n", rz_stats_place_name(v->errors[i].place),
			(unsigned long long)v->errors_counts[i], strerror(-v->errors[i].error));
	return err;
}
