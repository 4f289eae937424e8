// SPDX-License-Identifier: Apache-2.0
/* Random worlds, see model.h. The same seed makes the same. */
#include <stdio.h>
#include <stdlib.h>

#include "model.h"

/* xorshift64* */
uint64_t noise(struct run *r)
{
	r->noise ^= r->noise >> 12;
	r->noise ^= r->noise << 25;
	r->noise ^= r->noise >> 27;
	return r->noise * 0x2545f4914f6cdd1dULL;
}

uint32_t below(struct run *r, uint32_t n)
{
	return (uint32_t)((noise(r) >> 33) % n);
}

bool chance(struct run *r, uint32_t percent)
{
	return below(r, 100) < percent;
}

/* One of a list; the first is the one that most often is. */
#define USUAL(r, much, list) (chance(r, much) ? (list)[0] : PICK(r, list))

static const char *const agent_zones[] = {"a", "b", "b", "c", "d-1", ""};
static const char *const tags[] = {
	"b",	  "b",	     "b",   "a", "c", "d-1",   "az-b", "b-StreamThread-1-consumer",
	"az-c-1", "d-1-x-y", "d-2", "",	 "",  "ghost", "g",    "nowhere",
	"a-b"};
static const char *const groups[] = {"default",
				     "default",
				     "other",
				     "default@proxy-produce",
				     "default@proxy",
				     "default@jobs",
				     "default@proxy-consume+jobs"};
static const char *const targets[] = {"", "proxy-produce", "proxy-consume", "proxy", "jobs", "odd"};
static const char *const wanted[] = {"", "default", "other"};
static const char *const block_texts[] = {"b@10.1.0.0/16<>c@10.2.0.0/16", "",
					  "b@10.1.0.0/16<>a@10.1.2.0/24<>az-c@10.0.0.0/8"};
static const uint64_t stables[] = {10 * SECOND_NS, 0, 30 * SECOND_NS, 60 * SECOND_NS};

const char *random_zone(struct run *r)
{
	return PICK(r, agent_zones);
}

static void make_agents(struct run *r)
{
	const char *group = USUAL(r, 85, groups);
	size_t i, n = 3 + below(r, MAX_AGENTS - 3);

	r->topo.agents = r->agents;
	r->topo.n_agents = n;
	for (i = 0; i < n; i++) {
		struct rz_topo_agent *a = &r->agents[i], *mate = &r->agents[i - !!i];

		memset(a, 0, sizeof(*a));
		ip4(a->at.addr, 10, 0, 9, (unsigned)i + 1);
		a->at.port = 9092;
		if (i && chance(r, 15)) { /* a second address of the same pod */
			if (!mate->pod)
				mate->pod = (uint32_t)i;
			strcpy(a->zone, mate->zone);
			strcpy(a->group, mate->group);
			a->pod = mate->pod;
		} else {
			strcpy(a->zone, i < 2 ? agent_zones[i] : PICK(r, agent_zones));
			strcpy(a->group, chance(r, 85) ? group : PICK(r, groups));
		}
		a->ready = chance(r, 92);
		a->local = chance(r, 5);
		a->home = chance(r, 3) ? (enum rz_home)below(r, RZ_HOME_COUNT) : RZ_HOME_UNCHECKED;
		a->netns = chance(r, 50); /* connections are in 0 */
	}
}

static void make_names(struct run *r)
{
	static const char *const names[][2] = {
		{"az-b", "b"}, {"az-c", "c"}, {"ghost", "g"}, {"a-b", "a"}};
	size_t i;

	strcpy(r->topo.own_zone, chance(r, 80) ? "a" : "");
	r->topo.aliases = r->aliases;
	r->topo.n_aliases = below(r, MAX_ALIASES + 1);
	for (i = 0; i < r->topo.n_aliases; i++) {
		strcpy(r->aliases[i].name, names[i][0]);
		strcpy(r->aliases[i].zone, names[i][1]);
	}
}

static void make_clients(struct run *r)
{
	bool hand_out_roles = chance(r, 25);
	size_t i;

	for (i = 0; i < MAX_CLIENTS; i++) {
		struct rz_client *c = &r->clients[i].client;

		r->clients[i].hash = (i + 1) << 40 | (noise(r) & 0xffffffff);
		c->opt_in = chance(r, 88);
		c->zone_last = chance(r, 90);
		c->host_override = chance(r, 5);
		c->leaders = chance(r, 60) ? RZ_LEADERS_UNSAID : below(r, RZ_LEADERS_COUNT);
		c->truncated = chance(r, 5);
		strcpy(c->zone, chance(r, 70) ? "b" : PICK(r, tags));
		snprintf(c->id, sizeof(c->id), "app-%zu %s", i, c->zone);
		if (hand_out_roles) {
			strcpy(c->proxy_target, USUAL(r, 40, targets));
			strcpy(c->agent_group, USUAL(r, 40, wanted));
		}
		r->unread[i] = chance(r, 4);
	}
}

