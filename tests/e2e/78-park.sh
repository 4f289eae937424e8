#!/usr/bin/env bash
# Parked: a producer at home is not read any more, its bytes stay current, a killed daemon leaves it so; when its agent's zone is
# another one it is read again, judged when enough was read, and moved; under a topology that flips nothing is lost or doubled.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
e2e_begin
agent_start a
agent_start b
AT=$(agent_ip a):9092
# zones ZONE ZONE: of the agents in namespaces a and b
zones() {
	printf 'agents:\n' >"$WORK/topology.tmp"
	printf '  - { address: %s, zone: %s, ready: true }\n' "$(agent_ip a)" "$1" "$(agent_ip b)" "$2" >>"$WORK/topology.tmp"
	mv "$WORK/topology.tmp" "$WORK/topology.yaml"
}
zones a b
flags=(--interval 300ms --stable-for 0s --park-after 1s --reconcile 1s --cooldown 2s --outcome-after 2s --rate 100)
rezone_start "${flags[@]}"
client_start w confluent-debian write --bootstrap "$AT" --client-id "w,warpstream_az=a,$LB" --topic t --rate 100
data='(.client_id | startswith("w,")) and .kind == "data"'
check "at home it is parked" within "$DEADLINE" some_rows "$data and .parked and .parked_s != null and .reason == \"same zone\""
check "status and metrics say so" eval '"$REZONE" status --pin-dir "$PIN_DIR" -o json | jq -e ".connections.parked > 0" >/dev/null'
of() { rz_list -o json | jq "[.[] | .client_id //= \"\" | select($data and .parked) | .$1] | add"; }
requests=$(of requests) bytes=$(of rx_bytes)
more_bytes() { [ "$(of rx_bytes)" -gt "$bytes" ]; }
check "its bytes are read from its socket" within "$DEADLINE" more_bytes
check "its requests are not read" test "$(of requests)" = "$requests"

stop rezone KILL
rezone_start "${flags[@]}"
check "a daemon that is killed leaves it parked, and the next one finds it so" test "$(of requests)" = "$requests"
check "nobody was moved so far" test "$(moves_made)" = 0

zones b a
check "its agent is in another zone: it is read again" within "$DEADLINE" eval '[ "$(stat_of read_again)" -ge 1 ]'
check "and moved" within "$DEADLINE" eval '[ "$(moves_made)" -ge 1 ]'
check "not before it was told that it had been parked" has_event "(.client_id | startswith(\"w,\")) and .event == \"verdict\" and .reason == \"parked\""
gap=$(events '.client_id | startswith("w,")' | jq -s '(map(select(.event == "verdict" and .reason == "parked"))[0].cookie) as $c |
	(map(select(.cookie == $c and .event == "move"))[0].time) // "none"')
note "the one that was parked was moved at $gap"

for i in 1 2 3 4; do
	if ((i % 2)); then zones a b; else zones b a; fi
	sleep 1
done
stop w INT
writes_end
written w t
none_doubled w 300
none_lost w
stop rezone
