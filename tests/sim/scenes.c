// SPDX-License-Identifier: Apache-2.0
/* What happens to the cluster, see sim.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf/conf.h"
#include "sim.h"

#define T0 60 /* s: when it happens */

static uint32_t first_of(const struct sim *s, uint8_t zone)
{
	uint32_t i = 0;

	while (s->agents[i].zone != zone)
		i++;
	return i;
}

/* All agents of zone c; `up` for clients, `ready` in the topology. */
static void set_c(struct sim *s, bool up, bool ready)
{
	uint32_t i;

	for (i = first_of(s, 2); i < s->n_agents; i++) {
		if (up)
			agent_up(s, i, ready);
		else
			agent_down(s, i, ready);
	}
	topology_changed(s);
}

/* Zone c has been empty; now there is an agent in it, or ten. */
static void appears(struct sim *s, uint32_t second)
{
	if (second == 0)
		set_c(s, false, false);
	if (second != T0)
		return;
	ask(s, 2);
	set_c(s, true, true);
}

static void flaps(struct sim *s, uint32_t second, unsigned up_s, unsigned down_s)
{
	unsigned phase = second < T0 ? 0 : (second - T0) % (up_s + down_s);

	if (second == 0)
		set_c(s, false, false);
	if (second == T0)
		ask(s, 2);
	if (second >= T0 && phase == 0)
		set_c(s, true, true);
	if (second >= T0 && phase == up_s)
		set_c(s, false, false);
}

static void flap_20(struct sim *s, uint32_t second)
{
	flaps(s, second, 20, 20);
}

static void flap_50(struct sim *s, uint32_t second)
{
	flaps(s, second, 50, 20);
}

/* A third of the cluster is gone for five minutes. */
static void zone_back(struct sim *s, uint32_t second)
{
	if (second == T0)
		set_c(s, false, false);
	if (second != T0 + 300)
		return;
	ask(s, 2);
	set_c(s, true, true);
}

/* Clients cannot reach zone c, and the topology does not know. */
static void lies(struct sim *s, uint32_t second)
{
	if (second != T0)
		return;
	set_c(s, false, true);
	ask(s, 2);
}

static void lies_from_start(struct sim *s, uint32_t second)
{
	if (second == 0)
		set_c(s, false, true);
	if (second == T0)
		ask(s, 2);
}

/* Zone c has been empty; now its agents are listed, and nobody can reach them. */
static void lies_anew(struct sim *s, uint32_t second)
{
	if (second == 0)
		set_c(s, false, false);
	if (second != T0)
		return;
	set_c(s, false, true);
	ask(s, 2);
}

/* All of zone c's clients were on one agent when it was asked. */
static void herd(struct sim *s, uint32_t second)
{
	if (second == 0)
		ask(s, 2);
}

static const struct scene {
	const char *name;
	void (*run)(struct sim *s, uint32_t second);
	size_t agents[N_ZONES];
	unsigned clients[N_ZONES];
	unsigned seconds, herd;
} scenes[] = {
	{"agent", appears, {500, 499, 1}, {495, 495, 10}, T0 + 3600, 0},
	{"ten", appears, {495, 495, 10}, {495, 495, 10}, T0 + 3600, 0},
	{"flap-20", flap_20, {500, 499, 1}, {495, 495, 10}, T0 + 1200, 0},
	{"flap-50", flap_50, {500, 499, 1}, {495, 495, 10}, T0 + 1200, 0},
	{"zone", zone_back, {334, 333, 333}, {334, 333, 333}, T0 + 300 + 2400, 0},
	{"lie", lies, {334, 333, 333}, {334, 333, 333}, T0 + 3600, 0},
	{"lie-anew", lies_anew, {334, 333, 333}, {334, 333, 333}, T0 + 3600, 0},
	{"lie-one", lies_from_start, {500, 499, 1}, {495, 495, 10}, T0 + 3600, 0},
	{"herd", herd, {334, 333, 333}, {500, 495, 5}, 3600, 5000},
};

/* The product's own defaults. */
static void take_defaults(struct setup *s)
{
	char *argv[] = {(char *)"run", NULL};
	struct rz_conf c = {};

	if (rz_conf_read(1, argv, &c))
		exit(2);
	s->interval_ns = c.interval_ns;
	s->stable_for_ns = c.stable_for_ns;
	s->limits = (struct rz_limits){.rates = c.rates,
				       .cooldown_ns = c.cooldown_ns,
				       .cooldown_max_ns = c.cooldown_max_ns,
				       .give_up_after = c.give_up_after,
				       .give_up_for_ns = c.give_up_for_ns,
				       .home_ready_wait_ns = c.home_ready_wait_ns,
				       .outcome_ns = c.outcome_after_ns,
				       .breaker_share = c.breaker / 100,
				       .breaker_for_ns = c.breaker_for_ns};
	rz_conf_free(&c);
}