static void make_settings(struct run *r)
{
	static const uint8_t opt_ins[] = {RZ_OPT_IN_TAG, RZ_OPT_IN_ZONE, RZ_OPT_IN_ANY};
	static const uint32_t least[] = {1, 2, 3, 0};
	static const uint64_t ages[] = {0, 5 * SECOND_NS, 60 * SECOND_NS};
	static const uint64_t parks[] = {30 * SECOND_NS, 0, SECOND_NS, 60 * SECOND_NS};
	struct rz_settings *s = &r->settings;
	char why[160];

	s->opt_in = USUAL(r, 50, opt_ins);
	s->shared = below(r, RZ_SHARED_COUNT);
	s->acks0 = chance(r, 20) ? RZ_ACKS0_MOVE : RZ_ACKS0_SKIP;
	s->close = chance(r, 70) ? RZ_CLOSE_AUTO : below(r, RZ_CLOSE_COUNT);
	s->ask_agents = chance(r, 70);
	s->leaders = chance(r, 20) ? RZ_GIVE_LEADERS_ONE : RZ_GIVE_LEADERS_MANY;
	s->local_proxy = chance(r, 50) ? RZ_LOCAL_PROXY_MOVE : RZ_LOCAL_PROXY_SKIP;
	s->hold_timeout_ns = chance(r, 90) ? 5 * SECOND_NS : 0;
	s->grace_ns = below(r, 3) * 60 * SECOND_NS;
	s->min_agents = USUAL(r, 70, least);
	s->stable_for_ns = PICK(r, stables);
	s->topology_max_age_ns = (60 + below(r, 60)) * SECOND_NS;
	s->min_age_ns = USUAL(r, 60, ages);
	s->park_after_ns = PICK(r, parks);
	if (chance(r, 4))
		strcpy(s->exclude_clients, chance(r, 50) ? "app-1* nobody" : "app-?Xb app-3?*");
	if (chance(r, 4))
		strcpy(s->exclude_addresses, chance(r, 50) ? "10.1.0.0/16" : "10.2.0.0/16");
	if (chance(r, 4))
		strcpy(s->exclude_zones, chance(r, 50) ? "c,az-b" : "d-1");
	r->blocks_text = USUAL(r, 60, block_texts);
	if (rz_blocks_parse(r->blocks_text, &r->blocks, why, sizeof(why)) ||
	    rz_exclude_new(s->exclude_clients, s->exclude_addresses, s->exclude_zones, &r->exclude,
			   why, sizeof(why))) {
		fprintf(stderr, "model: %s\n", why);
		abort();
	}
}

static void make_limits(struct run *r)
{
	static const double node[] = {5, 0.07, 0.31, 1.3, 100, 0.2},
			    per_target[] = {0, 0.13, 0.9, 3}, cluster[] = {0, 0, 0.17, 2.3};
	static const uint64_t rests[] = {60 * SECOND_NS, 10 * SECOND_NS, 0, 90 * SECOND_NS},
			      mosts[] = {3600 * SECOND_NS, 100 * SECOND_NS, 30 * SECOND_NS},
			      intervals[] = {24 * SECOND_NS, 0, 8 * SECOND_NS},
			      outcomes[] = {30 * SECOND_NS, 10 * SECOND_NS, 0, 70 * SECOND_NS},
			      waits[] = {0, 120 * SECOND_NS, 1800 * SECOND_NS};
	static const unsigned percents[] = {30, 0, 10, 14, 50, 100}, give_ups[] = {3, 0, 1, 2};
	struct rz_limits *l = &r->limits;

	l->rates = (struct rz_rates){.node = PICK(r, node),
				     .per_target = PICK(r, per_target),
				     .cluster = PICK(r, cluster),
				     .phase = below(r, 1000) / 1009.0};
	l->per_client_ns = PICK(r, intervals);
	l->cooldown_ns = PICK(r, rests);
	l->cooldown_max_ns = PICK(r, mosts);
	l->give_up_after = PICK(r, give_ups);
	l->give_up_for_ns = (100 + below(r, 900)) * SECOND_NS;
	l->outcome_ns = PICK(r, outcomes);
	l->home_ready_wait_ns = PICK(r, waits);
	/* not from the noise: the other worlds are the same without this rule */
	l->clients_max = r->seed / 4 % 6 ? 0 : 1 + r->seed / 24 % 4;
	l->client_share = (double)(r->seed / 3 % 5) / 8;
	l->listen_ns = r->seed % 3 ? 0 : (r->seed / 3 % 2 ? l->outcome_ns : 2 * l->cooldown_ns);
	r->breaker_percent = PICK(r, percents);
	l->breaker_share = r->breaker_percent / 100.0;
	l->breaker_for_ns = (60 + below(r, 300)) * SECOND_NS;
	l->mode = r->settings.mode = chance(r, 12) ? RZ_MODE_OBSERVE : RZ_MODE_ENFORCE;
}

