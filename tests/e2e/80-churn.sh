#!/usr/bin/env bash
# alone
# nightly
# Connections that open, speak and close at a rate, by FIN and by reset in turn; afterwards map conns holds exactly those that
# ss shows. CHURN_RATE a second (3000) for CHURN_SECONDS (8; `make churn`: 300).
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
e2e_begin
. "$E2E_ROOT/tests/e2e/crowd.sh"
RATE=${CHURN_RATE:-3000} T=${CHURN_SECONDS:-8} KEEP=500
crowd_sources
topology a=ready b=ready
rezone_start --mode observe --interval 1s
crowd_serve a
crowd_open churn a $((RATE * T)) -w 2 -r "$RATE" -k $KEEP -q 18,3,0 -i churn,warpstream_az=b
started=$(now_ms)
check "$((RATE * T)) connections are opened at $RATE a second" within $((T * 3 + 30)) crowd_opened churn
note "took $(($(now_ms) - started)) ms: $(crowd_says churn)"
kept() { [ "$(crowd_real a | wc -l)" = $KEEP ]; }
check "all but the last $KEEP are closed" within "$DEADLINE" kept
check "map conns holds exactly the connections that ss shows" crowd_same 20 a
check "each was seen opening" test "$(stat_of opened)" = $((RATE * T))
check "each was identified" test "$(stat_of identified)" = $((RATE * T))
check "each close was seen" test "$(stat_of closed)" = $((RATE * T - KEEP))
check "nothing was lost" nothing_lost conns_full clients_full partial_full client_collisions frame_lost races ip_unparsed too_many_requests
check "no connection failed" grep -q " 0 failed" <(crowd_says churn)
note "calls of the state program that the kernel left out: $(state_misses)"
stop churn
none() { [ -z "$(crowd_listed)" ]; }
check "and holds none when all are gone" within 20 none
check "the daemon is alive" alive rezone
