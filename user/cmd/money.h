/* SPDX-License-Identifier: Apache-2.0 */
/* What a GB between zones costs here, for commands that show money. Called by cmd/cost.c and
 * cmd/plan.c. */
#ifndef RZ_CMD_MONEY_H
#define RZ_CMD_MONEY_H

#include "kern/maps.h"
#include "policy/price.h"

/* `given` (an option, NULL: none), else the daemon's setting; where that is auto, by the cloud
 * among the daemon's sources. 0 or -errno, logged. */
int rz_money_price(const struct rz_maps *m, const struct rz_settings *s, const char *given,
		   struct rz_price *ret);

#endif