static bool take(struct setup *s, const char *key, double value)
{
	uint64_t ns = (uint64_t)(value * 1e9);

	if (!strcmp(key, "without"))
		s->without = true;
	else if (!strcmp(key, "anywhere"))
		s->back_to_same = false;
	else if (!strcmp(key, "all-rows"))
		s->all_rows = true;
	else if (!strcmp(key, "idle"))
		s->idle = (unsigned)value;
	else if (!strcmp(key, "young"))
		s->young = true;
	else if (!strcmp(key, "loops"))
		s->one_of = (unsigned)value;
	else if (!strcmp(key, "library"))
		s->library = (int)value;
	else if (!strcmp(key, "a-name"))
		s->a_name = (unsigned)value;
	else if (!strcmp(key, "leave"))
		s->leave = (unsigned)value;
	else if (!strcmp(key, "ready-wait"))
		s->limits.home_ready_wait_ns = ns;
	else if (!strcmp(key, "seed"))
		s->seed = (uint64_t)value;
	else if (!strcmp(key, "interval"))
		s->interval_ns = ns;
	else if (!strcmp(key, "stable"))
		s->stable_for_ns = ns;
	else if (!strcmp(key, "rate"))
		s->limits.rates.node = value;
	else if (!strcmp(key, "target"))
		s->limits.rates.per_target = value;
	else if (!strcmp(key, "cooldown"))
		s->limits.cooldown_ns = ns;
	else if (!strcmp(key, "giveup"))
		s->limits.give_up_after = (unsigned)value;
	else if (!strcmp(key, "outcome"))
		s->limits.outcome_ns = ns;
	else if (!strcmp(key, "breaker"))
		s->limits.breaker_share = value / 100;
	else if (!strcmp(key, "breaker-for"))
		s->limits.breaker_for_ns = ns;
	else
		return false;
	return true;
}

static size_t scaled(size_t n, unsigned scale)
{
	return (n / scale) ?: n != 0;
}

struct setup setup_of(const char *name, unsigned scale)
{
	struct setup s = {.library = -1, .leave = 10, .seed = 1, .a_name = 1, .back_to_same = true};
	size_t len = strcspn(name, "/"), i, z;
	char keys[80], *key, *value;

	for (i = 0; i < COUNT(scenes); i++)
		if (strlen(scenes[i].name) == len && !strncmp(scenes[i].name, name, len))
			break;
	if (i == COUNT(scenes)) {
		fprintf(stderr, "sim: %s: there is no such scene\n", name);
		exit(2);
	}
	snprintf(s.name, sizeof(s.name), "%s", name);
	s.scene = scenes[i].run;
	s.seconds = scenes[i].seconds;
	s.herd = scenes[i].herd;
	s.conns = 1000000 / scale;
	for (z = 0; z < N_ZONES; z++) {
		s.agents[z] = scaled(scenes[i].agents[z], scale);
		s.clients[z] = scenes[i].clients[z];
	}
	if (s.herd) {
		s.library = (int)n_libraries - 1;
		s.clients[2] = (unsigned)(s.herd * 1000ULL / s.conns);
		s.clients[0] = s.clients[1] = (1000 - s.clients[2]) / 2;
	}
	take_defaults(&s);
	snprintf(keys, sizeof(keys), "%s", name[len] ? name + len + 1 : "");
	for (key = strtok(keys, ","); key; key = strtok(NULL, ",")) {
		value = strchr(key, '=');
		if (value)
			*value++ = 0;
		if (!take(&s, key, value ? strtod(value, NULL) : 1)) {
			fprintf(stderr, "sim: %s: there is no key %s\n", name, key);
			exit(2);
		}
	}
	return s;
}

static void sample(struct sim *s, uint32_t second)
{
	const struct agent *newest = &s->agents[s->newest];
	struct sample *p = &s->samples[s->n_samples++];
	size_t i;

	*p = (struct sample){.second = second,
			     .newest = newest->home.n + newest->away.n,
			     .moves = s->moves,
			     .futile = s->futile};
	for (i = 0; i < s->n_agents; i++)
		p->away += s->agents[i].away.n;
}

void scene_run(struct sim *s, const struct setup *setup)
{
	uint32_t i, last = STEPS(setup->seconds);

	sim_make(s, setup);
	topology_changed(s);
	/* every node's rezone saw that an hour ago */
	for (i = 0; i < N_ZONES; i++) {
		s->zones->rows[i].ready_since_ns = s->now_ns - 3600 * SECOND_NS;
		s->zones->rows[i].seen_coming = true;
	}
	for (i = 0; i < s->n_agents; i++)
		node_start(s, i);
	for (s->step = 0; s->step < last; s->step++) {
		s->now_ns = START_NS + s->step * STEP_NS;
		if (s->step % 10 == 0) {
			setup->scene(s, s->step / 10);
			s->herd_left[s->step / 10] = s->agents[0].away.n;
		}
		if (s->step % STEPS(SAMPLE_EVERY) == 0)
			sample(s, s->step / 10);
		happen(s);
	}
}
