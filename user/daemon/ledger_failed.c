// SPDX-License-Identifier: Apache-2.0
/*
 * Entries of the ledger's maps that could not be written: counted, and told.
 *
 * Comes in: the map and its error. Goes out: map errors, a line of the log. Called by
 * daemon/ledger.c and saved.c.
 */
#include "daemon/ledger_inside.h"

#include <errno.h>
#include <string.h>

#include "base/json.h"
#include "base/log.h"
#include "kern/tally.h"

#define FAILED_LOG_EVERY_NS (60 * RZ_SECOND_NS)

/* The log is told once a minute at most, for a full map refuses each move. */
void rz_daemon_ledger_failed(struct rz_daemon *d, const char *map, int err, size_t writes)
{
	struct rz_daemon_ledger *b = d->ledger;
	uint64_t now_ns = rz_now_ns();

	b->failed += writes;
	rz_tally_errors(d->maps, RZ_PLACE_LEDGER, err, writes);
	if (b->failed_logged_ns && now_ns < b->failed_logged_ns + FAILED_LOG_EVERY_NS)
		return;
	rz_log_fields(RZ_LOG_WARN,
		      json_pack("{s:s, s:o, s:I}", "map", map, "error", rz_json_error(err),
				"failed", (json_int_t)b->failed),
		      "ledger: cannot write to map %s: %s; `rezone cost` shows too little; %llu "
		      "writes have failed since the last such line; `rezone stats` counts all",
		      map, err == -E2BIG ? "it is full" : strerror(-err),
		      (unsigned long long)b->failed);
	b->failed = 0;
	b->failed_logged_ns = now_ns;
}
