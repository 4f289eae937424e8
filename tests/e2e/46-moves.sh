#!/usr/bin/env bash
# needs: counterparts
# Every real client library works through moves at full load, on the stand-in (slow and fast answers), Apache Kafka and
# nisshi: no acknowledged write is lost or doubled, no group gets another generation. Then the same with plain resets, of
# coordinator connections too, which shows that the test can fail.
# MOVES=50: of each library in all, spread over SERVERS; PLAIN=0: without the second part; MOVES_OUT=DIR keeps everything.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
. "$E2E_ROOT/tests/e2e/servers.sh"
. "$E2E_ROOT/tests/e2e/moves.sh"
e2e_begin
MOVES=${MOVES:-50}
read -ra SERVERS <<<"${SERVERS:-slow fast kafka nisshi}"
read -ra LIBS <<<"${LIBS:-confluent-2.0 confluent kafka-python aiokafka kafka-go franz-go sarama kafkajs java}"
read -ra AGENTS <<<"${AGENTS:-a}"
case " ${AGENTS[*]} " in *" c "*) TOPOLOGY_MORE="c=ready ${TOPOLOGY_MORE:-}" ;; esac
declare -A RATE=([slow]=40 [fast]=40 [kafka]=30 [nisshi]=10 [stuck]=10)
each=$(((MOVES + ${#SERVERS[@]} - 1) / ${#SERVERS[@]}))
for server in "${SERVERS[@]}"; do
	moves_arena "$server" "${MOVES_RATE:-${RATE[$server]}}" $each "${PLAIN:-$((each / 4 + 1))}" ${MOVES_MORE:-}
	[ -n "${MOVES_OUT:-}" ] && cp "$WORK/rows.json" "$MOVES_OUT/"
done
"$E2E_ROOT/tests/moves/judge.py" $each <"$WORK/rows.json" || E2E_FAILED=1