/* The product counts what changed; the model keeps every look. */
void look(struct run *r)
{
	struct rz_topo_zones *old = r->zones;
	struct look *l = &r->looks[r->n_looks++];

	l->at_ns = r->clock_ns;
	l->n = r->topo.n_agents;
	memcpy(l->agents, r->agents, sizeof(r->agents));
	rz_topo_sort(&r->topo);
	if (rz_topo_zones_count(&r->topo, old, r->settings.min_agents, r->clock_ns, &r->zones))
		abort();
	rz_topo_zones_free(old);
}

static void make_softwares(struct run *r)
{
	static const struct rz_software all[N_SOFTWARES] = {
		{"apache-kafka-java", "4.4.0"},
		{"apache-kafka-java", "3.9.1"},
		{"sarama", "v1.61.1"},
		{"kgo", "v1.22.2"},
		{"librdkafka", "2.0.2"},
		{"librdkafka", "2.12.1"},
		{"confluent-kafka-go", "2.3.0"},
		{"confluent-kafka-python", "2.16.0-rdkafka-2.16.0"},
		{"karafka", "2.4.9-librdkafka-v2.3.0"},
		{"kafka-python", "2.1.6"},
		{"kafka-python", "2.2.18"},
		{"not-known", "2.0.2"}};
	size_t i;

	for (i = 0; i < N_SOFTWARES; i++)
		r->softwares[i] = (struct rz_software_row){i + 1, all[i]};
}

static int by_key(const void *a, const void *b)
{
	const struct rz_named_row *x = a, *y = b;

	return memcmp(&x->key, &y->key, sizeof(x->key));
}

/* A moment at which a zone may have become ready for long enough, or a nanosecond beside it. */
static uint64_t near_ready(const struct run *r, uint32_t roll)
{
	return r->looks[roll % r->n_looks].at_ns + r->settings.stable_for_ns + roll / 64 % 3 - 1;
}

/* Not from the noise, and in half of the worlds: the others are the same without it. */
void make_named(struct run *r)
{
	struct rz_named_row *row;
	size_t i, k;

	r->n_named = 0;
	/* it remembers clients for ten minutes, and may be younger */
	r->status.started_ns = near_ready(r, (uint32_t)r->seed / 4);
	r->status.started_ns -=
		r->status.started_ns < 600 * SECOND_NS ? r->status.started_ns : 600 * SECOND_NS;
	for (i = 0; i < r->n_conns && (r->seed + 1) % 4 < 2; i++) {
		const struct rz_conn *c = &r->conns[i];
		uint32_t roll = (uint32_t)((c->frame.client + c->tuple.client_addr[14]) *
						   0x9e3779b97f4a7c15ULL >>
					   40) +
				(uint32_t)(r->n_ticks / 8);

		row = &r->named[r->n_named];
		memset(row, 0, sizeof(*row));
		row->key.client = c->frame.client;
		row->key.netns = c->netns;
		memcpy(row->key.addr, c->tuple.client_addr, 16);
		for (k = 0; k < r->n_named && by_key(&r->named[k], row); k++)
			;
		if (k < r->n_named || roll % 5 == 0)
			continue;
		row->named.since_ns = near_ready(r, roll);
		row->named.asked_ns = roll % 3 ? 0 : near_ready(r, roll / 3);
		row->named.oldest_ns = roll % 7 ? c->opened_ns : roll % 2;
		r->n_named++;
	}
	qsort(r->named, r->n_named, sizeof(r->named[0]), by_key);
}

void make_world(struct run *r, uint64_t seed)
{
	size_t n;

	memset(r, 0, sizeof(*r));
	r->seed = seed;
	r->noise = seed * 0x9e3779b97f4a7c15ULL + 1;
	noise(r);
	/* a machine that was just started has a small clock */
	r->clock_ns = chance(r, 20) ? SECOND_NS * (1 + below(r, 50))
				    : SECOND_NS * (90000 + below(r, 9999));
	make_softwares(r);
	make_agents(r);
	make_names(r);
	make_settings(r);
	make_clients(r);
	make_limits(r);
	look(r);
	r->status.topology_proved_ns = r->clock_ns;
	for (n = 5 + below(r, MAX_CONNS - 5); n; n--)
		open_conn(r, NULL, false);
}

void free_world(struct run *r)
{
	rz_topo_zones_free(r->zones);
	rz_blocks_free(r->blocks);
	rz_exclude_free(r->exclude);
}
