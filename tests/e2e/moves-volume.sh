#!/usr/bin/env bash
# needs: counterparts
# Every real client library works through moves at full load, on the stand-in (slow answers; fast ones in the long form), Apache
# Kafka and nisshi: no acknowledged write is lost or doubled, no group gets another generation. Then the same with plain resets, of
# coordinator connections too, which shows that the test can fail.
# MOVES=50: of each library in all, spread over SERVERS; PLAIN=N: of each library in the second part, on each server (default:
# a few on the first); MOVES_OUT=DIR keeps everything. `make moves-volume` is the long form.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
. "$E2E_ROOT/tests/e2e/servers.sh"
. "$E2E_ROOT/tests/e2e/moves.sh"
e2e_begin
MOVES=${MOVES:-50}
read -ra SERVERS <<<"${SERVERS:-slow kafka nisshi}"
read -ra LIBS <<<"${LIBS:-confluent-2.0 confluent kafka-python aiokafka kafka-go franz-go sarama kafkajs java}"
# Two agents in zones that are not the clients', as a client would know that lost its own zone's; Kafka is one broker. AGENTS=a:
# the only agent that its clients know.
read -ra AGENTS <<<"${AGENTS:-a c}"
declare -A RATE=([slow]=40 [fast]=40 [kafka]=30 [nisshi]=3 [stuck]=10)
each=$(((MOVES + ${#SERVERS[@]} - 1) / ${#SERVERS[@]}))
for server in "${SERVERS[@]}"; do
	moves_server_built "$server" || continue
	rate=${MOVES_RATE:-${RATE[$server]}}
	# an agent that answers no request within the hold: so all holds end by letting go. In the gap before it one must be
	# answered, or its answers are not followed and nothing is held
	if [ "$server" = stuck ]; then
		COUNTED=let-go moves_arena stuck "$rate" $each 0 --gap-timeout 4s --hold-timeout 1s
	else
		plain=0
		[ "$server" = slow ] && plain=$((each / 4 + 4))
		# shellcheck disable=SC2086 # words
		moves_arena "$server" "$rate" $each "${PLAIN:-$plain}" ${MOVES_MORE:-}
	fi
	[ -n "${MOVES_OUT:-}" ] && cp "$WORK/rows.json" "$MOVES_OUT/"
done
if [ -e "$WORK/rows.json" ]; then "$E2E_ROOT/tests/moves/judge.py" $each ${#AGENTS[@]} <"$WORK/rows.json" || E2E_FAILED=1; fi
