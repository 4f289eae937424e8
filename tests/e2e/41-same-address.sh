#!/usr/bin/env bash
# Two networks of one node that use the same addresses: the agent's address and port exist in a second network namespace
# too. Nobody can tell which of the two is the topology's, so no client of either is moved, and people can see why. When the
# other one is gone, the agent's own client comes home.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
e2e_begin
other_end() { ip netns del "$P-o" 2>/dev/null; ip netns del "$P-oc" 2>/dev/null; }
E2E_AT_END='stop other KILL; stop theirs KILL; other_end'
ip netns add "$P-o" && ip netns add "$P-oc"
ip -n "$P-o" link add eth0 type veth peer name eth0 netns "$P-oc"
ip -n "$P-o" addr add "$(agent_ip a)/16" dev eth0
ip -n "$P-oc" addr add 10.99.9.9/16 dev eth0
for ns in o oc; do
	ip -n "$P-$ns" link set lo up
	ip -n "$P-$ns" link set eth0 up
done
AT=$(agent_ip a):9092
OPT=warpstream_interzone_lb=true
agent_start a
mkdir "$WORK/other"
spawn other o "$CGROUP" "$STANDIN/rezone-agent" --id 1 --zone a --listen "$AT" --advertise "$AT" --data "$WORK/other" --log "$WORK/other.trace"
within "$DEADLINE" test -e "$WORK/other/agents/1" || not_ok "the other network's server did not start"
topology a=ready b=ready
netns() { ip netns exec "$P-$1" readlink /proc/self/ns/net | tr -dc 0-9; }
here() { "$REZONE" topology --pin-dir "$PIN_DIR" -o json 2>/dev/null | jq -r ".agents[] | select(.agent == \"$1\") | .here"; }
is_here() { [ "$(here "$1")" = "$2" ]; }

spawn theirs oc - "$E2E_ROOT/tests/peers/clients/run" kafka-go-debian read --bootstrap "$AT" --client-id "theirs,warpstream_az=b,$OPT" --topic t
rezone_start --interval 500ms --stable-for 0s --reconcile 2s --min-age 0s
check "the other network's connection is ambiguous" within "$DEADLINE" \
	some_rows ".netns == $(netns o) and .kind == \"data\" and .reason == \"ambiguous agent\""
client_start ours kafka-go-debian read --bootstrap "$AT" --client-id "ours,warpstream_az=b,$OPT" --topic t
check "so is the agent's own, until somebody can tell" within "$DEADLINE" \
	some_rows ".netns == $(netns a) and .kind == \"data\" and .reason == \"ambiguous agent\""
check "topology says it of the address" is_here "$AT" ambiguous
check "nobody is moved" stays 3 nobody_moved

stop theirs
stop other
other_end
check "the other one is gone: the address is the agent's" within "$DEADLINE" is_here "$AT" yes
check "and its client is moved" within "$DEADLINE" eval '[ "$(moves_made)" -gt 0 ]'
check "no connection of the other network ever was" \
	no_event '(.event == "move" or .event == "hold") and (.client_id | startswith("ours") | not)'
