#!/usr/bin/env bash
# needs: counterparts
# The main job on a real leaderless server: nisshi, a broker a zone over one store, behind our zone view. A current
# kafka-go Reader of zone b, in zone a, is home with the first ticks. (10-main shows that without rezone it stays.)
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
. "$E2E_ROOT/tests/e2e/servers.sh"
e2e_begin
INTERVAL=3
ID=reader,warpstream_az=b,warpstream_interzone_lb=true
BOOT=$(agent_ip a):9092,$(agent_ip b):9092
counterpart client-kafka-go >/dev/null || exit 0

nisshi_start a
nisshi_start b
front_stop b # its broker runs, but nobody is told of it
client_start writer kafka-go write --bootstrap "$(agent_ip a):9092" --client-id writer,warpstream_az=a --topic t --rate 20
client_start reader kafka-go read --bootstrap "$BOOT" --client-id "$ID" --topic t --partition 0 --from first
within "$DEADLINE" grep -q '"event":"read"' "$WORK/reader.log" || not_ok "the reader reads"
front_start b

home() { client_at reader b && ! client_at reader a; }
# rezone runs, and the topology says that zone b has nobody ready: nothing happens
topology a=ready b=notready
rezone_start --interval ${INTERVAL}s --stable-for 0s
check "seen across zones, kept while no agent is ready there" within "$DEADLINE" some_rows ".client_id == \"$ID\" and .reason == \"no agent there\""
topology a=ready b=ready
home_with_first_ticks $INTERVAL home
home_at=$(reads reader)
more() { [ "$(reads reader)" -gt $((home_at + 20)) ]; }
check "it goes on reading there" within "$DEADLINE" more
check "every record it read came once and in order" eval \
	'grep "\"event\":\"read\"" "$WORK/reader.log" | jq -se "[.[].offset] as \$o | [range(1; \$o | length)] | all(\$o[.] == \$o[. - 1] + 1)" >/dev/null'
check "list shows it at home" within "$DEADLINE" some_rows ".client_id == \"$ID\" and .locality == \"same\" and .agent_zone == \"b\""
