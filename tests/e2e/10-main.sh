#!/usr/bin/env bash
# The main job on the stand-in agent: a kafka-go Reader (Debian's) of zone b, stuck on the agent of zone a
# after one of b appeared, is home with the first ticks; without rezone it stays. STAY_SECONDS=60 watches that for longer.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
e2e_begin
INTERVAL=3
ID=reader,warpstream_az=b,warpstream_interzone_lb=true
BOOT=$(agent_ip a):9092,$(agent_ip b):9092

agent_start a
client_start writer kafka-go-debian write --bootstrap "$(agent_ip a):9092" --client-id writer,warpstream_az=a --topic t --rate 20
client_start reader kafka-go-debian read --bootstrap "$BOOT" --client-id "$ID" --topic t --partition 0 --from first
within "$DEADLINE" grep -q '"event":"read"' "$WORK/reader.log" || not_ok "the reader reads"

agent_start b
home() { client_at reader b && ! client_at reader a; }
# looked at twice: ss reads sockets and processes one after the other, and may miss one; who went home stays there
stuck() { client_at reader a && ! client_at reader b; }
seen_at() { in_ns cl ss -Htnp state established "dport = 9092" >>"$WORK/seen.log"; }
STAY_SECONDS=${STAY_SECONDS:-$((INTERVAL + 2))}
check "without rezone the reader stays in zone a for $STAY_SECONDS s after b's agent appeared" \
	stays "$STAY_SECONDS" eval 'stuck || stuck || { seen_at; false; }'

# rezone runs, and the topology says that zone b has nobody ready: nothing happens
topology a=ready b=notready
rezone_start --interval ${INTERVAL}s --stable-for 0s --rate 50
check "seen across zones, kept while no agent is ready there" within "$DEADLINE" some_rows ".client_id == \"$ID\" and .reason == \"no agent there\""
topology a=ready b=ready
home_with_first_ticks $INTERVAL home
home_at=$(reads reader)
more() { [ "$(reads reader)" -gt $((home_at + 20)) ]; }
check "it goes on reading there" within "$DEADLINE" more
check "every record it read came once and in order" eval \
	'grep "\"event\":\"read\"" "$WORK/reader.log" | jq -se "[.[].offset] as \$o | [range(1; \$o | length)] | all(\$o[.] == \$o[. - 1] + 1)" >/dev/null'
check "list shows it at home" within "$DEADLINE" some_rows ".client_id == \"$ID\" and .locality == \"same\" and .agent_zone == \"b\""
check "list shows no cross-zone connection any more" within "$DEADLINE" no_rows '.locality == "cross"'
check "it was rezone's move" has_event ".event == \"move\" and .client_id == \"$ID\""
check "bpftool shows the zone in map conns" eval 'bpftool map dump pinned "$PIN_DIR/conns" | grep -q "\"zone\": \"b\""'
