// SPDX-License-Identifier: Apache-2.0
/*
 * The settings as the policy's limits. Comes in: struct rz_conf. Goes out: struct rz_limits. Called
 * by the daemon, and by cmd/plan.c, which foretells what the daemon would do.
 */
#include "conf/conf.h"

struct rz_limits rz_conf_limits(const struct rz_conf *c)
{
	return (struct rz_limits){.rates = c->rates,
				  .per_client_ns = c->interval_ns / 5 * 4, /* and its jitter */
				  .client_share = c->client_share / 100,
				  .cooldown_ns = c->cooldown_ns,
				  .cooldown_max_ns = c->cooldown_max_ns,
				  .give_up_after = c->give_up_after,
				  .give_up_for_ns = c->give_up_for_ns,
				  .home_ready_wait_ns = c->home_ready_wait_ns,
				  .listen_ns = c->listen_for_ns,
				  .outcome_ns = c->outcome_after_ns,
				  .breaker_share = c->breaker / 100,
				  .breaker_for_ns = c->breaker_for_ns,
				  .mode = c->mode};
}
